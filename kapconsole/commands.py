"""Every command: a wish from a key, a button, a station or a script, checked by the monitor before anything happens."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Sequence
from typing import cast, get_args

import msgspec

from kapconsole.alarms import wishes as ws
from kapconsole.alarms.conditions import PARAMETERS
from kapconsole.alarms.limits import BEDSIDE
from kapconsole.alarms.wishes import AlarmWish, QuietWish
from kapconsole.bilateral import words as bilateral_words
from kapconsole.bilateral.wishes import BilateralWish
from kapconsole.clinical.clients.wishes import CourseWish
from kapconsole.clinical.instruments.wishes import InstrumentWish
from kapconsole.clinical.wishes import ClinicalWish
from kapconsole.cues.light import wishes as lw
from kapconsole.cues.light.wishes import LightWish
from kapconsole.cues.music import wishes as mw
from kapconsole.cues.music.wishes import MusicWish
from kapconsole.session.phases import ALL_PHASES


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
    """The session is in another phase. `phase` is a name from `ALL_PHASES`, or "next"."""

    phase: str = "next"
    at_us: int | None = None


class Dose(msgspec.Struct, frozen=True, tag="dose"):
    """A dose was given: drug, route (iv, im, sl, in, po) and amount in mg."""

    route: str
    amount_mg: float
    drug: str = "ketamine"
    at_us: int | None = None


class Feed(msgspec.Struct, frozen=True, tag="feed"):
    """Let the device with number `source` feed `metric` (spo2, pulse_rate, nibp, pleth) on the screens."""

    metric: str
    source: int


class End(msgspec.Struct, frozen=True, tag="end"):
    """Close the session's log and end all processes. Refused while a HIGH alarm is active, unless a reason is given."""

    reason: str = ""


PartWish = LightWish | MusicWish | BilateralWish | InstrumentWish | CourseWish | ClinicalWish
"""What the parts of a session decide about: light, music, bilateral stimulation, the clinical core."""

CommandBody = CuffStart | CuffStop | Note | Mark | Phase | Dose | Feed | End | AlarmWish | QuietWish | PartWish


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
    if not words:
        raise BadCommand("which mark? a key (1 to 9) or words, for example: mark 2, mark hand held")
    return Mark(label=" ".join(words))


def _phase(words: list[str]) -> CommandBody:
    name = " ".join(words).lower() or "next"
    if name not in (*ALL_PHASES, "next"):
        raise BadCommand(f"unknown phase {name!r}; one of: next, {', '.join(ALL_PHASES)}")
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
    said = " ".join(words).lower()
    if not said:
        raise BadCommand("which cue of the light? next, back, hold, house, or a cue's name, for example: cue next")
    plain: dict[str, CommandBody] = {
        "next": lw.LightGo(),
        "back": lw.LightBack(),
        "hold": lw.LightHold(),
        "house": lw.HouseLight(),
    }
    return plain.get(said, lw.LightCue(" ".join(words)))


def _feed(words: list[str]) -> CommandBody:
    if len(words) != 2 or words[0] not in FEEDS or not words[1].isdecimal():
        raise BadCommand(f"feed METRIC DEVICE_NUMBER, for example: feed spo2 2; METRIC is one of: {', '.join(FEEDS)}")
    return Feed(metric=words[0], source=int(words[1]))


def _cuff_start(words: list[str]) -> CommandBody:
    patient = words[0] if words else "adult"
    if len(words) > 1 or patient not in ("adult", "paediatric", "neonatal"):
        raise BadCommand("cuff start takes one of: adult, paediatric, neonatal")
    return CuffStart(patient=patient)


def _end(words: list[str]) -> CommandBody:
    return End(" ".join(words))


def _acknowledge(words: list[str]) -> CommandBody:
    return ws.Acknowledge(tuple(_number(word) for word in words))


def _number(word: str) -> int:
    if not word.isdecimal() or int(word) < 1:
        raise BadCommand(f"{word!r} is no number of an alarm")
    return int(word)


def _seconds(word: str) -> float:
    try:
        seconds = float(word.lower().removesuffix("s").replace(",", "."))
    except ValueError:
        raise BadCommand(f"{word!r} is no number of seconds") from None
    if not 0 < seconds <= 3600:
        raise BadCommand(f"{word!r} is no length of a pause in seconds")
    return seconds


