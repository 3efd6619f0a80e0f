"""Lamps behind one face: streams get every step of a fade, lamps that fade by themselves get target and time."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from kapconsole.cues.light import setup as su
from kapconsole.cues.light.board import Board, colour, levels
from kapconsole.cues.light.curves import perceived_percent
from kapconsole.cues.light.patch import fraction, switched, universe
from kapconsole.cues.light.setup import Fixture, Setup
from kapdevices.lights import artnet, enttec, sacn
from kapdevices.lights.homeassistant import HomeAssistant
from kapdevices.lights.http import Host
from kapdevices.lights.hue import Hue
from kapdevices.lights.lamp import LampStatus, Step
from kapdevices.lights.simulated import SimulatedLamp
from kapdevices.lights.stream import SerialWay, Source, StreamLamp, UdpWay, Way
from kapdevices.lights.transition import Dialect, TransitionLamp
from kapdevices.lights.wled import Wled

SOURCE_NAME = "kapconsole"
KEEPER_PRIORITY = 80
HOUSE_FADE_US = 10_000_000
"""How slowly the room comes to house light when a session has ended."""

CORRECTION_PERCENT = 1.0
CORRECTION_S = 1.0
SHORTEST_FADE_S = 0.5
FIRST_FADE_S = 2.0
"""Nobody knows yet how bright the lamp is: it is brought to its level slowly."""


class Output(Protocol):
    """A lamp, or a universe of them."""

    name: str
    zones: tuple[str, ...]
    fades_by_itself: bool

    @property
    def status(self) -> LampStatus:
        """How it is. `confirmed` is in perceived percent here."""
        ...

    def turn(self, board: Board, now_us: int) -> None:
        """Bring the lamps to where `board` says; never waits."""
        ...

    def close(self, goodbye: bool) -> None:
        """End; with `goodbye` properly. Never raises."""
        ...


class StreamOutput:
    """A universe that is streamed."""

    fades_by_itself = False

    def __init__(self, name: str, setup: Setup, lamp: StreamLamp) -> None:
        self.name = name
        self._setup = setup
        self._fixtures = fixtures_of(setup, name)
        self.zones = tuple(dict.fromkeys(fixture.zone for fixture in self._fixtures))
        self._lamp = lamp
        self._slots = b""

    @property
    def status(self) -> LampStatus:
        """See Output."""
        return self._lamp.status

    def turn(self, board: Board, now_us: int) -> None:
        """See Output."""
        colours = {zone: kelvin for zone in self.zones if (kelvin := colour(board, zone, now_us)) is not None}
        self._slots = universe(self._fixtures, levels(board, self._setup, now_us), colours, self._slots)
        self._lamp.show(self._slots)

    def close(self, goodbye: bool) -> None:
        """See Output."""
        self._lamp.close(goodbye)


class TransitionOutput:
    """A lamp that fades by itself. A step is sent when its fade begins and when anything about it changes."""

    fades_by_itself = True

    def __init__(self, name: str, setup: Setup, lamp: TransitionLamp) -> None:
        self.name = name
        self._setup = setup
        (self._fixture,) = fixtures_of(setup, name)
        self.zones: tuple[str, ...] = (self._fixture.zone,)
        self._lamp = lamp
        self._sent: tuple[float, int | None] | None = None
        self._sent_end_us = 0
        self._on = False

    @property
    def status(self) -> LampStatus:
        """See Output."""
        status = self._lamp.status
        if status.confirmed is None:
            return status
        return LampStatus(status.trouble, perceived_percent(status.confirmed, self._fixture.curve))

    def turn(self, board: Board, now_us: int) -> None:
        """See Output."""
        zone = self._fixture.zone
        track = board.tracks[zone]
        if track.moving(now_us) and now_us < track.piece.begin_us:
            return  # a reversal that waits: the lamp stays until it may turn
        end_us = track.end_us if track.moving(now_us) else now_us
        target = levels(board, self._setup, end_us)[zone]
        kelvin = colour(board, zone, end_us)
        if self._fixture.kind == "switch":
            # A switch follows the level of the moment, not the fade's end.
            self._on = switched(levels(board, self._setup, now_us)[zone], self._on)
            target, end_us = (100.0 if self._on else 0.0), now_us
        if self._sent is not None:
            sent_target, sent_kelvin = self._sent
            same_end = abs(end_us - self._sent_end_us) < 50_000 or now_us >= max(end_us, self._sent_end_us)
            if abs(target - sent_target) < CORRECTION_PERCENT and kelvin == sent_kelvin and same_end:
                return
        settled = self._sent is not None and end_us <= now_us and now_us >= self._sent_end_us
        shortest_s = FIRST_FADE_S if self._sent is None else SHORTEST_FADE_S
        fade_s = CORRECTION_S if settled else max(shortest_s, (end_us - now_us) / 1e6)
        start = levels(board, self._setup, now_us)[zone]
        self._sent, self._sent_end_us = (target, kelvin), max(end_us, now_us)
        self._lamp.go(fraction(self._fixture, start), Step(fraction(self._fixture, target), fade_s, kelvin))

    def close(self, goodbye: bool) -> None:
        """See Output."""
        self._lamp.close()


class SimulatedOutput:
    """A lamp made of software; confirms what it was given."""

    fades_by_itself = False

    def __init__(self, name: str, setup: Setup) -> None:
        self.name = name
        self._setup = setup
        self.zones = tuple(dict.fromkeys(fixture.zone for fixture in fixtures_of(setup, name)))
        self._lamp = SimulatedLamp(name)

    @property
    def status(self) -> LampStatus:
        """See Output. Several zones on one simulated lamp confirm nothing."""
        status = self._lamp.status
        if len(self.zones) != 1 or status.confirmed is None:
            return LampStatus(status.trouble)
        return LampStatus(status.trouble, 100 * status.confirmed)

    def turn(self, board: Board, now_us: int) -> None:
        """See Output."""
        self._lamp.show(levels(board, self._setup, now_us)[self.zones[0]] / 100)

    def close(self, goodbye: bool) -> None:
        """See Output."""


def fixtures_of(setup: Setup, output: str) -> Sequence[Fixture]:
    """The fixtures behind one output."""
    return [fixture for fixture in setup.fixture if fixture.output == output]


def open_outputs(setup: Setup, cid: bytes, folder: Path) -> list[Output]:
    """Every output that has fixtures; those that cannot be reached say so in their status.

    `folder`: where certificates lie. Raises SetupError for what only opening shows.
    """
    made: list[Output] = []
    for name, output in setup.output.items():
        if not fixtures_of(setup, name):
            continue
        if isinstance(output, su.SimulatedOutput):
            made.append(SimulatedOutput(name, setup))
        elif isinstance(output, su.DMX):
            made.append(StreamOutput(name, setup, stream_lamp(name, output, cid)))
        else:
            host, dialect = _http(name, output, folder)
            made.append(TransitionOutput(name, setup, TransitionLamp(name, host, dialect)))
    return made


def keeper_outputs(setup: Setup, cid: bytes, standing_in: bool, folder: Path | None) -> list[Output]:
    """What the keeper sends: beside the light process those universes that honour priority, in its stead all else.

    Without `folder` (where certificates lie) the lamps that fade by themselves are left alone.
    """
    made: list[Output] = []
    for name, output in setup.output.items():
        if isinstance(output, su.SimulatedOutput) or not fixtures_of(setup, name):
            continue
        if not isinstance(output, su.DMX):
            if standing_in and folder is not None:
                host, dialect = _http(name, output, folder)
                made.append(TransitionOutput(name, setup, TransitionLamp(name, host, dialect)))
            continue
        beside = isinstance(output, su.SacnOutput) and output.keeper
        if beside == standing_in:
            continue
        priority = KEEPER_PRIORITY if beside else None
        made.append(StreamOutput(name, setup, stream_lamp(name, output, keeper_cid(cid) if beside else cid, priority)))
    return made


def keeper_cid(cid: bytes) -> bytes:
    """The keeper is another source and has a name of its own."""
    return uuid.uuid5(uuid.UUID(bytes=cid), "keeper").bytes


def stream_lamp(
    name: str,
    output: su.SacnOutput | su.ArtNetOutput | su.EnttecOutput,
    cid: bytes,
    priority: int | None = None,
) -> StreamLamp:
    """The lamp of a streamed output."""
    source: Source
    match output:
        case su.SacnOutput():
            source = sacn.Source(cid, SOURCE_NAME, output.universe, output.priority if priority is None else priority)
            multicast = output.host == "multicast"
            host = sacn.multicast_group(output.universe) if multicast else output.host
            interface = output.interface if multicast else ""

            def open_way() -> Way:
                return UdpWay(host, output.port, interface)

        case su.ArtNetOutput():
            source = artnet.Source(output.universe)

            def open_way() -> Way:
                return UdpWay(output.host, output.port)

        case su.EnttecOutput():
            source = enttec.Source()

            def open_way() -> Way:
                return SerialWay(output.port)

    return StreamLamp(name, open_way, source, asks=isinstance(output, su.EnttecOutput))


def _http(
    name: str, output: su.WledOutput | su.HomeAssistantOutput | su.HueOutput, folder: Path
) -> tuple[Host, Dialect]:
    try:
        match output:
            case su.WledOutput():
                return Host(output.host), Wled()
            case su.HomeAssistantOutput():
                return Host(output.host), HomeAssistant(output.entity, output.token, output.fades, output.heartbeat)
            case su.HueOutput():
                return Host(output.host, (folder / output.certificate).read_text("ascii")), Hue(
                    output.group, output.key
                )
    except OSError:
        raise su.SetupError(f"output {name}: its certificate file is missing; pair the bridge again") from None
    except ValueError as trouble:
        raise su.SetupError(f"output {name}: {trouble}") from None
