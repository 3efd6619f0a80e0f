"""What a person does about music, light and stimulation: keys and forms of the window turned into wishes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec

from kapconsole.bilateral import wishes as bw
from kapconsole.bilateral.events import StopKind
from kapconsole.bilateral.guide import GuideError, Screening, load_guide, load_screening
from kapconsole.bilateral.presets import Preset, load_presets
from kapconsole.bilateral.view import BilateralView
from kapconsole.commands import CommandBody
from kapconsole.console.cuedraft import Draft, DraftError
from kapconsole.console.cueeditor import NEXT_SESSION, CueEditor
from kapconsole.console.cuesheet import LEVEL_STEP, CuesSheet
from kapconsole.console.keys import Action
from kapconsole.console.lightpanel import BACK, EXAM, GO, HOUSE, LIGHT_KEYS
from kapconsole.console.moment import Moment
from kapconsole.console.musicpanel import EASE, HEIGHTS, HOLD, MUSIC_KEYS, ONWARD, PLAY, RESOLVE
from kapconsole.console.playlistsheet import PLAYLIST, SEGMENT, MusicSheet
from kapconsole.console.setfacts import Choice, asked_rating, cannot
from kapconsole.console.setpanel import SETS, START, STOP
from kapconsole.console.setsheets import GuideSheet, RatingSheet, ScreeningSheet, SetSheet, changed_rate, next_mix
from kapconsole.console.sheets import LineSheet, QuestionSheet, Sheet
from kapconsole.console.view import SessionView
from kapconsole.cues.light import wishes as lw
from kapconsole.cues.light.events import LightSheetLoaded
from kapconsole.cues.light.setup import STAFF_FLOOR, Setup, SetupError, load_setup
from kapconsole.cues.light.sheet import STANDARD, CueSheet, SheetError, load_sheet, parse_sheet
from kapconsole.cues.light.writing import store_sheet
from kapconsole.cues.music import wishes as mw

VOLUME_STEP_DB = 1.5
AGAIN_US = 2_000_000
"""So soon after a set its key starts none: who pressed it meant the pass that has just ended."""

MORE_ROOM_KEYS = (
    *MUSIC_KEYS,
    Action("softer", "−", "", "Music softer by 1.5 dB; + louder, never above the ceiling"),
    Action("music", "F5", "", "Music: the arc, playlists, volume, fades"),
    *LIGHT_KEYS,
    Action("light", "F6", "", "Light: the cue list, speed, levels by hand"),
    START,
    Action(STOP.id, "F9", "", "Stimulation: dark and silent now, also in a form"),
    SETS,
    Action("rate-up", "↑ ↓", "", "Stimulation: rate 0.05 cycles/s up or down"),
    Action("mix", "Z", "", "Stimulation: other channels, the phase is kept"),
)
STEERED = {
    EASE.id: mw.Act.EASE,
    RESOLVE.id: mw.Act.RESOLVE,
    ONWARD.id: mw.Act.ONWARD,
    "music-skip": mw.Act.SKIP,
}


class RoomDesk:
    """Acts for one window. `send` passes a wish on and is False when nobody can take it; `open_sheet` shows a form.

    `site`: the folder of settings, from which it reads what the monitor reads: presets, guides, cue sheet, lamps.
    """

    def __init__(
        self,
        view: SessionView,
        moment: Callable[[], Moment],
        send: Callable[[CommandBody], bool],
        open_sheet: Callable[[Sheet], None],
        close_sheet: Callable[[], None],
        site: Path,
    ) -> None:
        self.view = view
        self.panel = view.stimulation
        self._moment, self._send = moment, send
        self._open, self._close = open_sheet, close_sheet
        self._site = site
        self._presets: dict[str, Preset] | None = None
        self._draft: Draft | None = None
        self._acts: dict[str, Callable[[], None]] = {
            PLAY.id: self.play_or_pause,
            HOLD.id: self.hold,
            **{name: partial(self._pass, mw.SteerMusic(act)) for name, act in STEERED.items()},
            "softer": lambda: self._pass(mw.StepVolume(-VOLUME_STEP_DB)),
            "louder": lambda: self._pass(mw.StepVolume(VOLUME_STEP_DB)),
            "music": self.open_music,
            HOUSE.id: lambda: self._pass(lw.HouseLight()),
            BACK.id: lambda: self._pass(lw.LightBack()),
            GO.id: lambda: self._pass(lw.LightGo()),
            EXAM.id: lambda: self._pass(lw.ExamLight(not self._moment().state.light.exam)),
            "light": self.open_light,
            START.id: self.start_or_finish,
            STOP.id: self.touched_stop,
            SETS.id: self.open_sets,
            "rate-up": lambda: self.change_rate(1),
            "rate-down": lambda: self.change_rate(-1),
            "mix": self.change_mix,
        }
        self.panel.screening = self._screening()
        self.view.light.floors = self._floors()

    def act(self, name: str) -> bool:
        """Do what a key stands for; False when it is none of the room's."""
        act = self._acts.get(name)
        if act is not None:
            act()
        return act is not None

    def refresh(self, moment: Moment) -> None:
        """Keep open forms at the present, and what would start next."""
        sheet, state = self.view.sheet, moment.state
        match sheet:
            case MusicSheet() if sheet.music is not state.music:
                sheet.put_view(state.music)
            case CuesSheet() if sheet.light is not state.light:
                sheet.put_view(state.light)
            case SetSheet():
                sheet.put_view(state.sets)
            case GuideSheet() if state.sets.guide == sheet.guide.name:
                if [row.key for row in sheet.model.rows if row.present] != [state.sets.step]:
                    sheet.show_step(state.sets.step)
        if (state.sets.running is not None or state.sets.sets) and not self.panel.titles:
            self.library()
            asked = state.sets.sets[-1].asked if state.sets.running is None else state.sets.running.asked
            preset = self.library().get(asked.plan.preset)
            if self.panel.choice is None and preset is not None:
                self.panel.choice = Choice(preset)

    def _pass(self, wish: CommandBody) -> None:
        self._send(wish)

    # -- music ----------------------------------------------------------------------------------------------------

    def play_or_pause(self) -> None:
        """One key for play, pause and go on; without a playlist it opens the choice of one."""
        music = self._moment().state.music
        if music.playlist is None:
            self.open_music()
        elif music.state in ("playing", "asked"):
            self._send(mw.SteerMusic(mw.Act.PAUSE))
        elif music.state in ("paused", "faded"):
            self._send(mw.SteerMusic(mw.Act.RESUME))
        else:
            self._send(mw.PlayMusic())

    def hold(self) -> None:
        """Stay in this segment, or go on."""
        held = self._moment().state.music.held
        self._send(mw.SteerMusic(mw.Act.GO_ON if held else mw.Act.HOLD))

    def open_music(self) -> None:
        """The arc and the playlists."""
        if self._toggled(MusicSheet):
            return
        names = sorted(path.stem for path in (self._site / "playlists").glob("*.toml"))
        sheet = MusicSheet(self.view.look, self._moment().state.music, names)
        sheet.chosen.connect(lambda key: self._music_row(sheet, key))
        sheet.asked.connect(self._music_way)
        self._open(sheet)

    def _music_row(self, sheet: MusicSheet, key: str) -> None:
        if key.startswith(PLAYLIST):
            if self._send(mw.ChoosePlaylist(key.removeprefix(PLAYLIST))):
                sheet.choosing = False
        elif self._send(mw.PlayMusic(key.removeprefix(SEGMENT))):
            self._close()

    def _music_way(self, name: str) -> None:
        wishes: dict[str, CommandBody] = {
            "softer": mw.StepVolume(-VOLUME_STEP_DB),
            "louder": mw.StepVolume(VOLUME_STEP_DB),
            "skip": mw.SteerMusic(mw.Act.SKIP),
            "fade": mw.FadeMusic(),
            "silence": mw.SteerMusic(mw.Act.SILENCE),
        }
        if name in wishes:
            self._send(wishes[name])

    # -- light ----------------------------------------------------------------------------------------------------

    def open_light(self) -> None:
        """The cue list."""
        if self._toggled(CuesSheet):
            return
        light = self._moment().state.light
        sheet = CuesSheet(self.view.look, light, self._cue_sheet(light.sheet), self._setup())
        sheet.chosen.connect(lambda cue: self._send(lw.LightCue(cue)))
        sheet.asked.connect(lambda name: self._light_way(sheet, name))
        self._open(sheet)

    def _light_way(self, sheet: CuesSheet, name: str) -> None:
        match name:
            case "slower" | "faster":
                self._send(lw.LightRate(2.0 if name == "faster" else 0.5))
            case "hold":
                self._send(lw.LightGo() if sheet.light.held else lw.LightHold())
            case "darker" | "brighter":
                step = LEVEL_STEP if name == "brighter" else -LEVEL_STEP
                self._send(lw.SetLight(sheet.zone, min(100.0, max(0.0, round(sheet.level()) + step))))
            case "dark":
                self._send(lw.ConfirmDark())
            case "edit":
                self.open_cue_editor()

    def open_cue_editor(self) -> None:
        """The cue list of the next sessions; a draft that was left is there again."""
        notice = ""
        try:
            found = load_sheet(site=self._site / "lights")
        except SheetError as trouble:
            found = load_sheet()
            notice = f"△ {trouble}; these are the packaged cues. Saving keeps the file that cannot be used"
        playlist = self._moment().state.music.playlist
        segments = () if playlist is None else tuple(each.name for each in playlist.segments)
        setup, names = self._setup(), tuple(dict.fromkeys((*HEIGHTS, *segments)))
        sheet = CueEditor(self.view.look, found, setup, names, self._draft, notice)
        sheet.kept.connect(lambda: self._save_cues(sheet))
        sheet.put_by.connect(self._put_by)
        self._open(sheet)

    def _put_by(self, draft: Draft | None) -> None:
        self._draft = draft
        if draft is not None:
            self.view.say("the cue list is not saved; the draft is kept while this window is open: F6, E")

    def _save_cues(self, sheet: CueEditor) -> None:
        try:
            written = store_sheet(sheet.edited(), self._site / "lights")
        except (DraftError, SheetError, OSError) as trouble:
            sheet.refuse(str(trouble))
            return
        sheet.done = True
        self._close()
        self.view.say(f"cue list saved as version {written.version}; {NEXT_SESSION}")

    def _setup(self) -> Setup | None:
        try:
            return load_setup(self._site)
        except SetupError:
            return None

    def _cue_sheet(self, named: str) -> CueSheet | None:
        """The sheet of this session, which the editor may have replaced since; None when it is not found."""
        events = reversed(self._moment().timeline.events)
        loaded = next((event.body for event in events if isinstance(event.body, LightSheetLoaded)), None)
        for sheet in self._cue_sheets(None if loaded is None else loaded.version):
            if named in ("", sheet.name) and (loaded is None or loaded.version == sheet.version):
                return sheet
        return None

    def _cue_sheets(self, version: int | None) -> Iterator[CueSheet]:
        """What may have been read when the session began: the clinic's sheet, an old one of it, the packaged one."""
        folder = self._site / "lights"
        for path in (folder / f"{STANDARD}.toml", folder / f"{STANDARD}.v{version}.toml"):
            try:
                yield parse_sheet(path.read_text("utf-8"), STANDARD)
            except (SheetError, OSError, UnicodeDecodeError):
                continue
        yield load_sheet()

    def _floors(self) -> dict[str, float]:
        setup = self._setup()
        if setup is None:
            return {}
        found = {name: zone.floor for name, zone in setup.zone.items()}
        found[setup.staff_zone] = max(STAFF_FLOOR, found[setup.staff_zone])
        return found

    # -- stimulation ----------------------------------------------------------------------------------------------

    def start_or_finish(self) -> None:
        """Start the chosen set; while one runs, end it with this pass. What cannot be is said, not asked for."""
        moment, panel = self._moment(), self.panel
        sets = moment.state.sets
        if sets.running is not None:
            if sets.running.stop is None:
                self._send(bw.StopSet(StopKind.FINISH_PASS))
            return
        why = cannot(sets, moment, panel.choice, panel.screening)
        if sets.sets and 0 <= moment.now_us - sets.sets[-1].delivered.at_us < AGAIN_US:
            why = why or "the set has just ended: press again to start another"
        if why or panel.choice is None:
            self.view.say(why)
            return
        choice = panel.choice
        wish = bw.StartSet(
            choice.preset.name,
            rate_cps=choice.rate_cps,
            cycles=choice.cycles,
            channels=choice.channels,
            sud_before=panel.before,
        )
        if self._send(wish):
            panel.before, panel.asks_before = None, False

    def stop_now(self) -> bool:
        """Dark and silent now. False when no set runs, or one has been told already."""
        running = self._moment().state.sets.running
        if running is None or (running.stop is not None and running.stop.kind is StopKind.STOP_NOW):
            return False
        self._send(bw.StopSet(StopKind.STOP_NOW))
        return True

    def touched_stop(self) -> None:
        """The stop on its button."""
        if not self.stop_now():
            self.view.say("no set is running")

    def change_rate(self, steps: int) -> None:
        """The running set's rate, or that of the next one."""
        running, panel = self._moment().state.sets.running, self.panel
        if running is not None:
            rate = changed_rate(running.stimulus().pattern.rate_cps, steps)
            self._send(bw.ChangeSet(rate_cps=rate))
        elif panel.choice is not None:
            panel.choice = msgspec.structs.replace(panel.choice, rate_cps=changed_rate(panel.choice.rate, steps))
            self.view.show_now()

    def change_mix(self) -> None:
        """The next mix of channels, of the running set or of the next one."""
        running, panel = self._moment().state.sets.running, self.panel
        if running is not None:
            preset = self.library().get(running.asked.plan.preset)
            used = running.stimulus().switched[-1][1]
            if preset is not None:
                self._send(bw.ChangeSet(channels=next_mix(preset, used)))
        elif panel.choice is not None:
            mix = next_mix(panel.choice.preset, panel.choice.used)
            panel.choice = msgspec.structs.replace(panel.choice, channels=mix)
            self.view.show_now()

    # -- ratings by digit keys ------------------------------------------------------------------------------------

    @property
    def rating(self) -> str:
        """What the digit keys enter now: "before", "SUD", "VOC", or empty: they are marks."""
        moment = self._moment()
        sets = moment.state.sets
        if sets.running is not None:
            return ""
        if self.panel.asks_before:
            return "before"
        waiting = asked_rating(sets, moment.now_us, self.panel.left)
        return "" if waiting is None else waiting[1]

    def rate(self, value: int) -> None:
        """A rating by one key."""
        what, sets = self.rating, self._moment().state.sets
        if what == "before":
            self.panel.before, self.panel.asks_before = value, False
            self.view.say(f"SUD before: {value}")
            return
        number = sets.sets[-1].asked.set_id
        if what == "VOC" and not 1 <= value <= 7:
            self.view.say("VOC is 1 to 7; F1 calls help")
        elif self._send(bw.RateSet(number, sud_after=value) if what == "SUD" else bw.RateSet(number, voc=value)):
            self.view.say(f"{what} {value} after set {number}")

    def leave_rating(self) -> bool:
        """Esc: nobody wants to rate it now. False when nothing waits for a rating."""
        what = self.rating
        if what == "before":
            self.panel.asks_before = False
        elif what:
            self.panel.left = self._moment().state.sets.sets[-1].asked.set_id
        self.view.show_now()
        return bool(what)

    # -- forms of stimulation -------------------------------------------------------------------------------------

    def library(self) -> dict[str, Preset]:
        """The presets by name: the client's, the clinic's, the packaged ones; read once."""
        if self._presets is None:
            session = self._moment().state.session
            client = "" if session is None else session.subject
            simple = client if client.replace("-", "").replace("_", "").isalnum() else ""
            presets, wrong = load_presets(self._site / "bilateral", simple)
            self._presets = {preset.name: preset for preset in presets}
            self.panel.titles = {preset.name: preset.title for preset in presets}
            if wrong:
                self.view.say(wrong[0])
        return self._presets

    def open_sets(self) -> None:
        """Presets with their evidence, and the way to screening, stop signal, guide and ratings."""
        if self._toggled(SetSheet):
            return
        self._presets = None
        sheet = SetSheet(self.view.look, [*self.library().values()], self.panel.choice, self._moment().state.sets)
        sheet.taken.connect(self._take)
        sheet.asked.connect(self._set_way)
        self._open(sheet)

    def _take(self, choice: Choice | None) -> None:
        self.panel.choice = choice
        self.panel.before, self.panel.asks_before = None, choice is not None
        self._close()

    def _set_way(self, name: str) -> None:
        ways: dict[str, Callable[[], None]] = {
            "screening": self.open_screening,
            "rehearse": self.open_rehearsal,
            "fast": self.open_fast,
            "override": self.open_override,
            "guide": self.open_guide,
            "ratings": self.open_ratings,
        }
        if name in ways:
            ways[name]()

    def open_screening(self) -> None:
        """The questions before the first visual set."""
        screening = self.panel.screening
        if screening is None:
            self.view.say("the screening questions cannot be read: screening.toml")
            return
        known = self._moment().state.sets.screening or {}
        sheet = ScreeningSheet(self.view.look, screening.questions, screening.note, known)
        sheet.answered.connect(lambda answers: self._sent(bw.AnswerScreening(answers)))
        self._open(sheet)

    def open_rehearsal(self) -> None:
        """The stop signal, once it was tried."""
        sheet = LineSheet("The stop signal was agreed and tried", "raised hand", "Confirm", self.view.look)
        sheet.line.setText(self._moment().state.sets.stop_signal or "raised hand")
        sheet.kept.connect(lambda: self._sent(bw.RehearseStop(sheet.text())))
        self._open(sheet)

    def open_fast(self) -> None:
        """Rates above 1.5 cycles/s and high load, once a session."""
        words = "Rates above 1.5 cycles/s and sets of high load will not be asked about again in this session."
        sheet = QuestionSheet("High load in this session?", words, "Confirm", self.view.look)
        sheet.kept.connect(lambda: self._sent(bw.ConfirmFastRate()))
        self._open(sheet)

    def open_override(self) -> None:
        """Light and bar on a dosing day."""
        sheet = LineSheet("Light and bar on a dosing day", "the reason, for the record", "Confirm", self.view.look)
        sheet.kept.connect(lambda: self._override(sheet))
        self._open(sheet)

    def _override(self, sheet: LineSheet) -> None:
        if sheet.text():
            self._sent(bw.OverrideDosingDay(sheet.text()))
        else:
            sheet.wrong.setText("light and bar on a dosing day need a reason")

    def open_guide(self, name: str = "") -> None:
        """The steps; the pointer is part of the session."""
        sets = self._moment().state.sets
        try:
            guide = load_guide(name or sets.guide or "emdr", self._site / "bilateral")
        except GuideError as trouble:
            self.view.say(str(trouble))
            return
        sheet = GuideSheet(self.view.look, guide, sets.step if sets.guide == guide.name else "")
        sheet.chosen.connect(lambda step: self._send(bw.MoveGuide(step, guide.name)))
        sheet.asked.connect(lambda way: self._guide_way(guide.name, way))
        self._open(sheet)

    def _guide_way(self, name: str, way: str) -> None:
        if way in ("next", "back"):
            self._send(bw.MoveGuide(way, name))
        else:
            self.open_guide(way)

    def open_ratings(self) -> None:
        """Everything that can be entered about the last set."""
        sets: BilateralView = self._moment().state.sets
        if not sets.sets:
            self.view.say("there is no set to be rated yet")
            return
        sheet = RatingSheet(self.view.look, sets.sets[-1])
        sheet.rated.connect(self._sent)
        self._open(sheet)

    def _sent(self, wish: CommandBody) -> None:
        if self._send(wish):
            self._close()

    def _screening(self) -> Screening | None:
        try:
            return load_screening(self._site / "bilateral")
        except GuideError:
            return None

    def _toggled(self, kind: type[Sheet]) -> bool:
        if isinstance(self.view.sheet, kind):
            self._close()
            return True
        return False
