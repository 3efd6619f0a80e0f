"""What the alarm system says at one moment, put in words for strip, tiles and lists; pure, no Qt.

The words for inactivation are those of IEC 60601-1-8 and no others: AUDIO PAUSED, ALARM PAUSED, ACKNOWLEDGED.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from kapconsole.alarms.conditions import CONDITIONS
from kapconsole.alarms.events import OccurrenceState, Priority
from kapconsole.alarms.status import AlarmStatus, ParameterStatus, ShownAlarm
from kapconsole.clock import duration_text
from kapconsole.console.lines import PARAMETER_WORDS
from kapconsole.console.moment import Moment
from kapconsole.session.troubles import Trouble

STALE_AFTER_S = 3.0
"""A status older than this says nothing about the present (T11; three missed beats, alarms reference 9.3)."""

NOT_ANSWERING = "Alarm system not answering"
UNHEARD = "no alarm system heard of yet"
BEDSIDE = "watch the bedside monitor, its alarms stay on"
QUIET_REPLAY = "recorded session: nothing in this window is happening now"

_NOTICEABLE = (OccurrenceState.ACTIVE, OccurrenceState.PAUSED, OccurrenceState.LATCHED)


class Item(msgspec.Struct, frozen=True):
    """Something beside the headline. `kind`: alarm, alarm-paused, trouble, warning or ended."""

    kind: str
    text: str
    mark: str = ""
    priority: Priority | None = None
    acknowledged: bool = False


class Banner(msgspec.Struct, frozen=True):
    """What the strip shows. Without a `priority` there is no alarm, and `text` says so or what is wrong instead.

    `audio_paused`: the countdown beside the bell with the dashed cross, empty while the audio is not paused.
    `noticeable`: the occurrences that an acknowledgement would be about. `grave`: there is no alarm system to trust.
    """

    priority: Priority | None
    flashing: bool
    mark: str
    text: str
    details: str = ""
    acknowledged: bool = False
    others: tuple[Item, ...] = ()
    audio_paused: str = ""
    noticeable: tuple[int, ...] = ()
    quiet: str = ""
    grave: bool = False


class TileAlarm(msgspec.Struct, frozen=True):
    """What a tile shows of its parameter. `limits`: lines beside the number; `bell` and `triangle`: countdowns.

    `known` is False when there is no status to be trusted: then no limit is claimed to be in force.
    """

    priority: Priority | None = None
    flashing: bool = False
    mark: str = ""
    limits: tuple[str, ...] = ()
    worst: str = ""
    bell: str = ""
    triangle: str = ""
    held: str = ""
    known: bool = False


def stale(moment: Moment) -> bool:
    """True when the alarm system has been heard of, but not lately."""
    return moment.alarms is not None and not moment.replay and moment.alarms_age_s > STALE_AFTER_S


def countdown(left_s: float) -> str:
    """Seconds left as "1:37"; never 0:00 while something lasts."""
    whole = max(1, math.ceil(left_s))
    return f"{whole // 60}:{whole % 60:02d}"


def flashes(alarm: ShownAlarm) -> bool:
    """True for what flashes: signalling, or HIGH and held. Acknowledged is steady, a pause of the audio changes
    nothing, and a MEDIUM that is only held is a message."""
    if alarm.state is OccurrenceState.LATCHED:
        return alarm.priority is Priority.HIGH
    return alarm.state in (OccurrenceState.ACTIVE, OccurrenceState.PAUSED)


def flashing(moment: Moment, unheard: bool = False) -> frozenset[Priority]:
    """The priorities that flash at `moment`. Nothing flashes in a replay: nothing of it is happening."""
    if moment.replay or moment.state.closed is not None:
        return frozenset()
    if unheard or stale(moment):
        return frozenset({Priority.HIGH})
    alarms = () if moment.alarms is None else moment.alarms.alarms
    return frozenset(alarm.priority for alarm in alarms if flashes(alarm))


def noticeable(status: AlarmStatus | None) -> tuple[int, ...]:
    """The shown occurrences that nobody has taken notice of."""
    alarms = () if status is None else status.alarms
    return tuple(alarm.occurrence for alarm in alarms if alarm.state in _NOTICEABLE)


def banner(moment: Moment, troubles: Sequence[Trouble] = (), unheard: bool = False) -> Banner:
    """What the strip shows. `unheard`: no status has come although one should have."""
    status = moment.alarms
    if moment.state.closed is not None and not moment.replay:
        return Banner(None, False, "", f"session closed: {moment.state.closed}")
    if status is None and unheard:
        others = tuple(Item("trouble", trouble.text) for trouble in troubles)
        text = "No alarm system heard of"
        return Banner(Priority.HIGH, True, "!!!", text, BEDSIDE, others=others, quiet=moment.quiet, grave=True)
    if status is None:
        words = QUIET_REPLAY if moment.replay else f"{UNHEARD}: {BEDSIDE}"
        return _quiet(words, troubles, moment)
    if stale(moment):
        last = tuple(Item("alarm", f"last known: {alarm.text}", alarm.mark, alarm.priority) for alarm in status.alarms)
        rest = tuple(Item("trouble", trouble.text) for trouble in troubles)
        details = f"silent for {duration_text(moment.alarms_age_s)} · {BEDSIDE}"
        return Banner(Priority.HIGH, True, "!!!", NOT_ANSWERING, details, others=last + rest, grave=True)
    left_s = _left(status.audio_paused_s, moment)
    paused = "" if left_s is None else countdown(left_s)
    if not status.alarms:
        found = _quiet(_quiet_words(status, moment), _uncovered(troubles, status), moment)
        others = (*_paused(status, moment), *_warnings(status), *found.others, *_ended(status))
        return msgspec.structs.replace(found, audio_paused=paused, others=others)
    first = next((alarm for alarm in status.alarms if alarm.state in _NOTICEABLE), status.alarms[0])
    rest_alarms = tuple(
        Item("alarm", alarm.text, alarm.mark, alarm.priority, alarm.state is OccurrenceState.ACKED)
        for alarm in status.alarms
        if alarm is not first
    )
    others = (
        *rest_alarms,
        *_paused(status, moment),
        *(Item("trouble", trouble.text) for trouble in _uncovered(troubles, status)),
        *_warnings(status),
        *_ended(status),
    )
    return Banner(
        first.priority,
        flashes(first) and not moment.replay,
        first.mark,
        first.text,
        alarm_details(first, moment),
        first.state is OccurrenceState.ACKED,
        others,
        paused,
        noticeable(status),
        moment.quiet,
    )


def alarm_details(alarm: ShownAlarm, moment: Moment) -> str:
    """How long, how bad at worst, and what a person has done about it."""
    parts = [f"for {duration_text((moment.now_us - alarm.since_us) / 1e6)}"]
    worst = worst_words(alarm)
    if worst:
        parts.append(worst)
    if alarm.state is OccurrenceState.ACKED:
        left_s = _left(alarm.reminder_s, moment)
        parts.append("ACKNOWLEDGED" + ("" if left_s is None else f", sounds again in {countdown(left_s)}"))
    elif alarm.state is OccurrenceState.LATCHED:
        parts.append("over now, held until acknowledged")
    elif alarm.state is OccurrenceState.PAUSED:
        parts.append("AUDIO PAUSED")
    if moment.replay:
        parts.append("recorded")
    return " · ".join(parts)


def worst_words(alarm: ShownAlarm) -> str:
    """The value furthest beyond the limit: "lowest 84", "highest 131"; empty where that says nothing new."""
    if alarm.worst is None or alarm.limit is None or alarm.worst == alarm.value:
        return ""
    return f"{'lowest' if alarm.worst < alarm.limit else 'highest'} {alarm.worst:g}"


def tile_alarm(moment: Moment, parameter: str) -> TileAlarm:
    """What the tile of `parameter` (spo2, pulse_rate, resp_rate, nibp) shows."""
    status = moment.alarms
    if status is None or stale(moment):
        return TileAlarm()
    held = next((one for one in status.parameters if one.parameter == parameter), None)
    if held is None:
        return TileAlarm()
    own = [alarm for alarm in status.alarms if CONDITIONS[alarm.condition].parameter == parameter]
    bell_s, triangle_s = _left(held.audio_paused_s, moment), _left(held.alarm_paused_s, moment)
    cuff_s = _left(status.held_s, moment) if parameter == "spo2" and status.held_s else None
    return TileAlarm(
        priority=own[0].priority if own else None,
        flashing=not moment.replay and any(flashes(alarm) and alarm.priority is own[0].priority for alarm in own),
        mark=own[0].mark if own else "",
        limits=nibp_limits(status) if parameter == "nibp" else limit_words(held),
        worst=worst_words(own[0]) if own else "",
        bell="" if bell_s is None else countdown(bell_s),
        triangle="" if triangle_s is None else countdown(triangle_s),
        held="" if cuff_s is None else f"cuff on this limb: alarms wait {countdown(cuff_s)}",
        known=True,
    )


def limit_words(held: ParameterStatus) -> tuple[str, ...]:
    """The limits in force, upper one first: "≤ 120", "≥ 50"."""
    upper = () if held.high is None else (f"≤ {held.high:g}",)
    return upper if held.low is None else (*upper, f"≥ {held.low:g}")


def nibp_limits(status: AlarmStatus) -> tuple[str, ...]:
    """The caution band and the low limit in force: fixed and relative to the baseline, the stricter counts."""
    values = status.settings
    sys, dia, low = (float(values[f"bp.{name}"]) for name in ("caution_sys", "caution_dia", "low_sys"))
    if status.baseline is not None:
        base_sys, base_dia, _ = status.baseline
        sys = min(sys, base_sys + float(values["bp.rise_sys"]))
        dia = min(dia, base_dia + float(values["bp.rise_dia"]))
        low = max(low, base_sys * (1 - float(values["bp.fall_percent"]) / 100))
    return f"< {math.floor(sys)}/{math.floor(dia)}", f"≥ {math.ceil(low)}"


def baseline_words(status: AlarmStatus | None) -> str:
    """The pressure before the dose, and whether it stands on one reading alone."""
    if status is None or status.baseline is None:
        return ""
    sys, dia, readings = status.baseline
    return f"baseline {sys:.0f}/{dia:.0f}" + (" (one reading)" if readings < 2 else "")


def spoken_banner(shown: Banner) -> str:
    """The strip for a screen reader."""
    parts = []
    if shown.priority is not None:
        parts.append(f"{shown.priority.upper()} alarm: {shown.text}, {shown.details}")
    else:
        parts.append(shown.text)
    parts += [f"{item.priority.upper()} alarm: {item.text}" if item.priority else item.text for item in shown.others]
    if shown.audio_paused:
        parts.append(f"AUDIO PAUSED, {shown.audio_paused} left")
    if shown.quiet:
        parts.append(shown.quiet)
    return "; ".join(part for part in parts if part)


def _quiet(words: str, troubles: Sequence[Trouble], moment: Moment) -> Banner:
    others = tuple(Item("trouble", trouble.text) for trouble in troubles)
    return Banner(None, False, "", words, others=others, quiet=moment.quiet)


def _quiet_words(status: AlarmStatus, moment: Moment) -> str:
    count = len(status.changed)
    changed = "" if not count else f", {count} limit{'s' if count > 1 else ''} changed"
    end = "recorded session" if moment.replay else "the bedside monitor's own alarms stay on"
    return f"no alarms · limits: {status.preset}{changed} · {end}"


def _left(left_s: float | None, moment: Moment) -> float | None:
    """Seconds left now: the status is a little old."""
    return None if left_s is None else max(0.0, left_s - moment.alarms_age_s)


def _paused(status: AlarmStatus, moment: Moment) -> tuple[Item, ...]:
    return tuple(
        Item(
            "alarm-paused",
            f"ALARM PAUSED {PARAMETER_WORDS[held.parameter]} {countdown(left_s)}: {held.reason}",
        )
        for held in status.parameters
        if (left_s := _left(held.alarm_paused_s, moment)) is not None
    )


def _warnings(status: AlarmStatus) -> tuple[Item, ...]:
    return tuple(Item("warning", words) for words in status.warnings)


def _ended(status: AlarmStatus) -> tuple[Item, ...]:
    return tuple(Item("ended", f"ended: {words}") for words in status.notes)


_COVERING = {"log": "T08", "annunciator": "T06"}


def _uncovered(troubles: Sequence[Trouble], status: AlarmStatus) -> tuple[Trouble, ...]:
    """Troubles that no alarm tells already: one event, one message."""
    conditions = {alarm.condition for alarm in status.alarms}
    devices = {f"device:{alarm.about}" for alarm in status.alarms if alarm.condition in ("T01", "T02", "T05")}
    return tuple(
        trouble
        for trouble in troubles
        if trouble.about not in devices and _COVERING.get(trouble.about) not in conditions
    )
