"""What the processes write down about themselves: one rotating file each, JSON lines, no word about a participant."""

from __future__ import annotations

import json
import logging
import logging.handlers
import sys
import threading
import time
from types import TracebackType

from kapconsole.paths import FolderTrouble, state_dir

BYTES_A_FILE = 5_000_000
FILES = 10


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "monotonic_s": round(time.monotonic(), 3),
            "level": record.levelname,
            "logger": record.name,
            "text": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def keep_diary(process: str) -> None:
    """Send this process's log, and exceptions that nobody caught, to its file in the state folder and to stderr."""
    root = logging.getLogger("kapconsole")
    root.setLevel(logging.INFO)
    spoken = logging.StreamHandler(sys.stderr)
    spoken.setLevel(logging.WARNING)
    spoken.setFormatter(logging.Formatter(f"kapconsole {process}: %(message)s"))
    root.addHandler(spoken)
    logging.getLogger("kapdevices").parent = root
    try:
        folder = state_dir() / "logs"
        folder.mkdir(exist_ok=True)
        written = logging.handlers.RotatingFileHandler(
            folder / f"{process}.jsonl", maxBytes=BYTES_A_FILE, backupCount=FILES - 1, encoding="utf-8", delay=True
        )
    except (FolderTrouble, OSError) as trouble:
        root.warning("this process keeps no diary: %s", trouble)
        return
    written.setFormatter(_JsonLines())
    root.addHandler(written)

    def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        root.critical("uncaught %s", kind.__name__, exc_info=(kind, error, trace))

    sys.excepthook = uncaught
    threading.excepthook = lambda hooked: root.critical(
        "uncaught in thread %s",
        hooked.thread.name if hooked.thread else "?",
        exc_info=(hooked.exc_type, hooked.exc_value or hooked.exc_type(), hooked.exc_traceback),
    )
