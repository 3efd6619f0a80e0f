"""Words to commands: what a script or a foot switch may say."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapconsole.alarms import wishes as ws
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
        ("end the patient went home", End(reason="the patient went home")),
        ("ack", ws.Acknowledge()),
        ("ack 3 4", ws.Acknowledge((3, 4))),
        ("audio pause", ws.PauseAudio()),
        ("AUDIO PAUSE 60s", ws.PauseAudio(60)),
        ("audio resume", ws.ResumeAudio()),
        ("alarm pause spo2 probe moved", ws.PauseAlarm("spo2", "probe moved")),
        ("alarm resume nibp", ws.ResumeAlarm("nibp")),
        ("limit spo2.low 90", ws.ChangeLimits({"spo2.low": 90}, "nurse")),
        (
            "limit spo2.low 86,5 prescriber known lung disease",
            ws.ChangeLimits({"spo2.low": 86.5}, "prescriber", "known lung disease"),
        ),
        ("help-me", ws.CallForHelp()),
        ("call he is choking", ws.CallForHelp("he is choking")),
        ("symptom chest pain", ws.NoteSymptom("chest pain")),
        ("symptom chest pain gone", ws.NoteSymptom("chest pain", present=False)),
        ("limbs same", ws.NoteLimbs(True)),
        ("self-test", ws.AskSelfTest()),
        ("self-test heard", ws.ConfirmSelfTest(True, True)),
        ("self-test not-heard prescriber", ws.ConfirmSelfTest(False, True, "prescriber")),
    ],
)
def test_words_that_mean_something(words: str, command: object) -> None:
    assert parse_command(words.split()) == command


@pytest.mark.parametrize(
    "words", ["", "dance", "cuff", "cuff start dog", "cuff stop now", "phase limbo", "dose", "dose im", "dose im x",
              "dose im 0", "dose im 1e9", "dose im nan", "dose im 60 a b", "dose im 60 60", "cue", "ack one", "ack 0",
              "audio pause soon", "audio pause 60 s", "audio resume now", "alarm pause", "alarm pause spo2",
              "alarm pause fever x", "alarm resume", "alarm resume spo2 now", "limit", "limit spo2.low",
              "limit fever 38", "limit spo2.low nan", "limit spo2.low 90 patient", "symptom hiccup", "limbs",
              "limbs left", "self-test loud", "self-test heard patient"]
)  # fmt: skip
def test_words_that_mean_nothing_say_what_would(words: str) -> None:
    with pytest.raises(BadCommand) as refusal:
        parse_command(words.split())
    assert str(refusal.value)


@given(st.lists(st.one_of(st.sampled_from(["cuff", "start", "dose", "im", "phase", *COMMANDS]), st.text()), max_size=5))
def test_any_words_are_a_command_or_a_refusal(words: list[str]) -> None:
    with contextlib.suppress(BadCommand):
        assert parse_command(words).__struct_config__.tag
