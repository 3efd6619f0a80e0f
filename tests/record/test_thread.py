"""The log's thread, turned by hand: when it commits, what it says, and that a bad disk costs no event."""

from __future__ import annotations

import queue
import sys
import threading

import apsw
import pytest

from kapconsole.events import NoteTaken
from kapconsole.record.errors import LogWriteError
from kapconsole.record.reader import open_log
from kapconsole.record.thread import Committed, LogThread, LogTrouble
from kapconsole.record.verify import verify
from kapconsole.record.writer import SessionLog
from kapconsole.rows import NUMERICS, WAVE, unpack_numerics, unpack_wave

PLENTY = 10_000_000_000


_DISKS: list[apsw.VFS] = []  # SQLite Multiple Ciphers keeps a pointer to each for ever: none may go


class Disk(apsw.VFS):
    """A disk that can be told to be full, or to fail, or to forget how to sync."""

    def __init__(self) -> None:
        self.fault = ""
        self.name = f"disk{len(_DISKS)}"
        _DISKS.append(self)
        super().__init__(self.name, "win32" if sys.platform == "win32" else "unix")

    def xOpen(self, name, flags):
        return DiskFile(self, name, flags)


class DiskFile(apsw.VFSFile):
    def __init__(self, disk, name, flags):
        self.disk = disk
        super().__init__("win32" if sys.platform == "win32" else "unix", name, flags)

    def xWrite(self, data, offset):
        if self.disk.fault == "full":
            raise apsw.FullError("full")
        if self.disk.fault == "failing":
            raise apsw.IOError("gone")
        super().xWrite(data, offset)

    def xSync(self, flags):
        if self.disk.fault in ("failing", "sync"):
            raise apsw.IOError("sync failed")
        super().xSync(flags)


class Bench:
    """A log on a disk that obeys, its thread turned by hand, and what it said."""

    def __init__(self, path, story, key, keep_bytes=16_000_000, ballast_bytes=0):
        self.disk = Disk()
        self.story = story
        self.now_s = 100.0
        self.said: list[object] = []
        self.room = PLENTY
        self.log = SessionLog.create(
            path, key, story.rows, ballast_bytes=ballast_bytes, vfs=f"multipleciphers-{self.disk.name}"
        )
        self.thread = LogThread(
            self.log,
            self.said.append,
            monotonic=lambda: self.now_s,
            free=lambda _: self.room,
            keep_bytes=keep_bytes,
        )
        self.thread.step()

    def second(self, *events: str) -> None:
        second = round(self.now_s - 100)
        self.thread.append(self.story.numerics(second))
        self.thread.append(self.story.wave(second))
        for text in events:
            self.thread.append(self.story.event(second, NoteTaken(0, text)), urgent=True)
        self.now_s += 1.0
        self.thread.step()

    @property
    def acknowledged(self) -> int:
        return max((notice.seq for notice in self.said if isinstance(notice, Committed)), default=1)

    @property
    def troubles(self) -> list[LogTrouble]:
        return [notice for notice in self.said if isinstance(notice, LogTrouble)]

    @property
    def states(self) -> list[str]:
        return [trouble.state for trouble in self.troubles]


@pytest.fixture
def bench(log_path, story, key):
    made = Bench(log_path, story, key)
    yield made
    made.log.abandon()


def test_a_commit_a_second_and_at_once_when_urgent(bench):
    bench.thread.append(bench.story.numerics(0))
    bench.now_s += 0.5
    assert bench.thread.step() == pytest.approx(0.5)
    assert bench.said == []
    bench.thread.append(bench.story.event(0.5, NoteTaken(0, "now")), urgent=True)
    bench.thread.step()
    assert bench.said == [Committed(3)]
    bench.thread.append(bench.story.wave(0))
    bench.now_s += 1.0
    bench.thread.step()
    assert bench.said == [Committed(3), Committed(4)]


def test_a_row_out_of_order_is_refused_where_it_is_given(bench):
    skipped = bench.story.numerics(0)
    with pytest.raises(ValueError, match="row 3 does not follow row 1"):
        bench.thread.append(bench.story.wave(0))
    bench.thread.append(skipped)


@pytest.mark.parametrize("fault", ["full", "failing", "sync"])
def test_a_disk_that_fails_for_a_while_costs_nothing(bench, log_path, key, fault):
    bench.second("before")
    bench.disk.fault = fault
    for number in range(7):
        bench.second(f"during {number}")
    assert bench.acknowledged == 4
    assert bench.states == ["full" if fault == "full" else "failing"]
    bench.disk.fault = ""
    bench.second("after")
    assert bench.acknowledged == len(bench.story.rows)
    assert bench.troubles[-1] == LogTrouble("ok", "The session file is written again after 7 s.")
    bench.thread.close()
    assert open_log(log_path, key).rows() == bench.story.rows
    assert verify(log_path, key).ok


