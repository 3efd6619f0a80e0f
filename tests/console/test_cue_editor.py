"""The editor of the cue list: by keys alone, wrong words stay and are named, a save keeps the old file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QWidget

from kapconsole.console import cuedraft as cd
from kapconsole.console.cuedraft import DraftError
from kapconsole.console.cueeditor import CueEditor
from kapconsole.console.cuesheet import CuesSheet
from kapconsole.cues.light.events import LightSheetLoaded
from kapconsole.cues.light.sheet import CueLevel, load_sheet
from kapconsole.paths import config_dir

Turn = Callable[[float], None]
ENTER, ESCAPE, TAB = Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Tab
PACKAGED = load_sheet()
ROOM = """
[zone.ceiling]
label = "Ceiling"
[zone.path]
floor = 6
staff = true
[output.one]
driver = "simulated"
[output.two]
driver = "simulated"
[[fixture]]
zone = "ceiling"
output = "one"
[[fixture]]
zone = "path"
output = "two"
"""


def press(window, *keys: str | Qt.Key) -> None:
    """Keys where the focus is."""
    for key in keys:
        sheet = window.view.sheet
        QTest.keyClick(window if sheet is None else sheet.focusWidget() or sheet, key)


def lights() -> Path:
    return config_dir() / "lights"


@pytest.fixture
def editor(window, later: Turn) -> CueEditor:
    """The editor on the packaged sheet, in a room of two zones, opened by its keys."""
    room = config_dir() / "light.toml"
    room.write_text(ROOM, "utf-8")
    room.chmod(0o600)
    later(1)
    press(window, Qt.Key.Key_F6, "E")
    assert isinstance(window.view.sheet, CueEditor)
    return window.view.sheet


def write(editor: CueEditor, field: str, words: str) -> None:
    """Type `words` over what stands in a field."""
    edit = editor.edits[field]
    edit.setFocus()
    edit.selectAll()
    QTest.keyClick(edit, Qt.Key.Key_Delete)
    QTest.keyClicks(edit, words)


def test_a_cue_is_written_by_keys_alone_and_saved_for_the_next_session(window, feed, editor) -> None:
    press(window, Qt.Key.Key_Down, Qt.Key.Key_Down, "N", TAB)
    for words in ("after-dose", "Nearly there", "", "", "30", "2700", "12,5", ""):
        focused = editor.focusWidget()
        assert isinstance(focused, QLineEdit)
        focused.selectAll()
        if words:
            QTest.keyClicks(focused, words)
        press(window, TAB)
    press(window, ENTER)
    assert window.view.sheet is None
    saved = load_sheet(site=lights())
    assert saved.version == PACKAGED.version + 1
    assert [cue.id for cue in saved.light] == [
        *(cue.id for cue in PACKAGED.light[:3]), "after-dose", *(cue.id for cue in PACKAGED.light[3:]),
    ]  # fmt: skip
    fresh = saved.light[3]
    assert fresh.label == "Nearly there"
    assert fresh.level("ceiling") == CueLevel(30, 2700)
    assert fresh.level("path") == CueLevel(12.5)
    assert fresh.level("elsewhere") == CueLevel(45)
    assert [cue for cue in saved.light if cue.id != "after-dose"] == [*PACKAGED.light]
    assert "next session" in window.view.footer.quiet_line(feed.moment())


def test_what_is_no_number_is_named_at_once_stays_and_is_not_saved(window, editor) -> None:
    write(editor, "up", "1o")
    assert "cue prepare: fade up: '1o' is no number" in editor.said.text()
    press(window, Qt.Key.Key_PageDown)
    assert editor.edits["up"].text() == "10"
    press(window, ENTER)
    assert window.view.sheet is editor
    assert "not saved" in editor.wrong.text()
    assert (editor.at, editor.edits["up"].text()) == (0, "1o")
    assert not lights().exists()


@pytest.mark.parametrize(
    ("field", "words", "said"),
    [
        ("level all", "101", "not in 0 to 100 %"),
        ("level all", "", "states no zone"),
        ("kelvin all", "900", "not in 1800 to 6500 K"),
        ("kelvin path", "2700", "has a colour temperature and no level"),
        ("down", "4000", "fades last 0 to 3600 s"),
        ("down", "", "seconds are needed"),
        ("down", "nan", "is no number"),
        ("follow", "-1", "is not negative"),
        ("id", "pre-dose", "there twice"),
        ("id", "", "is empty"),
    ],
)
def test_the_checks_of_the_file_are_said_while_it_is_typed(editor, field: str, words: str, said: str) -> None:
    write(editor, field, words)
    assert said in editor.said.text()


def test_follow_on_and_hang_exclude_each_other(editor) -> None:
    write(editor, "follow", "60")
    assert "mended" not in editor.said.text()
    write(editor, "hang", "5")
    assert "follow_s and hang_s" in editor.said.text()


def test_cues_are_moved_deleted_and_brought_back(window, editor) -> None:
    first, second, *others = cd.drafted(PACKAGED)
    press(window, "D")
    assert editor.draft == (second, first, *others)
    press(window, "U", "U")
    assert editor.draft == (first, second, *others)
    press(window, "X")
    assert editor.draft == (second, *others)
    press(window, "Z")
    assert editor.draft == cd.drafted(PACKAGED)
    assert editor.row().text == first.name


def test_letters_typed_in_a_field_are_one_change_to_undo(window, editor) -> None:
    write(editor, "label", "Arrival")
    assert editor.draft[0].label == "Arrival"
    editor.list.setFocus()
    press(window, "Z")
    assert editor.draft == cd.drafted(PACKAGED)


def test_all_cues_deleted_is_refused_in_words_and_undone(window, editor) -> None:
    press(window, *"X" * len(PACKAGED.light))
    assert "there is no [[light]] cue" in editor.said.text()
    press(window, "N")
    assert len(editor.draft) == 1
    assert "mended" not in editor.said.text()


def test_trigger_hold_and_darkness_are_set_by_keys(window, editor) -> None:
    editor.trigger.setFocus()
    press(window, Qt.Key.Key_Left)
    assert editor.draft[0].trigger == ""
    press(window, Qt.Key.Key_Left)
    assert editor.draft[0].trigger == "music return"
    assert "music return" in editor.trigger.accessibleName()
    press(window, TAB, Qt.Key.Key_Space, TAB, Qt.Key.Key_Space)
    cue = editor.edited().light[0]
    assert (cue.trigger, cue.hold, cue.dark_ok) == ("music return", True, True)
    assert "yes" in editor.hold.text()


def test_the_list_is_played_and_its_problems_named(window, editor, later: Turn, qtbot) -> None:
    write(editor, "level path", "2")
    editor.list.setFocus()
    press(window, "S")
    qtbot.waitUntil(lambda: (later(0.1), editor.played is not None)[1])
    assert editor.pages.currentIndex() == 1
    assert editor.played.zones == ("ceiling", "path")
    assert "in all" in editor.warnings.text()
    assert "Recovery: ceiling 60 %" in editor.plot.accessibleDescription()
    editor.plot.grab()
    press(window, "S")
    assert editor.pages.currentIndex() == 0


def test_a_wrong_list_is_not_played(window, editor) -> None:
    write(editor, "up", "x")
    editor.list.setFocus()
    press(window, "S")
    assert editor.pages.currentIndex() == 0
    assert "before it can be played" in editor.wrong.text()


def test_a_draft_that_was_left_is_there_again_until_it_is_saved(window, editor, later: Turn) -> None:
    write(editor, "label", "Arrival x")
    press(window, ESCAPE)
    assert window.view.sheet is None
    press(window, Qt.Key.Key_F6, "E")
    assert window.view.sheet.draft[0].label == "Arrival x"
    press(window, "V")
    assert window.view.sheet.draft == cd.drafted(PACKAGED)
    press(window, ESCAPE, Qt.Key.Key_F6, "E")
    assert not window.view.sheet.changed


def test_nothing_changed_writes_nothing(window, editor) -> None:
    press(window, ENTER)
    assert "nothing was changed" in editor.wrong.text()
    assert not lights().exists()


def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_lost(window, editor) -> None:
    lights().write_text("in the way", "utf-8")
    write(editor, "label", "Arrival")
    press(window, ENTER)
    assert window.view.sheet is editor
    assert "not saved" in editor.said.text()
    assert editor.draft[0].label == "Arrival"


def test_a_file_that_cannot_be_used_is_said_and_kept(window, later: Turn) -> None:
    lights().mkdir()
    (lights() / "session.toml").write_text("light = 3", "utf-8")
    later(1)
    press(window, Qt.Key.Key_F6, "E")
    editor = window.view.sheet
    assert "packaged cues" in editor.said.text()
    write(editor, "label", "Arrival")
    press(window, ENTER)
    assert load_sheet(site=lights()).light[0].label == "Arrival"
    assert (lights() / "session.v0.toml").read_text("utf-8") == "light = 3"


def test_the_cue_list_goes_on_showing_what_the_session_runs_with(window, feed, editor) -> None:
    cues = tuple((cue.id, cue.name) for cue in PACKAGED.light)
    feed.fact(LightSheetLoaded(PACKAGED.name, PACKAGED.version, cues, feed.clock.now_us()))
    write(editor, "level all", "33")
    press(window, ENTER, Qt.Key.Key_F6)
    sheet = window.view.sheet
    assert isinstance(sheet, CuesSheet)
    assert sheet.sheet == PACKAGED
    press(window, "E")
    assert window.view.sheet.edits["level all"].text() == "33"


def test_alarm_keys_reach_the_window_from_the_list_and_letters_from_no_field(window, editor) -> None:
    acted: list[str] = []
    window.act = acted.append
    write(editor, "label", "apnoea")
    assert acted == []
    assert editor.draft[0].label == "apnoea"
    editor.list.setFocus()
    press(window, "A")
    assert acted != []


def test_every_field_and_button_has_a_name_of_its_own(editor) -> None:
    names = [one.accessibleName() for kind in (QLineEdit, QAbstractButton) for one in editor.findChildren(kind)]
    assert all(names)
    assert len(set(names)) == len(names)


def test_tab_goes_round_everything_that_can_be_used(window, editor) -> None:
    wanted: set[QWidget] = {editor.list, *editor.edits.values(), editor.trigger, editor.hold, editor.dark}
    wanted |= {*editor.buttons.values(), editor.leave_button, editor.keep_button}
    seen = set()
    for _ in range(len(wanted) + 5):
        seen.add(editor.focusWidget())
        press(window, TAB)
    assert wanted <= seen


@pytest.mark.parametrize("at", range(len(PACKAGED.light)))
def test_what_is_drafted_and_not_changed_is_the_same_sheet(at: int) -> None:
    again = cd.judged(cd.drafted(PACKAGED), PACKAGED).light[at]
    assert msgspec.structs.replace(again, zones=PACKAGED.light[at].zones) == PACKAGED.light[at]
    assert again.level("all") == PACKAGED.light[at].level("all")


def test_a_wrong_cue_is_found_although_another_has_a_name_that_begins_alike() -> None:
    draft = (cd.CueDraft("on", levels={"all": "5"}), cd.CueDraft("onset", levels={"all": "500"}))
    with pytest.raises(DraftError, match="cue onset") as trouble:
        cd.judged(draft, PACKAGED)
    assert trouble.value.cue == 1
