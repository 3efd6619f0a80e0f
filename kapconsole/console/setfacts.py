"""What the stimulation panel says and shows at a moment: state, numbers, the picture of what is perceived; no Qt."""

from __future__ import annotations

import msgspec

from kapconsole.bilateral.events import Channel, Pan, Plan, PulseAt, SoundAt, StopKind
from kapconsole.bilateral.guide import Screening
from kapconsole.bilateral.pattern import peak_speed_deg_s
from kapconsole.bilateral.presets import Preset
from kapconsole.bilateral.rules import LOCKED_PHASES, locked, rating_hint, visual_gate
from kapconsole.bilateral.sources import onset_s, sounds
from kapconsole.bilateral.stimulus import Stimulus
from kapconsole.bilateral.view import BilateralView, Running, SetLine
from kapconsole.console.moment import Moment
from kapconsole.session.parts import situation

RATING_US = 180_000_000
"""For so long after a set the digit keys rate it, unless Esc, another set or an answer came before."""

FLASH_S = 0.12
"""A tone or pulse is drawn at least so long: many are shorter than what an eye notices beside it."""

EASY_DEG_S, HARD_DEG_S = 60.0, 100.0
"""Peak eye speeds (bilateral reference, section 6): below the first eyes follow, above the second they cannot."""

VISUAL = (Channel.LIGHT, Channel.BAR)


class Choice(msgspec.Struct, frozen=True):
    """What Space would start: a preset with what a person set otherwise. None: as the preset says."""

    preset: Preset
    rate_cps: float | None = None
    cycles: int | None = None
    channels: tuple[Channel, ...] | None = None

    @property
    def rate(self) -> float:
        """Cycles a second."""
        return self.preset.plan.rate_cps if self.rate_cps is None else self.rate_cps

    @property
    def used(self) -> tuple[Channel, ...]:
        """The channels."""
        return self.preset.plan.channels if self.channels is None else self.channels


class Picture(msgspec.Struct, frozen=True):
    """What the patient perceives at a moment. `x`, `y`: -1 to 1 of the widest sweep shown, right and up positive.

    `level`: the dot's brightness, 0 (dark) to 1; `bar`: the same on a light bar, None: no bar; `ear`, `hand`: "left",
    "right", "both" or empty.
    """

    x: float = 0.0
    y: float = 0.0
    level: float = 0.0
    bar: float | None = None
    bar_level: float = 0.0
    ear: str = ""
    hand: str = ""


class SetShown(msgspec.Struct, frozen=True):
    """The words of the panel. `done`: part of the set that is over; `start`: what Space does; `can_start`: it may."""

    state: str
    grave: bool
    title: str
    rate: str
    numbers: str
    speed: str
    progress: str
    done: float | None
    below: str
    below_strong: bool
    start: str
    can_start: bool
    running: bool
    asks: str


def speed_words(deg_s: float) -> str:
    """What the eyes make of a peak speed; words, since colours are for alarms."""
    if deg_s < EASY_DEG_S:
        return "easy for the eyes"
    return "brisk for the eyes" if deg_s <= HARD_DEG_S else "very fast for the eyes"


def title_of(preset: str, titles: dict[str, str]) -> str:
    """What people call a preset; of one that is not on this machine its name, in words."""
    return titles.get(preset, preset.replace("-", " ").replace("_", " ").capitalize())


def plan_words(plan: Plan, rate: float, cycles: int | None) -> str:
    """Passes a minute, and the length."""
    length = f"{cycles} cycles" if cycles else f"{plan.seconds:g} s" if plan.seconds else "until stopped"
    return f"{120 * rate:.0f} passes/min · {length}"


def degree_words(plan: Plan, rate: float, sweep_deg: float) -> str:
    """Sweep and peak speed with what eyes make of it."""
    peak = peak_speed_deg_s(rate, sweep_deg, plan.motion.profile, plan.motion.edge_dwell_ms / 1000)
    return f"{sweep_deg:g}° · peak {peak:.0f}°/s · {speed_words(peak)}"


def channel_words(channels: tuple[Channel, ...]) -> str:
    """Where a set is perceived."""
    return " + ".join(channel.value for channel in channels) or "no channel"


