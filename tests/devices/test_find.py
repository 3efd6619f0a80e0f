"""Finding a device at a port: listens at each line setting, asks only when it may, and never with a cuff's start."""

import contextlib
import sys

import pytest

from kapdevices import find
from kapdevices.capture import CaptureHeader, CaptureWriter
from kapdevices.catalog import Simulator, catalog
from kapdevices.driver import NotPossible, StartCuff
from kapdevices.find import (
    PROBES,
    Found,
    NotFound,
    Progress,
    Why,
    cannot_be_heard,
    line_settings,
    listen,
    silent_until_asked,
)
from kapdevices.patient import Patient
from kapdevices.ports import LineSettings, Port, PortInfo, PortTrouble
from kapdevices.simulate import SimulatorHost

LINE_9600 = LineSettings()
ADAPTER = PortInfo("/dev/ttyUSB0", "FTDI", "UC232R", "FT9ABC", 0x0403, 0x6001)


class Room:
    """A table with one device, a fake clock, and all that was written to it."""

    def __init__(self, device: Simulator | None, line: LineSettings | None = None) -> None:
        """`line` is what the device is set to; None: the cable has no speed, as a pseudo-terminal."""
        self.now_s = 100.0
        self.device = device
        self.line = line
        self.written: list[bytes] = []
        self.opened: list[LineSettings] = []
        self.steps: list[Progress] = []
        self.left_open = 0
        self.pulled_at_s = float("inf")

    def open(self, address: str, line: LineSettings) -> Port:
        self.opened.append(line)
        self.left_open += 1
        if self.device is not None:
            self.device.transmit(self.now_s)  # what came before the opening is thrown away
        return Cable(self, self.line is None or line == self.line)

    def listen(self, probe: bool = False, listen_s: float = 3.0) -> Found | NotFound:
        return listen(
            "/dev/ttyUSB0",
            probe=probe,
            listen_s=listen_s,
            progress=self.steps.append,
            now_s=lambda: self.now_s,
            opener=self.open,
        )


class Cable:
    name = "/dev/ttyUSB0"
    adapter: PortInfo | None = ADAPTER

    def __init__(self, room: Room, in_tune: bool) -> None:
        self._room = room
        self._in_tune = in_tune

    def read(self, timeout_s: float) -> bytes:
        room = self._room
        room.now_s += max(timeout_s, 0.001)
        if room.now_s > room.pulled_at_s:
            raise PortTrouble("/dev/ttyUSB0 was hung up: cable pulled or adapter gone")
        data = room.device.transmit(room.now_s) if room.device is not None else b""
        return data if self._in_tune else bytes(byte << 1 & 0xFF for byte in data)

    def write(self, data: bytes) -> None:
        self._room.written.append(data)
        if self._room.device is not None and self._in_tune:
            self._room.device.receive(data, self._room.now_s)

    def close(self) -> None:
        self._room.left_open -= 1


def device(protocol: str, format: str | None = None) -> Simulator:
    return catalog()[protocol].make_simulator(Patient("steady"), format)


@pytest.mark.parametrize(
    ("protocol", "format", "expected"),
    [
        ("nonin", "df2", "nonin"),
        ("nonin", "df7", "nonin"),
        ("nonin", "df8", "nonin"),
        ("masimo_ascii1", None, "masimo_ascii1"),
        ("nellcor", None, "nellcor"),
        ("ivy_450c", None, "ivy_450c"),
        ("five_byte", "contec", "five_byte"),
    ],
)
def test_what_talks_is_found_at_its_own_line_setting_and_nothing_is_sent(
    protocol: str, format: str | None, expected: str
):
    room = Room(device(protocol, format), catalog()[protocol].serial)
    found = room.listen()
    assert isinstance(found, Found)
    assert (found.device, found.adapter) == (f"{expected}@/dev/ttyUSB0", ADAPTER)
    assert "0 damaged" in found.evidence
    assert (room.written, room.left_open) == ([], 0)


@pytest.mark.parametrize("protocol", sorted(silent_until_asked()))
def test_what_must_be_asked_is_silent_and_named_as_such(protocol: str):
    room = Room(device(protocol), catalog()[protocol].serial)
    answer = room.listen()
    assert isinstance(answer, NotFound)
    assert answer.why is Why.SILENT
    assert protocol in cannot_be_heard()
    assert "finger" in answer.words
    assert room.written == []


