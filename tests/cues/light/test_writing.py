"""Cue sheets written and read again; the file that was there before is never lost."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapconsole.cues.light.sheet import CueLevel, CueSheet, LightCueEntry, SheetError, load_sheet, parse_sheet
from kapconsole.cues.light.writing import sheet_text, store_sheet
from kapconsole.session.phases import PHASES

SECONDS = st.floats(0, 3600) | st.integers(0, 3600).map(float)
PERCENT = st.floats(0, 100)
WORDS = st.text(st.characters(codec="utf-8"), max_size=20)
LEVELS = PERCENT | st.builds(CueLevel, PERCENT, st.none() | st.integers(1800, 6500))
TRIGGERS = st.sampled_from(["", "music build", *(f"phase {name}" for name in PHASES)])


@st.composite
def sheets(draw: st.DrawFn) -> CueSheet:
    """Any sheet that may be used."""
    cues = []
    for id_ in draw(st.lists(WORDS.filter(bool), min_size=1, max_size=4, unique=True)):
        zones = {"all": draw(LEVELS)} | draw(st.dictionaries(WORDS, LEVELS, max_size=3))
        after = draw(st.sampled_from(["follow_s", "hang_s", ""]))
        seconds = draw(SECONDS)
        cues.append(
            LightCueEntry(
                id_,
                zones,
                draw(WORDS),
                draw(SECONDS),
                draw(SECONDS),
                seconds if after == "follow_s" else None,
                -seconds if after == "hang_s" else None,
                draw(st.booleans()),
                draw(st.booleans()),
                draw(TRIGGERS),
            )
        )
    return CueSheet(draw(WORDS), tuple(cues), draw(st.integers(0, 999)), draw(WORDS))


def plain(sheet: CueSheet) -> CueSheet:
    """The sheet with every level as a CueLevel: what a level means, however it was written."""
    cues = tuple(
        msgspec.structs.replace(cue, zones={zone: cue.level(zone) for zone in cue.zones}) for cue in sheet.light
    )
    return msgspec.structs.replace(sheet, light=cues)


@given(sheets())
def test_what_is_written_is_read_as_the_same_sheet(sheet: CueSheet) -> None:
    assert plain(parse_sheet(sheet_text(sheet))) == plain(sheet)


def test_the_first_own_sheet_takes_the_place_of_the_packaged_one(tmp_path: Path) -> None:
    folder = tmp_path / "lights"
    packaged = load_sheet(site=folder)
    written = store_sheet(packaged, folder)
    assert load_sheet(site=folder) == written
    assert (written.version, written.light) == (packaged.version + 1, packaged.light)
    assert [path.name for path in folder.iterdir()] == ["session.toml"]


def test_each_old_file_is_kept_byte_for_byte_under_its_version(tmp_path: Path) -> None:
    own = "# by hand\n" + sheet_text(msgspec.structs.replace(load_sheet(), version=4))
    (tmp_path / "session.toml").write_text(own, "utf-8")
    written = store_sheet(load_sheet(), tmp_path)
    assert written.version == 5
    assert (tmp_path / "session.v4.toml").read_text("utf-8") == own
    store_sheet(written, tmp_path)
    assert parse_sheet((tmp_path / "session.v5.toml").read_text("utf-8")).version == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["session.toml", "session.v4.toml", "session.v5.toml"]


def test_another_file_with_the_same_version_is_kept_too(tmp_path: Path) -> None:
    for words in ("first", "second"):
        own = sheet_text(msgspec.structs.replace(load_sheet(), version=3, note=words))
        (tmp_path / "session.toml").write_text(own, "utf-8")
        store_sheet(load_sheet(), tmp_path)
    notes = [
        parse_sheet((tmp_path / name).read_text("utf-8")).note for name in ("session.v3.toml", "session.v3-2.toml")
    ]
    assert notes == ["first", "second"]


def test_a_file_that_cannot_be_read_is_kept_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "session.toml").write_bytes(b"name = \xff")
    store_sheet(load_sheet(), tmp_path)
    assert (tmp_path / "session.v0.toml").read_bytes() == b"name = \xff"


def test_a_sheet_that_would_be_refused_leaves_the_file_alone(tmp_path: Path) -> None:
    store_sheet(load_sheet(), tmp_path)
    before = (tmp_path / "session.toml").read_bytes()
    with pytest.raises(SheetError, match="there is no"):
        store_sheet(CueSheet("Empty", ()), tmp_path)
    assert (tmp_path / "session.toml").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["session.toml"]
