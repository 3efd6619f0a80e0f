"""The doctor: what is missing is said with what mends it; nothing that hangs or crashes hides the rest."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from kapconsole import doctor, libraries, paths
from kapconsole.doctor import Check, Port, ProbeFailed, judge_serial, table, telling_line, within_limits
from kapconsole.record import keys
from kapconsole.record.space import REFUSE_BELOW_BYTES

USB = Port("/dev/ttyUSB0", "FT232R", may_open=True)
LOCKED = Port("/dev/ttyUSB0", "FT232R", may_open=False)


@pytest.fixture
def debian(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Debian where an ordinary user asks."""
    has = {"apt-get": "/usr/bin/apt-get"}
    monkeypatch.setattr(libraries.shutil, "which", has.get)
    monkeypatch.setattr(libraries.os, "geteuid", lambda: 1000, raising=False)


def give(monkeypatch: pytest.MonkeyPatch, answer: dict[str, object] | str) -> None:
    """Let every probe answer so; text is a failure."""

    def ask(probe: str, environment: dict[str, str] | None = None) -> dict[str, object]:
        if isinstance(answer, str):
            raise ProbeFailed(answer)
        return answer

    monkeypatch.setattr(doctor, "ask", ask)


# --- on this machine -------------------------------------------------------------------------------------------------


@pytest.mark.qt
def test_on_this_machine_it_answers_for_every_check_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code = doctor.run_doctor(True)
    report = json.loads(capsys.readouterr().out)
    found = {check["name"]: check for check in report["checks"]}
    assert len(found) >= 10
    assert code == (0 if report["ok"] else 1)
    assert found["Python and Qt"]["ok"] is True
    assert found["Session log"]["ok"] is True
    assert all(check["found"] for check in report["checks"])


@pytest.mark.qt
def test_a_probe_runs_apart_and_shows_fonts_that_load() -> None:
    answer = doctor.ask("qt", {"QT_QPA_PLATFORM": "offscreen"})
    assert answer["platform"] == "offscreen"
    assert answer["fonts"]
    assert not answer["fonts_damaged"]


def test_a_probe_that_fails_gives_its_reason() -> None:
    with pytest.raises(ProbeFailed, match="no such probe"):
        doctor.ask("no such probe")


# --- limits ----------------------------------------------------------------------------------------------------------


def test_a_check_that_hangs_or_raises_does_not_hide_the_others() -> None:
    release = threading.Event()

    def hangs() -> Check:
        release.wait()
        return Check("slow", True, "")

    def raises() -> Check:
        raise OSError("the disk is on fire")

    jobs = [("slow", hangs), ("bad", raises), ("good", lambda: Check("good", True, "there"))]
    slow, bad, good = within_limits(jobs, limit_s=0.1)
    release.set()
    assert slow.ok is None
    assert "no answer" in slow.found
    assert bad.ok is None
    assert "the disk is on fire" in bad.found
    assert good == Check("good", True, "there")


# --- words and exit codes --------------------------------------------------------------------------------------------


def test_only_what_is_needed_fails_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    optional = Check("Sound", None, "no output")
    monkeypatch.setattr(doctor, "look", lambda: [optional])
    assert doctor.run_doctor(False) == 0
    monkeypatch.setattr(doctor, "look", lambda: [optional, Check("Windows", False, "Qt does not start")])
    assert doctor.run_doctor(False) == 1
    assert "NEEDED  Qt does not start" in capsys.readouterr().out


def test_the_table_says_what_mends_it_below_what_is_missing() -> None:
    lines = table([Check("Sound", True, "speaker"), Check("Key store", None, "none", "a passphrase")])
    assert lines[0].startswith("Sound      ok")
    assert lines[2].strip() == "-> a passphrase"


@pytest.mark.usefixtures("debian")
def test_missing_libraries_are_mended_by_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = [each for each in libraries.LIBRARIES if each.soname in ("libEGL.so.1", "libportaudio.so.2")]
    monkeypatch.setattr(doctor, "missing_libraries", lambda: gone)
    monkeypatch.setattr(doctor, "look", lambda: [doctor.system_libraries()])
    assert doctor.run_doctor(False) == 1
    assert "sudo apt-get install -y --no-install-recommends libegl1 libportaudio2\n" in capsys.readouterr().out


@pytest.mark.usefixtures("debian")
def test_missing_sound_alone_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "missing_libraries", lambda: [libraries.LIBRARIES[6]])
    assert doctor.system_libraries().ok is None
    assert "libportaudio.so.2" in doctor.system_libraries().found


