"""`kapconsole find`, and the devices that `kapconsole run` takes: in words that can be typed back."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from kapconsole import cli, finding
from kapconsole.finding import NoDevice, devices_to_run, find_devices, simulator_lines
from kapconsole.paths import state_dir
from kapconsole.remembered import FILE
from kapdevices.catalog import catalog
from kapdevices.known import KnownDevices, dump, remember
from kapdevices.patient import Patient
from kapdevices.ports import PortInfo
from kapdevices.simulate import SimulatorHost

FTDI = PortInfo("/dev/ttyUSB0", "FTDI", "UC232R", "FT9ABC", 0x0403, 0x6001)

posix = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
Plug = Callable[..., str]


@pytest.fixture
def plug() -> Iterator[Plug]:
    """Plugs a simulated device in and gives its address: a network port, which is listened to only once."""
    with ExitStack() as stack:

        def one(protocol: str, format: str | None = None) -> str:
            simulator = catalog()[protocol].make_simulator(Patient("steady"), format)
            return stack.enter_context(SimulatorHost(simulator, tcp=("127.0.0.1", 0))).address

        yield one


@pytest.fixture
def present(monkeypatch: pytest.MonkeyPatch) -> list[PortInfo]:
    """The machine's serial ports; a test fills it."""
    ports: list[PortInfo] = []
    monkeypatch.setattr(finding, "present_ports", lambda: ports)
    return ports


def refuse(text: str) -> None:
    raise AssertionError(f"nothing was to be said, but was: {text}")


def test_find_names_each_device_as_it_is_typed_back_and_says_what_is_silent(
    plug: Plug, capsys: pytest.CaptureFixture[str]
):
    nonin, dinamap = plug("nonin", "df7"), plug("dinamap")
    assert find_devices([nonin, dinamap, nonin], probe=False, seconds=0.7, json=False) == 0
    out = capsys.readouterr().out
    assert out.count(f"--device nonin@{nonin}\n") == 1
    assert f"{dinamap}: silent: is it on" in out
    assert f"kapconsole find {dinamap} --probe" in out
    assert "\x1b" not in out


def test_find_as_json_keeps_the_order_of_the_ports(plug: Plug, capsys: pytest.CaptureFixture[str]):
    suntech, nonin = plug("suntech"), plug("nonin", "df2")
    assert find_devices([suntech, nonin], probe=False, seconds=0.7, json=True) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert (first["type"], first["why"], first["device"]) == ("not-found", "silent", None)
    assert (second["type"], second["device"]) == ("found", f"nonin@{nonin}")


def test_without_a_named_port_all_present_ports_are_listened_to(
    plug: Plug, present: list[PortInfo], capsys: pytest.CaptureFixture[str]
):
    present += [PortInfo(plug("nonin", "df2")), PortInfo("/dev/nothing-there")]
    assert find_devices([], probe=False, seconds=0.5, json=False) == 0
    out = capsys.readouterr().out
    assert f"--device nonin@{present[0].path}" in out
    assert out.count("/dev/nothing-there") == 1


def test_nothing_is_asked_of_a_port_that_nobody_named(present: list[PortInfo]):
    present.append(FTDI)
    with pytest.raises(NoDevice, match="name the port"):
        find_devices([], probe=True, seconds=0.1, json=False)


