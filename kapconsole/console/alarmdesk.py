"""What a person does about alarms: keys and forms of the window turned into wishes for the alarm system."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kapconsole.alarms import wishes as ws
from kapconsole.alarms.limits import Preset
from kapconsole.alarms.report import alarms_report
from kapconsole.commands import CommandBody
from kapconsole.console.alarmlist import AlarmListSheet
from kapconsole.console.alarmsheets import PauseSheet, PresetsSheet, SelfTestSheet, SymptomsSheet
from kapconsole.console.alarmwords import baseline_words, noticeable
from kapconsole.console.fatigue import FatigueSheet
from kapconsole.console.keys import Action
from kapconsole.console.limitsheet import LimitsSheet
from kapconsole.console.lines import PARAMETER_WORDS
from kapconsole.console.moment import Moment
from kapconsole.console.sheets import Sheet
from kapconsole.console.strip import ACKNOWLEDGE, ALARMS, PAUSE
from kapconsole.console.view import SessionView

HELP = Action("help", "0", "call help", "Call for help: a HIGH alarm at every station")


class AlarmDesk:
    """Acts for one window. `send` passes a wish on and is False when nobody can take it; `open_sheet` shows a form."""

    def __init__(
        self,
        view: SessionView,
        moment: Callable[[], Moment],
        send: Callable[[CommandBody], bool],
        open_sheet: Callable[[Sheet], None],
        close_sheet: Callable[[], None],
        role: str,
        presets: Path | None = None,
    ) -> None:
        self.view = view
        self.role = role
        self._moment, self._send = moment, send
        self._open, self._close = open_sheet, close_sheet
        self._presets = presets
        self._acts: dict[str, Callable[[], None]] = {
            ACKNOWLEDGE.id: self.acknowledge,
            PAUSE.id: self.pause_audio,
            ALARMS.id: self.open_list,
            HELP.id: self.call_help,
            "alarm-pause": self.open_pause,
            "limits": self.open_limits,
            "symptoms": self.open_symptoms,
            "presets": self.open_presets,
            "self-test": self.open_self_test,
            "report": self.open_report,
        }

    def act(self, name: str) -> bool:
        """Do what a key stands for; False when it is none of the alarms'."""
        act = self._acts.get(name)
        if act is not None:
            act()
        return act is not None

    def acknowledge(self) -> None:
        """Of what is shown here and now: an alarm that nobody can have seen yet is not acknowledged."""
        numbers = noticeable(self._moment().alarms)
        if not numbers:
            self.view.say("no alarm is shown that could be acknowledged")
        elif self._send(ws.Acknowledge(numbers)):
            self.view.say("acknowledged" if len(numbers) == 1 else f"{len(numbers)} alarms acknowledged")

    def pause_audio(self) -> None:
        """AUDIO PAUSED, or its end while it lasts."""
        status = self._moment().alarms
        paused = status is not None and status.audio_paused_s is not None
        self._send(ws.ResumeAudio() if paused else ws.PauseAudio())

    def call_help(self) -> None:
        """One key, at once."""
        if self._send(ws.CallForHelp()):
            self.view.say("help called")

    # -- forms ----------------------------------------------------------------------------------------------------

    def open_list(self) -> None:
        """All alarms."""
        if isinstance(self.view.sheet, AlarmListSheet):
            self._close()
            return
        sheet = AlarmListSheet(self.view.look)
        sheet.acknowledged.connect(lambda number: self._send(ws.Acknowledge((number,))))
        sheet.asked.connect(self.act)
        self._open(sheet)
        self.refresh(self._moment())

    def refresh(self, moment: Moment) -> None:
        """Keep an open list at the present."""
        sheet = self.view.sheet
        if isinstance(sheet, AlarmListSheet):
            sheet.show_alarms(moment, self.view.strip.banner(moment))

    def open_pause(self) -> None:
        """ALARM PAUSED for one parameter."""
        sheet = PauseSheet(self.view.look, self._moment().alarms)
        sheet.wished.connect(self._send_and_close)
        self._open(sheet)

    def open_limits(self) -> None:
        """The limits in force; without an alarm system there are none."""
        moment = self._moment()
        status = moment.alarms
        if status is None:
            self.view.say("no alarm system heard of: there are no limits to show")
            return
        preset = self.view.facts.at(moment).preset
        guard = {} if preset is None else preset.guard
        sheet = LimitsSheet(self.view.look, status, guard, self.role, baseline_words(status))
        sheet.wished.connect(self._send_and_close)
        self._open(sheet)

    def open_symptoms(self) -> None:
        """Red flags beside the pressure, and the limb."""
        moment = self._moment()
        newest = moment.state.newest_nibp()
        reading = None if newest is None or not newest.reading.valid else newest.reading
        pressure = "" if reading is None else f"{reading.sys_mmhg:.0f}/{reading.dia_mmhg:.0f}"
        sheet = SymptomsSheet(self.view.look, self.view.facts.at(moment), pressure)
        sheet.wished.connect(self._send)
        self._open(sheet)

    def open_presets(self) -> None:
        """The stored presets, to read."""
        status = self._moment().alarms
        self._open(PresetsSheet(self.view.look, "" if status is None else status.preset, self._presets))

    def open_self_test(self) -> None:
        """Plays the test pattern, then asks what was heard and seen."""
        if not self._send(ws.AskSelfTest()):
            return
        sheet = SelfTestSheet(self.view.look)
        sheet.again.connect(lambda: self._send(ws.AskSelfTest()))
        sheet.answered.connect(lambda heard, seen: self._send_and_close(ws.ConfirmSelfTest(heard, seen, self.role)))
        self._open(sheet)

    def open_report(self) -> None:
        """The burden so far, of what the log has."""
        moment = self._moment()
        events = [event for event in moment.timeline.events if event.mono_us <= moment.now_us]
        self._open(FatigueSheet(self.view.look, alarms_report(events, Preset())))

    def _send_and_close(self, wish: CommandBody) -> None:
        if self._send(wish):
            self._close()
            said = wish_words(wish)
            if said:
                self.view.say(said)


def wish_words(wish: CommandBody) -> str:
    """What was asked for, in words; the alarm system may still refuse it and say why."""
    match wish:
        case ws.PauseAlarm(parameter=parameter):
            return f"ALARM PAUSED asked for: {PARAMETER_WORDS[parameter]}"
        case ws.ResumeAlarm(parameter=parameter):
            return f"end of ALARM PAUSED asked for: {PARAMETER_WORDS[parameter]}"
        case ws.ChangeLimits(changes=changes):
            return f"{len(changes)} limit{'s' if len(changes) > 1 else ''} confirmed"
        case _:
            return ""