@pytest.mark.parametrize(
    ("tool", "line"),
    [
        ("dnf", "sudo dnf install -y 'libGL.so.1()(64bit)' 'libglib-2.0.so.0()(64bit)'"),
        ("zypper", "sudo zypper --non-interactive install 'libGL.so.1()(64bit)' 'libglib-2.0.so.0()(64bit)'"),
        ("pacman", "sudo pacman -S --needed libglvnd glib2"),
        ("none", "install them with this system's package manager"),
    ],
)
@pytest.mark.usefixtures("debian")
def test_each_system_gets_its_own_command(monkeypatch: pytest.MonkeyPatch, tool: str, line: str) -> None:
    monkeypatch.setattr(libraries.shutil, "which", {tool: tool}.get)
    gone = [each for each in libraries.LIBRARIES if each.soname in ("libGL.so.1", "libglib-2.0.so.0")]
    assert libraries.install_line(gone) == line


def test_windows_libraries_are_asked_for_only_where_there_is_such_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "_loads", lambda soname: False)
    monkeypatch.setattr(libraries.sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert "libxcb-cursor.so.0" not in libraries.names(libraries.missing_libraries())
    monkeypatch.setenv("DISPLAY", ":0")
    assert "libxcb-cursor.so.0" in libraries.names(libraries.missing_libraries())


def test_the_line_that_says_why_is_found_among_qts_many() -> None:
    qt = "could not connect to display :5\nxcb-cursor0 is needed\nAvailable platform plugins are: minimal, xcb."
    assert telling_line(qt) == "could not connect to display :5"
    python = "Traceback (most recent call last):\n  File\nImportError: libGL.so.1: cannot open shared object file\n"
    assert telling_line(python).startswith("ImportError: libGL.so.1")
    assert telling_line("") == ""


# --- single checks ---------------------------------------------------------------------------------------------------


def test_a_port_that_may_be_opened_is_well() -> None:
    assert judge_serial([USB], "dialout", in_books=True, in_login=True).ok is True


def test_a_port_without_rights_is_needed_and_names_the_command() -> None:
    check = judge_serial([LOCKED], "dialout", in_books=False, in_login=False)
    assert check.ok is False
    assert "sudo usermod -aG dialout " in check.mend


def test_rights_that_this_login_does_not_have_yet() -> None:
    assert "log out and in" in judge_serial([LOCKED], "uucp", in_books=True, in_login=False).mend


def test_no_port_is_said_and_fails_nothing() -> None:
    check = judge_serial([], "dialout", in_books=False, in_login=False)
    assert check.ok is None
    assert "none connected" in check.found
    assert "usermod" in check.mend


def test_plain_apsw_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, {"sqlite": "3.54.0", "encrypted": ""})
    check = doctor.session_log()
    assert check.ok is False
    assert "in clear" in check.found


def test_a_full_disk_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "free_bytes", lambda folder: REFUSE_BELOW_BYTES - 1)
    assert doctor.data_folder().ok is False


def test_a_data_folder_that_is_a_file_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    monkeypatch.setenv("KAPCONSOLE_HOME", str(tmp_path))
    check = doctor.data_folder()
    assert check.ok is False
    assert "KAPCONSOLE_HOME" in check.found


@pytest.mark.parametrize(
    ("wanted", "outputs", "ok"), [("", [], None), ("", ["A"], None), ("A", ["A", "B"], True), ("C", ["A"], False)]
)
def test_sound_is_needed_only_where_a_speaker_was_named(
    monkeypatch: pytest.MonkeyPatch, home: Path, wanted: str, outputs: list[str], ok: bool | None
) -> None:
    (home / "k" / "config").mkdir(parents=True)
    (home / "k" / "config" / "config.toml").write_text(f'alarm_out = "{wanted}"\n')
    give(monkeypatch, {"outputs": outputs})
    assert doctor.sound().ok is ok


def test_a_key_store_that_is_missing_points_to_the_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, {"name": "fail Keyring", "usable": False})
    check = doctor.key_store()
    assert check.ok is None
    assert "passphrase" in check.mend


def test_a_machine_that_cannot_be_kept_awake_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, {"active": False, "by": ""})
    assert "may go to sleep" in doctor.staying_awake().found
    give(monkeypatch, "no answer within 15 s")
    assert doctor.staying_awake().ok is None


def test_damaged_fonts_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, {"version": "6", "platform": "x", "screen": "1x1", "fonts": [], "fonts_damaged": ["A.ttf"]})
    assert doctor.windows().ok is False


def test_a_damaged_settings_file_is_named_with_its_mend() -> None:
    (paths.config_dir() / "config.toml").write_text("alarm_out = ")
    check = doctor.settings()
    assert check.ok is False
    assert "damaged" in check.found
    assert "config.toml" in check.mend


