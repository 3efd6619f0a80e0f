"""The tables: everything is in them, with units, safe for spreadsheets, whole or not at all."""

from __future__ import annotations

import csv
import errno
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from kapconsole.export.csvs import export_csv, safe
from kapconsole.export.recorded import Recorded, read_recorded
from kapconsole.export.supervision import supervision
from kapconsole.export.writing import ExportTrouble, check_target, write_file, write_folder


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_event_and_every_value_is_in_a_table(recorded: Recorded, tmp_path: Path) -> None:
    export_csv(recorded, tmp_path / "out")
    folder = tmp_path / "out"
    kinds = {event.kind for event in recorded.events}
    written = {path.stem for path in folder.glob("event_*.csv")}
    assert written == {f"event_{kind}" for kind in kinds}
    assert sum(len(table(folder, name)) for name in written) == len(recorded.events)
    values = sum(len(table(folder, path.stem)) for path in folder.glob("numeric_*.csv"))
    assert values == sum(len(series.times_us) for series in recorded.timeline.numerics.values())
    assert len(table(folder, "wave_pleth_device1")) == 60 * 75
    readme = (folder / "README.txt").read_text("utf-8-sig")
    assert all(f"{path.stem}.csv" in readme for path in folder.glob("*.csv"))


def test_headers_have_units_and_rows_have_three_times(recorded: Recorded, tmp_path: Path) -> None:
    export_csv(recorded, tmp_path / "out")
    (first, *_) = table(tmp_path / "out", "event_nibp-measured")
    assert first["time (ISO 8601)"] == "2026-03-05T10:02:00.000+01:00"
    assert first["session time (s)"] == "1320.0"
    assert first["since first dose (min)"] == "-8.0"
    assert (first["sys (mmHg)"], first["pulse_rate (/min)"]) == ("121", "70")
    dose = table(tmp_path / "out", "event_dose-recorded")[0]
    assert (dose["amount (mg)"], dose["mg_per_kg (mg/kg)"], dose["at (s)"]) == ("60.0", "0.84", "1800.0")
    vitals = table(tmp_path / "out", "vitals_by_second")
    assert vitals[0]["spo2 (%)"] == "98"
    assert not any(100 * 60 < float(row["session time (s)"]) < 104 * 60 for row in vitals)


def test_a_kind_that_nobody_knows_is_a_table_all_the_same(
    day: ModuleType, tmp_path: Path, no_passphrase: Callable[[], str]
) -> None:
    made = day.Day()
    made.raw(1, "aurora-seen", where={"wall": "north"}, level_dbfs=-30, seen=True, list=[1, "a"])
    recorded = read_recorded(made.write(tmp_path / "k.kaplog"), no_passphrase)
    export_csv(recorded, tmp_path / "out")
    (row,) = table(tmp_path / "out", "event_aurora-seen")
    assert row["where.wall"] == "north"
    assert row["level (dBFS)"] == "-30"
    assert row["seen"] == "yes"
    assert row["list"] == '[1,"a"]'


def test_a_note_that_looks_like_a_formula_is_not_run(recorded: Recorded, tmp_path: Path) -> None:
    export_csv(recorded, tmp_path / "out")
    texts = [row["text"] for row in table(tmp_path / "out", "event_note-taken")]
    assert "'=1+1 corrected: Wildschweinfährte, tears SpO₂ ✓ 漢" in texts
    assert not any(text.startswith(("=", "+", "-", "@")) for text in texts)
    assert safe("-5.5") == "-5.5"
    assert safe("-x") == "'-x"


def test_a_zip_holds_the_same_tables(recorded: Recorded, tmp_path: Path) -> None:
    export_csv(recorded, tmp_path / "out")
    export_csv(recorded, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.testzip() is None
        held = {name: archive.read(name) for name in archive.namelist()}
    assert held == {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}


def test_progress_ends_at_the_end(recorded: Recorded, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    export_csv(recorded, tmp_path / "out.zip", progress=lambda done, total: heard.append((done, total)))
    assert heard[-1][0] == heard[-1][1]
    assert all(done < total for done, total in heard[:-1])


def test_without_waves(recorded: Recorded, tmp_path: Path) -> None:
    export_csv(recorded, tmp_path / "out", waves=False)
    assert not list((tmp_path / "out").glob("wave_*"))


def test_a_folder_with_other_things_is_never_replaced(recorded: Recorded, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.odt").write_text("years of work")
    with pytest.raises(ExportTrouble, match="other things"):
        export_csv(recorded, folder, force=True)
    assert (folder / "thesis.odt").read_text() == "years of work"


def test_an_earlier_export_is_replaced_when_asked(recorded: Recorded, tmp_path: Path) -> None:
    target = tmp_path / "out"
    export_csv(recorded, target)
    (target / "old.csv").write_text("x")
    with pytest.raises(ExportTrouble, match="--force"):
        export_csv(recorded, target)
    export_csv(recorded, target, force=True)
    assert not (target / "old.csv").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".kapconsole")] == []


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "full"), (errno.EACCES, "this user"), (errno.EIO, "cannot be written")]
)
def test_a_disk_that_does_not_take_it_is_said_and_nothing_is_left(tmp_path: Path, number: int, words: str) -> None:
    def write(place: Path) -> None:
        if place.is_dir():
            (place / "half.csv").write_text("half")
        else:
            place.write_text("half")
        raise OSError(number, os.strerror(number))

    for put in (write_file, write_folder):
        with pytest.raises(ExportTrouble, match=words):
            put(tmp_path / "out", write, False)
        assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_not_there_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ExportTrouble, match="does not exist"):
        check_target(tmp_path / "no" / "out.pdf", force=True)


def test_a_supervision_copy_has_no_column_of_days(recorded: Recorded, tmp_path: Path) -> None:
    export_csv(supervision(recorded, "S-TEST42"), tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        for name in archive.namelist():
            words = archive.read(name).decode("utf-8-sig")
            assert not words.startswith("time (")
            for gone in ("2026-03", "T10:", "K-17", "Ruiz", "Lind", "Berg", "AB12", "ttyUSB", "anna", "LX44"):
                assert gone not in words, (name, gone)
        session = dict(csv.reader(io.StringIO(archive.read("session.csv").decode("utf-8-sig"))))
    assert session["client"] == "S-TEST42"
    assert session["start (year)"] == "2026"
    assert session["session id"] == ""
