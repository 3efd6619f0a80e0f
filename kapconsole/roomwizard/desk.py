"""What all pages share: the draft, and the things that can sound and light, of which one stop ends them all."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from kapconsole.annunciator.named import open_output
from kapconsole.annunciator.named import outputs as named_outputs
from kapconsole.room.display import messages as ms
from kapconsole.room.displaylink import PYTHON
from kapconsole.room.named import open_sink
from kapconsole.room.patient_out import PatientOut
from kapconsole.roomwizard.clientscreen import ClientScreen
from kapconsole.roomwizard.draft import Draft, write_draft
from kapconsole.roomwizard.ears import Ears, MakeSource, Opening
from kapconsole.roomwizard.edges import Edges
from kapconsole.roomwizard.facts import screen_of
from kapconsole.roomwizard.speaker import Opening as OpenSpeaker
from kapconsole.roomwizard.speaker import Speaker
from kapconsole.roomwizard.strip import BarTest, OpenPort
from kapdevices.lightbars.port import SerialBarPort

log = logging.getLogger("kapconsole.roomwizard")

IN_SESSION = "a session is running on this machine: its sound and light are not touched. End it first"


class Desk(QObject):
    """See the module. Signals come in Qt's thread, whichever thread they were sent from."""

    changed = Signal()
    """The draft is another one."""

    sounding = Signal(object)
    """`Sounding`: how the test sound in the headphones stands."""

    speaker_told = Signal(str)
    """The test of the alarm speaker is over; what was wrong, in words."""

    bar_told = Signal(object)
    """`BarSaid`."""

    outputs_found = Signal(object)
    """Full names of all sound outputs, a list."""

    refused = Signal(str)
    """What was asked is not done, and why."""

    stopped = Signal()

    _lent = Signal(object)

    def __init__(
        self,
        draft: Draft,
        opening: Opening = open_sink,
        open_speaker: OpenSpeaker = open_output,
        open_bar: OpenPort = SerialBarPort,
        outputs: Callable[[], list[str]] = named_outputs,
        in_session: Callable[[], bool] = lambda: False,
        display: Sequence[str] = PYTHON,
    ) -> None:
        """`in_session`: whether a session runs on this machine; everything that sounds or lights is refused then."""
        super().__init__()
        self.draft = draft
        self.unkept = False
        """True when the draft differs from what is in force."""
        self.outputs: list[str] | None = None
        self.ears = Ears(self.sounding.emit, opening)
        self.speaker = Speaker(self.speaker_told.emit, open_speaker)
        self.bar = BarTest(self.bar_told.emit, open_bar)
        self.client = ClientScreen(self.ears.clock.frame, display)
        self.edges = Edges(self.client)
        self._outputs, self.in_session = outputs, in_session
        self._looking: threading.Thread | None = None
        self._offsets = (0.0, 0.0)
        self._waiting_out: PatientOut | None = None
        self._lent.connect(self._begin_edges)
        self.client.ready.connect(self._client_ready)
        self.outputs_found.connect(self._keep_outputs)

    # -- the draft ------------------------------------------------------------------------------------------------

    def use(self, draft: Draft) -> None:
        """Another draft; kept beside the program's state at once, so that nothing is lost by leaving."""
        if draft == self.draft:
            return
        self.draft, self.unkept = draft, True
        try:
            write_draft(draft)
        except OSError as trouble:
            self.refused.emit(f"the unfinished set-up cannot be kept: {trouble.strerror or trouble}")
        self.changed.emit()

    def change(self, part: str, **fields: Any) -> None:
        """Other values in one part of the set-up: sound, bar, tactile, foot_switch."""
        setup = self.draft.setup
        new = msgspec.structs.replace(getattr(setup, part), **fields)
        self.use(msgspec.structs.replace(self.draft, setup=msgspec.structs.replace(setup, **{part: new})))

    # -- sound and light ------------------------------------------------------------------------------------------

    def may(self) -> bool:
        """Whether anything may sound or light now; said in words where not."""
        if self.in_session():
            self.refused.emit(IN_SESSION)
            return False
        return True

    def play(self, source: MakeSource, tactile: bool = False) -> None:
        """A test sound on the patient's output."""
        if not self.draft.patient_out:
            self.refused.emit("choose the patient's output first")
        elif self.may():
            self.stop()
            self.ears.play(self.draft.patient_out, self.draft.alarm_out, source, tactile)

    def test_speaker(self) -> None:
        """The test pattern on the alarm speaker."""
        if not self.draft.alarm_out:
            self.refused.emit("choose the alarm speaker first")
        elif self.may():
            self.stop()
            self.speaker.test(self.draft.alarm_out)

    def light_bar(self, picture: bytes) -> None:
        """A picture on the bar."""
        if not self.draft.setup.bar.port:
            self.refused.emit("name the bar's port first")
        elif self.may():
            self.bar.show(self.draft.setup.bar, picture)

    def show_picture(self, what: str, window: bool, card_px: float = 0.0) -> None:
        """A still picture on the client's screen."""
        screen = self.draft.setup.display.screen
        if not screen:
            self.refused.emit("choose the client's screen first")
        elif self.may():
            self.client.show_picture(screen, window, ms.Picture(what, card_px))

    def run_edges(self, window: bool, sound_ms: float, screen_ms: float) -> None:
        """Forty edges, with these offsets."""
        if not self.draft.patient_out:
            self.refused.emit("choose the patient's output first")
        elif not self.draft.setup.display.screen:
            self.refused.emit("choose the client's screen first")
        elif self.may():
            self.edges.stop()
            self._offsets = (sound_ms, screen_ms)
            self.client.open(self.draft.setup.display.screen, window)
            self.ears.lend(self.draft.patient_out, self.draft.alarm_out, False, self._lent.emit)

    def stop(self) -> None:
        """Everything is silent and dark, now."""
        self._waiting_out = None
        self.edges.stop()
        self.ears.stop()
        self.speaker.stop()
        self.bar.stop()
        self.client.dark()
        self.stopped.emit()

    def look_for_outputs(self) -> None:
        """List the sound outputs; a server that hangs holds up nobody."""
        if self._looking is not None and self._looking.is_alive():
            return
        self._looking = threading.Thread(target=self._look, name="outputs", daemon=True)
        self._looking.start()

    def close(self) -> None:
        """Everything ended and given back."""
        self.stop()
        self.ears.close()
        self.speaker.close()
        self.bar.close()
        self.client.close()
        if self._looking is not None:
            self._looking.join()

    def _look(self) -> None:
        try:
            found = self._outputs()
        except Exception:  # whatever a sound library says: there are none, and the page says so
            log.exception("the sound outputs cannot be listed")
            found = []
        self.outputs_found.emit(found)

    def _keep_outputs(self, found: list[str]) -> None:
        self.outputs = found

    def _begin_edges(self, out: PatientOut) -> None:
        setup = self.draft.setup
        if self.client.answered:
            self.edges.begin(out, self.ears.clock, screen_of(setup.display), *self._offsets)
        else:
            self._waiting_out = out

    def _client_ready(self) -> None:
        out, self._waiting_out = self._waiting_out, None
        if out is not None:
            self._begin_edges(out)
