"""The decisions: what follows from a wish, or why it is refused; when a running set must end. Pure.

Locked by phase (session reference, section 12), screening and dosing day (bilateral reference, sections 5.3 and 5.5),
rates above 1.5 once a session, the stop signal rehearsed first. Nothing here begins a set but a person's `StartSet`.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kapconsole.bilateral import events as be
from kapconsole.bilateral import wishes as ws
from kapconsole.bilateral.caps import EASY_RATE_CPS, LEVEL_STEP_DB, troubles
from kapconsole.bilateral.events import Channel, Plan, StopKind, StopReason
from kapconsole.bilateral.geometry import largest_bar_sweep_deg, largest_sweep_deg
from kapconsole.bilateral.guide import Guide, GuideError, Screening, moved
from kapconsole.bilateral.presets import Preset, PresetError
from kapconsole.bilateral.view import BilateralView
from kapconsole.bilateral.wishes import NotNow

LOCKED_PHASES = ("dose", "onset", "inward")
ALERT_SEDATION = 5
"""The score of a person who is fully awake (session reference, section 6)."""

START_LEAD_US = 1_000_000
"""From the wish to the set's first moment: so that every device is ready and nothing begins late, not even when the
disk is waited for (half a second at most)."""

CHANGE_LEAD_US = 150_000
"""A change holds from the first edge after this: what is on its way to eyes and ears by then is not altered."""

VISUAL = (Channel.LIGHT, Channel.BAR)
SUD = (0, 10)
VOC = (1, 7)


class Room(msgspec.Struct, frozen=True):
    """What the room's set-up says: screen and bar (None: there is none), offsets, and the sound's calibration.

    `ceiling_dbfs`: what gives the highest level at the ear; used only when `calibrated`.
    """

    screen: be.Screen | None = None
    bar: be.Bar | None = None
    offsets: be.Offsets = be.Offsets()
    calibrated: bool = False
    ceiling_dbfs: float = -12.0


class Situation(msgspec.Struct, frozen=True):
    """What the session says beside bilateral stimulation. `sedation`: the last score, None: none; `phase` of PHASES."""

    phase: str | None = None
    oriented: bool = False
    sedation: int | None = None
    dosing_day: bool = False
    high_alarm: bool = False


class Library(msgspec.Struct, frozen=True):
    """Where presets, guides and questions come from: functions of a name, so that the rules read no file."""

    preset: Callable[[str], Preset]
    guide: Callable[[str], Guide]
    screening: Screening


def decide(
    wish: ws.BilateralWish, view: BilateralView, situation: Situation, room: Room, library: Library, now_us: int
) -> list[be.BilateralBody]:
    """What follows from a person's wish at session time `now_us`. Raises NotNow with the reason in words."""
    match wish:
        case ws.StartSet():
            return [_start(wish, view, situation, room, library, now_us)]
        case ws.ChangeSet():
            return [_change(wish, view, situation, library, now_us)]
        case ws.StopSet():
            running = view.running
            if running is None:
                raise NotNow("no set is running")
            return [be.StopAsked(running.asked.set_id, wish.kind, wish.why, now_us)]
        case ws.RateSet():
            return [_rate(wish, view, now_us)]
        case ws.AnswerScreening():
            known = {question.key for question in library.screening.questions}
            if unknown := sorted(set(wish.answers) - known):
                raise NotNow(f"the screening has no question {', '.join(unknown)}")
            return [be.ScreeningAnswered({**(view.screening or {}), **wish.answers}, now_us)]
        case ws.RehearseStop():
            if not wish.signal.strip():
                raise NotNow("say what the stop signal is, for example: raised hand")
            return [be.StopSignalRehearsed(wish.signal.strip(), now_us)]
        case ws.ConfirmFastRate():
            return [be.FastRateConfirmed(now_us)]
        case ws.OverrideDosingDay():
            if not wish.reason.strip():
                raise NotNow("light and bar on a dosing day need a reason")
            return [be.DosingDayOverridden(wish.reason.strip(), now_us)]
        case ws.MoveGuide():
            name = wish.guide or view.guide or "emdr"
            try:
                step = moved(library.guide(name), view.step if name == view.guide else "", wish.step)
            except GuideError as trouble:
                raise NotNow(str(trouble)) from None
            return [be.GuideMoved(name, step, now_us)]


