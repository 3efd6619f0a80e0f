"""Writes the tables of a session as CSV files into a folder or a zip file, with a README that says what they hold."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TextIO

from kapconsole.export.recorded import Recorded
from kapconsole.export.tables import Cell, Table, tables
from kapconsole.export.writing import FIRST_WORDS, OURS, write_file, write_folder

Progress = Callable[[int, int], None]
Open = Callable[[str], AbstractContextManager[TextIO]]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_STEP = 20_000


def export_csv(
    recorded: Recorded,
    target: Path,
    *,
    force: bool = False,
    waves: bool = True,
    extra: Sequence[Table] = (),
    progress: Progress | None = None,
) -> None:
    """Write every table to `target`: a zip file where it ends so, else a folder.

    `extra`: further tables (a form). `progress` hears (rows written, about how many in all). Raises ExportTrouble.
    """

    def folder(place: Path) -> None:
        _write(recorded, lambda name: _file(place / name), waves, extra, progress)

    def zipped(place: Path) -> None:
        with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
            _write(recorded, lambda name: _member(archive, name), waves, extra, progress)

    if target.suffix.lower() == ".zip":
        write_file(target, zipped, force)
    else:
        write_folder(target, folder, force)


def safe(cell: Cell) -> Cell:
    """A cell that a spreadsheet will not run: words that begin like a formula get an apostrophe before them."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) and not _numeric(cell) else cell


def readme(recorded: Recorded, meanings: Sequence[str]) -> str:
    """What the files of the export hold."""
    kind = (
        "De-identified supervision copy." if recorded.deidentified else "Identified record: handle as a patient file."
    )
    return "\n".join(
        [
            f"{FIRST_WORDS} of {recorded.summary.subject or 'a session without a code'}",
            kind,
            "",
            "Made from the session log, which alone is the record.",
            "Comma-separated, UTF-8, one header line, units in the header in brackets. An empty cell is: not given.",
            "Session time counts from the begin of the session; ISO times are those of the place of the session.",
            "Words that begin with = + - @ have an apostrophe before them, so that no spreadsheet runs them.",
            "",
            *meanings,
            "",
        ]
    )


def _write(recorded: Recorded, opened: Open, waves: bool, extra: Sequence[Table], progress: Progress | None) -> None:
    about = len(recorded.events) + sum(len(series.times_us) for series in recorded.timeline.numerics.values())
    if waves:
        about += sum(len(wave.times_us) for wave in recorded.timeline.waves.values())
    meanings, done = [], 0
    for table in (*tables(recorded, waves), *extra):
        with opened(f"{table.name}.csv") as stream:
            writer = csv.writer(stream)
            writer.writerow(table.header)
            for row in table.rows:
                writer.writerow([safe(cell) for cell in row])
                done += 1
                if progress is not None and done % _STEP == 0:
                    progress(min(done, about - 1), about)
        meanings.append(f"{table.name}.csv: {table.meaning}")
    with opened(OURS) as stream:
        stream.write(readme(recorded, meanings))
    if progress is not None:
        progress(about, about)


@contextmanager
def _file(path: Path) -> Iterator[TextIO]:
    # The mark at the begin lets spreadsheets know that it is UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        yield stream


@contextmanager
def _member(archive: zipfile.ZipFile, name: str) -> Iterator[TextIO]:
    # A date of its own would tell when a de-identified copy was made, and makes two exports differ.
    with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as raw:
        stream = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        yield stream
        stream.flush()
        stream.detach()


def _numeric(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
