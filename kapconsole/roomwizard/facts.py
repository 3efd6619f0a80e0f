"""What is set in the room, in words and as a table; pure. `kapconsole room --show` and the last page tell the same."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kapconsole.bilateral.caps import RANGES, flash_check
from kapconsole.bilateral.events import Bar, Light, Path, Screen
from kapconsole.bilateral.geometry import angle_deg, largest_bar_sweep_deg, largest_sweep_deg
from kapconsole.roomsetup import BarSetup, DisplaySetup
from kapconsole.roomwizard.cards import role_trouble
from kapconsole.roomwizard.draft import Draft, timing_of

NOT_SET = "not set"
READY, TO_DO, WITHOUT = "ready", "to do", "without"
SYMBOLS = {READY: "✓", TO_DO: "○", WITHOUT: "–"}
"""For a glance; the words always stand beside them."""


class Fact(msgspec.Struct, frozen=True):
    """One line. `ready`: nothing is left to be done about it; `optional`: a room may well be without it."""

    key: str
    name: str
    words: str
    ready: bool
    optional: bool = False

    @property
    def state(self) -> str:
        """READY, TO_DO, or WITHOUT: a room does not need it, and has none."""
        if self.ready:
            return READY
        return WITHOUT if self.optional and self.words.startswith(("not set", "not compared")) else TO_DO


def facts(draft: Draft) -> tuple[Fact, ...]:
    """Everything, in the order of the pages."""
    return (_screen(draft), _patient(draft), _level(draft), _alarm(draft), _timing(draft), *_rest(draft))


def state_of(found: Sequence[Fact]) -> str:
    """The state of several together."""
    states = [fact.state for fact in found]
    return next((each for each in (TO_DO, READY) if each in states), WITHOUT)


def screen_of(display: DisplaySetup) -> Screen | None:
    """The screen as the geometry needs it; None: not measured."""
    if not display.calibrated:
        return None
    return Screen(display.width_mm, display.height_mm, display.width_px, display.height_px, display.distance_mm)


def screen_words(display: DisplaySetup) -> str:
    """Size, angle, the largest sweep, and the verdict over flashes of the dot that ships."""
    screen = screen_of(display)
    if screen is None:
        return "its size is not measured: degrees cannot be drawn"
    wide = angle_deg(screen.width_mm, screen.distance_mm)
    dot_deg = Light().dot_deg
    most = min(largest_sweep_deg(screen, Path.HORIZONTAL, dot_deg), RANGES["motion.sweep_deg"][1])
    return (
        f"{screen.width_mm:.0f} × {screen.height_mm:.0f} mm at {screen.distance_mm / 10:.0f} cm: {wide:.0f}° wide; "
        f"largest sweep {most:.0f}°"
    )


def flash_words(dot_deg: float | None = None) -> str:
    """The verdict over the flashes of a dot: by default the largest that a set may have, at the fastest rate."""
    dot = RANGES["light.dot_deg"][1] if dot_deg is None else dot_deg
    verdict = flash_check(dot, RANGES["rate_cps"][1])
    said = "below the area that limits flashes (WCAG 2.3.1)" if verdict.safe else "too large to flash so often"
    return f"dot of {dot:g}° at {RANGES['rate_cps'][1]:g} cycles/s: {said}; {verdict.area_sr:.4f} of 0.006 sr"


def bar_words(bar: BarSetup) -> str:
    """The bar's measures and its largest sweep."""
    left = "last LED" if bar.reversed else "first LED"
    sweep = largest_bar_sweep_deg(
        Bar(bar.leds, bar.length_mm, bar.distance_mm, bar.reversed, bar.mid_offset_mm, bar.led_cap)
    )
    return (
        f"{bar.protocol} at {bar.port}, {bar.leds} LEDs, left is the {left}, {bar.length_mm / 10:.0f} cm at "
        f"{bar.distance_mm / 10:.0f} cm, largest sweep {sweep:.0f}°, brightness at most {bar.led_cap} of 255"
    )


def offset_words(sound_ms: float, screen_ms: float) -> str:
    """Who waits for whom."""
    if sound_ms == screen_ms:
        return "as they come"
    later_ms = sound_ms - screen_ms
    return f"sound {later_ms:.0f} ms later" if later_ms > 0 else f"light {-later_ms:.0f} ms later"


def ceiling_words(draft: Draft) -> str:
    """What nothing in the headphones may pass."""
    sound = draft.setup.sound
    found = sound.calibration_of(draft.patient_out)
    if found is None:
        return "not measured: tones at most -12 dBFS, music peaks at most -6 dBFS"
    music = f"music {found.left_db:+.0f} dB" if found.left_db else "music as it is"
    return (
        f"full gain is {found.full_gain_dba:g} dBA, at most {found.limit_dba:g} dBA: "
        f"tones at most {found.tones_dbfs:.0f} dBFS, {music}"
    )


def _screen(draft: Draft) -> Fact:
    display = draft.setup.display
    if not display.screen:
        return Fact("screen", "Client's screen", NOT_SET, False, True)
    return Fact("screen", "Client's screen", f"{display.screen}, {screen_words(display)}", display.calibrated, True)


def _patient(draft: Draft) -> Fact:
    name = "Patient's headphones"
    if not draft.patient_out:
        return Fact("patient_out", name, NOT_SET, False)
    trouble = role_trouble(draft.patient_out, draft.alarm_out)
    sides = "left and right confirmed" if draft.setup.sound.sides_confirmed else "left and right not confirmed"
    words = f"{draft.patient_out}; {trouble or sides}"
    return Fact("patient_out", name, words, draft.setup.sound.sides_confirmed and not trouble)


def _level(draft: Draft) -> Fact:
    found = draft.setup.sound.calibration_of(draft.patient_out)
    return Fact("level", "Level", ceiling_words(draft), found is not None)


def _alarm(draft: Draft) -> Fact:
    name = "Alarm speaker"
    if not draft.alarm_out:
        return Fact("alarm_out", name, f"{NOT_SET}: alarms are silent here", False)
    heard = draft.setup.sound.speaker_confirmed == draft.alarm_out
    said = "heard in the room" if heard else "nobody has confirmed that it sounds in the room"
    trouble = role_trouble(draft.patient_out, draft.alarm_out)
    return Fact("alarm_out", name, f"{draft.alarm_out}; {trouble or said}", heard and not trouble)


def _timing(draft: Draft) -> Fact:
    found = timing_of(draft.setup, draft.patient_out, draft.setup.display.screen)
    if found is None:
        return Fact("timing", "Sound and light", "not compared", False, True)
    return Fact("timing", "Sound and light", f"together with {offset_words(found.sound_ms, found.screen_ms)}", True)


def _rest(draft: Draft) -> tuple[Fact, ...]:
    setup = draft.setup
    switch = setup.foot_switch
    return (
        Fact("bar", "Light bar", bar_words(setup.bar) if setup.bar.port else NOT_SET, bool(setup.bar.port), True),
        Fact(
            "tactile",
            "Pulsers",
            "on channels 3 and 4 of the patient's output" if setup.tactile.channels else NOT_SET,
            setup.tactile.channels,
            True,
        ),
        Fact(
            "foot_switch",
            "Foot switch",
            f"{switch.line.upper()} of {switch.port}, pressed when the line is {'on' if switch.closed else 'off'}"
            if switch.port
            else NOT_SET,
            bool(switch.port),
            True,
        ),
    )
