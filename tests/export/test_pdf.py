"""The summary that a physician files: what stands on it, and that it stays within three pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pypdfium2
import pytest

from kapconsole.export.paper import printable, text_width, wrapped
from kapconsole.export.pdf import PAGES, export_pdf, summary_pdf
from kapconsole.export.plot import Frame, columns
from kapconsole.export.recorded import Recorded, read_recorded
from kapconsole.export.rems import as_part, fields, wanted
from kapconsole.export.sections import below
from kapconsole.export.supervision import supervision
from kapconsole.export.writing import ExportTrouble
from kapdevices.readings import Metric


def pages_of(document: bytes) -> list[str]:
    """The text of each page, on one line."""
    held = pypdfium2.PdfDocument(document)
    try:
        pages = []
        for page in held:
            text = page.get_textpage()
            pages.append(" ".join(text.get_text_range().split()))
            text.close()
            page.close()
        return pages
    finally:
        held.close()


def test_everything_that_happened_is_on_it(recorded: Recorded) -> None:
    document, count = summary_pdf(recorded)
    pages = pages_of(document)
    text = " ".join(pages)
    assert len(pages) == count <= PAGES
    for words in (
        "K-17",
        "2026-03-05",
        "ketamine IM 60 mg 0.84 mg/kg",
        "lot LX44",
        "witness Anna Ruiz",
        "!!! high",
        "acknowledged after 18 s",
        "below 92 for 1 min 59 s",
        "descent",
        "152/95",
        "cuff loose",
        "PHQ-9 16 moderately severe; source: Kroenke 2001",
        "asked; prescriber informed (nurse)",
        "8 → 6",
        "Zärtlich, ohne Eile.",
        "Passed over: Fasting",
        "escort Mathilde Ruiz",
        "Nora Lind (nurse)",
        "whole and unchanged",
    ):
        assert words in text, words
    for number, page in enumerate(pages, 1):
        assert f"page {number} of {count}" in page
        assert recorded.summary.head_code in page
        assert "The log is the record; this is not." in page


def test_a_corrected_note_shows_what_it_said_before(recorded: Recorded) -> None:
    text = " ".join(pages_of(summary_pdf(recorded)[0]))
    assert "=1+1 corrected: Wildschweinfährte, tears SpO₂ ✓ □ [before: Wildschweinfährte 5: tears" in text


def test_times_are_those_of_the_place_of_the_session(recorded: Recorded) -> None:
    text = " ".join(pages_of(summary_pdf(recorded)[0]))
    assert "10:10:00 +0 min ketamine" in text  # 09:10 UTC in Berlin


@pytest.mark.parametrize("size", ["a4", "letter"])
def test_a_session_with_too_much_is_cut_to_three_pages_and_says_so(
    day: ModuleType, tmp_path: Path, no_passphrase: Callable[[], str], size: str
) -> None:
    long = day.dosing_day(minutes=20, notes=400, waves=0)
    recorded = read_recorded(long.write(tmp_path / "long.kaplog"), no_passphrase)
    document, count = summary_pdf(recorded, size=size)
    text = " ".join(pages_of(document))
    assert count == len(pages_of(document)) == PAGES
    assert "more: in the session log and in its tables" in text
    assert "lot LX44" in text
    assert "Nora Lind (nurse)" in text


def test_an_empty_session_has_a_page(day: ModuleType, tmp_path: Path, no_passphrase: Callable[[], str]) -> None:
    path = day.Day("").write(tmp_path / "empty.kaplog", close=False)
    document, count = summary_pdf(read_recorded(path, no_passphrase))
    (text,) = pages_of(document)
    assert count == 1
    assert "(no code)" in text
    assert "NOT CLOSED" in text
    assert "no readings" in text


def test_a_changed_file_is_called_changed(recorded: Recorded) -> None:
    import msgspec

    from kapconsole.record.verify import Finding

    assert recorded.verified is not None
    broken = msgspec.structs.replace(recorded.verified, ok=False, findings=(Finding(7, "Row 7 was changed."),))
    text = pages_of(summary_pdf(recorded._replace(verified=broken))[0])[0]
    assert "NOT as it was written" in text
    assert "Row 7 was changed." in text


def test_the_same_session_gives_the_same_bytes(recorded: Recorded) -> None:
    assert summary_pdf(recorded) == summary_pdf(recorded)


def test_a_supervision_copy_has_no_day_and_no_name(recorded: Recorded) -> None:
    document, _ = summary_pdf(supervision(recorded, "S-TEST42"))
    text = " ".join(pages_of(document))
    assert "S-TEST42" in text
    assert "2026" in text
    for gone in ("2026-03-05", "K-17", "Lind", "Ruiz", "Berg", "LX44", "Wildschwein", recorded.summary.head_code):
        assert gone not in text, gone
        assert gone.encode() not in document, gone
    for kept in ("152/95", "Mark: crying", "Note (taken out)", "(taken out) (nurse), escort (taken out)", "8 → 6"):
        assert kept in text, kept
    assert "signed" not in text.replace("Signed in the session", "")


def test_the_form_is_filled_from_the_log(day: ModuleType, tmp_path: Path, no_passphrase: Callable[[], str]) -> None:
    made = day.Day("K-9")
    made.device()
    made.cuff(5, 130, 80)
    made.dose(10, 56, "esketamine", "in")
    made.at(10, "dose-recorded", number=1, lot="E77")
    made.cuff(49, 158, 96)
    made.cuff(55, 150, 90)
    made.at(30, "sedation-scored", scale="MOAA/S", score=3)
    made.at(60, "sedation-scored", scale="moaas", score=5)
    made.at(25, "side-effect-graded", effect="dissociation", grade=2)
    made.at(70, "side-effect-graded", effect="dissociation", grade=0)
    made.cuff(120, 135, 84)
    made.at(140, "discharged", person="N", role="nurse", items=[])
    recorded = read_recorded(made.write(tmp_path / "e.kaplog"), no_passphrase)
    assert wanted(recorded)
    held = {field.name: field.value for field in fields(recorded)}
    assert held["Dose, mg"] == "56"
    assert held["Lot"] == "E77"
    assert held["Minutes from first device to end"] == "130"
    assert held["Blood pressure before"] == "130/80 mmHg at −5 min"
    assert held["Blood pressure at 40 min"] == "158/96 mmHg at 39 min"
    assert held["Blood pressure at the end"] == "135/84 mmHg at 110 min"
    assert held["Sedation, onset and end"] == "from minute 20 to 50, lowest 3"
    assert held["Dissociation, onset and end"] == "from minute 15 to 60"
    assert held["Sex"] == "not recorded"
    document, _ = summary_pdf(recorded, extra=[as_part(recorded)])
    assert "Esketamine monitoring form" in " ".join(pages_of(document))


def test_music_that_was_only_planned_is_not_told(
    day: ModuleType, tmp_path: Path, no_passphrase: Callable[[], str]
) -> None:
    made = day.Day()
    made.raw(1, "segment-entered", segment="opening", why="play", ends_us=None, at_us=day.MIN)
    made.raw(2, "segment-entered", segment="descent", why="time", ends_us=None, at_us=90 * day.MIN)
    text = " ".join(pages_of(summary_pdf(read_recorded(made.write(tmp_path / "m.kaplog"), no_passphrase))[0]))
    assert "opening" in text
    assert "descent" not in text


def test_no_form_without_esketamine(recorded: Recorded) -> None:
    assert not wanted(recorded)


def test_it_replaces_nothing_unasked(recorded: Recorded, tmp_path: Path) -> None:
    target = tmp_path / "k.pdf"
    target.write_text("something else")
    with pytest.raises(ExportTrouble, match="--force"):
        export_pdf(recorded, target)
    assert target.read_text() == "something else"
    assert export_pdf(recorded, target, force=True) >= 1
    assert target.read_bytes().startswith(b"%PDF")
    assert list(tmp_path.glob(".kapconsole-*")) == []


def test_a_dip_of_one_second_is_drawn(recorded: Recorded) -> None:
    fed = recorded.timeline.fed(Metric.SPO2, 0, recorded.timeline.end_us)
    values = fed.valid_values.copy()
    values[3000] = 71
    found = columns(fed.times_us, values, Frame(0, 400, 0, recorded.timeline.end_us))
    assert min(low for _, low, _, _, _ in found) == 71
    assert len(found) < 400  # and the hole of four minutes stays one


def test_time_below_a_limit_counts_no_gap_and_no_invalid_value() -> None:
    times = np.array([0, 1, 2, 3, 600, 601], np.int64) * 1_000_000
    values = np.array([95, 89, np.nan, 91, 88, 97], np.float32)
    assert below(times, values, 92) == 1 + 5 + 1


def test_long_words_are_broken_and_unknown_letters_shown_as_boxes() -> None:
    lines = wrapped("Donaudampfschifffahrtsgesellschaft" * 4 + " short", 120, 8)
    assert all(text_width(line, 8) <= 120 for line in lines)
    assert "".join(lines).replace(" ", "") == "Donaudampfschifffahrtsgesellschaft" * 4 + "short"
    assert printable("a漢\tü") == "a□ ü"