def lock_words(moment: Moment) -> str:
    """Why no set may run, short; empty: it may."""
    now = situation(moment.state)
    why = locked(now)
    if not why or now.high_alarm:
        return "locked: HIGH alarm" if why else ""
    return f"locked in {now.phase}" if now.phase in LOCKED_PHASES else "locked until oriented"


def cannot(view: BilateralView, moment: Moment, choice: Choice | None, screening: Screening | None) -> str:
    """Why Space would start nothing, in words for staff; empty: it would start the chosen set."""
    if moment.state.session is None or moment.state.closed is not None:
        return "no session"
    why = locked(situation(moment.state))
    if why:
        return why
    if view.running is not None:
        return "a set is running"
    if choice is None:
        return "choose a set first: B"
    if not view.stop_signal:
        return "rehearse the stop signal first: B, then R"
    if screening is not None and set(choice.used) & set(VISUAL):
        gate = visual_gate(view, situation(moment.state), screening)
        if gate:
            return f"light and bar stay off: {gate}"
    if choice.preset.confirm and not view.fast_confirmed:
        return "high load: confirm it once for this session: B, then F"
    return ""


def asked_rating(view: BilateralView, now_us: int, left: int = 0) -> tuple[SetLine, str] | None:
    """(the set that waits for a rating, "SUD" or "VOC"); None: nothing does. `left`: the set a person left unrated."""
    if view.running is not None or not view.sets:
        return None
    line = view.sets[-1]
    if line.asked.set_id == left or not 0 <= now_us - line.delivered.at_us < RATING_US:
        return None
    installs = line.asked.plan.preset == "installation"
    if installs:
        return (line, "VOC") if line.voc is None else None
    return (line, "SUD") if line.sud_after is None else None


def read_set(
    moment: Moment, choice: Choice | None, screening: Screening | None, left: int, titles: dict[str, str], live: bool
) -> SetShown:
    """Everything that stands on the panel. `titles`: of presets by name; `live`: keys can be pressed."""
    view = moment.state.sets
    running = view.running
    if running is not None:
        return _running(running, moment, titles)
    lock = lock_words(moment)
    why = cannot(view, moment, choice, screening)
    waiting = asked_rating(view, moment.now_us, left) if live else None
    state = lock or ("ready" if not why else "not ready" if choice is not None else "")
    title, rate, numbers, speed = _chosen(view, choice, titles)
    below, strong, asks = _below(view, moment, waiting, "" if lock or not live or choice is None else why)
    if view.fault is not None and not below:
        below, strong = f"{view.fault.channel.value}: {view.fault.text}", True
    return SetShown(
        state, bool(lock), title, rate, numbers, speed, "", None, below, strong, "Start set", not why, False, asks
    )


def _chosen(view: BilateralView, choice: Choice | None, titles: dict[str, str]) -> tuple[str, str, str, str]:
    if choice is not None:
        plan, rate = choice.preset.plan, choice.rate
        cycles = choice.cycles if choice.cycles is not None else plan.cycles
        numbers = plan_words(plan, rate, cycles)
        seen = set(choice.used) & set(VISUAL)
        speed = degree_words(plan, rate, plan.motion.sweep_deg) if seen else channel_words(choice.used)
        return choice.preset.title, f"{rate:.2f} c/s", numbers, speed
    if view.sets:
        last = view.sets[-1]
        plan = last.asked.plan
        numbers = plan_words(plan, plan.rate_cps, plan.cycles)
        return title_of(plan.preset, titles), f"{plan.rate_cps:.2f} c/s", numbers, channel_words(plan.channels)
    return "no set chosen", "", "", ""


