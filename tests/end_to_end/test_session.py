"""The real program, whole: devices on pseudo-terminals to a log that verifies, through kills and pulled cables."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kapconsole import events as ev
from kapconsole.rows import WAVE, unpack_wave
from kapdevices.catalog import find
from kapdevices.patient import Patient
from kapdevices.ports import open_port
from kapdevices.simulate import SimulatorHost

from .conftest import Session, info, run, wait_for

Start = Callable[..., Session]


@pytest.fixture
def oximeter(tmp_path: Path) -> Iterator[SimulatorHost]:
    simulator = find("nonin").make_simulator(Patient("steady"))
    with SimulatorHost(simulator, link=tmp_path / "oximeter") as host:
        yield host


@pytest.fixture
def cuff(tmp_path: Path) -> Iterator[SimulatorHost]:
    simulator = find("suntech").make_simulator(Patient("steady"))
    with SimulatorHost(simulator, link=tmp_path / "cuff", speed=10) as host:
        yield host


def devices(tmp_path: Path) -> list[str]:
    return ["run", "--device", f"nonin@{tmp_path / 'oximeter'}", "--device", f"suntech@{tmp_path / 'cuff'}"]


def talking(session: Session, protocol: str) -> ev.Event:
    return session.wait_for_event(ev.DeviceState, lambda body: (body.protocol, body.state) == (protocol, "connected"))


def test_records_from_foreign_programs_and_takes_a_cuff_reading_by_command(session: Start, foreign: Callable) -> None:
    oximeter_port, _ = foreign("oximeter.py", "74", "96")
    cuff_port, cuff_program = foreign("cuff.py")
    running = session("run", "--device", f"nonin@{oximeter_port}", "--device", f"suntech@{cuff_port}")
    talking(running, "suntech")
    talking(running, "nonin")
    assert running.send("cuff", "start").returncode == 0
    reading = running.wait_for_event(ev.NibpMeasured).body
    assert (reading.sys_mmhg, reading.dia_mmhg, reading.mean_mmhg, reading.pulse_rate) == (131, 84, 99, 77)
    again = running.send("cuff", "start")
    assert again.returncode == 1
    assert "wait" in again.stderr
    running.end()
    assert run("verify", str(running.log)).returncode == 0
    summary = info(running.log)
    assert summary["closed"]
    assert summary["cuff_readings_valid"] == 1
    cuff_program.terminate()
    commands = cuff_program.communicate()[1].splitlines()
    assert commands.count("3a 20 a6") == 1, "one request starts one inflation"
    assert commands[-1] == "3a 79 01 00 4c", "the cuff is told to stop on the way out"


def test_the_monitor_is_killed_and_goes_on_in_the_same_session(
    session: Start, tmp_path: Path, oximeter: SimulatorHost, cuff: SimulatorHost
) -> None:
    running = session(*devices(tmp_path))
    talking(running, "nonin")
    assert running.send("note", "before the kill").returncode == 0
    running.process_of("kapconsole.monitor").kill()
    resumed = running.wait_for_event(ev.SessionResumed)
    assert 0 < resumed.body.gap_s < 15
    assert "interrupted" in resumed.body.text
    wait_for(lambda: running.send("note", "after the kill").returncode == 0 or None)
    running.wait_for_event(ev.DeviceState, lambda body: body.state == "connected" and body.source == 1)
    said = running.end()
    assert "the monitor died (killed by SIGKILL)" in said
    texts = [event.body.text for event in running.events(ev.NoteTaken)]
    assert texts == ["before the kill", "after the kill"]
    assert run("verify", str(running.log)).returncode == 0


def test_everything_is_killed_and_the_session_goes_on_later(
    session: Start, tmp_path: Path, oximeter: SimulatorHost, cuff: SimulatorHost
) -> None:
    running = session(*devices(tmp_path))
    talking(running, "nonin")
    assert running.send("note", "shown before the cut").returncode == 0
    wait_for(lambda: sum(row.kind == WAVE for row in running.rows()) >= 3 or None)
    running.kill_everything()
    assert run("verify", str(running.log)).returncode == 0
    assert not info(running.log)["closed"]
    assert [event.body.text for event in running.events(ev.NoteTaken)] == ["shown before the cut"]
    again = session(*devices(tmp_path))
    gap_s = again.wait_for_event(ev.SessionResumed).body.gap_s
    assert gap_s > 0
    # Ctrl-C in the first moment of the second run, when nobody listens yet, still closes the session.
    again.end()
    assert info(again.log)["closed"]
    assert run("verify", str(again.log)).returncode == 0


def test_at_most_a_second_of_waveform_is_missing_after_a_kill(
    session: Start, tmp_path: Path, oximeter: SimulatorHost, cuff: SimulatorHost
) -> None:
    running = session(*devices(tmp_path))
    wait_for(lambda: sum(row.kind == WAVE for row in running.rows()) >= 3 or None)
    stopped = running.send("note", "now")
    assert stopped.returncode == 0
    running.kill_everything()
    note_us = running.events(ev.NoteTaken)[-1].mono_us
    pieces = [unpack_wave(row.body) for row in running.rows() if row.kind == WAVE]
    last_us = pieces[-1].start_us + pieces[-1].span_us
    # The oldest sample that can be missing is one that was packed no more than a second before the kill; a burst of
    # samples may have been on its way when the note was stamped.
    assert note_us - last_us < 1_200_000


def test_a_pulled_cable_is_noticed_and_read_again_under_another_name(
    session: Start, tmp_path: Path, oximeter: SimulatorHost, cuff: SimulatorHost
) -> None:
    running = session(*devices(tmp_path))
    talking(running, "nonin")
    old = oximeter.address
    oximeter.unplug()
    running.wait_for_event(ev.DeviceState, lambda body: body.source == 1 and body.state in ("silent", "lost"))
    oximeter.plug()
    assert oximeter.address != old
    plugged_us = running.events()[-1].mono_us
    back = running.wait_for_event(ev.DeviceState, lambda body: body.source == 1 and body.state == "back", timeout_s=10)
    assert back.mono_us - plugged_us < 3_500_000
    running.end()
    assert run("verify", str(running.log)).returncode == 0


@pytest.mark.qt
def test_the_console_is_killed_and_comes_back(
    session: Start, tmp_path: Path, oximeter: SimulatorHost, cuff: SimulatorHost
) -> None:
    running = session(*devices(tmp_path), window=True)

    def console_is(state: str, count: int) -> bool | None:
        states = [event.body for event in running.events(ev.ProcessState) if event.body.process == "console"]
        return sum(body.state == state for body in states) >= count or None

    wait_for(lambda: console_is("running", 1), 40)
    running.process_of("kapconsole.console").kill()
    wait_for(lambda: console_is("gone", 1))
    wait_for(lambda: console_is("running", 2), 40)
    assert running.send("note", "still there").returncode == 0
    running.end()
    assert run("verify", str(running.log)).returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run"], "which monitors?"),
        (["run", "--device", "nonin"], "PROTOCOL@PORT"),
        (["run", "--device", "abacus@/dev/null"], "unknown protocol 'abacus'"),
        (["info", "missing.kaplog"], "no file"),
        (["verify", "{text}"], "not a session file"),
        (["send", "note", "x"], "no session is running"),
        (["send", "dose", "im", "lots"], "no amount"),
        (["decode", "abacus", "-"], "unknown protocol"),
        (["demo", "--headless", "--log", "{folder}/none/x.kaplog"], "does not exist"),
        (["replay", "{text}"], "not a session file"),
    ],
)
def test_errors_are_one_clear_line(home: Path, tmp_path: Path, words: list[str], said: str) -> None:
    text = tmp_path / "text.kaplog"
    text.write_text("no session at all\n" * 100)
    done = run(*[word.format(text=text, folder=tmp_path) for word in words])
    assert done.returncode == 1
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("kapconsole: ")
    assert said in lines[0]


def test_a_port_that_does_not_exist_is_said_and_the_rest_goes_on(
    session: Start, tmp_path: Path, oximeter: SimulatorHost
) -> None:
    running = session(
        "run", "--device", f"nonin@{tmp_path / 'oximeter'}", "--device", f"suntech@{tmp_path / 'nowhere'}"
    )
    talking(running, "nonin")
    lost = running.wait_for_event(ev.DeviceState, lambda body: body.source == 2 and body.state == "lost")
    assert "nowhere" in lost.body.text
    running.end()


def test_a_second_session_is_refused(session: Start, tmp_path: Path, oximeter: SimulatorHost) -> None:
    first = session("run", "--device", f"nonin@{tmp_path / 'oximeter'}")
    talking(first, "nonin")
    second = run("run", "--headless", "--device", f"nonin@{tmp_path / 'oximeter'}", "--log", str(tmp_path / "2.kaplog"))
    assert second.returncode == 1
    assert b"a session is running already" in second.stderr
    first.end()


def test_a_busy_port_is_said_and_read_as_soon_as_it_is_free(
    session: Start, tmp_path: Path, oximeter: SimulatorHost
) -> None:
    other = open_port(str(tmp_path / "oximeter"), find("nonin").serial)
    running = session("run", "--device", f"nonin@{tmp_path / 'oximeter'}")
    lost = running.wait_for_event(ev.DeviceState, lambda body: body.state == "lost")
    assert "another program" in lost.body.text
    other.close()
    running.wait_for_event(ev.DeviceState, lambda body: body.state in ("connected", "back"))
    running.end()


def test_a_folder_that_takes_no_log_is_one_clear_line(home: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0:  # who may write everywhere but where there is no room
        folder, words = Path("/proc"), "a session needs 200 MB"
    else:
        folder, words = tmp_path / "locked", "cannot be made"
        folder.mkdir(mode=0o555)
    done = run("demo", "--headless", "--seconds", "5", "--log", str(folder / "session.kaplog"))
    assert done.returncode == 2
    said = [line for line in done.stderr.decode().splitlines() if "session log:" not in line]
    assert len(said) == 1, said
    assert words in said[0]


def test_an_encrypted_session_is_recorded_killed_resumed_and_read(
    session: Start, tmp_path: Path, oximeter: SimulatorHost
) -> None:
    secret = tmp_path / "passphrase"
    secret.write_text("a site's own words\n")
    protect = run("protect", "passphrase", "--passphrase-file", str(secret))
    assert b"Recovery key" in protect.stdout, protect.stderr
    words = ["run", "--device", f"nonin@{tmp_path / 'oximeter'}", "--passphrase-file", str(secret)]
    running = session(*words)
    wait_for(lambda: running.send("note", "Wildschweinfährte").returncode == 0 or None)
    running.kill_everything()
    again = session(*words)
    wait_for(lambda: again.send("note", "second").returncode == 0 or None)
    again.end()
    for path in tmp_path.glob("s.kaplog*"):
        data = path.read_bytes()
        assert b"Wildschwein" not in data
        assert not data.startswith(b"SQLite format 3")
    assert run("info", str(again.log), "--passphrase-file", str(secret)).stdout.count(b"Notes: 2") == 1
    assert run("verify", str(again.log), "--passphrase-file", str(secret)).returncode == 0
    no_words = run("info", str(again.log))
    assert no_words.returncode == 1
    assert b"passphrase is needed" in no_words.stderr
    secret.write_text("other words\n")
    wrong = run("info", str(again.log), "--passphrase-file", str(secret))
    assert wrong.returncode == 1
    assert b"Wrong passphrase" in wrong.stderr


def test_the_demo_runs_two_hours_in_a_fast_clock(session: Start) -> None:
    running = session("demo", "--speed", "120", "--seconds", "12")
    _, said = running.process.communicate(timeout=90)
    assert running.process.returncode == 0, said
    summary = info(running.log)
    assert summary["closed"]
    assert summary["length_s"] > 1000
    assert summary["doses"]
    assert run("verify", str(running.log)).returncode == 0


def test_hex_is_decoded_from_a_pipe() -> None:
    frames = b"80 48 61 00\n" * 6
    done = run("decode", "nonin:df8", "-", "--hex", "--csv", input=frames)
    assert done.returncode == 0
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "t_s,metric,value,unit,valid,detail"
    assert any(",pulse_rate,72,/min,true," in line for line in lines), lines
    assert b"6 packets good, 0 bad, 0 bytes skipped" in done.stderr


def test_simulate_prints_its_path_first(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "kapconsole", "simulate", "suntech", "--seconds", "1"], stdout=subprocess.PIPE, text=True
    )
    out, _ = process.communicate(timeout=30)
    assert out.startswith("/dev/")


def test_the_monitor_dies_during_a_cuff_reading_and_the_cuff_is_told_to_stop(session: Start, foreign: Callable) -> None:
    cuff_port, cuff_program = foreign("cuff.py")
    running = session("run", "--device", f"suntech@{cuff_port}")
    talking(running, "suntech")
    assert running.send("cuff", "start").returncode == 0
    running.wait_for_event(ev.DeviceSaid, lambda body: body.code == "cuff-inflating")
    running.process_of("kapconsole.monitor").kill()
    said = running.wait_for_event(ev.DeviceSaid, lambda body: body.code == "cuff-interrupted")
    assert "told to stop" in said.body.text
    running.wait_for_event(ev.DeviceState, lambda body: body.state == "connected")
    wait_for(lambda: running.send("note", "after").returncode == 0 or None)
    running.end()
    cuff_program.terminate()
    commands = cuff_program.communicate()[1].splitlines()
    start = commands.index("3a 20 a6")
    assert "3a 79 01 00 4c" in commands[start:], "the new recorder stops what the old one began"
    assert commands.count("3a 20 a6") == 1


def test_sigterm_to_the_whole_group_closes_the_session(session: Start, tmp_path: Path, oximeter: SimulatorHost) -> None:
    running = session("run", "--device", f"nonin@{tmp_path / 'oximeter'}")
    talking(running, "nonin")
    os.killpg(running.process.pid, signal.SIGTERM)
    running.process.communicate(timeout=30)
    assert info(running.log)["closed"]


def test_the_printed_recovery_key_opens_a_session_without_the_passphrase(
    session: Start, tmp_path: Path, oximeter: SimulatorHost
) -> None:
    secret = tmp_path / "passphrase"
    secret.write_text("a site's own words\n")
    printed = run("protect", "passphrase", "--passphrase-file", str(secret)).stdout.decode().split()[-1]
    running = session("run", "--device", f"nonin@{tmp_path / 'oximeter'}", "--passphrase-file", str(secret))
    wait_for(lambda: running.send("note", "in the dark").returncode == 0 or None)
    running.end()
    secret.write_text(f"{printed}\n")
    opened = run("verify", str(running.log), "--passphrase-file", str(secret))
    assert opened.returncode == 0, opened.stderr
