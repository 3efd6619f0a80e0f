"""The keys of a replay: which stand on caps in which view, and which action a key press means; no widget."""

from __future__ import annotations

from PySide6.QtCore import Qt

from kapconsole.console.keys import Action

PLAY = Action("play", "Space", "play", "Play or pause")
BACK = Action("back", "←", "10 s", "Back by 10 s; with Shift 1 s, with Ctrl 1 min")
ON = Action("on", "→", "10 s", "On by 10 s; with Shift 1 s, with Ctrl 1 min")
SLOWER = Action("slower", "↓", "slower", "Play slower")
FASTER = Action("faster", "↑", "faster", "Play faster, up to 60 times")
ALARM = Action("alarm+", "A", "alarm", "Next alarm")
NOTE = Action("note+", "N", "note", "Next note or mark")
PHASE = Action("phase+", "P", "phase", "Next phase")
SET = Action("set+", "S", "set", "Next set of stimulation")
ALARM_BACK = Action("alarm-", "⇧A", "‹ alarm", "Previous alarm (Shift and A)")
NOTE_BACK = Action("note-", "⇧N", "‹ note", "Previous note or mark (Shift and N)")
PHASE_BACK = Action("phase-", "⇧P", "‹ phase", "Previous phase (Shift and P)")
SET_BACK = Action("set-", "⇧S", "‹ set", "Previous set of stimulation (Shift and S)")
SEARCH = Action("search", "/", "search", "Search in notes, events and comments, or for a value: SpO2 < 90 for 10 s")
COMMENT = Action("comment", "C", "comment", "Pin a comment to this moment or to the marked span")
PICTURE = Action("picture", "O", "picture", "The whole session in one picture, and back to the room")
GO_TO = Action("goto", "G", "go to", "Go to a time")
ALL_KEYS = Action("keys", "?", "all keys", "Show all keys")
ZOOM_IN = Action("zoom-in", "+", "closer", "Zoom in, down to 3 s (also the wheel)")
ZOOM_OUT = Action("zoom-out", "−", "wider", "Zoom out (also the wheel)")
ALL = Action("all", "0", "all", "The whole session")
WHAT_IF = Action("what-if", "W", "what if", "Alarms with other limits as a second track")
BESIDE = Action("beside", "B", "beside", "A second session, aligned at the dose; again: take it away")
EXPORT = Action("export", "X", "export", "Export: PDF summary, CSV tables or EDF+ signals, with or without names")
LIST = Action("list", "L", "comments", "To the list of comments: arrows choose, Enter jumps")
ROOM = Action("picture", "O", "room", "Back to the room as it was")

ROOM_ACTIONS = (PLAY, BACK, ON, FASTER, ALARM, NOTE, PHASE, SET, SEARCH, COMMENT, PICTURE, ALL_KEYS)
PICTURE_ACTIONS = (
    (ALARM_BACK, ALARM, NOTE_BACK, NOTE, PHASE_BACK, PHASE, SET_BACK, SET, SEARCH, GO_TO, EXPORT),
    (PLAY, FASTER, SLOWER, ZOOM_IN, ZOOM_OUT, ALL, COMMENT, LIST, WHAT_IF, BESIDE, ROOM, ALL_KEYS),
)
EVERY_ACTION = (
    PLAY, BACK, ON, FASTER, SLOWER, ALARM, ALARM_BACK, NOTE, NOTE_BACK, PHASE, PHASE_BACK, SET, SET_BACK,
    Action("event+", "E", "", "Next event (also Page Down); with Shift or Page Up the one before"),
    Action("found+", "V", "", "Next place of what was searched for; with Shift the one before"),
    GO_TO, SEARCH, PICTURE, ZOOM_IN, ZOOM_OUT, ALL, COMMENT,
    Action("mark-from", "[", "", "A span for a comment begins here"),
    Action("mark-to", "]", "", "A span for a comment ends here"),
    LIST,
    Action("correct", "K", "", "Correct the chosen comment; its first words stay"),
    WHAT_IF, BESIDE, EXPORT,
    Action("record", "I", "", "Everything about the record: proof, program, who viewed and exported it"),
    Action("tall", "T", "", "In the room: vitals fill the screen, and back"),
    ALL_KEYS,
    Action("home", "Home", "", "To the start; End: to the end"),
    Action("escape", "Esc", "", "Close a form; else take the marked span away"),
    Action("close", "Ctrl+W", "", "Close this window"),
)  # fmt: skip

_KEYS = {
    Qt.Key.Key_Space: "play",
    Qt.Key.Key_Up: "faster",
    Qt.Key.Key_Down: "slower",
    Qt.Key.Key_Plus: "zoom-in",
    Qt.Key.Key_Equal: "zoom-in",
    Qt.Key.Key_Minus: "zoom-out",
    Qt.Key.Key_0: "all",
    Qt.Key.Key_PageUp: "event-",
    Qt.Key.Key_PageDown: "event+",
    Qt.Key.Key_G: "goto",
    Qt.Key.Key_T: "tall",
    Qt.Key.Key_O: "picture",
    Qt.Key.Key_C: "comment",
    Qt.Key.Key_L: "list",
    Qt.Key.Key_K: "correct",
    Qt.Key.Key_W: "what-if",
    Qt.Key.Key_B: "beside",
    Qt.Key.Key_I: "record",
    Qt.Key.Key_X: "export",
    Qt.Key.Key_Slash: "search",
    Qt.Key.Key_BracketLeft: "mark-from",
    Qt.Key.Key_BracketRight: "mark-to",
    Qt.Key.Key_Question: "keys",
    Qt.Key.Key_Home: "home",
    Qt.Key.Key_End: "end",
}
_JUMPS = {
    Qt.Key.Key_A: "alarm",
    Qt.Key.Key_N: "note",
    Qt.Key.Key_P: "phase",
    Qt.Key.Key_S: "set",
    Qt.Key.Key_E: "event",
    Qt.Key.Key_V: "found",
}


def meaning(key: Qt.Key, shift: bool) -> str | None:
    """The action that a key stands for; with Shift a jump goes back."""
    if key in _JUMPS:
        return _JUMPS[key] + ("-" if shift else "+")
    return _KEYS.get(key)
