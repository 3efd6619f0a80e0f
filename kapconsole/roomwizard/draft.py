"""What the wizard has so far: kept at every change beside the program's state, in force only when a person keeps it."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from kapconsole.config import read_config, write_config
from kapconsole.paths import state_dir
from kapconsole.roomsetup import DisplaySetup, RoomSetup, Timing, read_setup, write_setup


class Draft(msgspec.Struct, frozen=True):
    """The set-up with the two outputs of config.toml. `setup.sound.output` is always `patient_out`."""

    setup: RoomSetup = RoomSetup()
    patient_out: str = ""
    alarm_out: str = ""

    def named(self, patient_out: str | None = None, alarm_out: str | None = None) -> Draft:
        """Other outputs: what a person heard counts for the outputs on which it was heard, and for no others."""
        patient = self.patient_out if patient_out is None else patient_out
        alarm = self.alarm_out if alarm_out is None else alarm_out
        sound = self.setup.sound
        if patient != sound.output:
            sound = msgspec.structs.replace(sound, output=patient, sides_confirmed=False)
        if sound.speaker_confirmed != alarm:
            sound = msgspec.structs.replace(sound, speaker_confirmed="")
        setup = msgspec.structs.replace(self.setup, sound=sound)
        named = msgspec.structs.replace(self, setup=setup, patient_out=patient, alarm_out=alarm)
        return named if patient == self.setup.sound.output else with_offsets(named)

    def on_screen(self, display: DisplaySetup) -> Draft:
        """Another screen, or other measures of it."""
        setup = msgspec.structs.replace(self.setup, display=display)
        changed = msgspec.structs.replace(self, setup=setup)
        return changed if display.screen == self.setup.display.screen else with_offsets(changed)


def with_offsets(draft: Draft) -> Draft:
    """The offsets of the pair of output and screen, where somebody brought it together; 0 where nobody did."""
    found = timing_of(draft.setup, draft.patient_out, draft.setup.display.screen)
    sound_ms, screen_ms = (0.0, 0.0) if found is None else (found.sound_ms, found.screen_ms)
    setup = msgspec.structs.replace(
        draft.setup,
        sound=msgspec.structs.replace(draft.setup.sound, offset_ms=sound_ms),
        display=msgspec.structs.replace(draft.setup.display, offset_ms=screen_ms),
    )
    return msgspec.structs.replace(draft, setup=setup)


def timing_of(setup: RoomSetup, output: str, screen: str) -> Timing | None:
    """What was found for the pair."""
    return next((each for each in setup.timing if (each.output, each.screen) == (output, screen)), None)


def in_force() -> tuple[Draft, str]:
    """What the next session would use, and what is wrong with its files in words."""
    setup, wrong_setup = read_setup()
    config, wrong_config = read_config()
    draft = Draft(setup).named(config.patient_out, config.alarm_out)
    return draft, "; ".join(each for each in (wrong_setup, wrong_config) if each)


def draft_file() -> Path:
    """Where an unfinished set-up waits."""
    return state_dir() / "room-draft.json"


def read_draft() -> Draft | None:
    """An unfinished set-up; None: there is none, or it cannot be read."""
    try:
        return msgspec.json.decode(draft_file().read_bytes(), type=Draft)
    except (OSError, msgspec.MsgspecError):
        return None


def write_draft(draft: Draft) -> None:
    """Keep it for the next time. Raises OSError."""
    path = draft_file()
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(msgspec.json.encode(draft))
    fresh.replace(path)


def forget_draft() -> None:
    """There is nothing unfinished any more. Raises OSError."""
    draft_file().unlink(missing_ok=True)


def keep(draft: Draft) -> None:
    """Put it in force for the next session. Raises OSError, and ValueError where config.toml is damaged.

    config.toml comes first: it can be refused, and then room.toml is as it was.
    """
    before, _ = in_force()
    if (before.patient_out, before.alarm_out) != (draft.patient_out, draft.alarm_out):
        write_config(patient_out=draft.patient_out, alarm_out=draft.alarm_out)
    write_setup(draft.setup)
    forget_draft()
