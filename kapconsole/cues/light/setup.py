"""The room's lamps, from light.toml: zones, outputs and fixtures, checked, with errors in words. Pure but for reading.

Keys and tokens stand in that file; it should be readable for its user alone.
"""

from __future__ import annotations

import stat
import sys
import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from kapconsole.cues.light.curves import Curve

FILE = "light.toml"
STAFF_FLOOR = 5.0
"""Perceived percent that one zone keeps while nobody has confirmed darkness (room light reference 8.1)."""


class SetupError(ValueError):
    """light.toml cannot be used; the message says why, in words for a person."""


class Zone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the room. `floor`: never below, for an exit or a path. `staff`: keeps the staff's 5 % floor."""

    label: str = ""
    floor: float = 0.0
    staff: bool = False


class SacnOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="driver", tag="sacn"):
    """A universe by sACN. `host`: the node, or "multicast" (from the network card with the address `interface`).

    `keeper`: a second source of priority 80 stands by; only for receivers that honour priority.
    """

    host: str
    universe: int = 1
    priority: int = 100
    interface: str = ""
    port: int = 5568
    keeper: bool = False


class ArtNetOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="driver", tag="art-net"):
    """A port address (from 0) by Art-Net."""

    host: str
    universe: int = 0
    port: int = 6454


class EnttecOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="driver", tag="enttec"):
    """An Enttec DMX USB Pro or a relative, at a serial port that a person named."""

    port: str


class WledOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="driver", tag="wled"):
    """A WLED controller: `host` is http://ADDRESS."""

    host: str


class HomeAssistantOutput(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="driver", tag="home-assistant"
):
    """One entity (light.NAME or switch.NAME) of Home Assistant. `fades`: false for a light without transitions.

    `heartbeat`: an input_button.NAME that is pressed every 5 s while the light process lives.
    """

    host: str
    token: str
    entity: str
    fades: bool = True
    heartbeat: str = ""


class HueOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="driver", tag="hue"):
    """A room of a Hue bridge: `host` is https://ADDRESS; `certificate` a file beside light.toml, made at pairing."""

    host: str
    key: str
    group: str
    certificate: str = "hue.pem"


class SimulatedOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="driver", tag="simulated"):
    """A lamp made of software."""


Output = SacnOutput | ArtNetOutput | EnttecOutput | WledOutput | HomeAssistantOutput | HueOutput | SimulatedOutput
DMX = (SacnOutput, ArtNetOutput, EnttecOutput)
Kind = Literal["dimmer", "dimmer16", "rgb", "rgbw", "cct", "switch"]
CHANNELS: dict[str, int] = {"dimmer": 1, "dimmer16": 2, "rgb": 3, "rgbw": 4, "cct": 2, "switch": 1}


class Fixture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lamp in a zone. `address`: its first DMX slot, from 1; lamps behind HTTP have none.

    `minimum`: perceived percent below which the lamp cannot glow. `cct_k`: its white when no cue says one; `warm_k`
    and `cool_k`: the ends of a CCT lamp.
    """

    zone: str
    output: str
    address: int = 1
    kind: Kind = "dimmer"
    curve: Curve = "linear"
    minimum: float = 0.0
    cct_k: int = 2700
    warm_k: int = 2700
    cool_k: int = 6500


class Setup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that light.toml says. Levels are perceived percent."""

    zone: dict[str, Zone]
    output: dict[str, Output]
    fixture: tuple[Fixture, ...]
    safe_level: float = 30.0
    house_level: float = 70.0
    exam_level: float = 85.0
    start_level: float = 60.0

    @property
    def staff_zone(self) -> str:
        """The zone that keeps the staff's floor: the one that says so, else the first."""
        return next((name for name, zone in self.zone.items() if zone.staff), next(iter(self.zone)))

    @property
    def simulated(self) -> bool:
        """True when no real lamp is there."""
        return all(isinstance(output, SimulatedOutput) for output in self.output.values())

    def label(self, zone: str) -> str:
        """What people call a zone."""
        return self.zone[zone].label or zone.replace("-", " ").replace("_", " ").capitalize()


DEMO = Setup(
    zone={"room": Zone("Room", staff=True)},
    output={"simulated": SimulatedOutput()},
    fixture=(Fixture("room", "simulated"),),
)
"""Without a light.toml: one simulated lamp."""


def parse_setup(text: str) -> Setup:
    """The set-up that `text` (TOML) says. Raises SetupError."""
    try:
        setup = msgspec.convert(tomllib.loads(text), Setup)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise SetupError(str(error)) from None
    _check(setup)
    return setup


