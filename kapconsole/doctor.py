"""What this machine lacks, and the one command that mends it: `kapconsole doctor`.

Each check is a fact with words; none raises, each has a time limit, and all run side by side.
"""

from __future__ import annotations

import getpass
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from kapconsole import paths
from kapconsole.alarms.presets import PresetError, load_preset
from kapconsole.annunciator.routes import bare, card_of, refusal
from kapconsole.clinical.data import ClinicalDataError, load
from kapconsole.config import read_config
from kapconsole.cues.light.setup import DEMO, setup_or_demo
from kapconsole.cues.light.setup import FILE as LIGHT_FILE
from kapconsole.libraries import FILES, LIBRARIES, SERVER, SOUND, install_line, missing_libraries, names
from kapconsole.qtcheck import refuse_broken_qt
from kapconsole.record.access import protection
from kapconsole.record.space import REFUSE_BELOW_BYTES, WARN_BELOW_BYTES, free_bytes, megabytes
from kapconsole.roomsetup import read_setup, setup_file

PROBE_LIMIT_S = 15.0
CHECK_LIMIT_S = 20.0


class Check(msgspec.Struct, frozen=True):
    """One thing looked at. `ok` is None where the program works without it, or where it could not be told."""

    name: str
    ok: bool | None
    found: str
    mend: str = ""


class ProbeFailed(Exception):
    """A probe's process crashed, hung or could not import what it asks; the text is its last line."""


