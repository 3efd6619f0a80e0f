"""The light desk: what is asked of the light is checked and becomes orders. Pure; it has no memory but the view.

Everything that it must know of the past stands in `LightView`, the fold of the log: a restarted monitor goes on where
the list stood, and replay shows the same.
"""

from __future__ import annotations

from kapconsole.cues.light import events as le
from kapconsole.cues.light import wishes as lw
from kapconsole.cues.light.setup import Setup
from kapconsole.cues.light.sheet import CueSheet, LightCueEntry
from kapconsole.cues.light.view import OFF_THE_LIST, LightView
from kapconsole.refusals import Refused

OUT_OF_ORDER_S = 5.0
HOUSE_S = 2.0
EXAM_S = 2.0
EXAM_OFF_S = 10.0
LIMIT_S = 3.0
DARK_S = 10.0
SECOND_PRESS_US = 5_000_000
SLOWEST, FASTEST = 0.125, 8.0
QUIET_PHASE = "inward"


class LightRefused(Refused):
    """A wish about the light cannot be granted."""


class Desk:
    """The rules of one cue sheet in one room."""

    def __init__(self, sheet: CueSheet, setup: Setup) -> None:
        self.sheet = sheet
        self.setup = setup

    def loaded(self, now_us: int) -> list[le.LightBody]:
        """What the log holds of the sheet at the beginning of a session."""
        cues = tuple((cue.id, cue.name) for cue in self.sheet.light)
        return [le.LightSheetLoaded(self.sheet.name, self.sheet.version, cues, now_us)]

    def wish(self, view: LightView, phase: str | None, wish: lw.LightWish, now_us: int) -> list[le.LightBody]:
        """What follows from a person's wish, in order. Raises LightRefused (a Refused) with the reason in words."""
        match wish:
            case lw.LightGo():
                return self._go(view, now_us)
            case lw.LightBack():
                return self._back(view, now_us)
            case lw.LightHold():
                if view.held:
                    raise LightRefused("the light is held already; GO goes on")
                return [le.LightHeld(True, now_us)]
            case lw.LightRate(factor=factor):
                return [self._rate(view, factor, now_us)]
            case lw.LightCue(cue=id):
                at = self.sheet.find(id)
                if at is None:
                    known = ", ".join(cue.id for cue in self.sheet.light)
                    raise LightRefused(f"there is no light cue {id}; there are: {known}")
                return [self._cue(view, at, "cue", now_us, OUT_OF_ORDER_S)]
            case lw.SetLight(zone=zone, level=level, fade_s=fade_s):
                return [self._set(zone, level, fade_s, now_us)]
            case lw.HouseLight():
                return [self._whole_room("house", "House light", self.setup.house_level, HOUSE_S, now_us)]
            case lw.ExamLight(on=on):
                return [self._exam(view, phase, on, now_us)]
            case lw.ConfirmDark():
                return [self._dark(view, now_us)]
            case lw.LimitLight(percent=percent):
                return self._limit(view, percent, now_us)

    def triggered(self, view: LightView, trigger: str, now_us: int) -> list[le.LightBody]:
        """What follows when "phase NAME" is entered or "music SEGMENT" starts: the cue that waits for it, if any.

        Nothing while house or exam light is on, the light is held, or the present cue is left by a person alone.
        """
        at = next((at for at, cue in enumerate(self.sheet.light) if cue.trigger == trigger), None)
        if at is None or self._left_alone(view):
            return []
        return [self._cue(view, at, trigger.partition(" ")[0], now_us)]

    def due(self, view: LightView, now_us: int) -> list[le.LightBody]:
        """What is due by time alone: the follow-on of the present cue."""
        at = self.sheet.find(view.cue)
        if at is None or at + 1 >= len(self.sheet.light) or not view.follows or self._left_alone(view):
            return []
        after_s = self.follow_after_s(view, self.sheet.light[at])
        if after_s is None or view.position(now_us) < after_s:
            return []
        return [self._cue(view, at + 1, "follow", now_us)]

    def follow_after_s(self, view: LightView, cue: LightCueEntry) -> float | None:
        """When the next cue comes by itself, in seconds of this cue's own time; None: not by itself."""
        if cue.hang_s is not None:
            return max(0.0, max(cue.fade_up_s, cue.fade_down_s) + cue.hang_s)
        return cue.follow_s

    def next_cue(self, view: LightView) -> LightCueEntry | None:
        """What GO brings: the next cue, or the present one when the light has left it."""
        at = self._next(view)
        return None if at is None else self.sheet.light[at]

    def _left_alone(self, view: LightView) -> bool:
        at = self.sheet.find(view.cue)
        holds = at is not None and self.sheet.light[at].hold
        return view.held or holds or view.off_the_list in OFF_THE_LIST

    def _next(self, view: LightView) -> int | None:
        at = self.sheet.find(view.cue)
        if at is None:
            return 0
        return at + 1 if at + 1 < len(self.sheet.light) else None

    def _go(self, view: LightView, now_us: int) -> list[le.LightBody]:
        if view.held:
            return [le.LightHeld(False, now_us)]
        at = self._next(view)
        if at is None:
            raise LightRefused("that was the last light cue; choose a cue by its name")
        return [self._cue(view, at, "go", now_us)]

    def _back(self, view: LightView, now_us: int) -> list[le.LightBody]:
        at = self.sheet.find(view.cue)
        if not view.held and self._fading(view, now_us):
            return [le.LightHeld(True, now_us)]
        if at is None:
            raise LightRefused("no light cue has been entered yet")
        if view.off_the_list:
            return [self._cue(view, at, "back", now_us, OUT_OF_ORDER_S)]
        if at == 0:
            raise LightRefused("this is the first light cue")
        return [self._cue(view, at - 1, "back", now_us, OUT_OF_ORDER_S)]

    @staticmethod
    def _fading(view: LightView, now_us: int) -> bool:
        """As delivered; in the moment before the light process has answered, as asked."""
        if view.asked is None:
            return False
        if view.delivered_us is None or view.delivered_us < view.asked.at_us:
            since_s = (now_us - view.asked.at_us) / 1e6
            return since_s < max(view.asked.up_s, view.asked.down_s)
        return not view.settled

    def _rate(self, view: LightView, factor: float, now_us: int) -> le.LightBody:
        if not factor > 0:
            raise LightRefused("a factor is more than 0: 2 is faster, 0.5 slower")
        rate = min(FASTEST, max(SLOWEST, view.rate * factor))
        if rate == view.rate:
            raise LightRefused("this is as fast as it goes" if factor > 1 else "this is as slow as it goes")
        return le.LightRated(rate / view.rate, rate, now_us)

    def _cue(self, view: LightView, at: int, why: str, now_us: int, time_s: float | None = None) -> le.LightBody:
        cue = self.sheet.light[at]
        targets = []
        for zone in self.setup.zone:
            level = cue.level(zone)
            if level is not None:
                targets.append(le.LightTarget(zone, min(view.limit, level.level), level.cct_k))
        return le.LightAsked(
            why=why,
            cue=cue.id,
            label=cue.name,
            targets=tuple(targets),
            up_s=cue.fade_up_s if time_s is None else time_s,
            down_s=cue.fade_down_s if time_s is None else time_s,
            dark_ok=False,
            at_us=now_us,
        )

    def _whole_room(self, why: str, label: str, level: float, time_s: float, now_us: int) -> le.LightBody:
        targets = tuple(le.LightTarget(zone, level) for zone in self.setup.zone)
        return le.LightAsked(why, "", label, targets, time_s, time_s, False, now_us)

    def _set(self, zone: str, level: float, fade_s: float, now_us: int) -> le.LightBody:
        if zone != "all" and zone not in self.setup.zone:
            raise LightRefused(f"there is no zone {zone}; there are: all, {', '.join(self.setup.zone)}")
        if not 0 <= level <= 100:
            raise LightRefused(f"{level:g} is not in 0 to 100 %")
        if not 0 <= fade_s <= 3600:
            raise LightRefused(f"a fade lasts 0 to 3600 s, not {fade_s:g} s")
        zones = list(self.setup.zone) if zone == "all" else [zone]
        name = "All zones" if zone == "all" else self.setup.label(zone)
        targets = tuple(le.LightTarget(one, level) for one in zones)
        return le.LightAsked("level", "", f"{name} {level:.0f} %", targets, fade_s, fade_s, False, now_us)

    def _exam(self, view: LightView, phase: str | None, on: bool, now_us: int) -> le.LightBody:
        if on:
            armed = view.exam_armed_us is not None and now_us - view.exam_armed_us <= SECOND_PRESS_US
            if phase == QUIET_PHASE and not view.exam and not armed:
                return le.ExamLightArmed(now_us)
            return self._whole_room("exam", "Exam light", self.setup.exam_level, EXAM_S, now_us)
        if not view.exam:
            raise LightRefused("exam light is not on")
        at = self.sheet.find(view.cue)
        if at is not None:
            return self._cue(view, at, "exam-off", now_us, EXAM_OFF_S)
        back = view.before_exam or tuple(le.LightTarget(zone, self.setup.start_level) for zone in self.setup.zone)
        return le.LightAsked("exam-off", "", "Exam light off", back, EXAM_OFF_S, EXAM_OFF_S, False, now_us)

    def _dark(self, view: LightView, now_us: int) -> le.LightBody:
        at = self.sheet.find(view.cue)
        if at is None or view.off_the_list or not self.sheet.light[at].dark_ok:
            raise LightRefused("the present light cue does not allow darkness")
        asked = self._cue(view, at, "dark", now_us, DARK_S)
        assert isinstance(asked, le.LightAsked)
        return le.LightAsked(
            asked.why, asked.cue, asked.label, asked.targets, asked.up_s, asked.down_s, True, asked.at_us
        )

    def _limit(self, view: LightView, percent: float, now_us: int) -> list[le.LightBody]:
        if not 20 <= percent <= 100:
            raise LightRefused("a limit is 20 to 100 %")
        bodies: list[le.LightBody] = [le.LightLimited(percent, now_us)]
        above = tuple(le.LightTarget(zone, percent) for zone, target in view.targets.items() if target.level > percent)
        if above and view.off_the_list not in OFF_THE_LIST and not view.held:
            bodies.append(
                le.LightAsked("limit", view.cue, f"Limit {percent:.0f} %", above, LIMIT_S, LIMIT_S, False, now_us)
            )
        return bodies
