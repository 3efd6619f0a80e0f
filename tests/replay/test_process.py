"""The replay program, opened for real on a recorded file: its window verifies the file beside showing it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

DATA = Path(__file__).parent.parent / "data"

SCRIPT = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from kapconsole.replay import process
from kapconsole.replay.window import ReplayWindow

path = Path(sys.argv[1])
def look():
    badge = QApplication.topLevelWidgets()[0].badge
    if "verifying" not in badge:
        print(badge, flush=True)
        QApplication.exit(0)
def show(window, shown=ReplayWindow.show):
    shown(window)
    timer = QTimer(window)
    timer.timeout.connect(look)
    timer.start(50)
ReplayWindow.show = show
sys.exit(process.replay(path, lambda: ""))
"""


def badge_of(path: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_badge_tells_what_the_verification_found(tmp_path: Path) -> None:
    copy = tmp_path / "format-1.kaplog"  # to look at a session writes down beside it who looked
    copy.write_bytes((DATA / "format-1.kaplog").read_bytes())
    assert badge_of(copy).startswith("whole and unchanged")


def test_a_changed_note_is_on_the_badge(tmp_path: Path) -> None:
    import apsw

    copy = tmp_path / "changed.kaplog"
    copy.write_bytes((DATA / "format-1.kaplog").read_bytes())
    db = apsw.Connection(str(copy))
    for (name,) in list(db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")):
        db.execute(f"DROP TRIGGER {name}")
    (body,) = next(
        db.execute(
            "SELECT body FROM rec WHERE kind = 'note-taken' AND seq = (SELECT max(seq) FROM rec"
            " WHERE kind = 'note-taken')"
        )
    )
    changed = bytes(body).replace(b'"at_us":', b'"at_us":1')
    db.execute("UPDATE rec SET body = ? WHERE body = ?", (changed, body))
    db.close()
    assert badge_of(copy).startswith("NOT as it was written")
