"""The parts of a session beside its devices and alarms: whose a wish is, what follows from an event, who delivers it.

Light, music, bilateral stimulation and the clinical core each decide for themselves, purely; here stands only how they
meet: a phase moves the light, a HIGH alarm stops a set, a console that is gone leaves nothing running.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from kapconsole import commands as cm
from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.alarms import wishes as aw
from kapconsole.alarms.verdict import say
from kapconsole.bilateral import events as be
from kapconsole.bilateral import rules
from kapconsole.bilateral import wishes as bw
from kapconsole.bilateral.guide import load_guide, load_screening
from kapconsole.bilateral.presets import load_preset
from kapconsole.clinical import data
from kapconsole.clinical import events as ce
from kapconsole.clinical import wishes as cw
from kapconsole.clinical.clients import deciding as clients
from kapconsole.clinical.clients.courses import Course, load_courses
from kapconsole.clinical.clients.wishes import ChooseCourse, CourseWish
from kapconsole.clinical.effects import alarm_wishes
from kapconsole.clinical.engine import ClinicalEngine, not_permitted
from kapconsole.clinical.instruments import deciding as instruments
from kapconsole.clinical.instruments.catalog import load_instruments, load_safety_prompt
from kapconsole.clinical.instruments.model import Instrument, SafetyPrompt
from kapconsole.clinical.instruments.wishes import AnswerSafety, InstrumentWish, TakeInstrument
from kapconsole.clinical.marking import mark_label
from kapconsole.clinical.vitals import vitals_of
from kapconsole.clock import Clock
from kapconsole.cues.light import events as le
from kapconsole.cues.light import wishes as lw
from kapconsole.cues.light.desk import Desk
from kapconsole.cues.light.setup import setup_or_demo
from kapconsole.cues.light.sheet import load_sheet
from kapconsole.cues.music import desk as music_desk
from kapconsole.cues.music import events as mu
from kapconsole.cues.music import playlists
from kapconsole.cues.music import wishes as mw
from kapconsole.session.phases import phase_label
from kapconsole.session.state import State

WORKERS: dict[type, str] = {
    le.LightAsked: "light",
    le.LightHeld: "light",
    le.LightRated: "light",
    mu.PlaylistChosen: "room",
    mu.MusicAsked: "room",
    be.SetAsked: "room",
    be.SetChanged: "room",
    be.StopAsked: "room",
    ev.DoseGiven: "room",  # the music's arc is counted from it
}
"""Who carries out what stands in a body: it is passed on as it was written down."""

ACTIONS: dict[type, str] = {
    cm.CuffStart: "cuff",
    cm.CuffStop: "stop",
    cm.Note: "note",
    cm.Mark: "note",
    cm.Feed: "devices",
    cm.End: "close",
    aw.Acknowledge: "alarm-acknowledge",
    aw.PauseAudio: "alarm-pause",
    aw.ResumeAudio: "alarm-acknowledge",
    aw.PauseAlarm: "alarm-pause",
    aw.ResumeAlarm: "alarm-acknowledge",
    aw.ChangeLimits: "limits",
    aw.CallForHelp: "help",
    aw.NoteSymptom: "symptom",
    aw.NoteLimbs: "vitals",
    bw.StopSet: "stop",
    TakeInstrument: "effect",
    AnswerSafety: "effect",
    ChooseCourse: "prepare",
}
"""What a wish is by the table of roles; the clinical core knows its own."""

GONE = ("gone", "silent")
UNHEARD = say("T06", words="")
NOWHERE = Path("nowhere")
"""A folder that is not there: what a site has set up is read by the monitor, not here."""


def packaged(clock: Clock) -> Parts:
    """The parts with the packaged data alone and a room that nobody has measured."""
    return Parts(
        ClinicalEngine(_clinical_data()),
        Desk(load_sheet(), setup_or_demo(NOWHERE)[0]),
        rules.Room,
        rules.Library(load_preset, load_guide, load_screening()),
        load_forms(),
        playlists.choose,
        lambda at_us: clock.utc_us() - clock.now_us() + at_us,
    )


@cache
def _clinical_data() -> data.ClinicalData:
    return data.load()


class Forms(NamedTuple):
    """The clinic's instruments, what its safety prompt asks for, and its templates of courses."""

    instruments: Mapping[str, Instrument]
    prompt: SafetyPrompt
    courses: Mapping[str, Course]