def _below(view: BilateralView, moment: Moment, waiting: tuple[SetLine, str] | None, why: str) -> tuple[str, bool, str]:
    """(the lowest line, whether it is strong, which rating the digit keys enter)."""
    if waiting is not None:
        line, what = waiting
        if what == "VOC":
            return "VOC now? 1–7", True, what
        before = "" if line.sud_before is None else f" · was {line.sud_before}"
        return f"SUD now? 0–9, Enter: 10{before}", True, what
    if why:
        return why, True, ""
    if view.sets:
        line = view.sets[-1]
        cycles = line.delivered.cycles_delivered
        parts = [f"set {line.asked.set_id}: {'?' if cycles is None else f'{cycles:g}'} cycles"]
        if line.sud_after is not None:
            parts.append(f"SUD {'' if line.sud_before is None else f'{line.sud_before} → '}{line.sud_after}")
        if line.voc is not None:
            parts.append(f"VOC {line.voc}")
        hint = rating_hint(view, situation(moment.state).dosing_day)
        return " · ".join([*parts, hint] if hint else parts), False, ""
    return "", False, ""


def _running(running: Running, moment: Moment, titles: dict[str, str]) -> SetShown:
    stimulus = running.stimulus()
    plan = stimulus.plan
    rate, sweep = stimulus.pattern.rate_cps, stimulus.pattern.legs[-1].to_deg
    passes = stimulus.passes_at(moment.now_us)
    channels = stimulus.switched[-1][1]
    numbers = plan_words(plan, rate, plan.cycles)
    speed = degree_words(plan, rate, sweep) if set(channels) & set(VISUAL) else channel_words(channels)
    last = stimulus.pattern.last_edge
    counted = f"cycle {passes // 2} of {last / 2:g}" if last is not None else f"cycle {passes // 2}"
    stop = running.stop
    ending = stop is not None
    state = "starting" if running.began is None else "running"
    if stop is not None:
        state = "ending with this pass" if stop.kind is StopKind.FINISH_PASS else "stopped"
    told = "" if running.began is None else running.began.text
    done = None if not last else round(min(1.0, passes / last), 3)
    title = title_of(plan.preset, titles)
    return SetShown(
        state, False, title, f"{rate:.2f} c/s", numbers, speed, counted, done, told, True, "Finish pass",
        not ending, True, "",
    )  # fmt: skip


def picture(stimulus: Stimulus, now_us: int) -> Picture:
    """What light, bar, ears and hands get at `now_us`, from the very function that the room delivers."""
    at_s = stimulus.seconds_at(now_us)
    showing = stimulus.at(now_us)
    widest = max(leg.to_deg for leg in stimulus.pattern.legs) / 2
    has_bar = any(Channel.BAR in channels for _, channels in stimulus.switched)
    bar_deg, bar_level = stimulus.bar_at(now_us) if has_bar else (0.0, 0.0)
    sound, tactile = stimulus.plan.sound, stimulus.plan.tactile
    ear = _side(stimulus, Channel.AUDIO, sound.at, sound.tone_ms / 1000, at_s)
    if sound.pan is Pan.CONTINUOUS:
        ear = _steady(stimulus, at_s)
    hand = _side(stimulus, Channel.TACTILE, tactile.at, tactile.pulse_ms / 1000, at_s)
    return Picture(
        x=showing.x_deg / widest,
        y=showing.y_deg / widest,
        level=showing.level,
        bar=bar_deg / widest if has_bar else None,
        bar_level=bar_level,
        ear=ear,
        hand=hand,
    )


def _side(stimulus: Stimulus, channel: Channel, at: SoundAt | PulseAt, length_s: float, at_s: float) -> str:
    """Which side has its tone or pulse now; pass 0 heads for the right, and so does its tone."""
    pattern = stimulus.pattern
    if pattern.stop_s is not None and at_s >= pattern.stop_s:
        return ""
    under_way = pattern.under_way(at_s)
    for number in (under_way, under_way - 1):
        if number < 0:
            continue
        onset = onset_s(stimulus, at, number)
        if 0 <= at_s - onset < max(length_s, FLASH_S) and sounds(stimulus, channel, onset, number):
            return "right" if number % 2 == 0 else "left"
    return ""


def _steady(stimulus: Stimulus, at_s: float) -> str:
    pattern = stimulus.pattern
    stopped = pattern.stop_s is not None and at_s >= pattern.stop_s
    if at_s < 0 or stopped or at_s > pattern.end_s or Channel.AUDIO not in stimulus.channels_at(at_s):
        return ""
    main = float(pattern.at(at_s).main)
    return "both" if abs(main) < 0.3 else "right" if main > 0 else "left"
