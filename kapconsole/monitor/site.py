"""What a clinic has set up, read as a session begins: clinical data, cue sheet, presets, the room's measures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from kapconsole.bilateral import rules
from kapconsole.bilateral.events import Bar, Offsets, Screen
from kapconsole.bilateral.guide import load_guide, load_screening
from kapconsole.bilateral.presets import load_preset
from kapconsole.clinical import data
from kapconsole.clinical.engine import ClinicalEngine
from kapconsole.clock import Clock
from kapconsole.cues.light.desk import Desk
from kapconsole.cues.light.setup import setup_or_demo
from kapconsole.cues.light.sheet import load_sheet
from kapconsole.cues.music import playlists
from kapconsole.paths import config_dir
from kapconsole.roomsetup import RoomSetup, read_setup
from kapconsole.session.parts import Parts, load_forms

T = TypeVar("T")


def site_parts(clock: Clock) -> tuple[Parts, str]:
    """The parts of a session as this clinic has set them up, and in words which of its files cannot be used.

    A damaged file never keeps a session from beginning: what ships is used in its stead.
    """
    site = config_dir()
    clinic, own = site / "clinical", site / "bilateral"
    wrong: list[str] = []

    def either(load: Callable[[Path | None], T], folder: Path) -> T:
        try:
            return load(folder)
        except ValueError as trouble:
            wrong.append(str(trouble))
            return load(None)

    light, words = setup_or_demo(site)
    if words and not light.simulated:
        wrong.append(words)
    parts = Parts(
        ClinicalEngine(either(data.load, clinic)),
        Desk(either(lambda folder: load_sheet(site=folder), site / "lights"), light),
        lambda: measured(read_setup()[0]),
        rules.Library(partial(load_preset, site=own), partial(load_guide, site=own), either(load_screening, own)),
        either(load_forms, clinic),
        playlists.choose,
        lambda at_us: clock.utc_us() - clock.now_us() + at_us,
    )
    if trouble := read_setup()[1]:
        wrong.append(trouble)
    return parts, "; ".join(wrong)


def measured(setup: RoomSetup) -> rules.Room:
    """The room's measures as the rules of bilateral stimulation need them."""
    display, bar, sound = setup.display, setup.bar, setup.sound
    screen = None
    if display.calibrated:
        screen = Screen(display.width_mm, display.height_mm, display.width_px, display.height_px, display.distance_mm)
    return rules.Room(
        screen=screen,
        bar=None
        if not bar.port
        else Bar(
            leds=bar.leds,
            length_mm=bar.length_mm,
            distance_mm=bar.distance_mm,
            reversed=bar.reversed,
            mid_offset_mm=bar.mid_offset_mm,
            led_cap=bar.led_cap,
        ),
        offsets=Offsets(sound.offset_ms, display.offset_ms, bar.offset_ms, setup.tactile.offset_ms),
        calibrated=sound.calibrated,
        ceiling_dbfs=sound.ceiling_dbfs,
    )