def load_forms(site: Path | None = None) -> Forms:
    """The packaged ones with a clinic's own over them. Raises ValueError with words."""
    instruments_of = None if site is None else site / "instruments"
    courses_of = None if site is None else site / "courses"
    return Forms(load_instruments(instruments_of), load_safety_prompt(instruments_of), load_courses(courses_of))


class Parts:
    """Holds the clinic's data and the room's measures; everything that changes is in the `State` that it is given."""

    def __init__(
        self,
        clinical: ClinicalEngine,
        light: Desk,
        room: Callable[[], rules.Room],
        library: rules.Library,
        forms: Forms,
        choose: music_desk.Choose,
        utc_of: Callable[[int], int],
    ) -> None:
        """`room`: its measures as they are now. `utc_of`: UTC microseconds of a session moment."""
        self._clinical = clinical
        self._light = light
        self._room = room
        self._library = library
        self._forms = forms
        self._choose = choose
        self._utc_of = utc_of

    def begin(self, now_us: int) -> list[ev.Body]:
        """What a new log says of them."""
        return [*self._light.loaded(now_us)]

    def permit(self, wish: object, state: State, station: str) -> None:
        """Raises Refused when the role that acts at `station` may not do this. House light is never refused."""
        if isinstance(wish, lw.HouseLight | lw.ExamLight):
            return
        action = ACTIONS.get(type(wish), "")
        if not action and isinstance(wish, lw.LightWish | mw.MusicWish):
            action = "cue"
        elif not action and isinstance(wish, bw.BilateralWish):
            action = "bilateral"
        words = not_permitted(self._clinical.data, state.care, station, action) if action else ""
        if words:
            raise cw.NotPermitted(words)

    def wish(self, wish: cm.PartWish, state: State, now_us: int, station: str) -> list[ev.Body]:
        """What follows from a person's wish at `station`. Raises Refused with the reason in words."""
        bodies: list[ev.Body] = []
        if isinstance(wish, lw.LightWish):
            bodies += self._light.wish(state.light, state.phase, wish, now_us)
        elif isinstance(wish, mw.MusicWish):
            bodies += music_desk.decide(wish, state.music, now_us, self._choose)
        elif isinstance(wish, bw.BilateralWish):
            bodies += rules.decide(wish, state.sets, situation(state), self._room(), self._library, now_us)
        elif isinstance(wish, InstrumentWish):
            bodies += instruments.decide(
                wish,
                state.forms,
                self._forms.instruments,
                self._forms.prompt,
                now_us,
                dosed=bool(state.doses),
                discharged=state.care.discharged is not None,
            )
        elif isinstance(wish, CourseWish):
            bodies += clients.decide(wish, self._forms.courses, now_us)
        else:
            bodies += self._clinical.wish(wish, state.care, now_us, station, vitals_of(state, now_us))
        return bodies

    def mark(self, label: str, state: State) -> str:
        """The words of a mark's key."""
        return mark_label(self._clinical.data.marks, state.care, label)

    def alarm_wishes(self, wish: object) -> tuple[aw.NoteSymptom, ...]:
        """What the alarm system must hear of a wish that was granted: red-flag symptoms."""
        return alarm_wishes(self._clinical.data.scales, wish) if isinstance(wish, cw.ClinicalWish) else ()

    def follow(self, body: ev.Body, state: State, now_us: int) -> list[ev.Body]:
        """What follows by itself from something that has just been recorded; `state` has it already."""
        match body:
            case ev.PhaseEntered(phase=phase):
                return [*self._light.triggered(state.light, f"phase {phase}", now_us), *self._stopped(state, now_us)]
            case al.SelfTestConfirmed(heard=heard, seen=seen, output=output):
                # Once heard and seen it need not be ticked again before the dose.
                words = f"tone {'heard' if heard else 'not heard'}, lights {'seen' if seen else 'not seen'} · {output}"
                return [ce.TestConfirmed(now_us, "alarm-sound", heard and seen, words)]
            case mu.SegmentEntered(segment=segment):
                return [*self._light.triggered(state.light, f"music {segment}", now_us)]
            case al.AlarmBegan() | al.AlarmChanged() | be.ScreeningAnswered() | be.SetChanged():
                return [*self._stopped(state, now_us)]
            case ev.ProcessState(process="room", state=how) if how in GONE:
                return [*rules.room_lost(state.sets, self._utc_of, now_us)]
            case ev.ProcessState(process="console", state=how) if how in GONE and state.sets.running is not None:
                number = state.sets.running.asked.set_id
                return [be.StopAsked(number, be.StopKind.STOP_NOW, "the console is gone", now_us)]
            case ev.SessionResumed() if state.sets.running is not None:
                number = state.sets.running.asked.set_id
                return [be.StopAsked(number, be.StopKind.STOP_NOW, "the recorder was restarted", now_us)]
            case _:
                return []

    def tick(self, state: State, now_us: int) -> list[ev.Body]:
        """What is due by time alone."""
        bodies: list[ev.Body] = [*self._light.due(state.light, now_us)]
        bodies += self._clinical.tick(state.care, now_us, vitals_of(state, now_us), boundaries(state))
        return bodies

    def _stopped(self, state: State, now_us: int) -> list[be.BilateralBody]:
        return rules.must_stop(state.sets, situation(state), self._library.screening, now_us)