def test_each_line_setting_is_listened_to_once_and_all_of_them_for_the_time_given():
    room = Room(None)
    room.listen(listen_s=2.0)
    assert sorted(map(repr, room.opened)) == sorted({repr(manifest.serial) for manifest in catalog().values()})
    assert room.opened[0] == LINE_9600, "most protocols use it"
    assert room.now_s == pytest.approx(100.0 + 2.0 * len(line_settings()), abs=1.0)
    assert [step.step for step in room.steps] == list(range(1, len(line_settings()) + 1))


def test_a_slow_talker_is_listened_to_longer_than_a_silent_port():
    room = Room(device("nonin", "df8"), LINE_9600)  # four bytes a second, five of them are needed
    assert isinstance(room.listen(), Found)
    assert 104.9 < room.now_s < 107.0


def test_a_device_on_a_line_without_a_speed_is_confirmed_at_its_own_setting():
    room = Room(device("five_byte", "berry"))
    found = room.listen()
    assert isinstance(found, Found)
    assert found.format == "berry"
    assert room.opened == [LINE_9600, catalog()["five_byte"].line("berry")]


def test_a_device_that_is_set_to_another_speed_is_named_with_what_to_do():
    room = Room(device("five_byte", "berry"), catalog()["five_byte"].serial)
    answer = room.listen()
    assert isinstance(answer, NotFound)
    assert (answer.why, answer.perhaps) == (Why.OTHER_LINE, ("five_byte:berry@/dev/ttyUSB0",))
    assert "115200 8N1" in answer.words
    assert "19200 8O1" in answer.words


def test_a_stranger_is_said_to_talk():
    class Stranger:
        def receive(self, data: bytes, now_s: float) -> None:
            pass

        def transmit(self, now_s: float) -> bytes:
            return b"\x7e\x7d\x00hello\xfe"

    answer = Room(Stranger(), LINE_9600).listen()
    assert isinstance(answer, NotFound)
    assert (answer.why, answer.perhaps) == (Why.UNKNOWN, ())
    assert "kapconsole capture" in answer.words


def test_one_measurement_is_a_hint_and_no_more():
    omron = catalog()["omron_hbp9030"]
    simulator = omron.make_simulator(Patient("steady"))
    room = Room(simulator, omron.serial)
    answer = room.listen(listen_s=60.0)
    assert isinstance(answer, NotFound)
    assert (answer.why, answer.perhaps) == (Why.UNSURE, ("omron_hbp9030@/dev/ttyUSB0",))


@pytest.mark.parametrize("protocol", [probe.protocol for probe in PROBES])
def test_a_device_that_must_be_asked_is_found_by_its_probe(protocol: str):
    room = Room(device(protocol), catalog()[protocol].serial)
    found = room.listen(probe=True)
    assert isinstance(found, Found)
    assert found.device == f"{protocol}@/dev/ttyUSB0"
    assert found.evidence.startswith("answers when asked")
    assert {*room.written} <= {probe.ask for probe in PROBES}


@pytest.mark.parametrize("protocol", sorted({*silent_until_asked()} - {probe.protocol for probe in PROBES}))
@pytest.mark.parametrize("has_speed", [True, False])
def test_no_probe_finds_another_device_than_its_own(protocol: str, has_speed: bool):
    room = Room(device(protocol), catalog()[protocol].serial if has_speed else None)
    assert isinstance(room.listen(probe=True), NotFound)
    assert {*room.written} == {probe.ask for probe in PROBES}


@pytest.mark.parametrize("protocol", [probe.protocol for probe in PROBES])
def test_on_a_line_without_a_speed_each_probe_finds_its_own_device_among_all_probes(protocol: str):
    found = Room(device(protocol)).listen(probe=True)
    assert isinstance(found, Found)
    assert found.protocol == protocol


def test_an_adapter_that_echoes_is_no_device():
    class Echo:
        def __init__(self) -> None:
            self.held = b""

        def receive(self, data: bytes, now_s: float) -> None:
            self.held += data

        def transmit(self, now_s: float) -> bytes:
            data, self.held = self.held, b""
            return data

    assert isinstance(Room(Echo()).listen(probe=True), NotFound)


def test_a_talking_device_is_never_asked():
    room = Room(device("nonin", "df7"), LINE_9600)
    assert isinstance(room.listen(probe=True), Found)
    assert room.written == []


def start_commands(protocol: str) -> set[bytes]:
    """What the driver sends because of a start, settings included, for every patient; not what it sends in any case."""
    manifest = catalog()[protocol]
    started: set[bytes] = set()
    idle: set[bytes] = set()
    for patient in (None, "adult", "paediatric", "neonatal"):
        simulator, driver = manifest.make_simulator(Patient("steady")), manifest.make_driver()
        for turn in range(600):
            now_s = turn * 0.02
            if patient and turn == 200:
                with contextlib.suppress(NotPossible):  # not every monitor measures every kind of patient
                    driver.command(StartCuff(patient, 120), now_s)
            data = driver.transmit(now_s)
            simulator.receive(data, now_s)
            driver.receive(simulator.transmit(now_s), now_s)
            (started if patient else idle).add(data.strip(b"\r"))  # an empty line before a question is no command
    return started - idle