def run_doctor(json_output: bool) -> int:
    """Print every check, and what mends what is missing. Returns 0 when all that is needed is there, else 1."""
    checks = look()
    needed = [check for check in checks if check.ok is False]
    libraries = missing_libraries()
    if json_output:
        report = {
            "ok": not needed,
            "mend": install_line(libraries) if libraries else "",
            "checks": msgspec.to_builtins(checks),
        }
        print(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        print("\n".join(table(checks)))
        if libraries:
            print(f"\nThe system's libraries, in one command:\n    {install_line(libraries)}")
        print(
            f"\n{len(needed)} needed, not there."
            if needed
            else "\nAll that a session needs is there; what is said above works without it."
        )
    return 1 if needed else 0


def table(checks: Iterable[Check]) -> list[str]:
    """The checks as lines for a terminal: words first, no colour."""
    checks = list(checks)
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        sign = {True: "ok", None: "-", False: "NEEDED"}[check.ok]
        lines.append(f"{check.name:<{width}}  {sign:<6}  {check.found}")
        if check.mend:
            lines.append(f"{'':<{width}}          -> {check.mend}")
    return lines


def look() -> list[Check]:
    """All checks, in a fixed order, run side by side."""
    jobs: list[tuple[str, Callable[[], Check]]] = [
        ("Python and Qt", python_and_qt),
        ("System libraries", system_libraries),
        ("Windows", windows),
        ("Session log", session_log),
        ("Data folder", data_folder),
        ("Settings", settings),
        ("Encryption", encryption),
        ("Key store", key_store),
        ("Serial ports", serial_ports),
        ("Sound", sound),
        ("Music files", music_files),
        ("Alarm limits", alarm_limits),
        ("Clinical data", clinical_data),
        ("Room", room),
        ("Lamps", lamps),
        ("Staying awake", staying_awake),
        ("Clock", clock),
    ]
    if sys.platform.startswith("linux"):
        jobs.insert(-1, ("Session bus", session_bus))
    return within_limits(jobs, CHECK_LIMIT_S)


def within_limits(jobs: list[tuple[str, Callable[[], Check]]], limit_s: float) -> list[Check]:
    """The answers of all jobs; one that fails or takes longer than `limit_s` is answered for in words."""
    answers: dict[str, Check] = {}

    def run(name: str, job: Callable[[], Check]) -> None:
        try:
            answers[name] = job()
        except Exception as trouble:  # a check must not hide the others
            answers[name] = Check(name, None, f"could not be looked at: {trouble}")

    threads = [threading.Thread(target=run, args=job, name=f"doctor {job[0]}", daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(limit_s)
    return [answers.get(name, Check(name, None, f"no answer within {limit_s:.0f} s")) for name, _ in jobs]


def ask(probe: str, environment: dict[str, str] | None = None) -> dict[str, object]:
    """The answer of a probe, from a process of its own. Raises ProbeFailed with words."""
    command = [sys.executable, "-m", "kapconsole.probes", probe]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=PROBE_LIMIT_S,
            env={**os.environ, **(environment or {})},
        )
    except subprocess.TimeoutExpired:
        raise ProbeFailed(f"no answer within {PROBE_LIMIT_S:.0f} s") from None
    if done.returncode:
        raise ProbeFailed(telling_line(done.stderr) or f"ended with code {done.returncode}")
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


def telling_line(output: str) -> str:
    """The line of an error output that says why: Qt and Python both say more than one, in opposite orders."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for words in ("could not connect", "cannot open", "is needed") for line in lines if words in line]
    return (telling or lines[-1:] or [""])[0]


# --- the checks ------------------------------------------------------------------------------------------------------


def python_and_qt() -> Check:
    """The pair that must not run together: see console/qtcheck.py."""
    version = importlib.metadata.version("PySide6-Essentials")
    words = refuse_broken_qt(version, sys.version_info[:2])
    if words:
        return Check("Python and Qt", False, words.partition(". ")[0], words.partition(". ")[2])
    return Check("Python and Qt", True, f"Python {sys.version.split()[0]}, PySide6 {version}")


def system_libraries() -> Check:
    """Sonames that no wheel brings."""
    missing = missing_libraries()
    if not missing:
        return Check("System libraries", True, "all there")
    only_sound = all(library.purpose in (SOUND, SERVER, FILES) for library in missing)
    return Check("System libraries", None if only_sound else False, f"missing: {names(missing)}", install_line(missing))


def windows() -> Check:
    """Whether a window opens here, and the fonts that come with the program."""
    has_screen = sys.platform in ("win32", "darwin") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    try:
        answer = ask("qt", {} if has_screen else {"QT_QPA_PLATFORM": "offscreen"})
    except ProbeFailed as trouble:
        return Check("Windows", False, f"Qt does not start: {trouble}")
    if answer["fonts_damaged"] or not answer["fonts"]:
        return Check("Windows", False, f"fonts are missing or damaged: {answer['fonts_damaged']}", "install again")
    if not has_screen:
        return Check("Windows", None, "Qt works; there is no screen here (DISPLAY and WAYLAND_DISPLAY are not set)")
    return Check("Windows", True, f"open on {answer['platform']}, {answer['screen']}")


def session_log() -> Check:
    """The database library, which must be the one with encrypted pages."""
    try:
        answer = ask("log")
    except ProbeFailed as trouble:
        return Check("Session log", False, f"the database does not load: {trouble}", "install again")
    if not answer["encrypted"]:
        mend = "pip uninstall apsw, then install apsw-sqlite3mc again"
        return Check("Session log", False, "plain apsw stands in the way: logs would be written in clear", mend)
    return Check("Session log", True, f"SQLite {answer['sqlite']}, {answer['encrypted']}")


def data_folder() -> Check:
    """Where sessions are kept, and the room on that disk."""
    try:
        folder = paths.sessions_dir()
    except paths.FolderTrouble as trouble:
        return Check("Data folder", False, str(trouble))
    free = free_bytes(folder)
    found = f"{folder}, {megabytes(free)} free"
    if free < REFUSE_BELOW_BYTES:
        return Check("Data folder", False, found, f"free {megabytes(REFUSE_BELOW_BYTES)}: no session begins with less")
    if free < WARN_BELOW_BYTES:
        return Check("Data folder", None, found, f"better have {megabytes(WARN_BELOW_BYTES)} free")
    return Check("Data folder", True, found)


def settings() -> Check:
    """The site's settings file."""
    path = paths.config_dir() / "config.toml"
    if not path.exists():
        return Check("Settings", True, f"the defaults; {path} would change them")
    _, trouble = read_config()
    return Check("Settings", not trouble, trouble or str(path), f"mend or remove {path}" if trouble else "")


def encryption() -> Check:
    """Whether new session logs are encrypted."""
    words = protection().splitlines()[0]
    if words.startswith("New sessions are NOT"):
        return Check("Encryption", None, "new sessions are written in clear", "kapconsole protect passphrase")
    return Check("Encryption", True, words)


def key_store() -> Check:
    """Where the key of encrypted logs would be kept."""
    mend = "use a passphrase instead: kapconsole protect passphrase"
    try:
        answer = ask("keystore")
    except ProbeFailed as trouble:
        return Check("Key store", None, f"does not answer: {trouble}", mend)
    if not answer["usable"]:
        return Check("Key store", None, "none on this system", mend)
    return Check("Key store", True, str(answer["name"]))


class Port(msgspec.Struct, frozen=True):
    """A serial port as the system names it."""

    name: str
    description: str
    may_open: bool


def serial_ports() -> Check:
    """Ports at hand and the right to open them."""
    from serial.tools import list_ports

    ports = [
        Port(port.device, port.description, os.access(port.device, os.R_OK | os.W_OK) or sys.platform == "win32")
        for port in list_ports.comports()
    ]
    return judge_serial(ports, *serial_group())


def serial_group() -> tuple[str, bool, bool]:
    """The group that may open serial ports (empty: not kept by groups), whether this user is in it by the system's
    books, and whether this login has it already."""
    if not sys.platform.startswith("linux"):
        return "", True, True
    import grp

    for group in grp.getgrall():
        if group.gr_name in ("dialout", "uucp"):
            here = os.geteuid() == 0 or group.gr_gid in os.getgroups()
            return group.gr_name, here or getpass.getuser() in group.gr_mem, here
    return "", True, True


def judge_serial(ports: list[Port], group: str, in_books: bool, in_login: bool) -> Check:
    """A port that is there and cannot be opened is needed; rights without a port are said and no more."""
    found = ", ".join(f"{port.name} ({port.description})" for port in ports) or "none connected"
    closed = [port.name for port in ports if not port.may_open]
    if closed:
        found += f"; not allowed to open {', '.join(closed)}"
    mend = ""
    if group and not in_books:
        mend = f"sudo usermod -aG {group} {getpass.getuser()}, then log out and in again"
    elif not in_login:
        mend = f"log out and in again: this login does not have the group {group} yet"
    elif closed:
        mend = "close the program that holds it, or ask who may open it: ls -l " + " ".join(closed)
    return Check("Serial ports", False if closed else (None if mend or not ports else True), found, mend)


def sound() -> Check:
    """Outputs for the alarm's voice. Without any the program runs; with one named in config.toml it must be there."""
    config = read_config()[0]
    wanted = config.alarm_out
    refused = refusal(config.alarm_out, config.patient_out)
    if refused:
        return Check("Sound", False, refused, f"change it in {paths.config_dir() / 'config.toml'}")
    try:
        answer = ask("sound")
    except ProbeFailed as trouble:
        return Check("Sound", False if wanted else None, f"not available: {trouble}")
    outputs, patients = _names(answer, "outputs"), _names(answer, "patient")
    for role, name, there in (
        ("alarm speaker", config.alarm_out, outputs),
        ("patient's output", config.patient_out, patients or outputs),
    ):
        if name and bare(name) not in map(bare, there):
            return Check("Sound", False, f"the {role} {name!r} is not there; outputs: {', '.join(there) or 'none'}")
    if not outputs:
        return Check("Sound", None, "no output: this machine cannot sound an alarm")
    found = [
        f"alarm_out {config.alarm_out!r} is there" if wanted else f"alarm_out may be: {', '.join(outputs)}",
        f"patient_out {config.patient_out!r} is there"
        if config.patient_out
        else f"patient_out may be: {', '.join(patients or outputs)}",
        apart_words(config.alarm_out, config.patient_out),
    ]
    missing = [name for name in ("alarm_out", "patient_out") if not getattr(config, name)]
    lines = " and ".join(f'{name} = "NAME"' for name in missing)
    mend = f"name them in {paths.config_dir() / 'config.toml'}, two that differ: {lines}" if missing else ""
    return Check("Sound", True if wanted else None, "; ".join(part for part in found if part), mend)


def _names(answer: dict[str, object], key: str) -> list[str]:
    names = answer.get(key)
    return [str(name) for name in names] if isinstance(names, list) else []


def apart_words(alarm_out: str, patient_out: str) -> str:
    """How the two outputs that a session may use are two things; empty while one of them is not named."""
    if not alarm_out or not patient_out:
        return ""
    cards = card_of(alarm_out), card_of(patient_out)
    if all(cards):
        return f"they differ, and are on two sound cards ({cards[0]}; {cards[1]})"
    return "they differ; whether they are on one sound card their names do not tell: pull each plug once and listen"


def music_files() -> Check:
    """What reads music files, and the callback in C."""
    try:
        answer = ask("music")
    except ProbeFailed as trouble:
        return Check("Music files", None, f"cannot be read, there is no music: {trouble}", install_line_of(FILES))
    found = f"read by libsndfile {answer['reader']}"
    if missing := _names(answer, "formats_missing"):
        return Check("Music files", None, f"{found}, without {', '.join(missing)}", "a newer libsndfile reads them")
    if not answer["mixer"]:
        return Check(
            "Music files", None, f"{found}; rtmixer is not there: a busy machine may make gaps", "install again"
        )
    return Check("Music files", True, f"{found}; mixed by rtmixer {answer['mixer']}")


def install_line_of(purpose: str) -> str:
    """The command for the libraries of one purpose, whether or not they are missing."""
    return install_line(library for library in LIBRARIES if library.purpose == purpose)


def alarm_limits() -> Check:
    """The preset with which every session begins: without it none does."""
    name = read_config()[0].alarm_preset
    try:
        preset = load_preset(name, paths.config_dir() / "alarm_presets")
    except PresetError as trouble:
        mend = f"mend the preset, or name another one (alarm_preset) in {paths.config_dir() / 'config.toml'}"
        return Check("Alarm limits", False, f"no session can begin: {trouble}", mend)
    by = f", stored by {preset.stored_by}" if preset.stored_by else ""
    return Check("Alarm limits", True, f"{name}, version {preset.version}{by}")


def clinical_data() -> Check:
    """The clinic's own files over what ships; a damaged one leaves sessions with what ships."""
    folder = paths.config_dir() / "clinical"
    try:
        data = load(folder)
    except ClinicalDataError as trouble:
        return Check("Clinical data", False, f"what ships is used: {trouble}", f"mend the file in {folder}")
    own = [f"{name} version {origin.site}" for name, origin in data.origins.items() if origin.site is not None]
    if not own:
        mend = "kapconsole clinic check names the folder; emergency.toml first"
        return Check("Clinical data", None, "what ships: proposals, no protocol of this clinic", mend)
    return Check("Clinical data", True, f"this clinic's own: {', '.join(own)}")


def room() -> Check:
    """What was measured in the room: client's screen, headphones, light bar, foot switch."""
    setup, trouble = read_setup()
    if trouble:
        return Check("Room", False, trouble, f"mend or remove {setup_file()}")
    display, headphones = setup.display, setup.sound
    found = [
        f"client's screen {display.screen} measured" if display.calibrated else "client's screen not measured",
        "headphones calibrated" if headphones.calibrated else "headphones not calibrated: music and tones stay soft",
        "left and right confirmed" if headphones.sides_confirmed else "left and right not confirmed",
        f"light bar on {setup.bar.port}" if setup.bar.port else "no light bar",
        f"foot switch on {setup.foot_switch.port}" if setup.foot_switch.port else "no foot switch",
    ]
    ready = display.calibrated and headphones.calibrated and headphones.sides_confirmed
    return Check("Room", True if ready else None, "; ".join(found), "" if ready else "kapconsole room")


def lamps() -> Check:
    """The room's light from light.toml."""
    folder = paths.config_dir()
    setup, trouble = setup_or_demo(folder)
    path = folder / LIGHT_FILE
    if trouble and setup is DEMO:
        return Check("Lamps", False, trouble, f"mend or remove {path}")
    if setup is DEMO:
        return Check("Lamps", None, f"no {path}: one simulated lamp, no real one")
    found = f"{', '.join(setup.label(zone) for zone in setup.zone)}; {len(setup.output)} outputs"
    if setup.simulated:
        found = f"{found}, all simulated"
    if trouble:
        return Check("Lamps", None, f"{found}; {trouble.partition(': ')[0]}", f"chmod 600 {path}")
    return Check("Lamps", None if setup.simulated else True, found)


def staying_awake() -> Check:
    """A machine that sleeps records nothing."""
    mend = "turn off sleep and screen lock on this machine in its settings"
    try:
        answer = ask("sleep")
    except ProbeFailed as trouble:
        return Check("Staying awake", None, f"could not be tried: {trouble}", mend)
    if not answer["active"]:
        return Check("Staying awake", None, "this computer may go to sleep during a session", mend)
    return Check("Staying awake", True, f"by {answer['by']}")


def session_bus() -> Check:
    """The desktop's bus: key store and staying awake go through it."""
    address = os.environ.get("DBUS_SESSION_BUS_ADDRESS")
    bus = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}") / "bus"
    if address or bus.exists():
        return Check("Session bus", True, address or str(bus))
    return Check("Session bus", None, "none: no key store of the desktop, and sleep is not held off")


def clock() -> Check:
    """Times in the record are as right as this machine's clock."""
    now = datetime.now(UTC).astimezone()
    found = f"{now:%H:%M} {now.tzname()} (UTC{now:%z})"
    tool = shutil.which("timedatectl")
    if not tool:
        return Check("Clock", None, f"{found}; compare it with another clock before a session")
    command = [tool, "show", "--property=NTPSynchronized", "--value"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=5).stdout.strip()
    if said == "yes":
        return Check("Clock", True, f"{found}, kept right over the network")
    mend = "sudo timedatectl set-ntp true" if said == "no" else "compare it with another clock before a session"
    return Check("Clock", None, f"{found}, not kept right over the network", mend)
