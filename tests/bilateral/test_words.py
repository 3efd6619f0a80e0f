"""What a person types becomes the wish that was meant, or a sentence that helps."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapconsole.bilateral import wishes as ws
from kapconsole.bilateral.events import Channel, StopKind
from kapconsole.bilateral.words import WORDS, BadWords


def read(text: str) -> ws.BilateralWish:
    first, second, *rest = text.split(" ")
    return WORDS[f"{first} {second}"][1]([word.replace("_", " ") for word in rest])


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("bls start calm-place", ws.StartSet("calm-place")),
        (
            "bls start body-scan rate 0,8 cycles 10 channels audio,light sud 6",
            ws.StartSet("body-scan", 0.8, 10, channels=(Channel.LIGHT, Channel.AUDIO), sud_before=6),
        ),
        ("bls change level -33", ws.ChangeSet(level_dbfs=-33.0)),
        ("bls stop", ws.StopSet()),
        ("bls finish", ws.StopSet(StopKind.FINISH_PASS)),
        ("bls rate sud 4 voc 5 body tight_shoulders", ws.RateSet(None, None, 4, 5, "tight shoulders")),
        ("bls screening migraine=no seizures=unknown", ws.AnswerScreening({"migraine": False, "seizures": None})),
        ("bls rehearsed two taps", ws.RehearseStop("two taps")),
        ("bls rehearsed", ws.RehearseStop()),
        ("bls fast", ws.ConfirmFastRate()),
        ("bls override eyes are steady", ws.OverrideDosingDay("eyes are steady")),
        ("bls guide", ws.MoveGuide()),
        ("bls guide scene art", ws.MoveGuide("scene", "art")),
    ],
)
def test_words_become_wishes(text: str, wish: ws.BilateralWish) -> None:
    assert read(text) == wish


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bls start", "which preset"),
        ("bls start calm-place tempo 3", "'tempo' is not known"),
        ("bls start calm-place rate", "'rate' wants a value"),
        ("bls start calm-place rate fast", "'fast' is no number"),
        ("bls start calm-place channels smell", "light, bar, audio, tactile"),
        ("bls change", "change what"),
        ("bls change cycles 3", "'cycles' is not known"),
        ("bls rate sud four", "no whole number"),
        ("bls screening migraine", "yes, no or unknown"),
        ("bls stop please", "nothing may follow"),
        ("bls guide a b c", "nothing may follow"),
    ],
)
def test_what_is_no_wish_is_answered_in_words(text: str, words: str) -> None:
    with pytest.raises(BadWords, match=words):
        read(text)


@settings(deadline=None)
@given(st.sampled_from(sorted(WORDS)), st.lists(st.text(max_size=8), max_size=6))
def test_any_words_are_a_wish_or_an_answer(name: str, words: list[str]) -> None:
    try:
        wish = WORDS[name][1](words)
    except BadWords:
        return
    assert isinstance(wish, ws.BilateralWish)
