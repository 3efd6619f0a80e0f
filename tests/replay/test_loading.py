"""A damaged session is shown as far as it can be read, and what is not shown is said."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapconsole.record.errors import LogError
from kapconsole.replay.loading import timeline_of
from kapconsole.rows import NUMERICS, WAVE, Row
from tests.replay.session_files import alarmed, opening, write

ROWS = alarmed(4, 1, ())


def test_a_whole_session_is_loaded_whole(tmp_path: Path) -> None:
    held = opening(write(tmp_path / "whole.kaplog", ROWS))
    assert held.problems == ()
    assert len(held.rows) == len(ROWS)
    held.release()


def test_rows_that_say_nothing_are_left_out_and_counted() -> None:
    rows = list(ROWS)
    kinds: dict[str, int] = {}
    for number, row in enumerate(rows):
        if row.kind not in kinds and row.kind in (NUMERICS, WAVE, "note-taken"):
            kinds[row.kind] = number
            rows[number] = msgspec.structs.replace(row, body=b"\\xff\\x00 no such thing")
    rows.append(Row(len(rows) + 1, rows[-1].mono_us, 0, "event-of-next-year", "x", b'{"type":"event-of-next-year"}'))
    made, kept, (problem,) = timeline_of(rows)
    assert problem.startswith("4 rows cannot be understood and are not shown")
    assert "1 event-of-next-year" in problem
    assert len(kept) == len(rows) - 4
    whole = timeline_of(ROWS)[0]
    assert len(made.events) == len(whole.events) - 1
    assert made.end_us == whole.end_us


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(ROWS) - 1), st.binary(max_size=60))
def test_no_row_however_damaged_takes_the_others_with_it(number: int, body: bytes) -> None:
    rows = list(ROWS)
    rows[number] = msgspec.structs.replace(rows[number], body=body)
    made, kept, _ = timeline_of(rows)
    assert len(kept) >= len(rows) - 1
    assert np.all(np.diff([event.mono_us for event in made.events]) >= 0)


def test_a_file_with_holes_is_shown_from_what_can_be_saved(tmp_path: Path) -> None:
    path = write(tmp_path / "holes.kaplog", alarmed(20, 5, ()))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 3 * 4096] = bytes(3 * 4096)
    path.write_bytes(data)
    held = opening(path)
    assert held.path == path
    assert held.timeline.state.session is not None
    assert len(held.rows) > 100
    assert any("Missing" in words or "not shown" in words for words in held.problems)
    folder = held.log.path.parent
    held.release()
    assert not folder.exists() or folder == tmp_path, "no copy is left lying about"


def test_nothing_to_be_read_is_an_error_in_words(tmp_path: Path) -> None:
    path = tmp_path / "none.kaplog"
    path.write_bytes(b"not a session")
    with pytest.raises(LogError, match="not a session file"):
        opening(path)
