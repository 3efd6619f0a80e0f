"""The console's first window: soon, without a plot library, and on a real X server without a word from Qt."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

pytestmark = pytest.mark.qt

HEAVY = ("pyqtgraph", "scipy", "pandas", "matplotlib")

# Shows the window of a session that has just begun, then says what it took.
SHOW = """
import sys, time
from PySide6.QtWidgets import QApplication
from kapconsole.console.moment import Moment
from kapconsole.console.window import ConsoleWindow
from kapconsole.session.state import EMPTY
from kapconsole.session.timeline import Timeline

class Feed:
    log_status = None
    def poll(self): return False
    def moment(self): return Moment(EMPTY, Timeline(), 1_000_000, 1_772_700_000_000_000)
    def send(self, body): raise AssertionError(body)
    def tell(self, message): raise AssertionError(message)
    def heard(self): return []

application = QApplication([])
window = ConsoleWindow(Feed())
window.show()
until_s = time.monotonic() + 5
while not (window.windowHandle() and window.windowHandle().isExposed()) and time.monotonic() < until_s:
    application.processEvents()
cpu_s = time.process_time()
picture = window.screen().grabWindow(window.winId()) if sys.argv[1:] else window.grab()
colours = {picture.toImage().pixel(x, y) for x in range(0, picture.width(), 7) for y in range(0, picture.height(), 7)}
print(application.platformName(), cpu_s, len(colours), *sorted({name.partition(".")[0] for name in sys.modules}))
window.hide()
"""


def show(platform: str, *words: str) -> tuple[str, float, int, set[str], str]:
    """Platform, processor seconds until the window was there, colours on it, packages loaded, what Qt said."""
    environment = {**os.environ, "QT_QPA_PLATFORM": platform}
    done = subprocess.run(
        [sys.executable, "-c", SHOW, *words], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    name, cpu_s, colours, *loaded = done.stdout.split()
    return name, float(cpu_s), int(colours), set(loaded), done.stderr


def test_it_loads_no_plot_library_and_is_there_soon() -> None:
    _, cpu_s, colours, loaded, said = show("offscreen")
    assert said == ""
    assert loaded.isdisjoint(HEAVY)
    assert colours > 3
    # Seconds of the processor, not of the clock: a busy machine must not fail it.
    assert cpu_s < 1.5


@pytest.fixture
def x_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An X server of the test's own; it chooses the display's number and says it when it is ready."""
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    monkeypatch.setenv("DISPLAY", f":{server.stdout.readline().strip()}")
    yield
    server.terminate()
    server.wait(10)
    server.stdout.close()


@pytest.mark.skipif(not shutil.which("Xvfb"), reason="Xvfb is not installed")
@pytest.mark.usefixtures("x_server")
def test_a_real_window_is_drawn_and_qt_has_nothing_to_say() -> None:
    platform, _, colours, _, said = show("xcb", "from the screen")
    assert platform == "xcb"
    assert colours > 3
    assert said == ""
