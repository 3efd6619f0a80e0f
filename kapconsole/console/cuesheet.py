"""The cue list of the room's light: go to a cue, change its speed, set a level by hand, play it without lamps."""

from __future__ import annotations

from collections.abc import Sequence

from kapconsole.console.keys import Action
from kapconsole.console.rowsheet import Row, RowSheet
from kapconsole.console.theme import Look
from kapconsole.cues.light.setup import Setup
from kapconsole.cues.light.sheet import CueSheet, LightCueEntry
from kapconsole.cues.light.simulate import Sample, simulate
from kapconsole.cues.light.view import LightView
from kapconsole.session.words import stamp_text

LEVEL_STEP = 5.0
CUE_WAYS = (
    Action("slower", "−", "slower", "What is left of the fade at half speed"),
    Action("faster", "+", "faster", "What is left of the fade at double speed"),
    Action("hold", "H", "hold", "Stay where the light is; > goes on"),
    Action("zone", "Z", "other zone", "Which zone is set by hand"),
    Action("darker", "D", "darker 5 %", "The chosen zone 5 % darker"),
    Action("brighter", "B", "brighter 5 %", "The chosen zone 5 % brighter"),
    Action("dark", "N", "below the floor", "Confirm that this cue may leave the staff's 5 %"),
    Action("simulate", "S", "simulate", "Play the list without lamps"),
    Action("edit", "E", "edit the list", "Change cues, levels, fades and triggers for the next session"),
)


class CuesSheet(RowSheet):
    """`sheet` and `setup`: the list and the room as this machine has them; None where they cannot be read."""

    def __init__(self, look: Look, light: LightView, sheet: CueSheet | None, setup: Setup | None) -> None:
        self.light, self.sheet, self.setup = light, sheet, setup
        self.zone = "all"
        self.simulated = ""
        super().__init__(f"Light cues: {light.sheet or 'no sheet heard of'}", "Go to this cue", look, CUE_WAYS)
        self.asked.connect(self._way)
        self.put_view(light)

    def put_view(self, light: LightView) -> None:
        """How the light stands now."""
        self.light = light
        self.put([Row(id_, label, self._when(id_), id_ == light.cue) for id_, label in light.cues], light.cue)
        self.turned()

    def _entry(self, id_: str) -> LightCueEntry | None:
        if self.sheet is None:
            return None
        return next((cue for cue in self.sheet.light if cue.id == id_), None)

    def _when(self, id_: str) -> str:
        cue = self._entry(id_)
        if cue is None:
            return ""
        words = [f"with {cue.trigger}"] if cue.trigger else []
        if cue.follow_s is not None:
            words.append(f"next after {cue.follow_s:g} s")
        if cue.hold:
            words.append("stays")
        return " · ".join(words)

    def level(self) -> float:
        """The level by hand of the chosen zone as asked for last, percent; of all zones their mean."""
        zones = [name for name, _ in self.light.zones if self.zone in ("all", name)]
        held = [
            self.light.targets[name].level if name in self.light.targets else self.light.levels.get(name, 0.0)
            for name in zones
        ]
        return sum(held) / len(held) if held else 0.0

    def turned(self) -> None:
        row = self.row()
        if row is None:
            return
        if self.simulated:
            self.said.setText(self.simulated)
            return
        cue = self._entry(row.key)
        lines = [row.text]
        if cue is not None:
            levels = [(zone, cue.level(zone)) for zone in cue.zones]
            lines += [f"{zone}: {level.level:g} %" for zone, level in levels if level is not None]
            lines.append(f"up in {cue.fade_up_s:g} s, down in {cue.fade_down_s:g} s")
            lines.append("Enter goes there in 5 s")
            if cue.dark_ok:
                lines.append("may go below the staff's floor, once confirmed")
        if self.light.limit < 100:
            lines.append(f"limit: no cue above {self.light.limit:g} %")
        zone = "all zones" if self.zone == "all" else self.light.label(self.zone)
        lines += ["", f"by hand: {zone}, {self.level():.0f} %"]
        self.said.setText("\n".join(lines))

    def _way(self, name: str) -> None:
        if name == "zone":
            names = ["all", *(zone for zone, _ in self.light.zones)]
            at = names.index(self.zone) if self.zone in names else 0
            self.zone = names[(at + 1) % len(names)]
            self.simulated = ""
        elif name == "simulate":
            self.simulated = "" if self.simulated else self._simulate()
        self.turned()

    def _simulate(self) -> str:
        if self.sheet is None or self.setup is None:
            return "the cue sheet of this session cannot be read on this machine"
        found = simulate(self.sheet, self.setup)
        lines = [f"played without lamps, {stamp_text(round(found.samples[-1].at_s * 1e6))} in all"]
        lines += ends(found.samples, self.sheet)
        lines += ["", *(f"to be mended: {words}" for words in found.problems), *found.notes]
        return "\n".join(lines + ([] if found.problems else ["nothing to be mended"]))


def ends(samples: Sequence[Sample], sheet: CueSheet) -> list[str]:
    """Where each cue ends, one line a cue."""
    last: dict[str, tuple[float, dict[str, float]]] = {}
    for sample in samples:
        last[sample.cue] = (sample.at_s, sample.levels)
    names = {cue.id: cue.name for cue in sheet.light}
    return [
        f"{stamp_text(round(at_s * 1e6))}  {names.get(id_, id_)}: "
        + ", ".join(f"{zone} {level:.0f} %" for zone, level in levels.items())
        for id_, (at_s, levels) in last.items()
    ]
