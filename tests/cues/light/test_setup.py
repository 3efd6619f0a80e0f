"""light.toml and cue sheets: what is read, and the words for what is wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kapconsole.cues.light.patch import slots_of, switched, universe
from kapconsole.cues.light.setup import (
    DEMO,
    Fixture,
    HueOutput,
    SacnOutput,
    SetupError,
    load_setup,
    parse_setup,
    setup_or_demo,
    too_open,
)
from kapconsole.cues.light.sheet import SheetError, load_sheet, parse_sheet, sheet_names
from kapconsole.cues.light.simulate import report_text, reversals, simulate, zones_of

ROOM = """
safe_level = 25
[zone.ceiling]
label = "Ceiling"
[zone.path]
floor = 6
staff = true
[output.stage]
driver = "sacn"
host = "10.0.0.7"
universe = 2
keeper = true
[output.bridge]
driver = "hue"
host = "https://10.0.0.9"
key = "K"
group = "1f0c"
[[fixture]]
zone = "ceiling"
output = "stage"
address = 10
kind = "dimmer16"
curve = "cie"
[[fixture]]
zone = "path"
output = "bridge"
"""


def test_a_room_is_read() -> None:
    room = parse_setup(ROOM)
    assert room.output["stage"] == SacnOutput("10.0.0.7", 2, keeper=True)
    assert isinstance(room.output["bridge"], HueOutput)
    assert (room.staff_zone, room.label("ceiling"), room.label("path")) == ("path", "Ceiling", "Path")
    assert not room.simulated


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("[zone.ceiling]", "[zone.ceiling", "at line"),
        ('zone = "ceiling"', 'zone = "cellar"', r"fixture 1: there is no \[zone.cellar\]"),
        ('output = "stage"', 'output = "stag"', r"fixture 1: there is no \[output.stag\]"),
        ("address = 10", "address = 512", "slots 512 to 513 are not in 1 to 512"),
        ("floor = 6", "floor = 600", "zone path: floor = 600 is not in 0 to 100"),
        ("safe_level = 25", "safe_level = 2", "safe_level must be at least 5"),
        ("universe = 2", "universe = 0", "output stage: universe 1 to 63999"),
        ('kind = "dimmer16"', 'kind = "laser"', "Invalid enum value 'laser'"),
        ('driver = "hue"', 'driver = "lava"', "Invalid value 'lava'"),
        ('key = "K"', "", "missing required field `key`"),
        ("https://10.0.0.9", "http://10.0.0.9", "begins with https"),
        ("label = ", "labl = ", "unknown field `labl`"),
        ('[[fixture]]\nzone = "path"', '[[fixture]]\nzone = "ceiling"', "zone path has no fixture"),
        ("keeper = true", "keeper = true\npriority = 80", "above the keeper's 80"),
    ],
)
def test_what_is_wrong_is_said(before: str, after: str, words: str) -> None:
    assert before in ROOM
    with pytest.raises(SetupError, match=words):
        parse_setup(ROOM.replace(before, after, 1))


def test_two_fixtures_may_not_share_a_slot() -> None:
    twice = ROOM + '[[fixture]]\nzone = "path"\noutput = "stage"\naddress = 11\n'
    with pytest.raises(SetupError, match="fixtures 1 and 3 share slot 11 of stage"):
        parse_setup(twice)


def test_without_a_file_there_is_a_simulated_lamp_and_with_a_damaged_one_too(tmp_path: Path) -> None:
    assert load_setup(tmp_path) is DEMO
    (tmp_path / "light.toml").write_text("zone = 3")
    setup, words = setup_or_demo(tmp_path)
    assert setup is DEMO
    assert "no lamp is used" in words
    assert "light.toml" in words


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps its own rights")
def test_a_file_with_keys_that_others_can_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "light.toml"
    path.write_text(ROOM)
    path.chmod(0o644)
    assert "chmod 600" in too_open(tmp_path)
    path.chmod(0o600)
    assert too_open(tmp_path) == ""


# -- what lamps get -------------------------------------------------------------------------------------------------


def test_fixtures_get_their_slots() -> None:
    assert slots_of(Fixture("z", "o"), 50) == bytes((128,))
    assert slots_of(Fixture("z", "o", curve="cie"), 50) == bytes((47,))
    assert slots_of(Fixture("z", "o", kind="dimmer16", curve="cie"), 50) == (12071).to_bytes(2, "big")
    red, green, blue = slots_of(Fixture("z", "o", kind="rgb"), 100, 2700)
    assert red == 255 > green > blue > 0
    assert slots_of(Fixture("z", "o", kind="rgbw"), 50) == bytes((0, 0, 0, 128))
    assert slots_of(Fixture("z", "o", kind="cct"), 100, 2700) == bytes((255, 0))
    assert slots_of(Fixture("z", "o", kind="cct"), 100, 9000) == bytes((0, 255))


def test_a_lamp_is_never_given_less_than_it_can_glow() -> None:
    fixture = Fixture("z", "o", minimum=12)
    assert slots_of(fixture, 5) == slots_of(fixture, 12)
    assert slots_of(fixture, 0) == b"\0"


def test_a_switch_has_hysteresis_around_half() -> None:
    assert [switched(level, False) for level in (50, 55, 56)] == [False, False, True]
    assert [switched(level, True) for level in (50, 46, 45)] == [True, True, False]
    fixtures = [Fixture("z", "o", address=7, kind="switch")]
    on = universe(fixtures, {"z": 60}, {})
    assert on[6] == 255
    assert universe(fixtures, {"z": 50}, {}, on)[6] == 255
    assert universe(fixtures, {"z": 50}, {})[6] == 0


# -- cue sheets -----------------------------------------------------------------------------------------------------

CUES = """
[[light]]
id = "one"
zones = { ceiling = 60, path = { level = 20, cct_k = 2700 } }
[[light]]
id = "two"
zones = { ceiling = 0, path = 0 }
fade_down_s = 30
follow_s = 60
[[light]]
id = "three"
zones = { all = 50 }
trigger = "phase emerge"
fade_up_s = 30
"""


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('id = "two"', 'id = "one"', "there twice"),
        ("ceiling = 0, path = 0", "ceiling = 0", "cue two does not state path"),
        ("ceiling = 0,", "ceiling = 120,", "level of ceiling is not in 0 to 100"),
        ("follow_s = 60", "follow_s = 60\nhang_s = 1", "may have one"),
        ("follow_s = 60", "follow_s = -1", "not negative"),
        ("phase emerge", "phase moon", "phases are prepare"),
        ("2700", "900", "not in 1800 to 6500 K"),
        ("fade_down_s = 30", 'fade_down_s = "30"', "Expected `float`"),
        ("fade_down_s", "fade_dwon_s", "unknown field `fade_dwon_s`"),
        ("fade_down_s = 30", "fade_down_s = 9999", "0 to 3600 s"),
    ],
)
def test_what_is_wrong_with_a_sheet_is_said(before: str, after: str, words: str) -> None:
    assert before in CUES
    with pytest.raises(SheetError, match=words):
        parse_sheet(CUES.replace(before, after, 1), "mine")


def test_a_clinics_own_sheet_comes_before_the_packaged_one(tmp_path: Path) -> None:
    assert load_sheet("session", tmp_path).name == "Usual session"
    (tmp_path / "session.toml").write_text(CUES)
    (tmp_path / "evening.toml").write_text(CUES)
    assert [cue.id for cue in load_sheet("session", tmp_path).light] == ["one", "two", "three"]
    assert sheet_names(tmp_path) == ["evening", "session"]
    with pytest.raises(SheetError, match="there are: evening, session"):
        load_sheet("morning", tmp_path)
    with pytest.raises(SheetError, match="is no name"):
        load_sheet("../session", tmp_path)


def test_the_simulation_keeps_floors_follows_on_and_tells_what_lamps_cannot_do() -> None:
    room = parse_setup(ROOM.replace("dimmer16", "dimmer").replace('zone = "path"', 'zone = "path"\nkind = "switch"'))
    sheet = parse_sheet(CUES, "mine")
    simulation = simulate(sheet, room)
    assert simulation.problems == ()
    assert min(sample.levels["path"] for sample in simulation.samples) == 6
    notes = "\n".join(simulation.notes)
    assert "cue two: fixture 1 (ceiling) has 8 bits" in notes
    assert "cue three: fixture 2 (path) only switches" in notes
    assert "cue three comes up in 30 s; 120 s or more are usual" in notes
    two = next(sample.at_s for sample in simulation.samples if sample.cue == "two")
    three = next(sample.at_s for sample in simulation.samples if sample.cue == "three")
    assert abs(three - two - 60) < 0.2, "the follow-on came at another time"
    text = report_text(sheet, room, simulation)
    assert "up 10 s, down 30 s; next after 60 s" in text
    assert "the floors and the limits on fades hold" in text


def test_a_sheet_is_checked_away_from_its_room() -> None:
    assert list(zones_of(parse_sheet(CUES, "mine")).zone) == ["ceiling", "path"]
    assert list(zones_of(load_sheet()).zone) == ["room"]
    assert simulate(load_sheet(), DEMO).problems == ()


def test_reversals_are_counted_where_they_are() -> None:
    assert reversals([(0, 0), (1, 50), (2, 38), (3, 50), (4, 49), (5, 90)]) == [2, 3]
    assert reversals([(at, float(at % 5)) for at in range(100)]) == []
