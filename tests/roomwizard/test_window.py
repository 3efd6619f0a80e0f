"""The wizard by keyboard: pages, names, one stop; what is left is not lost, what is kept is in force."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("PySide6")
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QLineEdit, QListWidget, QSlider

from kapconsole.room.sinks import RATE_HZ
from kapconsole.roomsetup import DisplaySetup, FootSwitch, RoomSetup, SoundSetup, read_setup
from kapconsole.roomwizard.bodypage import BodyPage
from kapconsole.roomwizard.desk import Desk
from kapconsole.roomwizard.draft import Draft, in_force, read_draft
from kapconsole.roomwizard.screenpage import CardFit, ScreenPage
from kapconsole.roomwizard.soundpage import SoundPage
from kapconsole.roomwizard.timingpage import TimingPage, offsets
from kapconsole.roomwizard.window import RoomWindow
from tests.roomwizard.doubles import BarLine, Heads, Speakers

pytestmark = pytest.mark.qt

HEADS, ROOM, OTHER = "PulseAudio: heads.usb", "PulseAudio: alsa_output.pci.analog", "PulseAudio: alsa_output.pci.hdmi"
SCREEN = DisplaySetup("HDMI-1", 527.0, 296.0, 1920, 1080, 650.0)


class Rig:
    """A window with doubles for everything that sounds or lights."""

    def __init__(self, draft: Draft) -> None:
        self.heads, self.speakers, self.line = Heads(), Speakers(), BarLine(60)
        self.busy = False
        self.desk = Desk(
            draft,
            self.heads.open,
            self.speakers.open,
            self.line.open,
            lambda: [HEADS, ROOM, OTHER],
            lambda: self.busy,
            (sys.executable, "-c", "import sys; sys.stdin.buffer.read()"),
        )
        self.refused: list[str] = []
        self.desk.refused.connect(self.refused.append)
        self.window = RoomWindow(self.desk)
        self.window.resize(1280, 800)
        self.window.show()
        self.window.activateWindow()
        self.until(self.window.isActiveWindow)

    def until(self, true: Callable[[], object], timeout_s: float = 10.0) -> None:
        until_s = time.monotonic() + timeout_s
        while not true():
            QApplication.processEvents()
            assert time.monotonic() < until_s, f"waited {timeout_s:g} s in vain"
            time.sleep(0.002)  # noqa: TID251

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.window.focusWidget() or self.window, key, modifier)

    def page(self, kind: type) -> object:
        number, page = next((n, each) for n, each in enumerate(self.window.pages) if isinstance(each, kind))
        self.window.go(number)
        return page

    @property
    def sound(self) -> SoundPage:
        page = self.page(SoundPage)
        assert isinstance(page, SoundPage)
        # The page has them a moment after the desk.
        self.until(lambda: self.desk.outputs is not None and page.patient.count() > 1)
        return page

    def close(self) -> None:
        self.window.close()
        self.window.deleteLater()
        QApplication.processEvents()


@pytest.fixture
def make(qapp: QApplication) -> Iterator[Callable[[Draft], Rig]]:
    made: list[Rig] = []

    def new(draft: Draft) -> Rig:
        made.append(Rig(draft))
        return made[-1]

    yield new
    for rig in made:
        rig.close()


@pytest.fixture
def rig(make: Callable[[Draft], Rig]) -> Rig:
    return make(Draft(RoomSetup(SCREEN, SoundSetup(HEADS)), HEADS, ROOM))


def press(rig: Rig, button: QAbstractButton) -> None:
    """As by keyboard: focus, then Enter."""
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Return)


def test_every_control_of_every_page_has_a_name_and_is_reached_by_tab(rig: Rig) -> None:
    kinds = (QAbstractButton, QAbstractSpinBox, QSlider, QListWidget, CardFit)
    for page in rig.window.pages:
        controls = [each for kind in kinds for each in page.findChildren(kind)]
        controls += [each for each in page.findChildren(QLineEdit) if not isinstance(each.parent(), QAbstractSpinBox)]
        for control in controls:
            if control.objectName() == "qt_spinbox_lineedit":
                continue
            assert control.accessibleName(), f"{page.title}: {type(control).__name__} without a name"
            assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, control.accessibleName()


def test_pages_are_turned_by_keys_and_the_first_and_last_are_ends(rig: Rig) -> None:
    seen = []
    for number in range(6):
        rig.key(getattr(Qt.Key, f"Key_{number + 1}"), Qt.KeyboardModifier.AltModifier)
        seen.append(rig.window.at)
    assert seen == list(range(6))
    rig.key(Qt.Key.Key_PageDown)
    assert rig.window.at == 5
    rig.key(Qt.Key.Key_PageUp)
    assert rig.window.at == 4


def test_escape_stops_the_noise_on_every_field(rig: Rig) -> None:
    sound = rig.sound
    for place in (sound.noise, sound.dba, sound.phones, sound.patient):
        count = len(rig.heads.tapes)
        press(rig, sound.noise)
        rig.until(lambda: rig.heads.tapes and rig.heads.tape.samples[rig.heads.tape.heard() - 1].any())
        place.setFocus()
        rig.key(Qt.Key.Key_Escape)
        silent_from = rig.heads.tape.heard() + RATE_HZ // 10
        rig.until(lambda: rig.heads.tape.heard() > silent_from + RATE_HZ // 5)  # noqa: B023
        assert not rig.heads.tape.samples[silent_from : rig.heads.tape.heard()].any(), place.accessibleName()
        assert len(rig.heads.tapes) <= count + 1


def test_leaving_the_page_stops_what_sounds(rig: Rig) -> None:
    press(rig, rig.sound.noise)
    rig.until(lambda: rig.heads.tapes and rig.heads.tape.samples[rig.heads.tape.heard() - 1].any())
    rig.key(Qt.Key.Key_PageDown)
    silent_from = rig.heads.tape.heard() + RATE_HZ // 10
    rig.until(lambda: rig.heads.tape.heard() > silent_from + RATE_HZ // 5)
    assert not rig.heads.tape.samples[silent_from : rig.heads.tape.heard()].any()


def test_left_and_right_are_confirmed_only_when_both_were_heard_where_they_belong(rig: Rig) -> None:
    sound = rig.sound
    for tone, said, confirmed in (
        (sound.left, "right ear only", False),
        (sound.left, "left ear only", False),
        (sound.right, "both ears", False),
        (sound.right, "right ear only", True),
    ):
        press(rig, tone)
        rig.until(lambda: "Where was it heard" in sound.sides.said.text())
        press(rig, next(each for each in sound.heard.group.buttons() if each.text() == said))
        assert rig.desk.draft.setup.sound.sides_confirmed is confirmed, said
    assert "confirmed" in sound.sides.said.text()


def test_an_answer_without_a_tone_confirms_nothing(rig: Rig) -> None:
    sound = rig.sound
    press(rig, next(each for each in sound.heard.group.buttons() if each.text() == "left ear only"))
    assert "first" in sound.sides.said.text()
    assert not rig.desk.unkept


def test_the_same_card_is_refused_in_words_and_nothing_is_chosen(rig: Rig) -> None:
    sound = rig.sound
    sound.patient.setCurrentRow(3)
    assert rig.desk.draft.patient_out == HEADS
    assert "one sound card" in sound.outputs.said.text()
    assert sound.patient.currentItem().text() == HEADS
    sound.patient.setCurrentRow(2)
    assert "the same output" in sound.outputs.said.text()
    sound.patient.setCurrentRow(0)
    assert rig.desk.draft.patient_out == ""


def test_the_alarm_speaker_is_confirmed_by_a_person_alone(rig: Rig) -> None:
    sound = rig.sound
    press(rig, sound.test)
    rig.until(lambda: "Where was it heard" in sound.speaker.said.text())
    assert rig.speakers.made[0].loudest > 0
    answers = {each.text(): each for each in sound.where.group.buttons()}
    press(rig, answers["in the headphones"])
    assert rig.desk.draft.setup.sound.speaker_confirmed == ""
    assert "never" in sound.speaker.said.text()
    press(rig, answers["in the room"])
    assert rig.desk.draft.setup.sound.speaker_confirmed == ROOM


def test_a_level_is_kept_with_its_volume_and_the_ceiling_is_shown(rig: Rig) -> None:
    sound = rig.sound
    press(rig, sound.keep_level)
    assert "Enter what the meter shows" in sound.level.said.text()
    press(rig, sound.noise)
    rig.until(lambda: rig.desk.ears.volume_of(HEADS) == 0.8)
    rig.key(Qt.Key.Key_Escape)
    rig.until(lambda: rig.heads.tape.closed)
    sound.dba.setValue(91.0)
    press(rig, sound.keep_level)
    measured = rig.desk.draft.setup.sound.calibration_of(HEADS)
    assert measured is not None
    assert (measured.full_gain_dba, measured.volume, measured.limit_dba) == (91.0, 0.8, 80.0)
    assert "tones at most -34 dBFS" in sound.level.said.text()
    sound.cap.setValue(75)
    assert rig.desk.draft.setup.sound.ceiling_dbfs == -39.0
    press(rig, sound.forget)
    assert rig.desk.draft.setup.sound.ceiling_dbfs == -12.0


def test_the_card_is_fitted_by_arrow_keys(make: Callable[[Draft], Rig], monkeypatch: pytest.MonkeyPatch) -> None:
    rig = make(Draft(RoomSetup(DisplaySetup(distance_mm=600.0))))
    page = rig.window.pages[0]
    assert isinstance(page, ScreenPage)
    screen = QApplication.primaryScreen()
    monkeypatch.setattr(page, "_screen", lambda: screen)
    rig.desk.use(rig.desk.draft.on_screen(DisplaySetup("HDMI-1", distance_mm=600.0)))
    press(rig, page.card)
    assert rig.window.focusWidget() is page.fit
    first = rig.desk.draft.setup.display
    assert first.calibrated
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Right):
        QTest.keyClick(page.fit, key)
    second = rig.desk.draft.setup.display
    card_px = 85.6 * first.width_px / first.width_mm
    assert 85.6 * second.width_px / second.width_mm == pytest.approx(card_px + 20.5, abs=0.05)
    assert "largest sweep" in page.size_part.said.text()
    assert "WCAG" in page.size_part.said.text()


def test_together_is_kept_for_this_output_and_this_screen(rig: Rig) -> None:
    page = rig.page(TimingPage)
    assert isinstance(page, TimingPage)
    page.slider.setFocus()
    for _ in range(4):
        QTest.keyClick(page.slider, Qt.Key.Key_Left)
    press(rig, page.together)
    setup = rig.desk.draft.setup
    assert [(each.output, each.screen) for each in setup.timing] == [(HEADS, "HDMI-1")]
    assert (setup.sound.offset_ms, setup.display.offset_ms) == (0.0, 20.0)
    page.number.setValue(30)
    press(rig, page.together)
    setup = rig.desk.draft.setup
    assert len(setup.timing) == 1
    assert (setup.sound.offset_ms, setup.display.offset_ms) == (30.0, 0.0)


def test_nobody_is_ever_early() -> None:
    assert all(min(offsets(later)) == 0 for later in range(-300, 301, 50))


class Line:
    """A serial port's control lines."""

    cts = dsr = cd = ri = False

    def close(self) -> None:
        pass


