"""When a person last confirmed the alarm sound of this machine, so that "daily" is known from session to session.

Kept in self-test.json in the state folder; a file that cannot be read or written asks for another confirmation and
never stops a session.
"""

from __future__ import annotations

import logging
import os
import threading

import msgspec

from kapconsole.alarms.events import SelfTestConfirmed
from kapconsole.clock import local_time
from kapconsole.paths import FolderTrouble, state_dir

log = logging.getLogger("kapconsole.monitor")

FILE = "self-test.json"
LASTS_US = 24 * 3600 * 1_000_000
SAY = "alarm sound and lights not confirmed in the last 24 h: ask for a self-test"


class Confirmed(msgspec.Struct, frozen=True):
    """The last confirmation: wall-clock time, where the tone was played, what was said, as whom, by whom."""

    utc_us: int
    output: str
    heard: bool
    seen: bool
    role: str
    actor: str


def due(last: Confirmed | None, output: str, utc_us: int) -> str:
    """Why a person should confirm a self-test of `output` now, in words; empty while one is confirmed."""
    if last is None or not 0 <= utc_us - last.utc_us < LASTS_US:
        return SAY
    if last.output.removeprefix("PulseAudio: ") != output.removeprefix("PulseAudio: "):
        return f"the alarm speaker is another one since {local_time(last.utc_us)}: ask for a self-test"
    if not (last.heard and last.seen):
        missing = "tone not heard" if not last.heard else "lights not seen"
        return f"self-test at {local_time(last.utc_us)}: {missing}"
    return ""


class SelfTestBook:
    """This machine's memory of it."""

    def __init__(self) -> None:
        self.last = _read()
        self._writing: threading.Thread | None = None

    def confirmed(self, body: SelfTestConfirmed, actor: str, utc_us: int) -> None:
        """A person has said what came of a self-test. Written on a thread: a failing disk holds nobody up."""
        self.last = Confirmed(utc_us, body.output, body.heard, body.seen, body.role, actor)
        self._writing = threading.Thread(target=_write, args=(self.last,), name="self-test book", daemon=True)
        self._writing.start()

    def join(self, timeout_s: float = 2.0) -> None:
        """Wait until what was said is written."""
        if self._writing is not None:
            self._writing.join(timeout_s)


def _read() -> Confirmed | None:
    try:
        return msgspec.json.decode((state_dir() / FILE).read_bytes(), type=Confirmed)
    except (OSError, FolderTrouble, msgspec.MsgspecError):
        return None


def _write(confirmed: Confirmed) -> None:
    try:
        path = state_dir() / FILE
        draft = path.with_name(f".{FILE}.{os.getpid()}")
        draft.write_bytes(msgspec.json.encode(confirmed))
        os.replace(draft, path)
    except (OSError, FolderTrouble) as trouble:
        log.warning("that the self-test was confirmed is not remembered: %s", trouble)
