"""Shared libraries of the system that no wheel brings: which are missing, and the one command that installs them.

Standard library only: start.py asks before anything is installed. Found by trying on a bare Debian 12.
"""

from __future__ import annotations

import ctypes
import os
import platform
import shlex
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Library(NamedTuple):
    """A shared library by its soname, what it is for, and the packages that bring it."""

    soname: str
    purpose: str
    apt: str
    pacman: str


QT = "every window"
X11 = "windows on X11"
WAYLAND = "windows on Wayland"
SOUND = "sound"
SERVER = "sound through PulseAudio or PipeWire"
FILES = "music files"

WHEEL_MACHINES = ("x86_64", "aarch64")
"""Where the wheel of soundfile brings libsndfile with it."""

LIBRARIES = (
    Library("libEGL.so.1", QT, "libegl1", "libglvnd"),
    Library("libGL.so.1", QT, "libgl1", "libglvnd"),
    Library("libxkbcommon.so.0", QT, "libxkbcommon0", "libxkbcommon"),
    Library("libdbus-1.so.3", QT, "libdbus-1-3", "dbus"),
    Library("libfontconfig.so.1", QT, "libfontconfig1", "fontconfig"),
    Library("libglib-2.0.so.0", QT, "libglib2.0-0", "glib2"),
    Library("libportaudio.so.2", SOUND, "libportaudio2", "portaudio"),
    Library("libpulse.so.0", SERVER, "libpulse0", "libpulse"),
    Library("libsndfile.so.1", FILES, "libsndfile1", "libsndfile"),
    Library("libxcb-cursor.so.0", X11, "libxcb-cursor0", "xcb-util-cursor"),
    Library("libxcb-icccm.so.4", X11, "libxcb-icccm4", "xcb-util-wm"),
    Library("libxcb-keysyms.so.1", X11, "libxcb-keysyms1", "xcb-util-keysyms"),
    Library("libxcb-shape.so.0", X11, "libxcb-shape0", "libxcb"),
    Library("libxcb-xkb.so.1", X11, "libxcb-xkb1", "libxcb"),
    Library("libxkbcommon-x11.so.0", X11, "libxkbcommon-x11-0", "libxkbcommon-x11"),
    Library("libwayland-cursor.so.0", WAYLAND, "libwayland-cursor0", "wayland"),
)


def missing_libraries() -> list[Library]:
    """What this machine lacks. Linux only: elsewhere the wheels bring what they need."""
    if not sys.platform.startswith("linux"):
        return []
    purposes = {QT, SOUND}
    if os.environ.get("DISPLAY"):
        purposes.add(X11)
    if os.environ.get("WAYLAND_DISPLAY"):
        purposes.add(WAYLAND)
    if sound_server():
        purposes.add(SERVER)
    if platform.machine() not in WHEEL_MACHINES:
        purposes.add(FILES)
    return [library for library in LIBRARIES if library.purpose in purposes and not _loads(library.soname)]


def sound_server() -> bool:
    """True where a sound server of this user is there: without its library no stream could be kept on one output."""
    if os.environ.get("PULSE_SERVER"):
        return True
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    return any((runtime / socket).exists() for socket in ("pulse/native", "pipewire-0"))


def install_command(libraries: Iterable[Library]) -> list[str]:
    """The command, without sudo, that installs the libraries with this system's packages; empty if none is known."""
    libraries = list(libraries)
    if not libraries:
        return []
    if shutil.which("apt-get"):
        return ["apt-get", "install", "-y", "--no-install-recommends", *_unique(each.apt for each in libraries)]
    for tool, words in (("dnf", ["install", "-y"]), ("zypper", ["--non-interactive", "install"])):
        if shutil.which(tool):
            # RPM packages announce the sonames that they hold, so no table of names is needed that could grow old.
            bits = "(64bit)" if sys.maxsize > 2**32 else ""
            return [tool, *words, *(f"{each.soname}(){bits}" for each in libraries)]
    if shutil.which("pacman"):
        return ["pacman", "-S", "--needed", *_unique(each.pacman for each in libraries)]
    return []


def install_line(libraries: Iterable[Library]) -> str:
    """The same as one line to type, with sudo where it takes the administrator's rights; words if none is known."""
    command = install_command(libraries)
    if not command:
        return "install them with this system's package manager"
    return shlex.join(command if os.geteuid() == 0 else ["sudo", *command])


def names(libraries: Iterable[Library]) -> str:
    """The sonames, with commas."""
    return ", ".join(library.soname for library in libraries)


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _loads(soname: str) -> bool:
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True
