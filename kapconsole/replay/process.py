"""Opens a recorded session in the replay window. Nothing here can reach a device, a speaker or a running session."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from kapconsole.record import access
from kapconsole.replay.loading import Loaded, load
from kapconsole.replay.proof import state_words
from kapconsole.replay.study import Study
from kapconsole.session.timeline import Timeline

FIRST_PAGE_US = 10_000_000
BEGIN_MS = 200
"""How long after the first page the reading and proving of everything else begins, which would hold it up."""


def opening_moment(timeline: Timeline) -> int:
    """Where a supervisor first looks: when the first waveform has crossed the screen, not the empty first second."""
    first_us = min((int(wave.times_us[0]) for wave in timeline.waves.values() if len(wave.times_us)), default=0)
    return min(timeline.end_us, first_us + FIRST_PAGE_US)


def replay(path: Path, passphrase: Callable[[], str], beside: Path | None = None, who: str = "") -> int:
    """Show the session in `path`, `beside` it a second one, and return when the window is closed.

    `who`: the name under which the viewing is written down, by default that of the system's user. Raises LogError
    when nothing of a file can be read.
    """

    def key(of: Path) -> bytes | None:
        return access.log_key(of, passphrase)

    def opening(which: Path) -> Loaded:
        return load(which, lambda of: access.open_for_reading(of, passphrase), lambda: key(which))

    held = opening(path)
    second = opening(beside) if beside is not None else None
    study = Study(
        held, lambda: access.check(path, passphrase), lambda: key(path), access.signer, opening, who, passphrase
    )
    return _show(study, second)


def _show(study: Study, second: Loaded | None) -> int:
    # A collection that walks a three-hour session takes longer than a frame; none of it is ever garbage.
    gc.freeze()
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from kapconsole.qtcheck import refuse_broken_qt
    from kapconsole.replay.window import ReplayWindow

    trouble = refuse_broken_qt()
    if trouble:
        print(f"kapconsole: {trouble}", file=sys.stderr)
        return 1
    app = QApplication(["kapconsole"])
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    held = study.held
    window = ReplayWindow(held.path.name, held.timeline, f"{state_words(held.log)} · verifying", study=study)
    if second is not None:
        window.supervising.lay_beside(second)
    window.seek(opening_moment(held.timeline))
    window.show()
    # The first page comes before the verification, which would hold the interpreter for a tenth of a second.
    QTimer.singleShot(BEGIN_MS, window.supervising.begin)
    try:
        return int(app.exec())
    finally:
        for one in (held, second):
            if one is not None:
                one.release()
