"""Limits, guard ranges and presets: what is refused, and in which words; the desaturation area's vectors."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapconsole.alarms.conditions import CONDITIONS, PARAMETERS, mark
from kapconsole.alarms.continuous import area_after
from kapconsole.alarms.events import Priority
from kapconsole.alarms.limits import (
    BEDSIDE,
    LimitError,
    Preset,
    Settings,
    beyond_guard,
    changed,
    differences,
    doubts,
    flat,
    problems,
    unflat,
)
from kapconsole.alarms.presets import PresetError, load_preset, parse_preset, preset_names

VECTOR_1 = [88, 88, 86, 86, 86, *[84] * 6]
VECTOR_2 = [92, 89, 87, 87, 80]


def areas(values: list[int], inclusive: bool) -> list[float]:
    area, found = 0.0, []
    for value in values:
        area = area_after(area, value, 90, inclusive, 1.0)
        found.append(area)
    return found


def test_at_11_vectors_of_the_desaturation_area_with_an_exclusive_limit() -> None:
    sums = areas(VECTOR_1, inclusive=False)
    assert (sums[1], sums[4], sums[10]) == (4, 16, 52)
    assert next(i for i, area in enumerate(sums, 1) if area >= 50) == 11
    assert areas(VECTOR_2, inclusive=False) == [0, 1, 4, 7, 17]


def test_at_11_vectors_of_the_desaturation_area_with_an_inclusive_limit() -> None:
    sums = areas(VECTOR_1, inclusive=True)
    assert (sums[1], sums[4], sums[9]) == (6, 21, 56)
    assert next(i for i, area in enumerate(sums, 1) if area >= 50) == 10
    assert areas(VECTOR_2, inclusive=True) == [0, 2, 6, 10, 21]


def test_at_11_in_range_the_area_counts_down_to_zero() -> None:
    assert areas([80, 95, 95, 95], inclusive=False) == [10, 5, 0, 0]
    assert areas([88, 90, 90, 90], inclusive=False) == [2, 1, 0, 0]  # at the limit it goes down as well


def test_the_factory_defaults_can_be_and_raise_no_doubt() -> None:
    assert list(problems(Settings())) == []
    assert doubts(Settings()) == ()
    assert Settings().spo2.low >= 85  # least default of ISO 80601-2-61


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"spo2.desat": 93}, "spo2.desat"),
        ({"pulse_rate.low": 116}, "at least 5 below pulse_rate.high"),
        ({"bp.act_sys": 198}, "at least 5 below bp.critical_sys"),
        ({"spo2.low": 30}, "not possible: 50 to 99"),
        ({"spo2.low": float("nan")}, "not possible"),
        ({"timing.audio_pause_s": 60}, "no limit that can be changed"),
        ({"spo2.lower": 90}, "no limit that can be changed"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_else_is_moved(changes: dict[str, float], words: str) -> None:
    with pytest.raises(LimitError, match=words):
        changed(Settings(), changes)


@given(st.dictionaries(st.sampled_from(BEDSIDE), st.floats(allow_nan=True, allow_infinity=True), max_size=4))
def test_any_change_is_made_as_asked_or_refused(changes: dict[str, float]) -> None:
    try:
        after = changed(Settings(), changes)
    except LimitError:
        return
    assert list(problems(after)) == []
    assert {name: flat(after)[name] for name in changes} == changes
    assert {name for name, _, _ in differences(Settings(), after)} <= changes.keys()


def test_pauses_cannot_be_longer_than_the_rules_allow() -> None:
    for name, seconds in (("timing.audio_pause_s", 121.0), ("timing.alarm_pause_s", 181.0), ("timing.reminder_s", 181)):
        with pytest.raises(LimitError, match=name):
            unflat({name: seconds})


def test_a_limit_that_is_as_good_as_off_is_called_so() -> None:
    (words,) = doubts(changed(Settings(), {"spo2.low": 60, "spo2.desat": 60}))[:1]
    assert "spo2.low = 60" in words
    assert "nearly off" in words


def test_guard_ranges() -> None:
    guard = load_preset().guard
    assert beyond_guard(guard, {"spo2.low": 88, "pulse_rate.high": 140}) == ()
    assert beyond_guard(guard, {"spo2.low": 87, "pulse_rate.high": 141}) == ("spo2.low", "pulse_rate.high")


def test_every_packaged_preset_can_be_used() -> None:
    assert preset_names() == ["desaturation-area", "first-sessions", "standard"]
    for name in preset_names():
        preset = load_preset(name)
        assert preset.name == name
        assert preset.note
        assert doubts(preset.settings) == ()
    assert load_preset().settings == Settings()


def test_a_preset_inherits_what_it_does_not_say() -> None:
    standard, tighter = load_preset(), load_preset("first-sessions")
    assert tighter.guard == standard.guard
    names = {name for name, _, _ in differences(standard.settings, tighter.settings)}
    assert names == {"spo2.low", "spo2.delay_s", "pulse_rate.delay_s", "bp.rise_sys", "bp.rise_dia"}


def test_a_sites_own_preset_comes_first(tmp_path: Path) -> None:
    (tmp_path / "standard.toml").write_text('name = "standard"\nversion = 7\n[spo2]\nlow = 94\n')
    (tmp_path / "ours.toml").write_text('name = "ours"\nversion = 1\ninherits = "standard"\n')
    assert load_preset("ours", tmp_path).settings.spo2.low == 94
    assert load_preset("standard", tmp_path).version == 7
    assert "ours" in preset_names(tmp_path)


HEAD = 'name = "x"\nversion = 1\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "preset x: not TOML"),
        ('name = "y"\nversion = 1', "calls itself y"),
        ('name = "x"', "version must be a whole number"),
        ('name = "x"\nversion = true', "version must be a whole number"),
        (HEAD + "colour = 1", "unknown key colour"),
        (HEAD + "[spo2]\nlowest = 90", r"unknown setting spo2\.lowest"),
        (HEAD + '[spo2]\nlow = "90"', "Expected `float`"),
        (HEAD + "[spo2]\nlow = 80", r"spo2\.desat \(85\) must be not above spo2\.low \(80\)"),
        (HEAD + "[timing]\naudio_pause_s = 600", r"timing\.audio_pause_s = 600 is not possible"),
        (HEAD + '[guard]\n"spo2.low" = [94, 96]', "outside its own guard range"),
        (HEAD + '[guard]\n"spo2.lowest" = [94, 96]', "no range of a setting"),
        (HEAD + '[guard]\n"spo2.low" = [96]', "preset x"),
        (HEAD + "spo2 = 3", "spo2 must be a table"),
        (HEAD + 'inherits = "x"', "from itself"),
    ],
)
def test_a_preset_that_cannot_be_used_says_why(text: str, words: str) -> None:
    with pytest.raises(PresetError, match=words):
        parse_preset(text, lambda _: text, "x")


@pytest.mark.parametrize("name", ["nowhere", "../standard", ""])
def test_a_preset_that_is_not_there(name: str, tmp_path: Path) -> None:
    with pytest.raises(PresetError):
        load_preset(name, tmp_path)


def test_the_table_of_conditions_is_whole() -> None:
    assert set(CONDITIONS) == {f"P{number:02}" for number in range(1, 11)} | {
        f"T{number:02}" for number in range(1, 13)
    }
    values = flat(Preset().settings)
    for condition in CONDITIONS.values():
        assert condition.delay == "" or condition.delay in values
        assert condition.parameter == "" or condition.parameter in PARAMETERS
        assert set(condition.covered_by) <= CONDITIONS.keys()
        # The sedation score begins as LOW, which never latches, and may be HIGH.
        assert not condition.latching or condition.priority is Priority.HIGH or condition.id == "P09"
    assert mark(CONDITIONS["P02"], Priority.MEDIUM) == "**"
    assert mark(CONDITIONS["T01"], Priority.LOW) == "!"
