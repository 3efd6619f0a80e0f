"""Every command: a wish from a key, a button, a station or a script, checked by the monitor before anything happens."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence

import msgspec

from kapconsole.alarms.wishes import AlarmWish
from kapconsole.session.phases import PHASES


class CuffStart(msgspec.Struct, frozen=True, tag="cuff-start"):
    """Take one cuff reading."""

    patient: str = "adult"
    initial_mmhg: int = 160


class CuffStop(msgspec.Struct, frozen=True, tag="cuff-stop"):
    """Deflate the cuff now."""


class Note(msgspec.Struct, frozen=True, tag="note"):
    """A note, or words for the note with sequence number `about`. `at_us`: when the key went down; None: on arrival."""

    text: str = ""
    at_us: int | None = None
    about: int | None = None


class Mark(msgspec.Struct, frozen=True, tag="mark"):
    """A one-tap mark."""

    label: str
    at_us: int | None = None


class Phase(msgspec.Struct, frozen=True, tag="phase"):
    """The session is in another phase. `phase` is a name from `PHASES`, or "next"."""

    phase: str = "next"
    at_us: int | None = None


class Dose(msgspec.Struct, frozen=True, tag="dose"):
    """A dose was given: drug, route (iv, im, sl, in, po) and amount in mg."""

    route: str
    amount_mg: float
    drug: str = "ketamine"
    at_us: int | None = None


class Cue(msgspec.Struct, frozen=True, tag="cue"):
    """Ask the room for a cue by name."""

    cue: str


class Feed(msgspec.Struct, frozen=True, tag="feed"):
    """Let the device with number `source` feed `metric` (spo2, pulse_rate, nibp, pleth) on the screens."""

    metric: str
    source: int


class End(msgspec.Struct, frozen=True, tag="end"):
    """Close the session's log and end all processes. Refused while a HIGH alarm is active, unless a reason is given."""

    reason: str = ""


CommandBody = CuffStart | CuffStop | Note | Mark | Phase | Dose | Cue | Feed | End | AlarmWish


class Command(msgspec.Struct, frozen=True, tag="command"):
    """A wish with its sender: `id` comes back in the answer, `actor` is written into the log."""

    id: str
    actor: str
    body: CommandBody


FEEDS = ("spo2", "pulse_rate", "nibp", "pleth")
"""What a person can choose a device for; nibp stands for all numbers of a cuff reading, and for the cuff itself."""

ROUTES = ("iv", "im", "in", "sl", "po", "pr")


class BadCommand(ValueError):
    """The words are no command; the message says what would be."""


def _no_words(make: Callable[[], CommandBody]) -> Callable[[list[str]], CommandBody]:
    def parse(words: list[str]) -> CommandBody:
        if words:
            raise BadCommand(f"nothing may follow here, but there was: {shlex.join(words)}")
        return make()

    return parse


def _note(words: list[str]) -> CommandBody:
    return Note(text=" ".join(words))


def _mark(words: list[str]) -> CommandBody:
    return Mark(label=" ".join(words) or "1")


def _phase(words: list[str]) -> CommandBody:
    name = " ".join(words).lower() or "next"
    if name not in (*PHASES, "next"):
        raise BadCommand(f"unknown phase {name!r}; one of: next, {', '.join(PHASES)}")
    return Phase(phase=name)


def _dose(words: list[str]) -> CommandBody:
    if len(words) not in (2, 3):
        raise BadCommand("a dose is ROUTE AMOUNT_MG [DRUG], for example: dose im 60")
    route, amount = words[0].lower(), words[1].lower().removesuffix("mg")
    if route not in ROUTES:
        raise BadCommand(f"unknown route {route!r}; one of: {', '.join(ROUTES)}")
    try:
        amount_mg = float(amount.replace(",", "."))
    except ValueError:
        raise BadCommand(f"{words[1]!r} is no amount in mg") from None
    if not 0 < amount_mg <= 1000:
        raise BadCommand(f"{words[1]} mg is not a plausible dose (more than 0, at most 1000 mg)")
    if len(words) == 3 and not words[2][0].isalpha():
        raise BadCommand(f"{words[2]!r} is no drug; a dose is ROUTE AMOUNT_MG [DRUG], for example: dose im 60")
    return Dose(route=route, amount_mg=amount_mg, drug=words[2] if len(words) == 3 else "ketamine")


def _cue(words: list[str]) -> CommandBody:
    if not words:
        raise BadCommand("which cue? for example: cue next")
    return Cue(cue=" ".join(words))


def _feed(words: list[str]) -> CommandBody:
    if len(words) != 2 or words[0] not in FEEDS or not words[1].isdecimal():
        raise BadCommand(f"feed METRIC DEVICE_NUMBER, for example: feed spo2 2; METRIC is one of: {', '.join(FEEDS)}")
    return Feed(metric=words[0], source=int(words[1]))


def _cuff_start(words: list[str]) -> CommandBody:
    patient = words[0] if words else "adult"
    if len(words) > 1 or patient not in ("adult", "paediatric", "neonatal"):
        raise BadCommand("cuff start takes one of: adult, paediatric, neonatal")
    return CuffStart(patient=patient)


COMMANDS: dict[str, tuple[str, Callable[[list[str]], CommandBody]]] = {
    "cuff start": ("[adult|paediatric|neonatal]   take one cuff reading", _cuff_start),
    "cuff stop": ("   deflate the cuff now", _no_words(CuffStop)),
    "note": ("[WORDS]   a note, stamped now", _note),
    "mark": ("[LABEL]   a one-tap mark", _mark),
    "phase": ("[NAME]   the named phase, or the next one", _phase),
    "dose": ("ROUTE AMOUNT_MG [DRUG]   record a dose as given", _dose),
    "cue": ("NAME   ask the room for a cue", _cue),
    "feed": ("METRIC NUMBER   let another device feed spo2, pulse_rate, nibp or pleth", _feed),
    "end": ("   close the session", _no_words(End)),
}
"""What `kapconsole send` understands: the words, their use, and how they are read."""


def parse_command(words: Sequence[str]) -> CommandBody:
    """The command that `words` say. Raises BadCommand with a message for a person."""
    for length in (2, 1):
        entry = COMMANDS.get(" ".join(words[:length]).lower())
        if entry is not None and len(words) >= length:
            return entry[1](list(words[length:]))
    known = ", ".join(COMMANDS)
    raise BadCommand(f"unknown command {' '.join(words)!r}; one of: {known}" if words else f"which command? {known}")
