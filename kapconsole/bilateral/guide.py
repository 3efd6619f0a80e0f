"""The steps of EMDR and of an ART session as a guide, and the questions before visual sets: data, and a pointer.

The pointer moves only by a person's wish. A clinic's own file of the same name wins over the packaged one.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import TypeVar

import msgspec

FIELDS = ("sud", "voc", "target", "negative_cognition", "positive_cognition", "emotion", "body", "cue_word", "note")
"""What a step may ask to be entered."""

GUIDES = ("emdr", "art")
NEXT, BACK = "next", "back"


class GuideError(ValueError):
    """A guide or list of questions that cannot be used, or a step that there is not; the message says which."""


class GuideStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step: `presets` that suit it (none: no stimulation here), `fields` to be entered, from `FIELDS`."""

    key: str
    label: str
    text: str = ""
    presets: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


class Guide(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The steps of a way of working, in their usual order."""

    name: str
    title: str
    note: str
    steps: tuple[GuideStep, ...]


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question of the screening. `gates`: yes or not known keeps light and bar off; else it is only shown."""

    key: str
    text: str
    gates: bool


class Screening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The questions before the first visual set."""

    note: str
    questions: tuple[Question, ...]


def load_guide(name: str, site: Path | None = None) -> Guide:
    """A guide by name. Raises GuideError."""
    if name not in GUIDES:
        raise GuideError(f"there is no guide {name!r}; there are: {', '.join(GUIDES)}")
    guide = _read(f"guides/{name}.toml", Guide, site)
    keys = [step.key for step in guide.steps]
    if not keys or len(set(keys)) < len(keys) or {NEXT, BACK} & set(keys):
        raise GuideError(f"guide {name}: steps need keys of their own, other than {NEXT} and {BACK}")
    if unknown := sorted({field for step in guide.steps for field in step.fields} - set(FIELDS)):
        raise GuideError(f"guide {name}: unknown field {', '.join(unknown)}; there are: {', '.join(FIELDS)}")
    return guide


def load_screening(site: Path | None = None) -> Screening:
    """The questions before the first visual set. Raises GuideError."""
    screening = _read("screening.toml", Screening, site)
    if not any(question.gates for question in screening.questions):
        raise GuideError("screening.toml: at least one question must gate light and bar")
    return screening


def moved(guide: Guide, step: str, wish: str) -> str:
    """The step's key to which a wish (a key, "next", "back") leads from `step` (empty: none yet). Raises GuideError."""
    keys = [one.key for one in guide.steps]
    if wish in keys:
        return wish
    if wish not in (NEXT, BACK):
        raise GuideError(f"{guide.title} has no step {wish!r}; its steps are: {', '.join(keys)}")
    if step not in keys:
        return keys[0]
    place = keys.index(step) + (1 if wish == NEXT else -1)
    if not 0 <= place < len(keys):
        raise GuideError(f"{guide.title}: this is the {'last' if wish == NEXT else 'first'} step")
    return keys[place]


_Kind = TypeVar("_Kind", Guide, Screening)


def _read(file: str, kind: type[_Kind], site: Path | None) -> _Kind:
    own = None if site is None else site / file
    packaged = resources.files("kapconsole") / "resources" / "bilateral" / file
    try:
        text = (own if own is not None and own.is_file() else packaged).read_text("utf-8")
        return msgspec.convert(tomllib.loads(text), kind)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise GuideError(f"{file}: {error}") from None