def _audio_pause(words: list[str]) -> CommandBody:
    if len(words) > 1:
        raise BadCommand("audio pause [SECONDS], for example: audio pause 60")
    return ws.PauseAudio(_seconds(words[0]) if words else None)


def _parameter(words: list[str], use: str) -> str:
    if not words or words[0].lower() not in PARAMETERS:
        raise BadCommand(f"{use}; PARAMETER is one of: {', '.join(PARAMETERS)}")
    return words[0].lower()


def _alarm_pause(words: list[str]) -> CommandBody:
    use = "alarm pause PARAMETER REASON, for example: alarm pause spo2 probe moved to the other hand"
    parameter = _parameter(words, use)
    if len(words) < 2:
        raise BadCommand(f"pausing alarms needs a reason: {use}")
    return ws.PauseAlarm(parameter, " ".join(words[1:]))


def _alarm_resume(words: list[str]) -> CommandBody:
    use = "alarm resume PARAMETER"
    parameter = _parameter(words, use)
    if len(words) > 1:
        raise BadCommand(use)
    return ws.ResumeAlarm(parameter)


def _limit(words: list[str]) -> CommandBody:
    use = "limit NAME VALUE [ROLE] [REASON], for example: limit spo2.low 90 nurse"
    if len(words) < 2 or words[0].lower() not in BEDSIDE:
        raise BadCommand(f"{use}; NAME is one of: {', '.join(BEDSIDE)}")
    try:
        value = float(words[1].replace(",", "."))
    except ValueError:
        raise BadCommand(f"{words[1]!r} is no number: {use}") from None
    if not math.isfinite(value):
        raise BadCommand(f"{words[1]!r} is no limit: {use}")
    role = words[2].lower() if len(words) > 2 else "nurse"
    if role not in ws.ROLES:
        raise BadCommand(f"{words[2]!r} is no role; one of: {', '.join(ws.ROLES)}")
    return ws.ChangeLimits({words[0].lower(): value}, role, " ".join(words[3:]))


def _help(words: list[str]) -> CommandBody:
    return ws.CallForHelp(" ".join(words))


def _symptom(words: list[str]) -> CommandBody:
    present = not (words and words[-1].lower() == "gone")
    symptom = " ".join(words if present else words[:-1]).lower()
    if symptom not in ws.RED_FLAGS:
        raise BadCommand(f"symptom WORDS [gone]; WORDS are one of: {', '.join(ws.RED_FLAGS)}")
    return ws.NoteSymptom(symptom, present)


def _limbs(words: list[str]) -> CommandBody:
    if [word.lower() for word in words] not in (["same"], ["apart"]):
        raise BadCommand("limbs same (cuff and oximeter on one limb), or: limbs apart")
    return ws.NoteLimbs(words[0].lower() == "same")


_HEARD = {"heard": (True, True), "not-heard": (False, True), "not-seen": (True, False), "nothing": (False, False)}


def _self_test(words: list[str]) -> CommandBody:
    if not words:
        return ws.AskSelfTest()
    said = words[0].lower()
    role = words[1].lower() if len(words) == 2 else "nurse"
    if len(words) > 2 or said not in _HEARD or role not in ws.ROLES:
        raise BadCommand(
            "self-test plays the test tone; then say: self-test heard (tone heard, lights seen), not-heard, not-seen "
            f"or nothing, and as whom: {', '.join(ws.ROLES)}"
        )
    heard, seen = _HEARD[said]
    return ws.ConfirmSelfTest(heard, seen, role)


def _music(words: list[str]) -> CommandBody:
    acts = [*mw.Act, "play", "fade", "volume"]
    act = words[0].lower() if words else ""
    if act == "play":
        return mw.PlayMusic(" ".join(words[1:]))
    if act == "fade" and len(words) <= 2:
        return mw.FadeMusic(_seconds(words[1]) if len(words) == 2 else 30.0)
    if act == "volume" and len(words) == 2:
        try:
            return mw.StepVolume(float(words[1].lower().removesuffix("db").replace(",", ".")))
        except ValueError:
            raise BadCommand(f"{words[1]!r} is no step in dB, for example: music volume -3") from None
    if act in list(mw.Act) and len(words) == 1:
        return mw.SteerMusic(mw.Act(act))
    raise BadCommand(f"music ACT; ACT is one of: {', '.join(acts)}; for example: music play, music fade 30")


