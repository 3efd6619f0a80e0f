"""The page of sound against light: forty edges with a tone at each, and a slider until they are together."""

from __future__ import annotations

from datetime import datetime

import msgspec
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSlider

from kapconsole.room.sinks import RATE_HZ
from kapconsole.roomsetup import Timing
from kapconsole.roomwizard.desk import Desk
from kapconsole.roomwizard.draft import timing_of, with_offsets
from kapconsole.roomwizard.ears import Sounding
from kapconsole.roomwizard.facts import offset_words
from kapconsole.roomwizard.forms import Number, Page, Part, act, row, sentence, words
from kapconsole.roomwizard.screenpage import small_window

MOST_MS = 300
FINE_MS, COARSE_MS = 5, 25
AGAIN_MS = 400
"""A run begins anew so long after the slider's last move."""


def offsets(later_ms: float) -> tuple[float, float]:
    """(sound, screen): who waits, and for how long, when the sound is to come so much later than it did; ms."""
    return max(0.0, later_ms), max(0.0, -later_ms)


class TimingPage(Page):
    """See the module."""

    title = "Sound and light together"
    keys = ("timing",)

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk,
            "The dot rests at each side and crosses in half a second; the tone belongs to the moment at which it comes "
            "to rest. Early sound is noticed sooner than late sound.",
        )
        part = self.part = Part("Forty edges, half a cycle a second")
        self.start = act("Start", self._start, self, "Start forty edges with a tone at each")
        self.stop_button = act("Stop", self.desk.stop, self, "Stop the edges")
        part.body.addLayout(row(self.start, self.stop_button))
        part.body.addWidget(words("Left: the light waits · right: the sound waits · arrow keys 5 ms, Page keys 25 ms"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Sound later than light, milliseconds")
        self.slider.setRange(-MOST_MS, MOST_MS)
        self.slider.setSingleStep(FINE_MS)
        self.slider.setPageStep(COARSE_MS)
        self.slider.valueChanged.connect(self._moved)
        part.body.addWidget(self.slider)
        self.number = Number("Sound later by", "ms", -MOST_MS, MOST_MS, 1.0, 0, lambda value: self._set(round(value)))
        self.together = act("They are together", self._keep, self)
        part.body.addLayout(row("Sound later by", self.number, self.together))
        part.end()
        self.body.addWidget(part)
        rig = Part("With a measuring rig")
        rig.body.addWidget(
            words(
                "A photodiode on the dot’s resting place into the left line input, the headphone signal into the right "
                "one: record 40 edges, take the mean difference, and enter it above. Within 20 ms is good enough, "
                "within 8 ms is the goal. A telephone’s film at 240 frames a second tells ±4 ms."
            )
        )
        self.body.addWidget(rig)
        self.body.addStretch(1)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(AGAIN_MS)
        self._again.timeout.connect(self._run)
        desk.edges.told.connect(self._told)
        desk.sounding.connect(self._sounding)
        desk.stopped.connect(self._again.stop)
        self._fresh = True
        self.refresh()

    def entered(self) -> None:
        self._fresh = True
        self.refresh()

    def refresh(self) -> None:
        draft = self.desk.draft
        found = timing_of(draft.setup, draft.patient_out, draft.setup.display.screen)
        if self._fresh:
            self._fresh = False
            self._show(0 if found is None else round(found.sound_ms - found.screen_ms))
        screen, output = draft.setup.display.screen, draft.patient_out
        missing = [what for what, there in (("the client’s screen", screen), ("the headphones", output)) if not there]
        for each in (self.start, self.together, self.slider, self.number):
            each.setEnabled(not missing)
        if missing:
            self.part.said.setText(f"Choose {' and '.join(missing)} first: without both there is nothing to compare.")
        elif found is not None:
            said = offset_words(found.sound_ms, found.screen_ms)
            when = f" since {found.measured}" if found.measured else ""
            self.part.said.setText(f"Together with: {said}{when}. It holds for this output and this screen.")
        else:
            self.part.said.setText("Nobody has compared this output with this screen yet.")

    def later_ms(self) -> int:
        """How much later the sound is to come, as it stands."""
        return self.slider.value()

    def _start(self) -> None:
        self._run()

    def _run(self) -> None:
        self.desk.run_edges(small_window(self, self.desk), *offsets(self.later_ms()))

    def _moved(self, value: int) -> None:
        self.number.show_value(value)
        if self.desk.edges.running:
            self._again.start()

    def _set(self, value: int) -> None:
        self.slider.setValue(value)

    def _show(self, value: int) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(value)
        self.slider.blockSignals(False)
        self.number.show_value(value)

    def _keep(self) -> None:
        draft = self.desk.draft
        output, screen = draft.patient_out, draft.setup.display.screen
        rate_hz = next((one.refreshRate() for one in QGuiApplication.screens() if one.name() == screen), 0.0)
        sound_ms, screen_ms = offsets(self.later_ms())
        today = datetime.now().astimezone().date().isoformat()
        found = Timing(output, screen, RATE_HZ, round(rate_hz), sound_ms, screen_ms, today)
        others = tuple(each for each in draft.setup.timing if (each.output, each.screen) != (output, screen))
        setup = msgspec.structs.replace(draft.setup, timing=(*others, found))
        self.desk.stop()
        self.desk.use(with_offsets(msgspec.structs.replace(draft, setup=setup)))

    def _told(self, text: str) -> None:
        self.part.said.setText(sentence(text))

    def _sounding(self, sounding: Sounding) -> None:
        if not self.isVisible():
            return
        if sounding.state == "opening":
            self.part.said.setText("opening output and screen …")
        elif sounding.state == "playing":
            self.part.said.setText("Move the slider until tone and arrival are one. Esc stops.")
        elif sounding.state == "failed":
            self._told(sounding.text)