def test_what_was_acknowledged_is_on_disk_while_it_fails(bench, log_path, key):
    bench.second("kept")
    bench.disk.fault = "sync"
    bench.second("not sure")
    assert bench.acknowledged == 4
    assert open_log(log_path, key).rows()[:4] == bench.story.rows[:4]


def test_when_memory_is_short_measurements_go_first_and_the_loss_is_told(log_path, story):
    bench = Bench(log_path, story, None, keep_bytes=5 * (120 + 95))
    bench.disk.fault = "full"
    for number in range(12):
        bench.second(f"event {number}")
    bench.disk.fault = ""
    bench.second()
    assert "and are lost. No event is lost." in bench.troubles[-1].text
    bench.thread.close()
    rows = open_log(log_path).rows()
    assert [row.seq for row in rows] == [row.seq for row in story.rows]
    assert [row for row in rows if row.kind not in (NUMERICS, WAVE)] == [
        row for row in story.rows if row.kind not in (NUMERICS, WAVE)
    ]
    # The oldest seconds are empty in their own format, the newest are whole.
    empty = [row for row, told in zip(rows, story.rows, strict=True) if row != told]
    assert f"{len(empty)} seconds of numerics or waveform" in bench.troubles[-1].text
    assert {unpack_wave(row.body).count for row in empty if row.kind == WAVE} == {0}
    assert not [item for row in empty if row.kind == NUMERICS for item in unpack_numerics(row)]
    assert rows[-2:] == story.rows[-2:]
    assert verify(log_path).ok


def test_the_reserve_lets_a_full_disk_go_on(log_path, story, key, monkeypatch):
    bench = Bench(log_path, story, key, ballast_bytes=1_000_000)
    assert bench.log.ballast.laid
    release = bench.log.ballast.release

    def room_again() -> bool:
        bench.disk.fault = ""
        return release()

    monkeypatch.setattr(bench.log.ballast, "release", room_again)
    bench.second("before")
    bench.disk.fault, bench.room = "full", 0
    bench.second("the disk is full")
    assert bench.acknowledged == len(story.rows)
    assert bench.states == ["full"]
    assert "reserve of 1 MB was given up and recording goes on" in bench.troubles[0].text
    for _ in range(100):
        bench.second()
    assert bench.states == ["full"]  # it is still full: that must not look like "ok"
    bench.room = PLENTY
    for _ in range(61):
        bench.second()
    assert bench.states == ["full", "ok"]
    assert bench.log.ballast.laid
    bench.thread.close()


def test_little_room_is_said_once_and_taken_back(bench):
    bench.room = 900_000_000
    for _ in range(130):
        bench.second()
    bench.room = PLENTY
    for _ in range(61):
        bench.second()
    assert bench.states == ["low", "ok"]
    assert "900 MB" in bench.troubles[0].text


def test_a_disk_that_hangs_is_noticed_by_who_appends(bench):
    """The log's own thread is stuck in the disk then; it is the monitor that finds out."""
    bench.thread.append(bench.story.numerics(0))
    bench.now_s += 5.0
    bench.thread.append(bench.story.numerics(5))
    assert bench.states == []
    bench.now_s += 0.5
    bench.thread.append(bench.story.numerics(6))
    bench.thread.append(bench.story.numerics(7))
    assert bench.states == ["slow"]
    assert "the last 5 s are not yet in the session file" in bench.troubles[0].text
    bench.thread.step()
    assert bench.states == ["slow", "ok"]


def test_a_close_that_fails_says_so_and_the_session_can_be_resumed(bench, log_path, key):
    bench.second("kept")
    bench.disk.fault = "failing"
    bench.second("not written")
    with pytest.raises(LogWriteError, match="not closed: 3 rows could not be written"):
        bench.thread.close()
    log, rows = SessionLog.resume(log_path, key, ballast_bytes=0)
    assert rows == bench.story.rows[:4]
    log.close()


def test_the_real_thread_writes_and_closes(log_path, story, key):
    heard: queue.SimpleQueue[object] = queue.SimpleQueue()
    thread = LogThread(SessionLog.create(log_path, key, story.rows, ballast_bytes=0), heard.put)
    thread.start()
    for row in story.seconds(0, 50):
        thread.append(row)
    thread.append(story.event(50, NoteTaken(0, "urgent")), urgent=True)
    notice = heard.get(timeout=10)
    assert notice == Committed(len(story.rows))
    thread.append(story.numerics(51))
    head = thread.close()
    assert head.seq == len(story.rows)
    assert open_log(log_path, key).rows() == story.rows
    assert not [other for other in threading.enumerate() if other.name == "session log"]


def test_stop_leaves_a_session_to_be_resumed(log_path, story, key):
    thread = LogThread(SessionLog.create(log_path, key, story.rows, ballast_bytes=0), lambda _: None)
    thread.start()
    for row in story.seconds(0, 5):
        thread.append(row)
    thread.stop()
    log, rows = SessionLog.resume(log_path, key, ballast_bytes=0)
    assert rows == story.rows
    log.close()
