"""One export from the wish to the file: read, verify, write down who has it, write; for windows and commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from kapconsole.export.accesses import NOT_EXPORTED, access_path, note_access
from kapconsole.export.csvs import export_csv
from kapconsole.export.edf import export_edf
from kapconsole.export.pdf import export_pdf
from kapconsole.export.recorded import Recorded, read_recorded
from kapconsole.export.rems import as_part, as_table, wanted
from kapconsole.export.supervision import supervision
from kapconsole.export.writing import check_target
from kapconsole.record.access import Fetch
from kapconsole.record.errors import LogError

Kind = Literal["pdf", "csv", "edf"]
KINDS: dict[Kind, str] = {"pdf": "PDF summary", "csv": "CSV tables", "edf": "EDF+ signals"}
ENDINGS: dict[Kind, str] = {"pdf": ".pdf", "csv": ".zip", "edf": ".edf"}

Progress = Callable[[str, int, int], None]
"""Hears what is being done, how much of it is, and of how much. What it raises calls the export off."""


class CalledOff(Exception):
    """The person does not want it any more."""


class Wanted(NamedTuple):
    """What a person asks for. `paper`: a4 or letter, of a PDF; `waves`: with waveforms, of CSV."""

    kind: Kind
    target: Path
    deidentify: bool = False
    force: bool = False
    paper: str = "a4"
    waves: bool = True


class Taken(NamedTuple):
    """What came of it in words. `as_written`: False when the verification found that the session's file was changed."""

    words: str
    as_written: bool


def take_out(log: Path, ask: Wanted, passphrase: Fetch, progress: Progress, who: str = "") -> Taken:
    """Make the export. Raises ExportTrouble, LogError, and what `progress` raises; nothing half-done is left.

    Written down before it is done: what cannot be written down does not leave. One that then does not come about is
    written down as that.
    """
    check_target(ask.target, ask.force)
    recorded = read_recorded(log, passphrase, lambda done, total: progress("verifying", done, total))
    # Never from the shown one: a supervision copy knows neither the session's id nor its name.
    session_id, place = recorded.summary.session_id, access_path(log)
    as_written = recorded.verified is None or recorded.verified.ok
    shown = supervision(recorded) if ask.deidentify else recorded
    detail = f"{'de-identified ' if ask.deidentify else ''}{ask.kind} to {ask.target.name}"
    progress("writing", 0, 1)
    note_access(place, "exported", session_id, detail, who)
    try:
        words = _written(shown, ask, lambda done, total: progress("writing", done, total))
    except BaseException:
        try:
            note_access(place, NOT_EXPORTED, session_id, detail, who)
        except LogError:
            pass  # the first line stands and says more than was done; the fault that led here is the one to tell
        raise
    return Taken(words, as_written)


def _written(shown: Recorded, ask: Wanted, progress: Callable[[int, int], None]) -> str:
    form = wanted(shown)
    if ask.kind == "pdf":
        extra = [as_part(shown)] if form else []
        pages = export_pdf(shown, ask.target, force=ask.force, size=ask.paper, extra=extra, progress=progress)
        return f"{ask.target}: {pages} {'page' if pages == 1 else 'pages'}"
    if ask.kind == "csv":
        tables = [as_table(shown)] if form else []
        export_csv(shown, ask.target, force=ask.force, waves=ask.waves, extra=tables, progress=progress)
        return f"{ask.target}: README.txt says what the tables hold"
    signals = export_edf(shown, ask.target, force=ask.force, progress=progress)
    return f"{ask.target}: {signals} {'signal' if signals == 1 else 'signals'}"
