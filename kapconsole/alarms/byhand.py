"""Detection of what people and the room tell, not a monitor: sedation scores, a counted breath, music and lamps.

A score or a count holds until the next one; it is old after as long as a cuff reading is, and then nothing is known.
"""

from __future__ import annotations

from kapconsole.alarms.events import Priority
from kapconsole.alarms.limits import Rate
from kapconsole.alarms.streams import SECOND_US
from kapconsole.alarms.verdict import Truth, Verdict, false, say, unknown
from kapconsole.clinical.events import SedationScored, VitalsEntered
from kapconsole.cues.light.events import LampBack, LampTrouble
from kapconsole.cues.music.events import PatientOutput
from kapconsole.events import PhaseEntered

SILENT = ("lost", "silent")
INWARD = "inward"


class ByHandWatch:
    """P09, P08 where no device measures it, T09 and T10."""

    def __init__(self) -> None:
        self._sedation: tuple[int, SedationScored] | None = None
        self._breaths: tuple[int, float] | None = None
        self._output: tuple[int, PatientOutput] | None = None
        self._inward = False
        self._lamps: dict[str, tuple[int, str]] = {}

    def take(self, body: object, at_us: int) -> None:
        """Anything that was scored, counted or told by the room."""
        match body:
            case SedationScored():
                self._sedation = (body.at_us, body)
            case VitalsEntered(resp_rate=float() as rate):
                self._breaths = (body.at_us, rate)
            case PatientOutput():
                if self._output is None or (self._output[1].state in SILENT) != (body.state in SILENT):
                    self._output = (at_us, body)
                else:
                    self._output = (self._output[0], body)
            case PhaseEntered(phase=phase):
                self._inward = phase == INWARD
            case LampTrouble(lamp=lamp, text=text):
                self._lamps.setdefault(lamp, (at_us, f"{lamp}: {text}"))
            case LampBack(lamp=lamp):
                self._lamps.pop(lamp, None)
            case _:
                pass

    def verdicts(self, now_us: int, old_s: float) -> list[Verdict]:
        """Those that stand by themselves; `old_s`: after this a score says nothing any more."""
        return [self._sedation_verdict(now_us, old_s), self._music(), self._light()]

    def breaths(self, limits: Rate, now_us: int, old_s: float) -> Verdict:
        """P08 of the newest count; without delay, since one count does not waver."""
        if self._breaths is None or now_us - self._breaths[0] >= old_s * SECOND_US:
            return unknown("P08")
        at_us, value = self._breaths
        low = value < limits.low
        if not low and value <= limits.high:
            return false("P08")
        limit = limits.low if low else limits.high
        text = say("P08", value=value, sign="<" if low else ">", limit=limit)
        return Verdict(
            "P08", Truth.TRUE, "", at_us, Priority.MEDIUM, value=value, limit=limit, text=text, immediate=True
        )

    def next_due_us(self, old_s: float, after_us: int) -> int | None:
        """When something is too old to be believed."""
        made = [held[0] for held in (self._sedation, self._breaths) if held is not None]
        times = [at_us + round(old_s * SECOND_US) for at_us in made]
        return min((time for time in times if time > after_us), default=None)

    def _sedation_verdict(self, now_us: int, old_s: float) -> Verdict:
        if self._sedation is None or now_us - self._sedation[0] >= old_s * SECOND_US:
            return unknown("P09")
        at_us, scored = self._sedation
        if scored.score > scored.watch:
            return false("P09")
        priority = Priority.HIGH if scored.score <= scored.deep else Priority.LOW
        limit = scored.deep if priority is Priority.HIGH else scored.watch
        text = say("P09", value=scored.score)
        return Verdict("P09", Truth.TRUE, "", at_us, priority, value=scored.score, limit=limit, text=text)

    def _music(self) -> Verdict:
        if self._output is None or not self._inward:
            return false("T09")
        since_us, output = self._output
        if output.state not in SILENT:
            return false("T09")
        words = f"not heard: {output.text or output.state}"
        return Verdict("T09", Truth.TRUE, since_us=since_us, priority=Priority.LOW, text=say("T09", words=words))

    def _light(self) -> Verdict:
        if not self._lamps:
            return false("T10")
        since_us = min(at_us for at_us, _ in self._lamps.values())
        words = "; ".join(text for _, text in self._lamps.values())
        return Verdict("T10", Truth.TRUE, since_us=since_us, priority=Priority.LOW, text=say("T10", words=words))