def locked(situation: Situation) -> str:
    """Why no set may run now, in words; empty: it may."""
    if situation.high_alarm:
        return "a HIGH alarm is active"
    if situation.phase in LOCKED_PHASES:
        return f"bilateral stimulation is locked in the phase {situation.phase}"
    if situation.phase == "emerge" and not (situation.oriented and situation.sedation == ALERT_SEDATION):
        return f"in the phase emerge a set needs the person oriented and a sedation score of {ALERT_SEDATION}"
    return ""


def visual_gate(view: BilateralView, situation: Situation, screening: Screening) -> str:
    """Why light and bar stay off, in words; empty: they may be used. Sound and pulses are never gated by this."""
    if view.screening is None:
        return "the screening questions are not answered yet"
    answers = view.screening
    asked = [question for question in screening.questions if question.gates]
    yes = [question.text for question in asked if answers.get(question.key) is True]
    unknown = [question.text for question in asked if answers.get(question.key) is None]
    if yes:
        return f"the screening says yes to: {'; '.join(yes)}"
    if unknown:
        return f"the screening has no answer to: {'; '.join(unknown)}"
    if situation.dosing_day and not view.dosing_day_reason:
        return "this is a dosing day: light and bar need an override with a reason"
    return ""


def must_stop(view: BilateralView, situation: Situation, screening: Screening, now_us: int) -> list[be.BilateralBody]:
    """The stop that the situation demands of a running set; empty where it may go on. Ask after every change of it.

    A lock ends every set; an answer of the screening that came meanwhile, one with light or bar.
    """
    running = view.running
    why = locked(situation)
    if running is not None and not why and set(running.stimulus().switched[-1][1]) & set(VISUAL):
        why = visual_gate(view, situation, screening)
    if running is None or not why:
        return []
    if running.stop is not None and running.stop.kind is StopKind.STOP_NOW:
        return []
    return [be.StopAsked(running.asked.set_id, StopKind.STOP_NOW, why, now_us)]


def room_lost(
    view: BilateralView, utc_of: Callable[[int], int], now_us: int, client: str = ""
) -> list[be.BilateralBody]:
    """The end of a set whose room is gone: it is over, and what was delivered of it is not known.

    `utc_of` gives the UTC microseconds of a moment of the session.
    """
    running = view.running
    if running is None:
        return []
    asked, stimulus = running.asked, running.stimulus()
    start_us = asked.plan.start_us
    return [
        be.SetDelivered(
            set_id=asked.set_id,
            client=client,
            phase=asked.phase,
            preset=asked.plan.preset,
            version=asked.plan.version,
            start_us=start_us,
            stop_us=now_us,
            start_utc_us=utc_of(start_us),
            stop_utc_us=utc_of(now_us),
            reason=StopReason.HEARTBEAT_LOST,
            text="the room was gone; what was delivered is not known",
            cycles_asked=asked.plan.cycles,
            cycles_delivered=None,
            passes_delivered=None,
            rate_trace=tuple((start_us + round(at_s * 1e6), rate) for at_s, rate in stimulus.pattern.rate_trace()),
            channels=asked.plan.channels,
            offsets=asked.plan.offsets,
            frames_shown=0,
            frames_dropped=0,
            frames_dropped_run=0,
            audio_underflows=0,
            tone_timing=be.ToneTiming(),
            bar_frames_sent=0,
            bar_frames_skipped=0,
            at_us=now_us,
        )
    ]