def situation(state: State) -> rules.Situation:
    """What bilateral stimulation must know of the session."""
    care = state.care
    kind = "" if care.visit is None else care.visit.visit
    return rules.Situation(
        phase=state.phase,
        oriented=care.oriented,
        sedation=care.alertness,
        dosing_day=bool(state.doses) or kind == "dosing",
        # That the alarm cannot be heard (T06) is nothing of the patient's; it is shown for as long as it lasts.
        high_alarm=any(not text.startswith(UNHEARD) for text in care.highs.values()),
    )


def owed(state: State, role: str) -> list[ev.Body]:
    """What a worker that attaches must be told: asked while it was away, or needed to go on. Harmless when repeated."""
    if role == "light":
        asked = state.light.undelivered
        return [] if asked is None else [asked]
    if role != "room":
        return []
    bodies: list[ev.Body] = list(sorted(state.doses, key=lambda dose: dose.at_us)[:1])
    if state.music.playlist is not None:
        bodies.append(state.music.playlist)
        if state.music.state == "asked":
            bodies.append(mu.MusicAsked("play", state.music.since_us))
    return bodies


def boundaries(state: State) -> tuple[int, ...]:
    """When the music comes to the end of its segment, session microseconds: there a cuff disturbs least."""
    segment = state.music.segment
    if state.music.state != "playing" or segment is None or segment.ends_us is None:
        return ()
    return (segment.ends_us,)


def said(bodies: list[ev.Body]) -> str:
    """What became of a wish, for whoever had it."""
    for body in bodies:
        match body:
            case ev.PhaseEntered(phase=phase):
                return f"phase {phase_label(phase)}"
            case ev.DoseGiven():
                return f"dose recorded: {body.drug} {body.amount_mg:g} mg {body.route.upper()}"
            case le.LightAsked(label=label):
                return f"light: {label}"
            case mu.PlaylistChosen(name=name):
                return f"playlist {name}"
            case mu.MusicAsked(act=act):
                return f"music: {act.replace('-', ' ')}"
            case be.SetAsked(set_id=number):
                return f"set {number} begins"
            case be.StopAsked(set_id=number):
                return f"set {number} ends"
            case ce.ItemTicked(item=item, answer=answer):
                return f"{item.replace('-', ' ')}: {answer or 'open'}"
            case ce.RoleTaken(person=person, role=role):
                return f"{person} acts as {role}"
            case _:
                continue
    return "done"


def named(state: State, station: str) -> str:
    """How the log calls whoever acts at a station: the person and the role, where one was taken."""
    held = state.care.acting.get(station)
    return station if held is None or not held.person else f"{held.person} ({held.role}), {station}"
