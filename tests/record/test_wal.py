"""What stands in a -wal file is told without SQLite and without the key."""

from __future__ import annotations

import os
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kapconsole.record.reader import open_log
from kapconsole.record.wal import WalState, _sums, inspect_wal
from kapconsole.record.writer import SessionLog


@given(arrays(np.uint32, st.tuples(st.integers(1, 4), st.integers(1, 40).map(lambda pairs: pairs * 2))))
def test_the_checksum_is_that_of_the_format(words):
    """Against the definition, word by word (sqlite.org, "Database File Format", 4.2)."""
    for row, sums in zip(words.tolist(), _sums(words).tolist(), strict=True):
        sum1 = sum2 = 0
        for first, second in zip(row[0::2], row[1::2], strict=True):
            sum1 = (sum1 + first + sum2) & 0xFFFFFFFF
            sum2 = (sum2 + second + sum1) & 0xFFFFFFFF
        assert sums == [sum1, sum2]


@pytest.fixture
def wal(log_path, story, key):
    """The -wal of a session that was killed after twenty commits."""
    log = SessionLog.create(log_path, key, story.rows, ballast_bytes=0)
    for second in range(20):
        log.write(story.seconds(second, second + 1))
    log.abandon()
    return log_path.with_name(log_path.name + "-wal")


def test_a_whole_file_holds_all_commits(wal):
    assert inspect_wal(wal) == WalState(commits=20, lost_commits=0, torn=False)


def test_frames_from_before_the_last_turn_of_the_file_are_not_damage(log_path, story, key):
    log = SessionLog.create(log_path, key, story.rows, ballast_bytes=0)
    log._database().pragma("wal_autocheckpoint", 50)
    for second in range(200):
        log.write(story.seconds(second, second + 1))
    log.abandon()
    state = inspect_wal(log_path.with_name(log_path.name + "-wal"))
    assert 0 < state.commits < 100
    assert (state.lost_commits, state.torn) == (0, False)


@pytest.mark.parametrize("cut", [1, 100, 4096])
def test_a_torn_end_is_said_and_costs_only_what_was_not_acknowledged(wal, log_path, story, key, cut):
    whole = wal.read_bytes()
    wal.write_bytes(whole[:-cut])
    with open_log(log_path, key) as file:
        rows = file.rows()
        assert rows == story.rows[: len(rows)]
        assert len(story.rows) - 3 <= len(rows) < len(story.rows)
        assert any("torn, as after a kill" in text for text in file.warnings)
    log, resumed = SessionLog.resume(log_path, key, ballast_bytes=0)
    assert resumed == rows
    log.close()


def test_a_flipped_bit_in_the_middle_is_said_with_what_it_costs(wal, log_path, story, key):
    data = bytearray(wal.read_bytes())
    page_bytes = struct.unpack_from(">I", data, 8)[0]
    frames = (len(data) - 32) // (24 + page_bytes)
    data[32 + (frames // 2) * (24 + page_bytes) + 1000] ^= 4
    wal.write_bytes(data)
    state = inspect_wal(wal)
    assert state.commits + state.lost_commits == 20
    assert state.lost_commits > 5
    with open_log(log_path, key) as file:
        assert 0 < len(file.rows()) < len(story.rows)
        assert any(f"the last {state.lost_commits} commits" in text for text in file.warnings)


@pytest.mark.parametrize("content", [b"", b"x", os.urandom(31), bytes(32), os.urandom(5000)])
def test_any_bytes_are_no_reason_to_fail(tmp_path, content):
    path = tmp_path / "one.kaplog-wal"
    path.write_bytes(content)
    assert inspect_wal(path) == WalState(0, 0, torn=bool(content))