def test_no_port_at_all_is_said(present: list[PortInfo], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(NoDevice, match="no serial port"):
        find_devices([], probe=False, seconds=None, json=False)
    assert find_devices([], probe=False, seconds=None, json=True) == 1
    assert json.loads(capsys.readouterr().out) == []


def test_a_search_that_fails_on_one_port_is_said_and_the_others_go_on(
    plug: Plug, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    real = finding.listen

    def listen(address: str, **options: object) -> object:
        if address == "COM1":
            raise RuntimeError("defect")
        return real(address, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(finding, "listen", listen)
    assert find_devices(["COM1", plug("nonin", "df2")], probe=False, seconds=0.5, json=False) == 0
    assert "COM1: the search failed (RuntimeError: defect)" in capsys.readouterr().out


def test_run_takes_what_was_asked_without_a_word():
    asked = ["nonin:df7@/dev/ttyUSB0", "suntech@COM4"]
    assert devices_to_run(asked, refuse) == asked


def test_run_finds_out_what_an_auto_device_is(plug: Plug, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(finding, "LISTEN_S", 1.3)
    said: list[str] = []
    address = plug("five_byte", "berry")
    devices = devices_to_run(["suntech@COM4", f"auto@{address}"], said.append)
    assert devices == ["suntech@COM4", f"five_byte:berry@{address}"]
    assert "nothing is sent" in said[0]
    assert f"five_byte:berry@{address}" in said[1]


def test_run_refuses_an_auto_device_that_was_not_heard_and_one_that_is_no_device(
    plug: Plug, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(finding, "LISTEN_S", 0.2)
    with pytest.raises(NoDevice, match=r"silent.*speak only when asked.*dinamap"):
        devices_to_run([f"auto@{plug('dinamap')}"], lambda text: None)
    with pytest.raises(NoDevice, match="unknown protocol 'no'"):
        devices_to_run(["auto@COM1", "no@COM2"], refuse)


def test_run_without_devices_takes_the_remembered_ones_that_are_plugged_in(present: list[PortInfo]):
    known = remember(KnownDevices(), FTDI, "nonin", "df7")
    (state_dir() / FILE).write_text(dump(known), "utf-8")
    with pytest.raises(NoDevice, match=r"none of the remembered monitors is plugged in \(nonin:df7 on UC232R FT9ABC\)"):
        devices_to_run([], refuse)
    present.append(FTDI)
    said: list[str] = []
    assert devices_to_run([], said.append) == ["nonin:df7@/dev/ttyUSB0"]
    assert said == ["as remembered: nonin:df7@/dev/ttyUSB0"]


def test_run_without_devices_and_memory_says_what_to_do(present: list[PortInfo]):
    present.append(FTDI)
    with pytest.raises(NoDevice, match=r"which monitors\?.*kapconsole find.*--device PROTOCOL@PORT"):
        devices_to_run([], refuse)


def test_devices_lists_beside_a_port_what_it_is_remembered_as(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("kapdevices.ports.present_ports", lambda: [FTDI, PortInfo("/dev/ttyS0")])
    (state_dir() / FILE).write_text(dump(remember(KnownDevices(), FTDI, "nonin")), "utf-8")
    assert cli.main(["devices"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "    /dev/ttyUSB0 · FTDI UC232R FT9ABC · remembered as nonin" in lines
    assert "    /dev/ttyS0" in lines
    assert cli.main(["devices", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["remembered"] == {"/dev/ttyUSB0": "nonin"}


def test_simulate_lists_every_protocol_with_its_formats_and_faults():
    lines = "\n".join(simulator_lines())
    for manifest in catalog().values():
        assert f"{manifest.id}: {manifest.name}" in lines
        assert all(word in lines for word in (*manifest.formats, *manifest.scenarios, *manifest.faults))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["simulate"], "simulate --list"),
        (["simulate", "nonin", "--fault", "nonsense"], "early-sync"),
        (["find", "--probe"], "name the port"),
    ],
)
def test_what_cannot_be_done_is_one_line_of_words(words: list[str], said: str, capsys: pytest.CaptureFixture[str]):
    assert cli.main(words) == 1
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


@posix
def test_find_in_a_process_on_a_pseudo_terminal():
    simulator = catalog()["nonin"].make_simulator(Patient("steady"), "df7")
    with SimulatorHost(simulator) as host:
        words = [sys.executable, "-m", "kapconsole", "find", host.address, "--seconds", "1"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert f"--device nonin@{host.address}" in done.stdout
    assert done.stderr == "", "nobody looks at a progress line here"