def test_logs_in_clear_are_said_without_failing_the_machine() -> None:
    check = doctor.encryption()
    assert check.ok is None
    assert "clear" in check.found
    keys.set_passphrase(paths.state_dir(), "a site's own words", keys.Kdf("00" * 16, 1, 64, 1))
    assert doctor.encryption().ok


def config(text: str) -> None:
    (paths.config_dir() / "config.toml").write_text(text)


def test_the_outputs_of_both_are_listed_and_that_they_must_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, {"outputs": ["PulseAudio: desk"], "patient": ["PulseAudio: desk", "PulseAudio: ears"]})
    check = doctor.sound()
    assert "alarm_out may be: PulseAudio: desk;" in check.found
    assert "patient_out may be: PulseAudio: desk, PulseAudio: ears" in check.found
    assert "two that differ" in check.mend


def test_two_outputs_are_told_apart_by_their_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, ears = "PulseAudio: alsa_output.pci-0.analog-stereo", "PulseAudio: alsa_output.usb-x.analog-stereo"
    give(monkeypatch, {"outputs": [desk, ears], "patient": [desk, ears]})
    config(f'alarm_out = "{desk}"\npatient_out = "{ears}"\n')
    check = doctor.sound()
    assert check.ok
    assert "two sound cards (pci-0; usb-x)" in check.found
    assert check.mend == ""
    config(f'alarm_out = "{desk}"\npatient_out = "{desk}"\n')
    assert doctor.sound().ok is False


def test_outputs_whose_cards_are_not_known_are_to_be_tried_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, {"outputs": ["Desk", "Ears"], "patient": ["Desk", "Ears"]})
    config('alarm_out = "Desk"\npatient_out = "Ears"\n')
    assert "pull each plug once" in doctor.sound().found


def test_the_library_of_the_sound_server_is_asked_for_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, debian: None, tmp_path: Path
) -> None:
    monkeypatch.setattr(libraries.sys, "platform", "linux")
    monkeypatch.setattr(libraries, "_loads", lambda soname: soname != "libpulse.so.0")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("PULSE_SERVER", raising=False)
    assert libraries.missing_libraries() == []
    (tmp_path / "pipewire-0").touch()
    missing = libraries.missing_libraries()
    assert libraries.install_line(missing).endswith(" libpulse0")
    monkeypatch.setattr(doctor, "missing_libraries", lambda: missing)
    assert doctor.system_libraries().ok is None  # without it there is no sound, and a session all the same


def test_music_that_cannot_be_read_is_said_and_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, "OSError: sndfile library not found")
    assert (doctor.music_files().ok, "no music" in doctor.music_files().found) == (None, True)
    give(monkeypatch, {"reader": "1.0.28", "formats_missing": ["MP3"], "mixer": "0.1.7"})
    assert "without MP3" in doctor.music_files().found


def test_an_alarm_preset_that_is_not_there_is_needed() -> None:
    assert doctor.alarm_limits().ok
    config('alarm_preset = "ours"\n')
    check = doctor.alarm_limits()
    assert check.ok is False
    assert "ours" in check.found
    assert "alarm_preset" in check.mend


def test_clinical_data_say_whose_they_are_or_what_is_wrong() -> None:
    assert "no protocol of this clinic" in doctor.clinical_data().found
    folder = paths.config_dir() / "clinical"
    folder.mkdir()
    (folder / "routes.toml").write_text("version = 2\n[routes.im]\nstay_min = 150\n")
    assert doctor.clinical_data().ok
    assert "routes version 2" in doctor.clinical_data().found
    (folder / "routes.toml").write_text("version = 2\n[routes.im]\nstay_mn = 150\n")
    check = doctor.clinical_data()
    assert check.ok is False
    assert "stay_mn" in check.found


def test_the_room_says_what_was_not_measured() -> None:
    check = doctor.room()
    assert check.ok is None
    assert "headphones not calibrated" in check.found
    (paths.config_dir() / "room.toml").write_text("[display]\nwidth = 3\n")
    assert doctor.room().ok is False
    assert "room.toml" in doctor.room().mend


def test_lamps_are_named_and_a_damaged_file_lights_none() -> None:
    assert "no real one" in doctor.lamps().found
    path = paths.config_dir() / "light.toml"
    path.write_text(
        '[zone.ceiling]\nlabel = "Ceiling"\n[output.stage]\ndriver = "sacn"\nhost = "192.0.2.7"\n'
        '[[fixture]]\nzone = "ceiling"\noutput = "stage"\n'
    )
    path.chmod(0o600)
    check = doctor.lamps()
    assert (check.ok, "Ceiling" in check.found) == (True, True)
    path.write_text("[zone.ceiling]\nlable = 3\n")
    assert doctor.lamps().ok is False
