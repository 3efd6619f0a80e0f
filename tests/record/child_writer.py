"""A monitor in small, to be killed: writes a session as fast as it can and says what is acknowledged."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from story import Story

from kapconsole.record.thread import Committed, LogThread
from kapconsole.record.writer import SessionLog

said = threading.Semaphore(3)  # no more than three urgent appends ahead of the disk


def say(notice: object) -> None:
    if isinstance(notice, Committed):
        os.write(1, b"%d\n" % notice.seq)
        said.release()


story = Story()
story.begin()
key = bytes.fromhex(sys.argv[2]) or None
thread = LogThread(SessionLog.create(Path(sys.argv[1]), key, story.rows, ballast_bytes=0), say)
thread.start()
second = 0
while True:
    for row in story.seconds(second, second + 1):
        thread.append(row, urgent=True)
    said.acquire(timeout=1.0)
    second += 1
