"""Recorded sessions on disk for tests of the replay: rehearsed, with the alarms that the engine gives of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from kapconsole import events as ev
from kapconsole.alarms.history import items_of, replayed
from kapconsole.alarms.presets import load_preset
from kapconsole.record import access
from kapconsole.record.writer import SessionLog
from kapconsole.replay.loading import Loaded, load
from kapconsole.replay.rehearsal import UTC_ORIGIN_US, Fault, rehearse
from kapconsole.replay.study import Study
from kapconsole.rows import Row, event_row

FAULTS = (Fault(900, 940, "motion"), Fault(1500, 1600, "finger out"))


def alarmed(minutes: float = 40, dose_min: float = 10, faults: Sequence[Fault] = FAULTS) -> list[Row]:
    """The rows of a rehearsed session with its alarms logged, numbered anew."""
    rows = rehearse(minutes, dose_min, faults)
    bodies = replayed(items_of(rows), load_preset())
    rows += [
        event_row(ev.Event(0, at_us, UTC_ORIGIN_US + at_us, "monitor", body))
        for at_us, body in ((body.at_us + 1000 + number, body) for number, body in enumerate(bodies))
    ]
    rows.sort(key=lambda row: row.mono_us)
    places = {row.seq: place for place, row in enumerate(rows, 1) if row.seq}

    def about(found: re.Match[bytes]) -> bytes:
        return b'"about":%d' % places[int(found[1])]

    return [
        msgspec.structs.replace(row, seq=place, body=re.sub(rb'"about":(\d+)', about, row.body))
        if row.kind == "note-taken"
        else msgspec.structs.replace(row, seq=place)
        for place, row in enumerate(rows, 1)
    ]


def write(path: Path, rows: Sequence[Row], key: bytes | None = None) -> Path:
    """A closed, signed session file of `rows`."""
    log = SessionLog.create(path, key, signer=access.signer(), ballast_bytes=0)
    for row in rows:
        log.append(row)
    log.close()
    return path


def opening(path: Path) -> Loaded:
    return load(path, lambda of: access.open_for_reading(of, lambda: ""), lambda: None)


def study(path: Path, who: str = "ana") -> Study:
    """What stands behind a window on the file."""
    return Study(opening(path), lambda: access.check(path, lambda: ""), lambda: None, access.signer, opening, who)