def load_setup(folder: Path) -> Setup:
    """The set-up in `folder`, or the simulated lamp when there is none. Raises SetupError."""
    path = folder / FILE
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return DEMO
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"{path} cannot be read: {error}") from None
    try:
        return parse_setup(text)
    except SetupError as error:
        raise SetupError(f"{path}: {error}") from None


def setup_or_demo(folder: Path) -> tuple[Setup, str]:
    """The set-up, and what is wrong with its file in words (empty: nothing); a damaged file lights no lamp."""
    try:
        return load_setup(folder), too_open(folder)
    except SetupError as trouble:
        return DEMO, f"no lamp is used: {trouble}"


def too_open(folder: Path) -> str:
    """Words when others on this machine can read keys and tokens in light.toml; empty when all is well."""
    path = folder / FILE
    if sys.platform == "win32" or not path.exists() or not stat.S_IMODE(path.stat().st_mode) & 0o077:
        return ""
    return f"{path} holds keys and can be read by other users: chmod 600 {path}"


def _check(setup: Setup) -> None:
    if not setup.zone or not setup.fixture:
        raise SetupError("at least one [zone.NAME] and one [[fixture]] are needed")
    for what, level in (
        ("safe_level", setup.safe_level),
        ("house_level", setup.house_level),
        ("exam_level", setup.exam_level),
        ("start_level", setup.start_level),
        *((f"zone {name}: floor", zone.floor) for name, zone in setup.zone.items()),
        *((f"fixture {at}: minimum", fixture.minimum) for at, fixture in enumerate(setup.fixture, 1)),
    ):
        if not 0 <= level <= 100:
            raise SetupError(f"{what} = {level:g} is not in 0 to 100 %")
    if setup.safe_level < STAFF_FLOOR or setup.house_level < setup.safe_level:
        raise SetupError("safe_level must be at least 5 % and house_level at least safe_level")
    for name, output in setup.output.items():
        _check_output(name, output)
    taken: dict[tuple[str, int], int] = {}
    for number, fixture in enumerate(setup.fixture, 1):
        if fixture.zone not in setup.zone:
            raise SetupError(f"fixture {number}: there is no [zone.{fixture.zone}]")
        if fixture.output not in setup.output:
            raise SetupError(f"fixture {number}: there is no [output.{fixture.output}]")
        dmx = isinstance(setup.output[fixture.output], DMX)
        if not dmx and fixture.kind == "dimmer16":
            raise SetupError(f'fixture {number}: dimmer16 is for DMX; take kind = "dimmer"')
        last = fixture.address + CHANNELS[fixture.kind] - 1
        if dmx and not 1 <= fixture.address <= last <= 512:
            raise SetupError(f"fixture {number}: slots {fixture.address} to {last} are not in 1 to 512")
        if not fixture.warm_k < fixture.cool_k:
            raise SetupError(f"fixture {number}: warm_k must be below cool_k")
        for slot in range(fixture.address, last + 1) if dmx else (1,):
            other = taken.setdefault((fixture.output, slot), number)
            if other != number:
                where = f"slot {slot} of {fixture.output}" if dmx else f"output {fixture.output}"
                raise SetupError(f"fixtures {other} and {number} share {where}")
    unlit = [name for name in setup.zone if not any(fixture.zone == name for fixture in setup.fixture)]
    if unlit:
        raise SetupError(f"zone {', '.join(unlit)} has no fixture")


def _check_output(name: str, output: Output) -> None:
    if isinstance(output, SacnOutput) and not (1 <= output.universe <= 63999 and 0 <= output.priority <= 200):
        raise SetupError(f"output {name}: universe 1 to 63999, priority 0 to 200")
    if isinstance(output, SacnOutput) and output.keeper and output.priority <= 80:
        raise SetupError(f"output {name}: with a keeper the priority must be above the keeper's 80")
    if isinstance(output, ArtNetOutput) and not 0 <= output.universe <= 32767:
        raise SetupError(f"output {name}: universe (port address) 0 to 32767")
    if isinstance(output, WledOutput | HomeAssistantOutput) and not output.host.startswith(("http://", "https://")):
        raise SetupError(f"output {name}: host begins with http:// (an address in the local network)")
    if isinstance(output, HueOutput) and not output.host.startswith("https://"):
        raise SetupError(f"output {name}: the host of a Hue bridge begins with https://")
    if isinstance(output, HomeAssistantOutput) and output.entity.partition(".")[0] not in ("light", "switch"):
        raise SetupError(f"output {name}: entity is light.NAME or switch.NAME")
    if isinstance(output, HomeAssistantOutput) and output.heartbeat.partition(".")[0] not in ("", "input_button"):
        raise SetupError(f"output {name}: heartbeat is input_button.NAME")