def _playlist(words: list[str]) -> CommandBody:
    if not words:
        raise BadCommand("which playlist? a name or a file, for example: playlist demonstration")
    return mw.ChoosePlaylist(" ".join(words))


def _wish(words: list[str]) -> CommandBody:
    """Any wish by its tag and fields: what has no words of its own still has a way from the command line."""
    known = {str(kind.__struct_config__.tag): kind for kind in get_args(CommandBody)}
    kind = known.get(words[0].lower()) if words else None
    if kind is None:
        raise BadCommand(f"wish NAME [FIELD=VALUE ...]; NAME is one of: {', '.join(sorted(known))}")
    fields: dict[str, object] = {}
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not equals or name not in kind.__struct_fields__:
            raise BadCommand(f"{word!r}: {words[0]} has the fields {', '.join(kind.__struct_fields__) or '(none)'}")
        fields[name] = _value(value)
    try:
        return cast(CommandBody, msgspec.convert(fields, kind, strict=False))
    except msgspec.ValidationError as trouble:
        raise BadCommand(f"{words[0]}: {trouble}") from None


def _value(text: str) -> object:
    """A field's value: JSON where it is some (numbers, lists, tables), else the words themselves."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


COMMANDS: dict[str, tuple[str, Callable[[list[str]], CommandBody]]] = {
    "cuff start": ("[adult|paediatric|neonatal]   take one cuff reading", _cuff_start),
    "cuff stop": ("   deflate the cuff now", _no_words(CuffStop)),
    "note": ("[WORDS]   a note, stamped now", _note),
    "mark": ("KEY|WORDS   a one-tap mark: a key of the clinic's list, or words", _mark),
    "phase": ("[NAME]   the named phase, or the next one", _phase),
    "dose": ("ROUTE AMOUNT_MG [DRUG]   record a dose as given", _dose),
    "cue": ("next|back|hold|house|NAME   move the light to another cue", _cue),
    "feed": ("METRIC NUMBER   let another device feed spo2, pulse_rate, nibp or pleth", _feed),
    "ack": ("[NUMBER...]   acknowledge these alarms, or all", _acknowledge),
    "audio pause": ("[SECONDS]   AUDIO PAUSED, as long as the site allows or shorter", _audio_pause),
    "audio resume": ("   end AUDIO PAUSED now", _no_words(ws.ResumeAudio)),
    "alarm pause": ("PARAMETER REASON   ALARM PAUSED for spo2, pulse_rate, resp_rate or nibp", _alarm_pause),
    "alarm resume": ("PARAMETER   end ALARM PAUSED now", _alarm_resume),
    "limit": ("NAME VALUE [ROLE] [REASON]   another alarm limit for this session", _limit),
    "help-me": ("[WORDS]   call for help", _help),
    "call": ("[WORDS]   call for help", _help),
    "symptom": ("WORDS [gone]   a red-flag symptom is there, or gone", _symptom),
    "limbs": ("same|apart   cuff and oximeter on one limb, or not", _limbs),
    "self-test": (
        "[heard|not-heard|not-seen|nothing [ROLE]]   play the test tone, or say what came of it",
        _self_test,
    ),
    **bilateral_words.WORDS,
    "playlist": ("NAME   the music of this session", _playlist),
    "music": (
        "play [SEGMENT] | hold | go-on | ease | resolve | onward | skip | pause | resume | fade S | volume DB",
        _music,
    ),
    "wish": ("NAME [FIELD=VALUE ...]   any other wish, for example: wish role-take person=Ana role=nurse", _wish),
    "end": ("[REASON]   close the session; while a HIGH alarm is active a reason is needed", _end),
}
"""What `kapconsole send` understands: the words, their use, and how they are read."""


def parse_command(words: Sequence[str]) -> CommandBody:
    """The command that `words` say. Raises BadCommand with a message for a person."""
    for length in (2, 1):
        entry = COMMANDS.get(" ".join(words[:length]).lower())
        if entry is not None and len(words) >= length:
            try:
                return entry[1](list(words[length:]))
            except bilateral_words.BadWords as trouble:
                raise BadCommand(str(trouble)) from None
    known = ", ".join(COMMANDS)
    raise BadCommand(f"unknown command {' '.join(words)!r}; one of: {known}" if words else f"which command? {known}")
