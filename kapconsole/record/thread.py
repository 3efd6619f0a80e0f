"""The thread that alone touches the session's disk: a commit a second, at once for what is urgent, nothing lost.

`append` never waits. What the disk does not take stays in memory and is offered again each second; `Committed` is said
only for what is durable.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import msgspec

from kapconsole.clock import duration_text
from kapconsole.record.chain import Head
from kapconsole.record.errors import LogDamagedError, LogError, LogFullError, LogWriteError
from kapconsole.record.space import REFUSE_BELOW_BYTES, WARN_BELOW_BYTES, free_bytes, megabytes
from kapconsole.record.writer import HeadKeeper, SessionLog
from kapconsole.rows import NUMERICS, WAVE, WAVE_HEADER, Row

COMMIT_EVERY_S = 1.0
RETRY_EVERY_S = 1.0
SLOW_AFTER_S = 5.0
LOOK_AT_DISK_EVERY_S = 60.0
KEEP_BYTES = 16_000_000
"""How much of numerics and waveforms is kept in memory while the disk takes nothing: about ten hours."""


class Committed(msgspec.Struct, frozen=True):
    """Every row up to `seq` is durable."""

    seq: int


class LogTrouble(msgspec.Struct, frozen=True):
    """The state of the log's disk changed: `state` is ok, low, slow, full or failing; `text` is for the screen."""

    state: str
    text: str


Notice = Committed | LogTrouble


