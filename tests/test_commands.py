"""Words to commands: what a script or a foot switch may say."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapconsole.commands import COMMANDS, BadCommand, CuffStart, CuffStop, Dose, End, Mark, Note, Phase, parse_command


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("cuff start", CuffStart()),
        ("cuff start neonatal", CuffStart(patient="neonatal")),
        ("CUFF STOP", CuffStop()),
        ("note hand held, per consent", Note(text="hand held, per consent")),
        ("note", Note()),
        ("mark 3", Mark(label="3")),
        ("phase", Phase()),
        ("phase inward", Phase(phase="inward")),
        ("dose im 60", Dose(route="im", amount_mg=60)),
        ("dose SL 200mg", Dose(route="sl", amount_mg=200)),
        ("dose im 60,5", Dose(route="im", amount_mg=60.5)),
        ("dose im 60 esketamine", Dose(route="im", amount_mg=60, drug="esketamine")),
        ("end", End()),
    ],
)
def test_words_that_mean_something(words: str, command: object) -> None:
    assert parse_command(words.split()) == command


@pytest.mark.parametrize(
    "words", ["", "dance", "cuff", "cuff start dog", "cuff stop now", "phase limbo", "dose", "dose im", "dose im x",
              "dose im 0", "dose im 1e9", "dose im nan", "dose im 60 a b", "dose im 60 60", "cue", "end now"]
)  # fmt: skip
def test_words_that_mean_nothing_say_what_would(words: str) -> None:
    with pytest.raises(BadCommand) as refusal:
        parse_command(words.split())
    assert str(refusal.value)


@given(st.lists(st.one_of(st.sampled_from(["cuff", "start", "dose", "im", "phase", *COMMANDS]), st.text()), max_size=5))
def test_any_words_are_a_command_or_a_refusal(words: list[str]) -> None:
    with contextlib.suppress(BadCommand):
        assert parse_command(words).__struct_config__.tag