def test_the_foot_switch_is_seen_live_and_its_port_is_given_back(rig: Rig) -> None:
    page = rig.window.pages[4]
    assert isinstance(page, BodyPage)
    line = Line()
    page._open_line = lambda address: line
    rig.desk.change("foot_switch", port="/dev/foot")
    rig.window.go(4)
    rig.until(lambda: "Press the switch now" in page.switch_part.said.text())
    assert page.picture.said == "not pressed · pressed 0 times"
    line.cts = True
    rig.until(lambda: "PRESSED · pressed once" in page.picture.said)
    line.cts = False
    rig.until(lambda: page.picture.said == "not pressed · pressed once")
    rig.key(Qt.Key.Key_PageUp)
    assert page._switch is None
    assert rig.desk.draft.setup.foot_switch == FootSwitch("/dev/foot")


def test_a_session_is_not_touched(rig: Rig) -> None:
    rig.busy = True
    rig.desk.change("bar", port="/dev/bar")
    rig.desk.play(lambda start: pytest.fail("played"))
    rig.desk.test_speaker()
    rig.desk.light_bar(bytes(180))
    rig.desk.show_picture("middle", True)
    rig.desk.run_edges(True, 0.0, 0.0)
    assert len(rig.refused) == 5
    assert all("session is running" in words for words in rig.refused)
    assert "session is running" in rig.window.said.text()
    assert not rig.heads.asked
    assert not rig.speakers.made
    assert not rig.line.opened