class LogThread:
    """Owns a `SessionLog` from the moment it is given one.

    `notify` is called from the log's thread, and for `slow` from the thread that calls `append` or `check`: it must be
    quick and safe in any thread (a queue's `put_nowait` is). `monotonic` is real time in seconds, whatever the speed
    of the session. Without `start` nothing runs by itself: a test calls `step`.
    """

    def __init__(
        self,
        log: SessionLog,
        notify: Callable[[Notice], None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        free: Callable[..., int] = free_bytes,
        keep_bytes: int = KEEP_BYTES,
    ) -> None:
        self.log = log
        self._notify = notify
        self._monotonic = monotonic
        self._free = free
        self._keep_bytes = keep_bytes
        self._wake = threading.Condition()
        # Guarded by _wake:
        self._queue: list[Row] = []
        self._times: list[float] = []  # when each row of the queue came
        self._last_seq = log.last_seq
        self._measured_bytes = 0  # of numerics and waveforms in the queue
        self._in_flight = 0  # rows at the front that are being written just now
        self._trimmed_to = 0  # rows at the front that have nothing left to drop
        self._lost_rows = 0
        self._urgent = False
        self._stopping = False
        self._state = "ok"
        # The log's thread alone:
        self._next_commit_s = monotonic() + COMMIT_EVERY_S
        self._next_look_s = monotonic()
        self._troubled_since_s: float | None = None
        self._doubtful = False  # the last commit failed, and what is on disk must be looked up
        self._damage_said = False
        self._thread = threading.Thread(target=self._run, name="session log", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def append(self, row: Row, urgent: bool = False) -> None:
        """Take `row`; `urgent` commits it, and what came before, at once. Never waits for the disk.

        Raises ValueError when its `seq` does not follow the one before.
        """
        with self._wake:
            if row.seq != self._last_seq + 1:
                raise ValueError(f"row {row.seq} does not follow row {self._last_seq}")
            self._last_seq = row.seq
            self._queue.append(row)
            self._times.append(self._monotonic())
            if _droppable(row):
                self._measured_bytes += len(row.body)
                self._trim()
            if urgent:
                self._urgent = True
                self._wake.notify()
        self.check()

    def check(self) -> None:
        """Look whether the disk keeps up; `append` does it too. Call it now and then when nothing is appended."""
        with self._wake:
            if self._state not in ("ok", "low") or not self._times:
                return
            waited_s = self._monotonic() - self._times[0]
            if waited_s <= SLOW_AFTER_S:
                return
            self._state = "slow"
        self._notify(
            LogTrouble("slow", f"The disk is slow: the last {duration_text(waited_s)} are not yet in the session file.")
        )

    def step(self) -> float:
        """Do what is due and return after how many seconds something will be. The thread's whole work."""
        now_s = self._monotonic()
        with self._wake:
            due = self._urgent or now_s >= self._next_commit_s or self._stopping
            batch = self._queue[:] if due else []
            self._in_flight = len(batch)
            self._urgent = self._urgent and not due
        if due:
            self._next_commit_s = now_s + COMMIT_EVERY_S
        if batch:
            self._write(batch, now_s)
        self._look_at_disk(now_s)
        return max(0.0, self._next_commit_s - self._monotonic())

    def stop(self, timeout_s: float = 10.0) -> None:
        """Write what is there, let go of the file and end; the session stays open for `SessionLog.resume`."""
        self._end(timeout_s)
        self.log.abandon()

    def close(self, keeper: HeadKeeper | None = None, timeout_s: float = 30.0) -> Head:
        """Write what is there and close the session (see `SessionLog.close`); the head to print and keep.

        Raises LogWriteError when rows could not be written: the file stays as it is and can be resumed.
        """
        self._end(timeout_s)
        if self._queue:
            self.log.abandon()
            raise LogWriteError(f"The session was not closed: {len(self._queue)} rows could not be written.")
        said = len(self.log.warnings)
        try:
            head = self.log.close(keeper)
        except LogError:
            self.log.abandon()
            raise
        for text in self.log.warnings[said:]:
            self._notify(LogTrouble(self._state, text))
        return head

    def _run(self) -> None:
        while True:
            wait_s = self.step()
            with self._wake:
                if self._stopping:
                    return
                if not self._urgent:
                    self._wake.wait(wait_s)

    def _end(self, timeout_s: float) -> None:
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                raise LogWriteError("The session file was not closed: the disk does not answer.")
        if self._queue:
            self.step()

    def _write(self, batch: list[Row], now_s: float) -> None:
        try:
            batch = self._without_those_on_disk(batch)
            if batch:
                self._write_or_make_room(batch)
        except LogError as error:
            with self._wake:
                self._in_flight = 0
                self._trim()
            if self._troubled_since_s is None:
                self._troubled_since_s = now_s
            full = isinstance(error, LogFullError)
            self._doubtful = not full
            self._enter(
                "full" if full else "failing", f"{error} Events are kept in memory and tried again each second."
            )
            return
        if batch:
            self._done(len(batch), batch[-1].seq)
        self._recovered()

    def _without_those_on_disk(self, batch: list[Row]) -> list[Row]:
        """After a failure: a new connection, since the old one may not recover, and what is left to write.

        A commit that failed halfway may be on disk after all.
        """
        if not self._doubtful:
            return batch
        before = self.log.last_seq
        try:
            self.log.reopen()
        except LogDamagedError as error:
            if not self._damage_said:
                self._damage_said = True
                self._notify(LogTrouble("failing", str(error)))
        self._doubtful = False
        found = self.log.last_seq - before
        if found:
            self._done(found, self.log.last_seq)
        return batch[found:]

    def _write_or_make_room(self, batch: list[Row]) -> None:
        try:
            self.log.write(batch)
        except LogFullError:
            if not self.log.ballast.release():
                raise
            self.log.write(batch)
            self._enter(
                "full",
                f"The disk is full. The reserve of {megabytes(self.log.ballast.size)} was given up and recording goes"
                " on. Free some space.",
            )

    def _done(self, count: int, seq: int) -> None:
        with self._wake:
            self._measured_bytes -= sum(len(row.body) for row in self._queue[:count] if _droppable(row))
            del self._queue[:count]
            del self._times[:count]
            self._in_flight = 0
            self._trimmed_to = max(0, self._trimmed_to - count)
        self._notify(Committed(seq))

    def _recovered(self) -> None:
        """After a commit that worked: say so when there was trouble, and what it cost."""
        with self._wake:
            if self._state in ("ok", "low"):
                return
            if self._state == "full" and self._troubled_since_s is None and not self.log.ballast.laid:
                return  # living on the reserve: the disk is still full, see _look_at_disk
            lost, self._lost_rows = self._lost_rows, 0
        since_s, self._troubled_since_s = self._troubled_since_s, None
        text = "The session file is written again"
        if since_s is not None:
            text += f" after {duration_text(self._monotonic() - since_s)}"
        text += (
            "."
            if not lost
            else (f"; {lost} seconds of numerics or waveform did not fit into memory and are lost. No event is lost.")
        )
        self._enter("ok", text)

    def _look_at_disk(self, now_s: float) -> None:
        """Once a minute: is there room, and can the reserve be laid (again)?"""
        if now_s < self._next_look_s:
            return
        self._next_look_s = now_s + LOOK_AT_DISK_EVERY_S
        try:
            room = self._free(self.log.path.parent)
        except OSError:
            return  # a disk that is gone says so at the next commit
        ballast = self.log.ballast
        held = ballast.laid or (room > REFUSE_BELOW_BYTES + ballast.size and ballast.lay())
        if self._state == "full" and held and self._troubled_since_s is None:
            self._enter("ok", f"There is room on the disk again: {megabytes(room)}.")
        elif self._state == "ok" and room < WARN_BELOW_BYTES:
            self._enter("low", f"Only {megabytes(room)} are free on the disk of {self.log.path.parent}.")
        elif self._state == "low" and room >= WARN_BELOW_BYTES:
            self._enter("ok", f"There is room on the disk again: {megabytes(room)}.")

    def _enter(self, state: str, text: str) -> None:
        with self._wake:
            if state == self._state:
                return
            self._state = state
        self._notify(LogTrouble(state, text))

    def _trim(self) -> None:
        """Hold the memory for measurements: the oldest seconds keep their place and lose their content."""
        index = max(self._in_flight, self._trimmed_to)
        while self._measured_bytes > self._keep_bytes and index < len(self._queue):
            row = self._queue[index]
            if _droppable(row):
                shell = msgspec.structs.replace(row, body=_emptied(row))
                self._measured_bytes -= len(row.body) - len(shell.body)
                self._lost_rows += 1
                self._queue[index] = shell
            index += 1
            self._trimmed_to = index


def _droppable(row: Row) -> bool:
    return row.kind in (NUMERICS, WAVE)


def _emptied(row: Row) -> bytes:
    """A body that says "nothing of this second is left" in the row's own format."""
    return row.body[: WAVE_HEADER.size] if row.kind == WAVE else b""
