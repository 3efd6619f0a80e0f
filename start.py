#!/usr/bin/env python3
"""Starts kapconsole from this folder: makes its environment in .venv the first time, then runs what you ask for."""

import sys

if not (3, 11) <= sys.version_info[:2] < (3, 15):
    sys.exit("kapconsole needs Python 3.11 to 3.14; this is {}.{}. ".format(*sys.version_info[:2])
             + "Start it with another one, such as: python3.13 start.py demo")  # fmt: skip

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from kapconsole.libraries import install_command, install_line, missing_libraries, names

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "kapconsole-start"
UNFINISHED = "unfinished"
UV = shutil.which("uv")
LAYOUT = "1"  # raise it when this file makes .venv in another way

USES = """\
python3 start.py demo              the whole program with simulated monitors; nothing to connect
python3 start.py run               a session with real monitors
python3 start.py doctor            what this machine lacks, and the command that mends it
python3 start.py replay FILE       look at a recorded session
python3 start.py test [WORDS]      the tests (words go to pytest)
python3 start.py --help            everything else

The first start installs what the program needs into .venv beside this file."""


def main(words: list[str]) -> int:
    """Run `words`: "test ..." is pytest, nothing prints the uses, all else goes to the program. Exit code as theirs."""
    if not words:
        print(USES)
        return 0
    if read_stamp() != wanted_stamp():
        with only_one_at_a_time():
            if read_stamp() != wanted_stamp():  # another start may have done it meanwhile
                make_environment()
    missing = missing_libraries()
    if missing:  # say so, and go on with what works without
        say(f"missing on this system: {names(missing)}. To mend it: {install_line(missing)}")
    if words[0] == "test":
        os.chdir(ROOT)
        return hand_over([str(PYTHON), "-m", "pytest", *words[1:]])
    # -P: a file called like a module in the folder where someone happens to stand must not be imported.
    return hand_over([str(PYTHON), "-P", "-m", "kapconsole", *words])


def wanted_stamp() -> str:
    """Two lines: what .venv cannot outlive (Python, place, layout), and what it holds."""
    identity = " ".join((LAYOUT, "{}.{}".format(*sys.version_info[:2]), str(ROOT)))
    content = hashlib.sha256(LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    return f"{identity}\n{content}\n"


def read_stamp() -> str:
    """What the last install wrote when it was done; empty if there was none, or what .venv stands on is gone."""
    try:
        return STAMP.read_text(encoding="utf-8") if PYTHON.exists() and (VENV / "pyvenv.cfg").exists() else ""
    except OSError:
        return ""


def make_environment() -> None:
    """Install what the program needs. The stamp comes last, so that an install cut short heals at the next start."""
    stamp = read_stamp()
    began_s = time.monotonic()
    install_libraries()
    kept = stamp == "" or stamp.splitlines()[0] == wanted_stamp().splitlines()[0]
    if not (kept and venv_works()):  # cut short, moved, broken, or of another Python
        base = getattr(sys, "_base_executable", sys.executable)  # not a .venv that is about to be cleared
        without = ["--without-pip"] if UV else []
        step("a Python environment in .venv", [base, "-m", "venv", "--clear", *without, str(VENV)])
        stamp = ""
    if UV:  # seconds instead of a minute
        pip = [UV, "pip", "install", "--quiet", "--python", str(PYTHON)]
    else:
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    STAMP.write_text(UNFINISHED, encoding="utf-8")
    try:
        step("the packages of requirements.lock", [*pip, "--require-hashes", "-r", str(LOCK)])
        step("kapconsole itself", [*pip, "--no-build-isolation", "--no-deps", "-e", str(ROOT)])
    except StepFailed:
        STAMP.write_text(stamp, encoding="utf-8")  # the installer undid what it could not finish
        raise
    STAMP.write_text(wanted_stamp(), encoding="utf-8")
    say(f"ready after {time.monotonic() - began_s:.0f} s")


def venv_works() -> bool:
    """Whether there is a .venv of this Python with what installs packages into it."""
    ask = f"import sys{'' if UV else ', pip'}; print(sys.version_info[:2], sys.prefix != sys.base_prefix)"
    try:
        answer = subprocess.run([PYTHON, "-c", ask], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.stdout.strip() == f"{sys.version_info[:2]} True"


def install_libraries() -> None:
    """As root on Debian and its kin, install the libraries of the system that are missing; failing is no disaster."""
    missing = missing_libraries()
    command = install_command(missing)
    if command[:1] != ["apt-get"] or os.geteuid() != 0:
        return
    fresh = any(Path("/var/lib/apt/lists").glob("*Packages*"))
    for update in (False, True) if fresh else (True,):
        with contextlib.suppress(StepFailed):
            if update:
                step("the system's package lists", ["apt-get", "update"])
            step(f"the system's {names(missing)}", command)
            return


class StepFailed(Exception):
    """A step of the install did not work; everything worth saying has been printed."""


def step(what: str, command: list[str]) -> None:
    """Run one step with a line of its own; its output is shown only if it fails. Raises StepFailed."""
    print(f"kapconsole: {what} ... ", end="", file=sys.stderr, flush=True)
    began_s = time.monotonic()
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )
    if done.returncode == 0:
        print(f"{time.monotonic() - began_s:.1f} s", file=sys.stderr)
        return
    print("failed. Its last lines:", *done.stdout.splitlines()[-15:], sep="\n    ", file=sys.stderr)
    said = done.stdout.lower()
    say(next((advice for signs, advice in ADVICE if any(sign in said for sign in signs)), "start again to try again"))
    raise StepFailed


ADVICE = (
    (("no space left", "disk full"), "the disk is full: free about 1 GB and start again"),
    (("permission denied", "read-only file system"), "this folder cannot be written: copy it to one that is yours"),
    (("ensurepip",), "this Python comes without venv: install its package, such as: sudo apt install python3-venv"),
    (
        ("match the hashes", "hash mismatch"),
        "a package is not the one in requirements.lock: look for a mirror or proxy that changes packages",
    ),
    (
        ("connection", "resolve", "network", "timed out", "dns", "proxy", "certificate", "no matching distribution"),
        "packages could not be fetched: is this machine offline? Behind a proxy set HTTPS_PROXY, then start again",
    ),
)


def say(words: str) -> None:
    print(f"kapconsole: {words}", file=sys.stderr)


@contextlib.contextmanager
def only_one_at_a_time() -> Iterator[None]:
    """Two first starts at once take turns: a lock on this very file, which the system lifts even after a crash."""
    with open(__file__, "r+b") as file:
        if sys.platform == "win32":
            import msvcrt

            file.seek(1 << 30)  # beyond the text, so that Python can still read it
            while True:
                with contextlib.suppress(OSError):  # raised after ten seconds of waiting
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                    break
        else:
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("another start is installing; waiting for it")
                fcntl.flock(file, fcntl.LOCK_EX)
        yield  # closing the file lifts the lock


def hand_over(command: list[str]) -> int:
    """Become `command` where the system can, so that signals reach it; else run it and give its exit code."""
    if os.name == "posix":
        sys.stdout.flush()
        os.execv(command[0], command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the program by itself; this waits for its answer
    return subprocess.call(command)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except StepFailed:
        sys.exit(1)
    except KeyboardInterrupt:
        print(file=sys.stderr)
        say("stopped. The next start goes on.")
        sys.exit(130)
    except PermissionError as error:
        say(f"cannot write {error.filename}: copy this folder to one that is yours, or use `pipx install .`")
        sys.exit(1)