def plan_of(preset: Preset, wish: ws.StartSet, room: Room, start_us: int) -> Plan:
    """The whole plan: preset, what shall differ, the room. Raises NotNow where a cap forbids it or a device lacks."""
    plan = preset.plan
    if wish.cycles is not None or wish.seconds is not None:
        plan = msgspec.structs.replace(plan, cycles=wish.cycles, seconds=wish.seconds)
    sound = msgspec.structs.replace(
        plan.sound,
        calibrated=room.calibrated,
        ceiling_dbfs=room.ceiling_dbfs if room.calibrated else plan.sound.ceiling_dbfs,
        level_dbfs=plan.sound.level_dbfs if wish.level_dbfs is None else wish.level_dbfs,
    )
    motion = plan.motion
    if wish.sweep_deg is not None:
        motion = msgspec.structs.replace(motion, sweep_deg=wish.sweep_deg)
    plan = msgspec.structs.replace(
        plan,
        rate_cps=plan.rate_cps if wish.rate_cps is None else wish.rate_cps,
        channels=plan.channels if wish.channels is None else wish.channels,
        motion=motion,
        sound=sound,
        screen=room.screen,
        bar=room.bar,
        offsets=room.offsets,
        start_us=start_us,
    )
    if wrong := troubles(plan):
        raise NotNow("; ".join(wrong))
    if Channel.BAR in plan.channels and plan.bar is None:
        raise NotNow("this room has no light bar")
    if wrong_sweep := sweep_trouble(plan, plan.motion.sweep_deg, plan.channels):
        raise NotNow(wrong_sweep)
    return plan


def sweep_trouble(plan: Plan, sweep_deg: float, channels: tuple[Channel, ...]) -> str:
    """Why a sweep does not fit onto the screen or the bar of a plan, in words; empty: it does."""
    if Channel.LIGHT in channels and plan.screen is not None:
        largest = largest_sweep_deg(plan.screen, plan.motion.path, plan.light.dot_deg)
        if sweep_deg > largest:
            return f"a sweep of {sweep_deg:g} degrees does not fit on the client display: at most {largest:.0f}"
    if Channel.BAR in channels and plan.bar is not None:
        largest = largest_bar_sweep_deg(plan.bar)
        if sweep_deg > largest:
            return f"a sweep of {sweep_deg:g} degrees does not fit on the light bar: at most {largest:.0f}"
    return ""


def rating_hint(view: BilateralView, dosing_day: bool) -> str:
    """A hint beside the SUD field (bilateral reference, section 5.4), for the therapist to judge; empty: none.

    None on dosing days: a rating may be the drug's effect.
    """
    if dosing_day:
        return ""
    after = [line.sud_after for line in view.sets if line.sud_after is not None]
    if not after:
        return ""
    last = after[-1]
    first = next((line.sud_before for line in view.sets if line.sud_before is not None), after[0])
    before = after[-2] if len(after) > 1 else first
    if last >= 8:
        return f"SUD {last}"
    if last - first >= 3:
        return f"SUD up by {last - first} since the start"
    if last - before >= 2:
        return f"SUD up by {last - before} in one set"
    return "SUD unchanged in two sets" if len(after) > 2 and after[-3] == before == last else ""


def _start(
    wish: ws.StartSet, view: BilateralView, situation: Situation, room: Room, library: Library, now_us: int
) -> be.SetAsked:
    if view.running is not None:
        raise NotNow(f"set {view.running.asked.set_id} is not over yet")
    if why := locked(situation):
        raise NotNow(why)
    if not view.stop_signal:
        raise NotNow("rehearse the stop signal before the first set")
    try:
        preset = library.preset(wish.preset)
    except PresetError as trouble:
        raise NotNow(str(trouble)) from None
    plan = plan_of(preset, wish, room, now_us + START_LEAD_US)
    _visual(plan.channels, view, situation, library)
    _fast(plan.rate_cps, view, preset)
    _scale("SUD", wish.sud_before, SUD)
    return be.SetAsked(view.asked + 1, plan, situation.phase or "", wish.sud_before, now_us)


