"""The page of sound: the two outputs by name, where each test was heard, and how loud the headphones are by a meter."""

from __future__ import annotations

from datetime import datetime

import msgspec
from PySide6.QtWidgets import QLineEdit

from kapconsole.console.theme import Look
from kapconsole.roomsetup import SITE_DBA, Calibration
from kapconsole.roomwizard.cards import role_trouble
from kapconsole.roomwizard.desk import Desk
from kapconsole.roomwizard.ears import Sounding
from kapconsole.roomwizard.facts import ceiling_words
from kapconsole.roomwizard.forms import Choice, Names, Number, Page, Part, act, row, sentence, words
from kapconsole.roomwizard.heard import Heard, Verdict, of_side, of_speaker
from kapconsole.roomwizard.waves import Noise, SideTone

NONE = "none"
LEVEL_DBA = (30.0, 130.0)
CAP_DBA = (40.0, 85.0)
"""Above 85 dBA no personal player goes by itself (audio reference, section 8)."""


class SoundPage(Page):
    """See the module."""

    title = "Sound"
    keys = ("patient_out", "level", "alarm_out")

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk, "The patient’s headphones and the alarm speaker are two devices on two sound cards, each by its name."
        )
        self._sides: dict[Heard, Verdict] = {}
        self._asked: Heard | None = None
        self._noise = False
        self._outputs_part()
        self._sides_part()
        self._speaker_part()
        self._level_part()
        self.body.addStretch(1)
        desk.outputs_found.connect(lambda _found: self.refresh())
        desk.sounding.connect(self._sounding)
        desk.speaker_told.connect(self._speaker_told)
        desk.stopped.connect(self._stopped)
        self.refresh()

    def _outputs_part(self) -> None:
        part = self.outputs = Part("Which outputs")
        part.body.addWidget(words("Patient’s headphones"))
        self.patient = Names("Output for the patient’s headphones", lambda name: self._name(patient_out=name))
        part.body.addWidget(self.patient)
        part.body.addWidget(words("Alarm speaker in the room"))
        self.alarm = Names("Output for the alarm speaker", lambda name: self._name(alarm_out=name))
        part.body.addWidget(self.alarm)
        self.look_again = act("Look again", self.desk.look_for_outputs, self, "Look for sound outputs again")
        part.body.addLayout(row(self.look_again))
        part.end()
        self.body.addWidget(part)

    def _sides_part(self) -> None:
        part = self.sides = Part("Left and right")
        part.body.addWidget(words("Put the headphones on. Each tone is soft (-30 dBFS): say where you heard it."))
        self.left = act("Tone for the left ear", lambda: self._tone(Heard.LEFT), self)
        self.right = act("Tone for the right ear", lambda: self._tone(Heard.RIGHT), self)
        part.body.addLayout(row(self.left, self.right))
        self.heard = Choice("Where the tone was heard", list(Heard), self._heard_tone)
        part.body.addWidget(self.heard)
        part.end()
        self.body.addWidget(part)

    def _speaker_part(self) -> None:
        part = self.speaker = Part("Alarm speaker")
        self.test = act("Sound the test pattern", self._test_speaker, self, "Sound the alarm speaker’s test pattern")
        part.body.addLayout(row(self.test))
        self.where = Choice(
            "Where the test pattern was heard",
            ["in the room", "in the headphones", "nothing"],
            self._heard_speaker,
        )
        part.body.addWidget(self.where)
        part.end()
        self.body.addWidget(part)

    def _level_part(self) -> None:
        part = self.level = Part("How loud it is")
        part.body.addWidget(
            words(
                "Set the system’s volume as it is to stay, and any knob on cable or amplifier. Play the noise, hold a "
                "sound-level meter (A, slow) to the ear cup, and enter what it shows. A knob that is turned later "
                "makes the measurement void."
            )
        )
        self.noise = act("Play the noise", self._play_noise, self, "Play pink noise of -23 LUFS in the headphones")
        self.dba = Number("The meter shows", "dBA", 0.0, LEVEL_DBA[1], 0.5, 1, lambda value: None)
        self.dba.setSpecialValueText("not measured")
        self.cap = Number("At most at the ear", "dBA", *CAP_DBA, 1.0, 0, self._keep_cap)
        part.body.addLayout(row(self.noise, "The meter shows", self.dba, "at most", self.cap))
        self.phones = QLineEdit()
        self.phones.setAccessibleName("Which headphones, in words")
        self.phones.setPlaceholderText("which headphones: for example closed pair no. 2")
        self.keep_level = act("Use this level", self._keep_level, self)
        self.forget = act("Forget it", self._forget_level, self, "Forget the measured level of this output")
        part.body.addLayout(row(self.phones, self.keep_level, self.forget, stretch=False))
        part.end()
        self.body.addWidget(part)

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        self.patient.fit()
        self.alarm.fit()

    def entered(self) -> None:
        if self.desk.outputs is None:
            self.outputs.said.setText("looking for sound outputs …")
            self.desk.look_for_outputs()

    # -- which ----------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        draft, found = self.desk.draft, self.desk.outputs
        for names, chosen, none in (
            (self.patient, draft.patient_out, "none: the music runs unheard"),
            (self.alarm, draft.alarm_out, "none: alarms are silent here"),
        ):
            there = [(each, each) for each in found or []]
            if chosen and chosen not in (found or []):
                there.append((chosen, chosen if found is None else f"{chosen} · not there now"))
            names.show_names([("", none), *there], chosen)
        if found is not None:
            trouble = role_trouble(draft.patient_out, draft.alarm_out)
            none = "There is no sound output on this machine: sound cannot be set up here." if not found else ""
            self.outputs.said.setText(sentence(trouble) or none)
        sound = draft.setup.sound
        if sound.sides_confirmed:
            self.sides.said.setText("Left and right are confirmed.")
        measured = sound.calibration_of(draft.patient_out)
        if measured is not None:
            self.dba.show_value(measured.full_gain_dba)
            if not self.phones.isModified():
                self.phones.setText(measured.headphones)
        self.cap.show_value(SITE_DBA if measured is None else measured.limit_dba)
        self.forget.setEnabled(measured is not None)
        self.level.said.setText(f"{sentence(ceiling_words(draft))}{self._volume_words(measured)}")
        if draft.alarm_out and sound.speaker_confirmed == draft.alarm_out:
            self.speaker.said.setText("Heard in the room.")
        for each in (self.left, self.right, self.noise, self.keep_level):
            each.setEnabled(bool(draft.patient_out))
        self.test.setEnabled(bool(draft.alarm_out))

    def _name(self, patient_out: str | None = None, alarm_out: str | None = None) -> None:
        draft = self.desk.draft
        wanted = draft.named(patient_out, alarm_out)
        trouble = role_trouble(wanted.patient_out, wanted.alarm_out)
        if trouble:
            # Stays as it was: what is on the screen is what is in force.
            self.refresh()
            self.outputs.said.setText(f"Not chosen: {trouble}.")
            return
        if wanted == draft:
            return
        self.desk.stop()
        if patient_out is not None:
            self._sides.clear()
            self.sides.said.setText("")
            self.heard.show_chosen("")
            self.dba.show_value(0.0)
            self.phones.setText("")
        else:
            self.speaker.said.setText("")
            self.where.show_chosen("")
        self.desk.use(wanted)

    # -- left and right -------------------------------------------------------------------------------------------

    def _tone(self, side: Heard) -> None:
        self._asked, self._noise = side, False
        self.heard.show_chosen("")
        channel = 0 if side is Heard.LEFT else 1
        self.desk.play(lambda start: SideTone(start, channel))

    def _heard_tone(self, said: str) -> None:
        if self._asked is None:
            self.heard.show_chosen("")
            self.sides.said.setText("Play a tone first.")
            return
        verdict, what = of_side(self._asked, Heard(said))
        self._sides[self._asked] = verdict
        name = "Left" if self._asked is Heard.LEFT else "Right"
        both = [self._sides.get(side) for side in (Heard.LEFT, Heard.RIGHT)]
        confirmed = both == [Verdict.GOOD, Verdict.GOOD]
        self.desk.change("sound", sides_confirmed=confirmed)
        left_to_do = "" if confirmed or verdict is Verdict.WRONG else " Now the other ear."
        self.sides.said.setText("Left and right are confirmed." if confirmed else f"{name}: {what}.{left_to_do}")
        self.desk.ears.stop()

    # -- the speaker ----------------------------------------------------------------------------------------------

    def _test_speaker(self) -> None:
        self.where.show_chosen("")
        self.speaker.said.setText("sounding …")
        self.desk.test_speaker()

    def _speaker_told(self, trouble: str) -> None:
        self.speaker.said.setText(sentence(trouble) if trouble else "Where was it heard?")

    def _heard_speaker(self, said: str) -> None:
        known = {"in the room": Heard.ROOM, "nothing": Heard.NOWHERE}
        verdict, what = of_speaker(known.get(said, Heard.BOTH))
        good = verdict is Verdict.GOOD
        self.desk.change("sound", speaker_confirmed=self.desk.draft.alarm_out if good else "")
        self.speaker.said.setText(sentence(what))

    # -- level ----------------------------------------------------------------------------------------------------

    def _play_noise(self) -> None:
        self._noise = True
        self.desk.play(Noise)

    def _keep_level(self) -> None:
        draft, value = self.desk.draft, self.dba.value()
        if value < LEVEL_DBA[0]:
            self.level.said.setText("Enter what the meter shows, in dBA.")
            return
        volume = self.desk.ears.volume_of(draft.patient_out)
        today = datetime.now().astimezone().date().isoformat()
        measured = Calibration(
            draft.patient_out,
            value,
            self.phones.text().strip(),
            1.0 if volume is None else round(volume, 3),
            self.cap.value(),
            today,
        )
        self._use(measured)

    def _keep_cap(self, limit_dba: float) -> None:
        sound = self.desk.draft.setup.sound
        measured = sound.calibration_of(self.desk.draft.patient_out)
        if measured is not None:
            self._use(msgspec.structs.replace(measured, limit_dba=limit_dba))

    def _use(self, measured: Calibration) -> None:
        kept = self.desk.draft.setup.sound.calibration
        others = tuple(each for each in kept if each.output != measured.output)
        self.desk.change("sound", calibration=(*others, measured))

    def _forget_level(self) -> None:
        draft = self.desk.draft
        kept = tuple(each for each in draft.setup.sound.calibration if each.output != draft.patient_out)
        self.dba.show_value(0.0)
        self.desk.change("sound", calibration=kept)

    def _volume_words(self, measured: Calibration | None) -> str:
        if measured is None:
            return ""
        parts = [f"measured {measured.measured}" if measured.measured else "", measured.headphones]
        parts.append(f"at a system volume of {100 * measured.volume:.0f} %")
        return " " + ", ".join(part for part in parts if part).capitalize() + "."

    # -- what the device says -------------------------------------------------------------------------------------

    def _sounding(self, sounding: Sounding) -> None:
        if not self.isVisible():
            return
        said = self.level.said if self._noise else self.sides.said
        match sounding.state:
            case "opening":
                said.setText("opening the output …")
            case "playing":
                ask = "The noise plays until you stop it (Esc)." if self._noise else "Where was it heard?"
                said.setText(f"{sentence(sounding.text)} {ask}".strip())
            case "failed":
                said.setText(sentence(sounding.text))

    def _stopped(self) -> None:
        self._noise = False
        self.refresh()
