"""The files: what may be shipped, exact wording, a clinic's own files, errors that name the file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kapconsole.clinical.instruments.catalog import load_instruments, load_safety_prompt
from kapconsole.clinical.instruments.model import InstrumentError

ALL = load_instruments()


def test_full_text_only_where_that_is_free() -> None:
    full = {name for name, instrument in ALL.items() if instrument.text == "full"}
    assert full == {"phq-9", "gad-7", "pcl-5", "pcl-5-week", "ham-a", "sud", "voc"}
    for name in ("caps-5", "c-ssrs", "madrs", "cadss", "cadss-6", "poss", "meq-30"):
        assert ALL[name].items == ()
        assert ALL[name].stem == ""


@pytest.mark.parametrize(
    ("name", "number", "words"),
    [
        ("phq-9", 1, "Little interest or pleasure in doing things"),
        ("phq-9", 9, "Thoughts that you would be better off dead or of hurting yourself in some way"),
        ("gad-7", 7, "Feeling afraid as if something awful might happen"),
        ("pcl-5", 16, "Taking too many risks or doing things that could cause you harm?"),
        ("ham-a", 14, "Behaviour at interview"),
    ],
)
def test_the_wording_is_the_published_one(name: str, number: int, words: str) -> None:
    assert ALL[name].items[number - 1] == words


@pytest.mark.parametrize("name", ["phq-9", "gad-7"])
def test_the_credit_line_is_there(name: str) -> None:
    assert ALL[name].credit.endswith("No permission required to reproduce, translate, display or distribute.")
    assert "Spitzer" in ALL[name].credit


def test_no_band_or_result_names_an_illness() -> None:
    shown = [band.label for held in ALL.values() for band in held.bands]
    shown += [result.text for held in ALL.values() for result in held.results]
    shown += [cut.text for held in ALL.values() for cut in held.cutoffs] + [held.rule for held in ALL.values()]
    for words in shown:
        assert not re.search(r"depress|anxi|ptsd|disorder|diagnos|suicid|episode", words, re.IGNORECASE), words


def test_every_band_has_a_source() -> None:
    assert all(instrument.band_source for instrument in ALL.values() if instrument.bands)


def test_a_clinic_changes_and_adds(tmp_path: Path) -> None:
    (tmp_path / "pcl-5.toml").write_text('inherits = "sud"\n')
    (tmp_path / "pcl-5.toml").unlink()
    (tmp_path / "sleep.toml").write_text(
        'inherits = "sud"\nid = "sleep"\nname = "Sleep"\ntitle = "Sleep last night"\nversion = "ours-1"\n'
        'stem = "How did you sleep?"\nduring_session = false\n',
        "utf-8",
    )
    (tmp_path / "safety").mkdir()
    (tmp_path / "safety" / "prompt.toml").write_text(
        'version = 7\ntitle = "Call"\nlines = ["Call 117"]\nactions = ["called"]\n'
    )
    held = load_instruments(tmp_path)
    assert held["sleep"].stem == "How did you sleep?"
    assert held["sud"] == ALL["sud"]
    assert load_safety_prompt(tmp_path).lines == ("Call 117",)
    assert load_safety_prompt().version == 1


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("no toml [", "odd.toml: not TOML"),
        ('inherits = "nothing"', "odd: inherits"),
        ('inherits = "phq-9"\nname = "Mine"', "call themselves phq-9"),
        ('inherits = "phq-9"\nid = "odd"\nmaximum = 30', "give 0 to 27"),
        ('inherits = "phq-9"\nid = "odd"\nbands = [{from=0,to=4,label="a"},{from=6,to=27,label="b"}]', "leave a gap"),
        ('inherits = "phq-9"\nid = "odd"\nband_source = ""', "need a band_source"),
        ('inherits = "phq-9"\nid = "odd"\nsafety = [{item=10,at_least=1,words="x"}]', "not there"),
        ('inherits = "phq-9"\nid = "odd"\ncolour = "blue"', "odd: .*colour"),
        ('inherits = "madrs"\nid = "odd"\nitems = ["Sadness"]', "may not be there"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, match: str) -> None:
    (tmp_path / "odd.toml").write_text(text)
    with pytest.raises(InstrumentError, match=match):
        load_instruments(tmp_path)