def test_what_is_left_goes_on_and_what_is_kept_is_in_force(make: Callable[[Draft], Rig]) -> None:
    rig = make(Draft())
    sound = rig.sound
    sound.patient.setCurrentRow(1)
    rig.window.close()
    waiting = read_draft()
    assert waiting is not None
    assert waiting.patient_out == HEADS
    assert in_force()[0].patient_out == ""
    again = make(waiting)
    again.desk.unkept = True
    again.key(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert "Kept" in again.window.result.said.text()
    assert in_force()[0].patient_out == HEADS
    assert read_setup()[0].sound.output == HEADS
    assert read_draft() is None


def test_thrown_away_is_what_is_in_force_again(rig: Rig) -> None:
    rig.sound.alarm.setCurrentRow(0)
    assert rig.desk.unkept
    rig.window.go(5)
    press(rig, rig.window.result.away)
    assert rig.desk.draft == in_force()[0]
    assert read_draft() is None
    assert not rig.desk.unkept


def test_a_machine_without_sound_says_so(rig: Rig) -> None:
    rig.desk.outputs_found.emit([])
    page = rig.window.pages[1]
    assert isinstance(page, SoundPage)
    assert "no sound output on this machine" in page.outputs.said.text()
    assert page.patient.item(1).text() == f"{HEADS} · not there now"


def test_the_bar_is_turned_round_when_the_left_mark_is_on_the_right(rig: Rig) -> None:
    rig.desk.change("bar", port="/dev/bar")
    rig.window.go(3)
    page = rig.window.pages[3]
    press(rig, page.left)
    rig.until(lambda: rig.line.bar.shown)
    assert rig.line.bar.shown[0].lit == [0]
    press(rig, next(each for each in page.seen.group.buttons() if each.text() == "at the right end"))
    assert rig.desk.draft.setup.bar.reversed
    press(rig, page.left)
    rig.until(lambda: rig.line.bar.shown[-1].lit == [59])
    rig.key(Qt.Key.Key_Escape)
    rig.until(lambda: not rig.desk.bar.running)
    assert rig.line.bar.shown[-1].lit == []
