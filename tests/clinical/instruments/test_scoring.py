"""Scores against published rules: every band edge, the cluster rule, no prorating, the safety items."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapconsole.clinical.instruments.catalog import load_instruments
from kapconsole.clinical.instruments.model import Instrument
from kapconsole.clinical.instruments.scoring import change_words, safety_words, score_answers, score_entered
from kapconsole.refusals import Refused

ALL = load_instruments()
FULL = [instrument for instrument in ALL.values() if instrument.text == "full"]


def answers_for(instrument: Instrument, total: int) -> list[int]:
    """Answers that come to `total`, the first items as high as they go."""
    values = sorted(option.value for option in instrument.options)
    answers, left = [], total - values[0] * len(instrument.items)
    for _ in instrument.items:
        more = min(left, values[-1] - values[0])
        answers.append(values[0] + more)
        left -= more
    return answers


@pytest.mark.parametrize(
    ("name", "edges"),
    [
        # Kroenke, Spitzer, Williams 2001: 0-4, 5-9, 10-14, 15-19, 20-27
        (
            "phq-9",
            [
                (0, "minimal"),
                (4, "minimal"),
                (5, "mild"),
                (9, "mild"),
                (10, "moderate"),
                (14, "moderate"),
                (15, "moderately severe"),
                (19, "moderately severe"),
                (20, "severe"),
                (27, "severe"),
            ],
        ),
        # Spitzer et al. 2006: 5, 10, 15
        (
            "gad-7",
            [
                (0, "minimal"),
                (4, "minimal"),
                (5, "mild"),
                (9, "mild"),
                (10, "moderate"),
                (14, "moderate"),
                (15, "severe"),
                (21, "severe"),
            ],
        ),
        (
            "pcl-5",
            [
                (0, "below the usual cut-off range"),
                (30, "below the usual cut-off range"),
                (31, "in the usual cut-off range"),
                (33, "in the usual cut-off range"),
                (34, "above the usual cut-off range"),
                (80, "above the usual cut-off range"),
            ],
        ),
        (
            "ham-a",
            [
                (0, "mild"),
                (17, "mild"),
                (18, "mild to moderate"),
                (24, "mild to moderate"),
                (25, "moderate to severe"),
                (30, "moderate to severe"),
                (31, ""),
                (56, ""),
            ],
        ),
    ],
)
def test_every_edge_of_every_band(name: str, edges: list[tuple[int, str]]) -> None:
    instrument = ALL[name]
    for total, band in edges:
        score = score_answers(instrument, answers_for(instrument, total))
        assert (score.total, score.band) == (total, band)
        assert bool(score.band_source) == bool(band)


@pytest.mark.parametrize(
    ("total", "band"),
    [(0, "0–6"), (6, "0–6"), (7, "7–19"), (19, "7–19"), (20, "20–34"), (34, "20–34"), (35, "35"), (60, "35")],
)
def test_bands_of_an_entered_score(total: int, band: str) -> None:
    assert band in score_entered(ALL["madrs"], total).band


def test_the_screening_cut_off_names_its_source() -> None:
    assert score_answers(ALL["phq-9"], answers_for(ALL["phq-9"], 9)).notes == ()
    (note,) = score_answers(ALL["phq-9"], answers_for(ALL["phq-9"], 10)).notes
    assert "Kroenke 2001" in note


@pytest.mark.parametrize("instrument", FULL, ids=lambda held: held.id)
def test_a_missing_answer_is_never_made_up_for(instrument: Instrument) -> None:
    if len(instrument.items) == 1:
        with pytest.raises(Refused, match="nothing was answered"):
            score_answers(instrument, [None])
        return
    answers: list[int | None] = list(answers_for(instrument, int(instrument.maximum)))
    answers[1] = None
    score = score_answers(instrument, answers)
    assert (score.total, score.band, score.missing) == (None, "", (2,))
    assert all(2 not in part.items for part in instrument.parts if part.id in score.parts)


@given(st.data())
def test_a_total_is_the_sum_and_lies_in_its_range(data: st.DataObject) -> None:
    instrument = data.draw(st.sampled_from(FULL))
    values = [option.value for option in instrument.options]
    count = len(instrument.items)
    answers = data.draw(st.lists(st.sampled_from(values), min_size=count, max_size=count))
    score = score_answers(instrument, answers)
    assert score.total == sum(answers)
    assert instrument.minimum <= score.total <= instrument.maximum
    for part in instrument.parts:
        assert score.parts[part.id] == sum(answers[number - 1] for number in part.items)


# --- PCL-5: at least 1 B (1-5), 1 C (6-7), 2 D (8-14), 2 E (15-20) rated 2 or more ---------------------------------


def pcl(rated: set[int], others: int | None = 0) -> list[int | None]:
    return [2 if number in rated else others for number in range(1, 21)]


@pytest.mark.parametrize(
    ("rated", "met"),
    [
        ({1, 6, 8, 9, 15, 16}, True),
        ({5, 7, 13, 14, 19, 20}, True),
        ({6, 8, 9, 15, 16}, False),
        ({1, 8, 9, 15, 16}, False),
        ({1, 6, 8, 15, 16}, False),
        ({1, 6, 8, 9, 15}, False),
        (set(range(1, 21)), True),
    ],
)
def test_the_cluster_rule(rated: set[int], met: bool) -> None:
    assert score_answers(ALL["pcl-5"], pcl(rated, 1)).rule_met is met


def test_the_cluster_rule_and_missing_answers() -> None:
    # Met by what was answered: no missing answer can change that. Not met: nobody knows.
    assert score_answers(ALL["pcl-5"], pcl({1, 6, 8, 9, 15, 16}, None)).rule_met is True
    assert score_answers(ALL["pcl-5"], pcl({1, 6, 8, 9}, None)).rule_met is None


def test_the_weekly_form_has_no_bands_of_the_monthly_one() -> None:
    week = ALL["pcl-5-week"]
    score = score_answers(week, [4] * 20)
    assert (score.total, score.band) == (80, "")
    assert score.rule_met is True
    assert "past week" in week.stem
    assert "past month" not in week.instructions
    assert week.items == ALL["pcl-5"].items


# --- entered scores -------------------------------------------------------------------------------------------------


def test_parts_add_up_to_the_total() -> None:
    parts = {"depersonalisation": 10, "derealisation": 20, "amnesia": 3}
    assert score_entered(ALL["cadss"], parts=parts).total == 33
    assert score_entered(ALL["cadss"], 33, parts).total == 33
    with pytest.raises(Refused, match="33, not 34"):
        score_entered(ALL["cadss"], 34, parts)
    assert score_entered(ALL["cadss"], 40).total == 40


@pytest.mark.parametrize(("mystical", "met"), [(45, True), (44, False)])
def test_meq_30_asks_for_60_percent_of_each_part(mystical: int, met: bool) -> None:
    parts = {"mystical": mystical, "mood": 18, "transcendence": 18, "ineffability": 9}
    assert score_entered(ALL["meq-30"], parts=parts).rule_met is met


@pytest.mark.parametrize(
    ("name", "total", "match"),
    [("caps-5", 81, "0 to 80"), ("caps-5", -1, "0 to 80"), ("caps-5", 3.5, "whole number"), ("caps-5", None, "total")],
)
def test_what_cannot_be_is_refused(name: str, total: float | None, match: str) -> None:
    with pytest.raises(Refused, match=match):
        score_entered(ALL[name], total)


def test_text_and_scores_are_not_mixed_up() -> None:
    with pytest.raises(Refused, match="answers"):
        score_entered(ALL["phq-9"], 12)
    with pytest.raises(Refused, match="may not be shipped"):
        score_answers(ALL["madrs"], [1] * 10)
    with pytest.raises(Refused, match="none of its answers"):
        score_answers(ALL["phq-9"], [4] * 9)
    with pytest.raises(Refused, match="9 items"):
        score_answers(ALL["phq-9"], [0] * 8)
    with pytest.raises(Refused, match="is one of"):
        score_entered(ALL["c-ssrs"], result="severe")


# --- safety and change ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ninth", "asks"), [(0, False), (1, True), (2, True), (3, True), (None, False)])
def test_item_nine_leads_to_the_safety_prompt(ninth: int | None, asks: bool) -> None:
    assert bool(safety_words(ALL["phq-9"], [3, 3, 3, 3, 3, 3, 3, 3, ninth])) is asks


@pytest.mark.parametrize(("result", "asks"), [("none", False), ("low", False), ("moderate", True), ("high", True)])
def test_the_screener_s_result_leads_to_the_safety_prompt(result: str, asks: bool) -> None:
    assert bool(safety_words(ALL["c-ssrs"], (), result)) is asks


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (20, 16, "fewer points: −4"),
        (20, 15, "at least 5 points"),
        (8, 4, "at least halved"),
        (4, 9, "more points: +5; a change of at least 5 points"),
        (5, 5, ""),
    ],
)
def test_change_is_said_with_its_source(before: int, after: int, words: str) -> None:
    said = change_words(ALL["phq-9"], before, after)
    assert words in said
    assert bool(said) == bool(words)
    assert ("halved" in said) == (before > after and after * 2 <= before)
