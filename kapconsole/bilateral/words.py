"""Wishes of bilateral stimulation as a person types them: `bls start calm-place channels tactile`, `bls stop`."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from kapconsole.bilateral import wishes as ws
from kapconsole.bilateral.events import Channel, StopKind


class BadWords(ValueError):
    """The words are no wish; the message says what would be."""


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise BadWords(f"{text!r} is no number") from None


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise BadWords(f"{text!r} is no whole number")
    return int(text)


def _channels(text: str) -> tuple[Channel, ...]:
    names = [name for name in text.lower().replace("+", ",").split(",") if name]
    if not names or not set(names) <= set(Channel):
        raise BadWords(f"{text!r}: channels are written light,audio; there are: {', '.join(Channel)}")
    return tuple(channel for channel in Channel if channel in names)


_OPTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "rate": ("rate_cps", _number),
    "cycles": ("cycles", _whole),
    "seconds": ("seconds", _number),
    "sweep": ("sweep_deg", _number),
    "level": ("level_dbfs", _number),
    "channels": ("channels", _channels),
    "sud": ("sud_before", _whole),
}
_RATINGS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "set": ("set_id", _whole),
    "before": ("sud_before", _whole),
    "sud": ("sud_after", _whole),
    "voc": ("voc", _whole),
    "body": ("body_note", str),
    "note": ("therapist_note", str),
}
_CHANGES = {name: _OPTIONS[name] for name in ("rate", "sweep", "level", "channels")}
_ANSWERS = {"yes": True, "no": False, "unknown": None}


def _pairs(words: list[str], known: dict[str, tuple[str, Callable[[str], Any]]]) -> dict[str, Any]:
    if len(words) % 2:
        raise BadWords(f"{words[-1]!r} wants a value" if words[-1] in known else _pairs_of(known, words[-1]))
    found = {}
    for name, value in zip(words[::2], words[1::2], strict=True):
        if name.lower() not in known:
            raise BadWords(_pairs_of(known, name))
        field, read = known[name.lower()]
        found[field] = read(value)
    return found


def _pairs_of(known: dict[str, tuple[str, Callable[[str], Any]]], name: str) -> str:
    return f"{name!r} is not known here; there are, each with its value: {', '.join(known)}"


def _start(words: list[str]) -> ws.BilateralWish:
    if not words:
        raise BadWords("which preset? for example: bls start calm-place channels tactile")
    return ws.StartSet(words[0], **_pairs(words[1:], _OPTIONS))


def _change(words: list[str]) -> ws.BilateralWish:
    if not words:
        raise BadWords(f"change what? for example: bls change rate 0.8; there are: {', '.join(_CHANGES)}")
    return ws.ChangeSet(**_pairs(words, _CHANGES))


def _rate(words: list[str]) -> ws.BilateralWish:
    if not words:
        raise BadWords("for example: bls rate sud 4 voc 5 body 'tight shoulders'")
    return ws.RateSet(**_pairs(words, _RATINGS))


def _screening(words: list[str]) -> ws.BilateralWish:
    answers: dict[str, bool | None] = {}
    for word in words:
        key, sign, answer = word.partition("=")
        if not sign or answer.lower() not in _ANSWERS:
            raise BadWords(f"{word!r}: answers are written migraine=no; yes, no or unknown")
        answers[key] = _ANSWERS[answer.lower()]
    if not answers:
        raise BadWords("for example: bls screening migraine=no seizures=unknown")
    return ws.AnswerScreening(answers)


def _only(make: Callable[[], ws.BilateralWish]) -> Callable[[list[str]], ws.BilateralWish]:
    def parse(words: list[str]) -> ws.BilateralWish:
        if words:
            raise BadWords(f"nothing may follow here, but there was: {shlex.join(words)}")
        return make()

    return parse


WORDS: dict[str, tuple[str, Callable[[list[str]], ws.BilateralWish]]] = {
    "bls start": ("PRESET [rate C] [cycles N] [sweep D] [level L] [channels light,audio] [sud N]   a set", _start),
    "bls change": ("rate C | sweep D | level L | channels A,B   change the running set", _change),
    "bls stop": ("   dark and silent now", _only(ws.StopSet)),
    "bls finish": ("   end with this pass", _only(lambda: ws.StopSet(StopKind.FINISH_PASS))),
    "bls rate": ("[sud N] [voc N] [body WORDS] [note WORDS] [set N]   rate the last set, or set N", _rate),
    "bls screening": ("KEY=yes|no|unknown ...   answer the questions before visual sets", _screening),
    "bls rehearsed": (
        "[SIGNAL]   the stop signal was agreed and tried",
        lambda words: ws.RehearseStop(" ".join(words)) if words else ws.RehearseStop(),
    ),
    "bls fast": ("   confirm rates above 1.5 cycles/s for this session", _only(ws.ConfirmFastRate)),
    "bls override": (
        "REASON   light and bar on a dosing day",
        lambda words: ws.OverrideDosingDay(" ".join(words)),
    ),
    "bls guide": (
        "[STEP|next|back] [emdr|art]   move the guide",
        lambda words: ws.MoveGuide(*words[:2]) if len(words) <= 2 else _only(ws.MoveGuide)(words[2:]),
    ),
}
"""What `kapconsole send` understands of bilateral stimulation: the words, their use, and how they are read."""
