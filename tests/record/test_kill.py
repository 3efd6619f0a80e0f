"""Nothing that was acknowledged is lost when the writing process is killed, twenty times for real."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from kapconsole.record.reader import open_log
from kapconsole.record.verify import verify
from kapconsole.record.writer import SessionLog

CHILD = Path(__file__).with_name("child_writer.py")


@pytest.mark.parametrize("trial", range(20))
def test_no_acknowledged_row_is_lost_by_a_kill(tmp_path, story, trial):
    chance = random.Random(trial)
    key = os.urandom(32) if trial % 2 else None
    path = tmp_path / "one.kaplog"
    child = subprocess.Popen([sys.executable, str(CHILD), str(path), key.hex() if key else ""], stdout=subprocess.PIPE)
    assert child.stdout is not None
    with child.stdout:
        lines = [child.stdout.readline() for _ in range(chance.randrange(1, 150))]
        child.kill()
        lines += child.stdout.read().split(b"\n")[:-1]  # said before the kill took effect; a torn line is not counted
    child.wait()
    acknowledged = int(lines[-1])

    with open_log(path, key) as file:
        assert not file.live
        assert not file.closed
        assert any("not closed" in text for text in file.warnings)
        assert not any("damaged" in text for text in file.warnings)
        rows = file.rows()
    assert len(rows) >= acknowledged
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    log, resumed = SessionLog.resume(path, key, ballast_bytes=0)
    assert resumed == rows
    story.seconds(0, len(rows))
    assert rows == story.rows[: len(rows)]
    assert log.warnings == []
    log.close()
    assert verify(path, key).ok
