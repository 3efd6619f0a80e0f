"""What the session's forms need to know of it: the next phase, what its gate asks for, who acts here; pure, no Qt."""

from __future__ import annotations

from kapconsole.clinical import gates
from kapconsole.clinical.data import ClinicalData
from kapconsole.clinical.evidence import Ask
from kapconsole.clinical.gates import Finding
from kapconsole.clinical.tables import Visit
from kapconsole.clinical.view import Acting, CareView
from kapconsole.clinical.vitals import vitals_of
from kapconsole.console.moment import Moment
from kapconsole.session.phases import PHASES, next_phase
from kapconsole.session.schedule import NextCuff, next_cuff


def ask_of(data: ClinicalData, moment: Moment) -> Ask:
    """What the checks of a gate may look at."""
    return Ask(data, moment.state.care, moment.now_us, vitals_of(moment.state, moment.now_us))


def bare(data: ClinicalData, care: CareView) -> bool:
    """True while a session is only recorded: no kind of visit was named, and the clinic has no staff list."""
    return care.visit is None and not data.staff.staff


def visit_now(data: ClinicalData, care: CareView) -> Visit | None:
    """The kind of visit that was named."""
    return None if care.visit is None else data.visits.visits.get(care.visit.visit)


def phases_now(data: ClinicalData, care: CareView) -> tuple[str, ...]:
    """The phases of this visit; those of a dosing day while no kind was named."""
    visit = visit_now(data, care)
    return PHASES if visit is None else visit.phases


def phase_next(ask: Ask) -> str | None:
    """Where the phase key leads; None from the last phase.

    Screening is passed by when everything that it asks for is there: it was another day's work then.
    """
    phases = phases_now(ask.data, ask.care)
    chosen = next_phase(ask.care.phase, phases)
    if chosen == "screening" and len(phases) > 1 and all(found.open for _, found in gates.before_phase(ask, phases[1])):
        return phases[1]
    return chosen


def in_the_way(ask: Ask, phase: str) -> tuple[tuple[str, Finding], ...]:
    """(gate, finding) of everything before `phase` that is neither met nor passed over."""
    return tuple((gate, found) for gate, found in gates.before_phase(ask, phase) if not found.open)


def acting(care: CareView, place: str) -> Acting | None:
    """Who acts at this console."""
    return care.acting.get(place)


def who_words(data: ClinicalData, care: CareView, place: str, locks_in_s: float | None = None) -> str:
    """Who acts here, for the footer: "K. Therapist · therapist · locks in 4 min". Empty while nobody took a role."""
    if place in care.locked:
        return "locked · F11 unlocks"
    held = acting(care, place)
    if held is None:
        return "" if bare(data, care) else "no role taken · F4"
    role = data.roles.roles.get(held.role)
    words = f"{held.person} · {held.role if role is None else role.label.lower()}"
    if locks_in_s is None or locks_in_s > 120:
        return words
    return f"{words} · locks in {max(0, round(locks_in_s))} s"


def cuff_next(moment: Moment) -> NextCuff | None:
    """The next reading of the schedule or a recheck; a boundary of the music may draw it near."""
    segment = moment.state.music.segment
    playing = moment.state.music.state == "playing" and segment is not None and segment.ends_us is not None
    boundaries = (segment.ends_us,) if playing and segment is not None and segment.ends_us is not None else ()
    return next_cuff(moment.state.care.schedule, moment.now_us, boundaries)
