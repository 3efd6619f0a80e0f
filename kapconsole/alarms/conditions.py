"""Every alarm condition as one table: what it watches, how urgent it is, how it behaves.

Priorities follow the matrix of IEC 60601-1-8 (result if nobody responds, against how fast harm develops). They are
fixed here, never by the bedside user.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from kapconsole.alarms import shapes
from kapconsole.alarms.events import Priority

SECOND_US = 1_000_000


class Kind(StrEnum):
    """Where a condition arises: from the patient, or from equipment and software."""

    PHYSIOLOGICAL = "physiological"
    TECHNICAL = "technical"


class Condition(msgspec.Struct, frozen=True):
    """One row of the table.

    `priority` is the one it begins with at least; detection may say a higher one. `text` is filled by the detector.
    `parameter` is what ALARM PAUSED names. `delay` names the setting that holds the signal back ("": none). A
    condition that `escalates` becomes HIGH when nobody acknowledges it as MEDIUM. While one of `covered_by` is true
    the condition does not begin: one event, one alarm. `fed` is False where its source does not exist yet.
    """

    id: str
    name: str
    kind: Kind
    priority: Priority
    text: str
    watches: str
    parameter: str = ""
    delay: str = ""
    latching: bool = False
    escalates: bool = False
    ignores_audio_pause: bool = False
    covered_by: tuple[str, ...] = ()
    fed: bool = True


_P, _T = Kind.PHYSIOLOGICAL, Kind.TECHNICAL
_LOW, _MEDIUM, _HIGH = Priority.LOW, Priority.MEDIUM, Priority.HIGH

# Order matters where several change at one moment: what covers another stands before it.
_TABLE = (
    Condition("P10", "help called", _P, _HIGH, "Help called{words}", "a person's call", latching=True,
              ignores_audio_pause=True),
    Condition("P01", "SpO2 below desaturation limit", _P, _HIGH, "SpO2 {value:g} {sign} {limit:g}", "SpO2", "spo2",
              latching=True),
    Condition("P02", "SpO2 low", _P, _MEDIUM, "SpO2 {value:g} {sign} {limit:g}", "SpO2", "spo2", "spo2.delay_s",
              escalates=True, covered_by=("P01",)),
    Condition("P03", "pulse rate out of range", _P, _MEDIUM, "Pulse {value:g} {sign} {limit:g}", "pulse rate",
              "pulse_rate", "pulse_rate.delay_s", escalates=True),
    Condition("P06", "NIBP in act band, confirmed, or critical", _P, _HIGH,
              "NIBP {sys:g}/{dia:g} {sign} {limit:g}{words}", "cuff readings, red flags", "nibp", latching=True),
    Condition("P05", "NIBP in act band, first reading", _P, _MEDIUM, "NIBP {sys:g}/{dia:g} {sign} {limit:g}, recheck",
              "cuff readings", "nibp", escalates=True),
    Condition("P07", "NIBP low", _P, _MEDIUM, "NIBP {sys:g}/{dia:g} {sign} {limit:g}{words}", "cuff readings", "nibp",
              escalates=True),
    Condition("P04", "NIBP in caution band", _P, _LOW, "NIBP {sys:g}/{dia:g} {sign} {limit:g}{words}", "cuff readings",
              "nibp"),
    Condition("P08", "respiratory rate out of range", _P, _MEDIUM, "Resp {value:g} {sign} {limit:g}",
              "respiratory rate of a device, or counted", "resp_rate", "resp_rate.delay_s", escalates=True),
    Condition("P09", "sedation at the deep line", _P, _LOW, "Sedation {value:g}", "sedation scores", latching=True),
    Condition("T11", "alarm system was interrupted", _T, _HIGH, "{words}",
              "restarts of the recorder, a frozen window",
              latching=True, ignores_audio_pause=True),
    Condition("T06", "alarm sound missing", _T, _HIGH, "Alarm sound: {words}", "the annunciator",
              ignores_audio_pause=True),
    Condition("T02", "device lost", _T, _MEDIUM, "{device}: {words}", "links and the age of numerics",
              delay="timing.silent_s"),
    Condition("T01", "SpO2 probe off or no pulse", _T, _LOW, "SpO2 {words}", "validity of SpO2", "spo2",
              "timing.technical_s", escalates=True, covered_by=("T02",)),
    Condition("T05", "values frozen", _T, _MEDIUM, "{device}: values do not change", "numerics and pleth",
              escalates=True, covered_by=("T02",)),
    Condition("T08", "session log not safe", _T, _MEDIUM, "Session log {words}", "the log's disk",
              delay="timing.disk_s"),
    Condition("T04", "cuff reading failed", _T, _LOW, "NIBP failed: {words}", "cuff readings", "nibp"),
    Condition("T03", "cuff reading overdue", _T, _LOW, "NIBP overdue: {words}", "due cuff readings", "nibp"),
    Condition("T07", "nurse station not reachable", _T, _MEDIUM, "Nurse station {words}", "the network", fed=False),
    Condition("T09", "music lost", _T, _LOW, "Music {words}", "the room's output"),
    Condition("T10", "lights not responding", _T, _LOW, "Lights {words}", "the light controller"),
    Condition("T12", "running on battery", _T, _LOW, "Battery {words}", "the machine's power", fed=False),
)  # fmt: skip

CONDITIONS: dict[str, Condition] = {condition.id: condition for condition in _TABLE}
RANK: dict[str, int] = {condition.id: index for index, condition in enumerate(_TABLE)}

PARAMETERS = ("spo2", "pulse_rate", "resp_rate", "nibp")
"""What ALARM PAUSED and limits are about."""

BURST_S: dict[Priority, float] = {
    Priority.HIGH: shapes.HIGH.length_s,
    Priority.MEDIUM: shapes.MEDIUM.length_s,
    Priority.LOW: shapes.LOW.length_s,
}
"""How long one burst lasts."""


def mark(condition: Condition, priority: Priority) -> str:
    """The symbol before a message: *** for HIGH to *; !!! for technical conditions (vendor practice)."""
    return ("*" if condition.kind is Kind.PHYSIOLOGICAL else "!") * priority.rank
