"""Opens a recorded session in the replay window. Nothing here can reach a device, a speaker or a running session."""

from __future__ import annotations

import gc
import queue
import signal
import sys
import threading
from collections.abc import Callable

import msgspec

from kapconsole.record.errors import LogError
from kapconsole.record.reader import LogFile
from kapconsole.record.verify import VerifyReport
from kapconsole.session.timeline import Timeline

FIRST_PAGE_US = 10_000_000
CHECK_MS = 200
"""How often to look whether the verification, which runs beside the window, has come to its end."""


def state_words(opened: LogFile) -> str:
    """What the file says of itself."""
    if opened.live:
        return "being recorded now"
    return "closed" if opened.closed else " ".join(("not closed: this session was cut off.", *opened.warnings))


def verdict(report: VerifyReport) -> str:
    """The verification in a few words, the gravest finding first."""
    grave = [finding.text for finding in report.findings if finding.serious]
    if grave:
        return f"NOT as it was written: {grave[0]}"
    signed = "signed" if report.anchors else "not signed"
    return f"whole and unchanged · {signed} · {'closed' if report.closed else 'not closed'} · {report.head_code}"


def opening_moment(timeline: Timeline) -> int:
    """Where a supervisor first looks: when the first waveform has crossed the screen, not the empty first second."""
    first_us = min((int(wave.times_us[0]) for wave in timeline.waves.values() if len(wave.times_us)), default=0)
    return min(timeline.end_us, first_us + FIRST_PAGE_US)


def show(opened: LogFile, check: Callable[[], VerifyReport]) -> int:
    """Load the session, show it, verify it beside that by `check`, and return when the window is closed."""
    try:
        rows = opened.rows()
        timeline = Timeline()
        timeline.add_rows(rows)
        # A collection that walks a three-hour session takes longer than a frame; none of it is ever garbage.
        gc.freeze()
    except (LogError, msgspec.MsgspecError) as damage:
        print(f"kapconsole: {opened.path.name} cannot be replayed: {damage}", file=sys.stderr)
        return 1
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from kapconsole.console.qtcheck import refuse_broken_qt
    from kapconsole.replay.window import ReplayWindow

    trouble = refuse_broken_qt()
    if trouble:
        print(f"kapconsole: {trouble}", file=sys.stderr)
        return 1
    app = QApplication(["kapconsole"])
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    window = ReplayWindow(opened.path.name, timeline, f"{state_words(opened)} · verifying")
    window.seek(opening_moment(timeline))
    window.show()
    found: queue.SimpleQueue[str] = queue.SimpleQueue()

    def verify() -> None:
        try:
            found.put(verdict(check()))
        except LogError as trouble:
            found.put(f"could not be verified: {trouble}")

    def look() -> None:
        try:
            window.set_badge(found.get_nowait())
        except queue.Empty:
            return
        timer.stop()

    timer = QTimer()
    timer.timeout.connect(look)
    # The first page comes before the verification, which would hold the interpreter for a tenth of a second.
    QTimer.singleShot(CHECK_MS, lambda: threading.Thread(target=verify, name="verify", daemon=True).start())
    timer.start(CHECK_MS)
    return int(app.exec())
