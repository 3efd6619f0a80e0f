"""What a supervisor does with a recording: comments, search, other limits, a second session, the record's proof.

Everything that reads, writes or computes for long goes to a thread of the window's own (`work.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kapconsole.alarms.presets import PresetError
from kapconsole.console.lines import Line
from kapconsole.console.moment import Moment
from kapconsole.console.sheets import Sheet
from kapconsole.record.errors import LogError
from kapconsole.record.verify import VerifyReport
from kapconsole.replay.alarmsat import AlarmsAt
from kapconsole.replay.comments import CommentBook, Pinned
from kapconsole.replay.exporting import Exporting
from kapconsole.replay.lanes import Dot, Lane, Stretch, lanes
from kapconsole.replay.loading import Loaded
from kapconsole.replay.picture import Picture
from kapconsole.replay.proof import record_text, verdict
from kapconsole.replay.recordline import Record, access_words, program_words
from kapconsole.replay.search import Searchable
from kapconsole.replay.sheets import BesideSheet, CommentSheet, SearchSheet, TextSheet, WhatIfSheet
from kapconsole.replay.span import Span
from kapconsole.replay.study import Background, Study
from kapconsole.replay.whatif import Stopped, WhatIf, counts
from kapconsole.replay.work import Work

if TYPE_CHECKING:
    from kapconsole.replay.window import ReplayWindow

NO_FILE = "there is no file behind this window"
COMPACT = ("Alarms", "Phases", "Doses", "Notes", "Sets")
"""The lanes of two sessions under each other, which have half the height each."""


class Supervising:
    """Belongs to one window. Without a study it still searches."""

    def __init__(self, window: ReplayWindow, lines: Sequence[Line], study: Study | None) -> None:
        self.window = window
        self.study = study
        self.work = Work(window)
        self.exporting = Exporting(window, window)
        self.book = CommentBook()
        self.background = Background()
        self.report: VerifyReport | None = None
        self.answer: WhatIf | None = None
        self.beside: Picture | None = None
        self._beside_alarms: AlarmsAt | None = None
        self._lines = lines
        self._badge, self._wrong = "", False
        self.found_us: list[int] = []
        """Where what was searched for last was found, in order."""
        self._author = study.who if study is not None else ""
        self._role = "supervisor"
        window.page.comments.jumped.connect(self._jump_to)
        window.picture.chosen.connect(lambda _selection: window.act("comment"))

    # -- at the beginning and the end -----------------------------------------------------------------------------

    def begin(self) -> None:
        """Write the viewing down, read comments and accesses, verify; called once the first page is shown."""
        study = self.study
        if study is None:
            return
        self.work.do(study.begin, self._take, self._failed)
        self.work.do(study.check, self._verified, self._not_verified)

    def end(self) -> None:
        """The window goes."""
        self.work.end()
        self.exporting.end()

    # -- what a key means -----------------------------------------------------------------------------------------

    def act(self, name: str) -> bool:
        """Do it if it is one of these; False when it is not."""
        match name:
            case "search":
                self._search()
            case "comment":
                self._comment()
            case "correct":
                self._correct()
            case "list":
                self.window.show_picture(True)
                self.window.page.comments.list.setFocus()
            case "mark-from" | "mark-to":
                self._mark(name == "mark-from")
            case "what-if":
                self._what_if()
            case "beside":
                self._beside()
            case "export":
                self._export()
            case "record":
                self.window.open_sheet(TextSheet("The record", self.words(), self.window.host.look))
            case _:
                return False
        return True

    # -- the record -----------------------------------------------------------------------------------------------

    def put_record(self, badge: str, wrong: bool) -> None:
        """The fixed line with these words about the proof."""
        self._badge, self._wrong = badge, wrong
        session = self.window.timeline.state.session
        recorded = session.app_version if session is not None else ""
        problems = [*self.background.trouble, *self.background.accesses.problems, *self.book.problems]
        if self.study is not None:
            problems += self.study.held.problems
        trouble = problems[0] if problems else ""
        if len(problems) > 1:
            trouble += f" (and {len(problems) - 1} more)"
        accesses = access_words(self.background.accesses) if self.study is not None else ""
        self.window.put_record(
            Record(badge, wrong or bool(self.book.problems), program_words(recorded), accesses, trouble)
        )

    def words(self) -> str:
        """Everything about the record."""
        problems = [*(self.study.held.problems if self.study else ()), *self.background.trouble, *self.book.problems]
        session = self.window.timeline.state.session
        program = program_words(session.app_version if session is not None else "")
        return record_text(self._badge, program, self.report, problems, self.background.accesses)

    def _verified(self, report: VerifyReport) -> None:
        self.report = report
        self.window.set_badge(verdict(report), wrong=not report.ok)

    def _not_verified(self, fault: Exception) -> None:
        self.window.set_badge(f"could not be verified: {fault}", wrong=True)

    def _take(self, background: Background) -> None:
        self.background, self.book = background, background.comments
        self.put_comments()
        self.put_record(self._badge, self._wrong)

    def _failed(self, fault: Exception) -> None:
        self.window.say(str(fault))

    # -- comments -------------------------------------------------------------------------------------------------

    def lanes(self, recorded: Sequence[Lane]) -> list[Lane]:
        """The lanes of the picture: those of the recording, what would have alarmed, and the comments."""
        if self.beside is not None:
            recorded = [lane for lane in recorded if lane.name in COMPACT]
        spans = [
            Stretch(one.comment.at_us, one.comment.until_us, one.words, "comment")
            for one in self.book.pinned
            if one.comment.until_us is not None
        ]
        dots = [
            Dot(one.comment.at_us, one.comment.at_us, one.words, "comment")
            for one in self.book.pinned
            if one.comment.until_us is None
        ]
        found = [Lane("Comments", tuple(spans), tuple(dots), remark="none yet: C pins one to this moment")]
        return [*recorded, *([self.answer.lane] if self.answer is not None else []), *found]

    def put_comments(self) -> None:
        """Show the comments in the list and in the picture."""
        more = self.answer.words if self.answer is not None else ""
        self.window.page.comments.put(self.book, self.window.time_text, more)
        self.window.put_lanes()

    def _comment(self) -> None:
        window = self.window
        if self.study is None:
            window.say(NO_FILE)
            return
        # The moment at which the key went down, wherever it plays on to while words are typed.
        at_us, until_us = window.picture.selection or (window.player.position_us, None)
        times = (window.time_text(at_us), "" if until_us is None else window.time_text(until_us))
        self._open_comment(CommentSheet(window.host.look, times, self._author, self._role, window.understand))

    def _correct(self) -> None:
        one = self.window.page.comments.current()
        if self.study is None or one is None:
            self.window.say("choose a comment in the list first (L)" if self.study else NO_FILE)
            return
        until = one.comment.until_us
        times = (self.window.time_text(one.comment.at_us), "" if until is None else self.window.time_text(until))
        look = self.window.host.look
        self._open_comment(CommentSheet(look, times, self._author, self._role, self.window.understand, one))

    def _open_comment(self, sheet: CommentSheet) -> None:
        sheet.kept.connect(lambda: self._keep(sheet))
        self.window.open_sheet(sheet)

    def _keep(self, sheet: CommentSheet) -> None:
        study = self.study
        assert study is not None
        if not sheet.keep_button.isEnabled():
            return  # it is being kept
        self._author, self._role = sheet.author.text().strip(), sheet.role()
        about = sheet.corrects.id if sheet.corrects is not None else ""
        comment = study.new_comment(sheet.at_us, sheet.until_us, sheet.words.text(), self._author, self._role, about)
        sheet.keep_button.setEnabled(False)

        def kept(background: Background) -> None:
            self._close(sheet)
            self.window.picture.select(None)
            self._take(background)
            self.window.say("comment signed and kept")

        def failed(fault: Exception) -> None:
            # The words stay in the form: nothing that was typed is lost.
            self._refuse(sheet, fault)

        self.work.do(lambda: study.comment(comment), kept, failed)

    def _mark(self, begins: bool) -> None:
        window = self.window
        at_us = window.player.position_us
        held = window.picture.selection
        if begins:
            end_us = held[1] if held is not None and held[1] > at_us else window.player.end_us
            window.picture.select((at_us, end_us))
        elif held is not None and held[0] < at_us:
            window.picture.select((held[0], at_us))
        else:
            window.say("[ marks where the span begins; ] then where it ends")
            return
        span = window.picture.selection
        assert span is not None
        window.say(f"marked: {window.time_text(span[0])} to {window.time_text(span[1])}; C comments on it")

    def _jump_to(self, one: Pinned) -> None:
        self.window.seek(one.comment.at_us)

    def _close(self, sheet: Sheet) -> None:
        """Close the form that this answers, if it is still the open one."""
        if self.window.sheet is sheet:
            self.window.close_sheet()

    def _refuse(self, sheet: Sheet, fault: Exception) -> None:
        """Say in the form what was wrong; in the window when the form was left meanwhile."""
        if self.window.sheet is sheet:
            sheet.keep_button.setEnabled(True)
            sheet.wrong.setText(str(fault))
        else:
            self.window.say(str(fault))

    # -- export ---------------------------------------------------------------------------------------------------

    def _export(self) -> None:
        study = self.study
        if study is None:
            self.window.say(NO_FILE)
            return

        def done() -> None:
            self.work.do(study.background, self._take, self._failed)

        self.exporting.ask(self.window.host.look, study.held.path.stem, study.export, done)

    # -- search ---------------------------------------------------------------------------------------------------

    def _search(self) -> None:
        window = self.window
        sheet = SearchSheet(
            window.host.look, Searchable(self._lines, self.book.pinned), window.time_text, window.timeline
        )

        def go(at_us: int) -> None:
            # The same places can be gone to one after the other: V goes on among them.
            self.found_us = sorted({hit.known_us for hit in sheet.hits})
            window.close_sheet()
            window.seek(at_us)

        sheet.found.connect(go)
        window.open_sheet(sheet)

    # -- what if --------------------------------------------------------------------------------------------------

    def _what_if(self) -> None:
        study = self.study
        if study is None:
            self.window.say(NO_FILE)
            return
        self.window.show_picture(True)
        sheet = WhatIfSheet(self.window.host.look, study.presets())
        sheet.picked.connect(lambda preset: self._compute(study, sheet, preset))
        self.window.open_sheet(sheet)
        if self.answer is not None:
            sheet.show_counts(self.answer.words, counts(self.answer.differences))
            self.window.page.fit_sheet()

    def _compute(self, study: Study, sheet: WhatIfSheet, preset: str) -> None:
        def open_still() -> bool:
            return self.window.sheet is sheet

        def progress(part: float) -> bool:
            self.work.tell(lambda: sheet.show_part(part) if open_still() else None)
            return self.work.wanted()

        def done(answer: WhatIf) -> None:
            self.answer = answer
            self.put_comments()
            if open_still():
                sheet.show_counts(answer.words, counts(answer.differences))
                self.window.page.fit_sheet()
            self.window.say(answer.words)

        def failed(fault: Exception) -> None:
            if open_still() and not isinstance(fault, Stopped):
                sheet.show_trouble(str(fault) if isinstance(fault, PresetError | LogError) else f"failed: {fault}")

        self.work.do(lambda: study.what_if(preset, progress), done, failed)

    # -- beside ---------------------------------------------------------------------------------------------------

    def _beside(self) -> None:
        study = self.study
        if self.beside is not None:
            self.lay_beside(None)
            return
        if study is None or study.other is None:
            self.window.say(NO_FILE)
            return
        folder = study.held.path.parent
        names = sorted((path.name for path in folder.glob(f"*{study.held.path.suffix}")), reverse=True)
        self.window.show_picture(True)
        sheet = BesideSheet(self.window.host.look, folder, [name for name in names if name != study.held.path.name])
        sheet.kept.connect(lambda: self._open_beside(sheet))
        self.window.open_sheet(sheet)

    def _open_beside(self, sheet: BesideSheet) -> None:
        study, path = self.study, sheet.path()
        assert study is not None
        assert study.other is not None
        assert path is not None
        opening = study.other
        if not sheet.keep_button.isEnabled():
            return  # it is being opened
        sheet.wrong.setText("opening")
        sheet.keep_button.setEnabled(False)

        def opened(held: Loaded) -> None:
            self._close(sheet)
            self.lay_beside(held)

        def failed(fault: Exception) -> None:
            self._refuse(sheet, fault)

        self.work.do(lambda: opening(path), opened, failed)

    def lay_beside(self, held: Loaded | None) -> None:
        """Lay a second session under the first, aligned at the dose, or take it away."""
        window = self.window
        if held is None:
            self.beside = None
            window.page.lay_beside(None)
            window.picture.against = None
            window.put_lanes()
            window.show_again()
            return
        found = [lane for lane in lanes(held.timeline) if lane.name in COMPACT]
        self._beside_alarms = AlarmsAt(held.timeline.events)
        self.beside = Picture(_second_name(held.path), held.timeline, found, window.picture.look, window.page)
        self.beside.sought.connect(lambda at_us: window.seek(at_us - self.shift_us()))
        self.beside.spanned.connect(self._lead_span)
        window.show_picture(True)
        window.page.lay_beside(self.beside)
        window.put_lanes()
        self.follow_span()
        window.show_again()
        study = self.study
        if study is not None:
            self.work.do(lambda: study.view_beside(held), lambda _done: None, self._failed)
        problems = " ".join(held.problems)
        window.say(problems or f"{held.path.name} beside, {self.aligned()}")

    def shift_us(self) -> int:
        """How much later the same moment is in the second session's own time."""
        if self.beside is None:
            return 0
        ours, theirs = self.window.timeline.state.dose_us, self.beside.timeline.state.dose_us
        return theirs - ours if ours is not None and theirs is not None else 0

    def aligned(self) -> str:
        """At what the two are aligned."""
        both = self.beside is not None and self.beside.timeline.state.dose_us is not None
        if both and self.window.timeline.state.dose_us is not None:
            return "aligned at the dose"
        return "aligned at the start: one of the two has no dose"

    def follow_span(self) -> None:
        """The second picture shows the same stretch of time as the first."""
        if self.beside is not None:
            span, shift = self.window.picture.span, self.shift_us()
            # Beyond its own ends, too: the two stand under each other or the comparison is none.
            self.beside.show_span(Span(span.start_us + shift, span.end_us + shift))

    def _lead_span(self) -> None:
        if self.beside is not None:
            span, shift = self.beside.span, self.shift_us()
            self.window.picture.show_span(
                Span(span.start_us - shift, span.end_us - shift).within(self.window.picture.whole)
            )

    def moments(self, moment: Moment) -> list[Moment]:
        """The moment of each session in the picture."""
        if self.beside is None:
            return [moment]
        timeline = self.beside.timeline
        at_us = moment.now_us + self.shift_us()
        session = timeline.state.session
        origin_us = session.utc_origin_us if session is not None else 0
        status = self._beside_alarms.status(at_us) if self._beside_alarms is not None else None
        other = Moment(timeline.state_at(at_us), timeline, at_us, origin_us, replay=True, alarms=status)
        self.window.picture.against = other
        return [moment, other]


def _second_name(path: Path) -> str:
    return f"beside: {path.name}"
