"""Two screens on a virtual X server, of which the client's goes away in a set and comes back."""

from __future__ import annotations

import ctypes as c
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from kapconsole.room.display import messages as ms

from .test_display import Running

pytestmark = pytest.mark.qt

SIZE = (800, 600)
GRAB = """
from PySide6.QtGui import QGuiApplication, QImage
app = QGuiApplication([])
for name in ("STAFF", "CLIENT"):
    for screen in app.screens():
        if screen.name() == name:
            image = screen.grabWindow(0).toImage().convertToFormat(QImage.Format.Format_Grayscale8)
            print(max(bytes(image.constBits())))
"""


class _Monitor(c.Structure):
    _fields_ = [("name", c.c_ulong), ("flags", c.c_int * 3), ("place", c.c_int * 6), ("outputs", c.c_void_p)]


class TwoScreens:
    """STAFF on the left, CLIENT on the right: monitors of RandR 1.5, as a plugged or pulled cable makes them."""

    def __init__(self) -> None:
        read, write = os.pipe()
        self.server = subprocess.Popen(
            [
                "Xvfb",
                "-displayfd",
                str(write),
                "-screen",
                "0",
                f"{2 * SIZE[0]}x{SIZE[1]}x24",
                "+extension",
                "RANDR",
                "-br",
            ],
            pass_fds=(write,),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as number:
            self.display = f":{number.readline().strip()}"
        self._x, self._randr = c.CDLL("libX11.so.6"), c.CDLL("libXrandr.so.2")
        self._x.XOpenDisplay.restype = c.c_void_p
        self._x.XDefaultRootWindow.restype = self._x.XInternAtom.restype = c.c_ulong
        self._connection = c.c_void_p(self._x.XOpenDisplay(self.display.encode()))
        self._root = c.c_ulong(self._x.XDefaultRootWindow(self._connection))
        self._randr.XRRGetScreenResources.restype = c.POINTER(c.c_ulong)
        held = self._randr.XRRGetScreenResources(self._connection, self._root)
        output = c.cast(held, c.POINTER(c.c_void_p))[5]  # XRRScreenResources.outputs
        first = c.cast(output, c.POINTER(c.c_ulong))[0]
        self._set("STAFF", 0, first)
        self.plug()

    def plug(self) -> None:
        self._set("CLIENT", SIZE[0], None)

    def pull(self) -> None:
        self._randr.XRRDeleteMonitor(self._connection, self._root, self._atom("CLIENT"))
        self._x.XSync(self._connection, 0)

    def brightest(self) -> tuple[int, int]:
        """The brightest pixel of either screen, 0 to 255; 0 of one that is away."""
        env = {**os.environ, "DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb"}
        done = subprocess.run([sys.executable, "-c", GRAB], env=env, capture_output=True, text=True, timeout=30)
        left, right = [*done.stdout.split(), "0"][:2]
        return int(left), int(right)

    def close(self) -> None:
        self._x.XCloseDisplay(self._connection)
        self.server.terminate()
        self.server.wait(5)

    def _set(self, name: str, x: int, output: int | None) -> None:
        outputs = (c.c_ulong * 1)(output or 0)
        flags = (c.c_int * 3)(int(output is not None), 0, int(output is not None))
        place = (c.c_int * 6)(x, 0, *SIZE, 300, 225)
        monitor = _Monitor(self._atom(name), flags, place, c.cast(outputs, c.c_void_p))
        self._randr.XRRSetMonitor(self._connection, self._root, c.byref(monitor))
        self._x.XSync(self._connection, 0)

    def _atom(self, name: str) -> Any:
        return c.c_ulong(self._x.XInternAtom(self._connection, name.encode(), 0))


@pytest.fixture
def screens() -> Iterator[TwoScreens]:
    if shutil.which("Xvfb") is None:
        pytest.skip("no virtual X server here: Xvfb is not installed")
    try:
        made = TwoScreens()
    except OSError as trouble:
        pytest.skip(f"no screens can be plugged here: {trouble}")
    yield made
    made.close()


def hear(running: Running, kind: type[Any]) -> Any:
    while not isinstance(said := running.hear(), kind):
        assert said is not None
    return said


def test_a_client_screen_that_goes_away_in_a_set_leaves_darkness_and_never_the_staffs_screen(
    screens: TwoScreens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", screens.display)
    monkeypatch.setenv("QT_QUICK_BACKEND", "software")
    running = Running("CLIENT", window=False, platform="xcb")
    try:
        assert hear(running, ms.Screens).showing == "CLIENT"
        running.ask(1)
        seen = [screens.brightest() for _ in range(3)]
        assert {left for left, _ in seen} == {0}, "nothing of it is on the staff's screen"
        assert max(right for _, right in seen) > 120
        screens.pull()
        said = hear(running, ms.Signalled)
        assert (said.set_id, said.fault) == (1, True)
        assert "screen is gone" in said.why
        assert hear(running, ms.Shown).frames > 5
        assert screens.brightest()[0] == 0
        screens.plug()
        while (showing := hear(running, ms.Screens)).showing != "CLIENT":
            assert "not there" in showing.text
        assert max(screens.brightest()) < 20, "back and dark: no set goes on by itself"
    finally:
        assert running.end() == 0
