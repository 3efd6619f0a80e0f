"""Opens a session for replay however damaged it is: what can be read is shown, what cannot is said."""

from __future__ import annotations

import struct
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from kapconsole.paths import data_dir
from kapconsole.record.errors import LogDamagedError
from kapconsole.record.reader import LogFile, open_log
from kapconsole.record.recover import recover
from kapconsole.rows import METRIC_CODES, NUMERIC_DTYPE, NUMERICS, QUALITY_CODES, WAVE, Row, row_event, unpack_wave
from kapconsole.session.timeline import Timeline

_DAMAGE = (msgspec.MsgspecError, struct.error, ValueError, IndexError)


class Loaded(NamedTuple):
    """A session in memory. `path`: the file that was asked for; `log`: it, or what could be saved of it.

    `problems`: what is not shown, in words. `release` removes the copy, if one was needed.
    """

    path: Path
    log: LogFile
    rows: list[Row]
    timeline: Timeline
    problems: tuple[str, ...]
    release: Callable[[], object]


def load(path: Path, opening: Callable[[Path], LogFile], key: Callable[[], bytes | None]) -> Loaded:
    """The session in `path`. `opening` opens it for reading; `key` gives its key, None when it is in clear.

    Raises LogError when nothing at all can be read.
    """
    try:
        return loaded(opening(path))
    except LogDamagedError as damage:
        return _saved(path, key(), damage)


def loaded(opened: LogFile) -> Loaded:
    """A session that could be opened. Raises LogDamagedError when its rows cannot be read in one go."""
    rows = opened.rows()
    timeline, kept, problems = timeline_of(rows)
    return Loaded(opened.path, opened, kept, timeline, (*opened.warnings, *problems), opened.close)


def timeline_of(rows: Sequence[Row]) -> tuple[Timeline, list[Row], tuple[str, ...]]:
    """The rows as a timeline, those that are in it, and what is not, in words."""
    timeline = Timeline()
    try:
        timeline.add_rows(rows)
        return timeline, list(rows), ()
    except _DAMAGE:
        pass
    kept, left_out = [], Counter[str]()
    for row in rows:
        if _readable(row):
            kept.append(row)
        else:
            left_out[row.kind] += 1
    timeline = Timeline()
    timeline.add_rows(kept)
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(left_out.items()))
    count = left_out.total()
    what = "1 row cannot be understood and is" if count == 1 else f"{count} rows cannot be understood and are"
    return timeline, kept, (f"{what} not shown ({kinds}).",)


def _readable(row: Row) -> bool:
    try:
        if row.kind == NUMERICS:
            packed = np.frombuffer(row.body, NUMERIC_DTYPE)
            return bool((packed["metric"] < len(METRIC_CODES)).all() and (packed["quality"] < len(QUALITY_CODES)).all())
        if row.kind == WAVE:
            piece = unpack_wave(row.body)
            return piece.width in (1, 2, 4) and len(piece.samples) % piece.width == 0 and piece.full_scale > 0
        row_event(row)
    except _DAMAGE:
        return False
    return True


def _saved(path: Path, key: bytes | None, damage: LogDamagedError) -> Loaded:
    """What can be saved of a damaged file, in a copy that goes when the window is closed."""
    # In the program's own folder: a plain session must not lie in a place that others can read.
    folder = tempfile.TemporaryDirectory(dir=data_dir(), prefix=".replay-")
    try:
        target = Path(folder.name) / path.name
        report = recover(path, target, key)
        opened = open_log(target, key)
        rows = opened.rows()
        timeline, kept, problems = timeline_of(rows)
    except BaseException:
        folder.cleanup()
        raise

    def release() -> None:
        opened.close()
        folder.cleanup()

    return Loaded(path, opened, kept, timeline, (str(damage), *report.text, *problems), release)
