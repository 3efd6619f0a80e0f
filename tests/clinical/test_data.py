"""The clinical data: what ships fits together, a clinic changes one thing, and every mistake is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from kapconsole.alarms.wishes import RED_FLAGS
from kapconsole.clinical.data import ClinicalDataError, load


def site(folder: Path, name: str, text: str) -> Path:
    (folder / f"{name}.toml").write_text(text, "utf-8")
    return folder


def test_what_ships_covers_every_route_phase_and_red_flag() -> None:
    data = load()
    assert set(data.routes.routes) == {"iv", "im", "in", "sl", "po", "pr"}
    assert data.visits.visits["dosing"].phases[0] == "screening"
    assert set(data.visits.visits) == {"dosing", "integration", "preparation"}
    assert {effect.red_flag for effect in data.scales.effects.values() if effect.red_flag} == set(RED_FLAGS)
    assert data.routes.routes["iv"].readings_min == (10, 20, 30, 40)
    assert data.routes.routes["in"].mandatory_min == (40,)
    assert data.routes.routes["iv"].mandatory_min == (40,)


def test_a_clinic_changes_one_thing_and_the_rest_stays(tmp_path: Path) -> None:
    text = 'version = 3\nstored_by = "Dr A"\n[routes.im]\nstay_min = 150\n[routes.pr]\noff = true\n'
    data = load(site(tmp_path, "routes", text))
    packaged = load()
    assert data.routes.routes["im"].stay_min == 150
    assert data.routes.routes["im"].readings_min == packaged.routes.routes["im"].readings_min
    assert "pr" not in data.routes.routes
    assert data.versions["routes"].startswith("1+3 by Dr A ")
    assert data.versions["routes"] != packaged.versions["routes"]
    assert data.versions["marks"] == packaged.versions["marks"]


def test_a_key_gets_another_word(tmp_path: Path) -> None:
    data = load(site(tmp_path, "marks", 'version = 1\n[marks.2]\nlabel = "reaches out"\n'))
    assert data.marks.marks["2"].label == "reaches out"
    assert data.marks.marks["1"].label == "crying"


def test_no_folder_is_no_mistake(tmp_path: Path) -> None:
    assert load(tmp_path / "none").versions == load().versions


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("routes", "version = 1\n[routes.im\n", "routes.toml: not TOML"),
        ("routes", "[routes.im]\nstay_min = 1\n", "version must be a whole number"),
        ("routes", "version = true\n", "version must be a whole number"),
        ("routes", "version = 1\nstored_by = 5\n", "stored_by must be a text"),
        ("routes", "version = 1\n[routes.im]\nstay = 150\n", "unknown field `stay`"),
        ("routes", 'version = 1\n[routes.im]\nstay_min = "long"\n', r"\$.routes\[...\].stay_min"),
        ("routes", "version = 1\n[routes.im]\nmandatory_min = [7]\n", "routes.im: mandatory_min"),
        ("routes", "version = 1\n[routes.im]\ncourse = [[0, 5, 1], [10, 0, 1]]\n", "low edge lies above"),
        ("routes", "version = 1\n[routes.im]\nleast_mg = 500\n", "least_mg must lie below"),
        ("routes", "version = 1\n[schedule]\napart_s = 60\n", "apart_s is 120 or more"),
        ("routes", 'version = 1\n[schedule]\nprompts = ["tea"]\n', "unknown prompt tea"),
        ("routes", "version = 1\n[routes.im.staffing]\nshaman = 1\n", "unknown role shaman"),
        ("visits", 'version = 1\n[visits.dosing.gates]\ndose = ["luck"]\n', "unknown item luck"),
        ("visits", 'version = 1\n[visits.dosing.gates]\nlanding = ["consent"]\n', "unknown phase landing"),
        ("visits", 'version = 1\n[visits.preparation]\nphases = ["prepare", "screening"]\n', "in the order"),
        ("visits", 'version = 1\n[items.luck]\nlabel = "Luck"\ncheck = "dice"\n', "unknown check dice"),
        ("visits", 'version = 1\n[items.expectations]\naccept = ["maybe"]\n', "not among answers"),
        ("roles", 'version = 1\n[actions.dose]\nroles = ["porter"]\n', "unknown role porter"),
        ("marks", 'version = 1\n[marks.F1]\nlabel = "x"\n', "one digit"),
        ("marks", 'version = 1\n[marks.2]\nneeds = "luck"\n', "no item of visits.toml"),
        ("scales", "version = 1\n[sedation.moaas]\nwatch = 5\n", "must grow"),
        ("scales", 'version = 1\n[effects.nausea]\nred_flag = "nausea"\n', "unknown red flag"),
        ("scales", "version = 1\n[effects.nausea]\noff = true\n", "unknown side effect nausea"),
        ("screening", "version = 1\n[screening.heart]\ndays = 0\n", "one day at least"),
        ("staff", 'version = 1\n[staff.a]\nname = "A"\nroles = ["nurse"]\npin = "1234"\n', "never the PIN itself"),
        ("staff", 'version = 1\n[staff.a]\nname = "A"\nroles = []\n', "at least one role"),
        ("rotues", "version = 1\n", "rotues.toml: no such table"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path: Path, name: str, text: str, words: str) -> None:
    with pytest.raises(ClinicalDataError, match=words) as refused:
        load(site(tmp_path, name, text))
    assert ".toml" in str(refused.value)


def test_a_file_that_is_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "marks.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ClinicalDataError, match=r"marks.toml cannot be read"):
        load(tmp_path)