CUFFS = [manifest.id for manifest in catalog().values() if "start-cuff" in manifest.commands]


@pytest.mark.parametrize("protocol", CUFFS)
def test_no_probe_is_or_contains_or_adds_up_to_anything_that_starts_a_cuff(protocol: str):
    starts = start_commands(protocol)
    assert starts, "a start sends something of its own"
    # every probe after every other one, repeated, as a device hears them that takes no notice of pauses
    asks = [probe.ask for probe in PROBES]
    all_that_is_heard = b"".join(one + other for one in asks for other in asks) + b"".join(asks) * 3
    for start in starts:
        assert start not in all_that_is_heard
        assert not any(ask in start for ask in asks)


@pytest.mark.parametrize("protocol", CUFFS)
def test_no_simulated_cuff_inflates_when_its_device_is_probed_at_any_line_setting(protocol: str):
    simulator, driver = device(protocol), catalog()[protocol].make_driver()
    room = Room(simulator)
    for _ in range(3):
        room.listen(probe=True, listen_s=0.5)
    said = [reading for _ in range(1500) for reading in talk(driver, simulator, room)]
    assert not [one for one in said if getattr(one, "code", "") in ("cuff-inflating", "cuff-done")]
    assert driver.counts.good > 0


def talk(driver: object, simulator: Simulator, room: Room) -> list[object]:
    room.now_s += 0.02
    simulator.receive(driver.transmit(room.now_s), room.now_s)  # type: ignore[attr-defined]
    return driver.receive(simulator.transmit(room.now_s), room.now_s)  # type: ignore[attr-defined, no-any-return]


def test_every_probe_has_a_source_and_is_for_a_protocol_of_the_catalog():
    assert {probe.protocol for probe in PROBES} <= set(catalog())
    assert all(probe.source and probe.ask for probe in PROBES)


def test_a_port_that_cannot_be_opened_is_said_in_its_own_words():
    def busy(address: str, line: LineSettings) -> Port:
        raise PortTrouble(f"{address} is busy: another program uses it")

    answer = listen("COM3", opener=busy, now_s=lambda: 0.0)
    assert isinstance(answer, NotFound)
    assert (answer.why, answer.words) == (Why.TROUBLE, "COM3 is busy: another program uses it")


def test_a_cable_that_is_pulled_meanwhile_is_said():
    room = Room(None)
    room.pulled_at_s = 101.0
    answer = room.listen(probe=True)
    assert isinstance(answer, NotFound)
    assert answer.why is Why.TROUBLE
    assert "cable pulled" in answer.words
    assert room.left_open == 0


def test_a_search_that_is_stopped_ends_at_once_and_closes_the_port():
    room = Room(None)
    answer = listen(
        "/dev/ttyUSB0", now_s=lambda: room.now_s, opener=room.open, stopped=lambda: room.now_s > 101.0, probe=True
    )
    assert isinstance(answer, NotFound)
    assert room.now_s < 101.2
    assert (room.left_open, room.written) == (0, [])


def test_a_capture_file_is_recognised_as_what_it_was_recorded_from(tmp_path):
    path, simulator = tmp_path / "table.kapcapture", device("nonin", "df2")
    writer = CaptureWriter(path, CaptureHeader())
    for turn in range(300):
        writer.write(turn * 10_000, "r", simulator.transmit(turn * 0.01))
    writer.close()
    found = listen(str(path), listen_s=1.0)
    assert isinstance(found, Found)
    assert found.device == f"nonin@{path}"


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
@pytest.mark.parametrize(("protocol", "probe"), [("five_byte", False), ("suntech", True)])
def test_on_a_real_pseudo_terminal(protocol: str, probe: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(find, "ANSWER_S", 0.5)
    with SimulatorHost(device(protocol)) as host:
        found = listen(host.address, listen_s=0.1 if probe else 1.3, probe=probe)
    assert isinstance(found, Found)
    assert found.device == f"{protocol}@{host.address}"


def test_a_serial_server_in_the_network_is_opened_once_as_it_sets_the_line_itself():
    steps: list[Progress] = []
    with SimulatorHost(device("nonin", "df7"), tcp=("127.0.0.1", 0)) as host:
        found = listen(host.address, listen_s=0.7, progress=steps.append)
    assert isinstance(found, Found)
    assert len(steps) == 1