def _change(
    wish: ws.ChangeSet, view: BilateralView, situation: Situation, library: Library, now_us: int
) -> be.SetChanged:
    running = view.running
    if running is None:
        raise NotNow("no set is running")
    if running.stop is not None:
        raise NotNow("the set is being ended")
    stimulus = running.stimulus()
    plan = stimulus.plan
    channels = stimulus.switched[-1][1] if wish.channels is None else wish.channels
    sweep_deg = stimulus.pattern.legs[-1].to_deg if wish.sweep_deg is None else wish.sweep_deg
    level = stimulus.levels[-1][1] if wish.level_dbfs is None else wish.level_dbfs
    rate = stimulus.pattern.rate_cps if wish.rate_cps is None else wish.rate_cps
    if abs(level - stimulus.levels[-1][1]) > LEVEL_STEP_DB + 1e-9:
        raise NotNow(f"the level changes by at most {LEVEL_STEP_DB:g} dB at a time")
    wanted = msgspec.structs.replace(
        plan,
        rate_cps=rate,
        channels=channels,
        motion=msgspec.structs.replace(plan.motion, sweep_deg=sweep_deg),
        sound=msgspec.structs.replace(plan.sound, level_dbfs=level),
    )
    if wrong := troubles(wanted):
        raise NotNow("; ".join(wrong))
    if Channel.BAR in channels and plan.bar is None:
        raise NotNow("this room has no light bar")
    if wrong_sweep := sweep_trouble(plan, sweep_deg, channels):
        raise NotNow(wrong_sweep)
    _visual(channels, view, situation, library)
    _fast(rate, view)
    at_us = now_us + CHANGE_LEAD_US
    return be.SetChanged(running.asked.set_id, wish.rate_cps, wish.sweep_deg, wish.channels, wish.level_dbfs, at_us)


def _rate(wish: ws.RateSet, view: BilateralView, now_us: int) -> be.SetRated:
    if not view.sets:
        raise NotNow("there is no set to be rated yet")
    set_id = view.sets[-1].asked.set_id if wish.set_id is None else wish.set_id
    if all(line.asked.set_id != set_id for line in view.sets):
        raise NotNow(f"there is no set {set_id} that is over")
    _scale("SUD", wish.sud_before, SUD)
    _scale("SUD", wish.sud_after, SUD)
    _scale("VOC", wish.voc, VOC)
    if (wish.sud_before, wish.sud_after, wish.voc) == (None, None, None):
        if not wish.body_note.strip() and not wish.therapist_note.strip():
            raise NotNow("nothing was entered: SUD 0 to 10, VOC 1 to 7, or a note")
    return be.SetRated(set_id, wish.sud_before, wish.sud_after, wish.voc, wish.body_note, wish.therapist_note, now_us)


def _visual(channels: tuple[Channel, ...], view: BilateralView, situation: Situation, library: Library) -> None:
    wanted = [channel.value for channel in channels if channel in VISUAL]
    why = visual_gate(view, situation, library.screening)
    if wanted and why:
        raise NotNow(f"{' and '.join(wanted)} stay off: {why}. Sound and pulses can be used")


def _fast(rate_cps: float, view: BilateralView, preset: Preset | None = None) -> None:
    if view.fast_confirmed:
        return
    if rate_cps > EASY_RATE_CPS[1]:
        raise NotNow(f"confirm rates above {EASY_RATE_CPS[1]:g} cycles/s once for this session")
    if preset is not None and preset.confirm:
        raise NotNow(f"{preset.title} is of high load: confirm it once for this session")


def _scale(name: str, value: int | None, span: tuple[int, int]) -> None:
    if value is not None and not span[0] <= value <= span[1]:
        raise NotNow(f"{name} is {span[0]} to {span[1]}, not {value}")
