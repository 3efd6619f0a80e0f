"""A session file read whole for a report or for tables: rows, plain events, timeline, summary, verify result."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kapconsole.clinical.clients.plain import PlainEvent, of_kind, plain_events, readable_timeline
from kapconsole.record.access import Fetch, check, fetch_log_key
from kapconsole.record.reader import open_log
from kapconsole.record.summary import Summary, summarise
from kapconsole.record.verify import Progress, VerifyReport
from kapconsole.rows import Row
from kapconsole.session.timeline import Timeline


class Recorded(NamedTuple):
    """A session as exports need it. `verified` None: not checked. `deidentified`: days and people were taken out.

    `strange`: rows of kinds that this version does not know; they are in the tables all the same.
    """

    name: str
    rows: Sequence[Row]
    events: Sequence[PlainEvent]
    timeline: Timeline
    summary: Summary
    verified: VerifyReport | None
    strange: int
    deidentified: bool = False

    @property
    def dose_us(self) -> int | None:
        """The zero of "minutes since dose", session microseconds."""
        return min((event.at_us for event in of_kind(self.events, "dose-given")), default=None)

    @property
    def zone(self) -> tzinfo:
        """The time zone in which the session took place, by its log; this machine's where the log names none."""
        started = next(iter(of_kind(self.events, "session-started")), None)
        name = str(started.body.get("time_zone", "")) if started else ""
        try:
            return ZoneInfo(name) if name else _here()
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return _here()

    def moment(self, mono_us: int) -> datetime:
        """A session time as time of day where the session took place."""
        return datetime.fromtimestamp((self.summary.start_utc_us + mono_us) / 1e6, UTC).astimezone(self.zone)

    def since_dose_min(self, mono_us: int) -> float | None:
        """Minutes since the first dose; None where there was none."""
        return None if self.dose_us is None else (mono_us - self.dose_us) / 60e6


def read_recorded(path: Path, passphrase: Fetch, progress: Progress | None = None, *, verify: bool = True) -> Recorded:
    """The session in `path`. `progress` hears (rows verified, rows in all). Raises LogError."""
    with open_log(path, lambda: fetch_log_key(path, passphrase)) as log:
        rows = log.rows()
        summary = summarise(log, rows)
    verified = check(path, passphrase, progress=progress) if verify else None
    return recorded_of(rows, summary, path.name, verified)


def recorded_of(
    rows: Sequence[Row], summary: Summary, name: str, verified: VerifyReport | None, *, deidentified: bool = False
) -> Recorded:
    """The same from rows that were read already."""
    timeline, strange = readable_timeline(rows)
    return Recorded(name, rows, plain_events(rows), timeline, summary, verified, strange, deidentified)


def _here() -> tzinfo:
    zone = datetime.now(UTC).astimezone().tzinfo
    assert zone is not None
    return zone
