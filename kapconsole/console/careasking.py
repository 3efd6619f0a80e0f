"""Asking the recorder from a form: the form stays until the wish was granted, and says why when it was not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kapconsole import commands as cm
from kapconsole import events as ev
from kapconsole.clinical import events as ce
from kapconsole.clinical import wishes as ws
from kapconsole.clinical.clients.events import CourseChosen
from kapconsole.clinical.clients.wishes import ChooseCourse
from kapconsole.clinical.instruments.events import InstrumentTaken, SafetyAnswered
from kapconsole.clinical.instruments.wishes import AnswerSafety, TakeInstrument
from kapconsole.console.moment import Moment
from kapconsole.console.sheets import Sheet

DONE: dict[type, type] = {
    cm.Dose: ev.DoseGiven,
    cm.Phase: ev.PhaseEntered,
    ws.OpenVisit: ce.VisitOpened,
    ws.PlanRoute: ce.RoutePlanned,
    ws.TakeRole: ce.RoleTaken,
    ws.LeaveRole: ce.RoleLeft,
    ws.Lock: ce.StationLocked,
    ws.Unlock: ce.StationUnlocked,
    ws.SignOff: ce.SignedOff,
    ws.Tick: ce.ItemTicked,
    ws.RecordConsent: ce.ConsentRecorded,
    ws.WithdrawConsent: ce.ConsentWithdrawn,
    ws.AnswerScreening: ce.ScreeningAnswered,
    ws.ClearPatient: ce.ScreeningCleared,
    ws.ConfirmTest: ce.TestConfirmed,
    ws.ConfirmLimits: ce.LimitsConfirmed,
    ws.OverrideGate: ce.GateOverridden,
    ws.EnterPhase: ev.PhaseEntered,
    ws.RecordWeight: ce.WeightRecorded,
    ws.RecordAllergies: ce.AllergiesRecorded,
    ws.RecordContact: ce.ContactRecorded,
    ws.SetIntention: ce.IntentionSet,
    ws.RecordDose: ce.DoseRecorded,
    ws.CorrectDose: ce.DoseCorrected,
    ws.ChangeInfusion: ce.InfusionChanged,
    ws.ScoreSedation: ce.SedationScored,
    ws.AskOrientation: ce.OrientationAsked,
    ws.GradeEffect: ce.SideEffectGraded,
    ws.EnterVitals: ce.VitalsEntered,
    ws.ScoreRecovery: ce.RecoveryScored,
    ws.DismissPrompt: ce.PromptDismissed,
    ws.ArmSchedule: ce.ScheduleArmed,
    ws.DisarmSchedule: ce.ScheduleDisarmed,
    ws.MoveReading: ce.ReadingMoved,
    ws.SkipReading: ce.ReadingSkipped,
    ws.Discharge: ce.Discharged,
    TakeInstrument: InstrumentTaken,
    AnswerSafety: SafetyAnswered,
    ChooseCourse: CourseChosen,
}
"""By which body of the log a wish is known to have been granted."""

LOOKS_BEFORE_SAYING = 150
"""After so many looks (five seconds) without an answer it is said that there was none; the form stays open."""

NO_ANSWER = "no answer from the recorder yet: what you typed is still here"


class Asking:
    """One console's wishes that wait for their answer, at most those of one form."""

    def __init__(self, moment: Callable[[], Moment], send: Callable[[cm.CommandBody], bool]) -> None:
        self._moment, self._send = moment, send
        self._waiting: list[cm.CommandBody] = []
        self._granted: list[cm.CommandBody] = []
        self._sheet: Sheet | None = None
        self._then: Callable[[], None] = lambda: None
        self._refused: Callable[[str], None] = lambda words: None
        self._place = 0
        self._looks = 0

    @property
    def waiting(self) -> bool:
        """True while an answer is awaited."""
        return bool(self._waiting)

    def ask(
        self,
        sheet: Sheet | None,
        wishes: Sequence[cm.CommandBody],
        then: Callable[[], None],
        refused: Callable[[str], None],
    ) -> None:
        """Ask for everything that `sheet` wants; `then` when all of it was granted, `refused` with the reason."""
        if self._waiting and sheet is self._sheet:
            return  # Enter twice asks once
        if sheet is not self._sheet:
            self._granted = []
        self._sheet, self._then, self._refused = sheet, then, refused
        # A part that was granted at the first try is not asked for again.
        self._waiting = [wish for wish in wishes if wish not in self._granted]
        self._place = len(self._moment().timeline.events)
        self._looks = 0
        for wish in tuple(self._waiting):
            if not self._send(wish):
                self._waiting = []
                refused("not recorded: the recorder is not reachable")
                return
        self.look(self._moment())

    def forget(self, sheet: Sheet) -> None:
        """The form was closed by a person; what was asked for goes its way without it."""
        if sheet is self._sheet:
            self._sheet, self._waiting, self._granted = None, [], []

    def look(self, moment: Moment) -> None:
        """See what has been answered since."""
        if not self._waiting:
            return
        self._looks += 1
        events = moment.timeline.events
        # After a lost contact the list of events may be a new one.
        new = events[min(self._place, len(events)) :]
        for wish in tuple(self._waiting):
            if any(isinstance(event.body, DONE.get(type(wish), ())) for event in new):
                self._waiting.remove(wish)
                self._granted.append(wish)
        for event in new:
            if isinstance(event.body, ev.CommandRefused):
                if any(words_of(wish) == event.body.command for wish in self._waiting):
                    self._waiting = []
                    self._refused(event.body.reason)
                    return
        if not self._waiting:
            self._sheet, self._granted = None, []
            self._then()
        elif self._looks == LOOKS_BEFORE_SAYING:
            self._refused(NO_ANSWER)


def words_of(wish: cm.CommandBody) -> str:
    """How the log calls a wish that was refused."""
    return str(wish.__struct_config__.tag).replace("-", " ")
