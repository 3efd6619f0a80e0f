"""Draws the screens of the replay's guide: `python docs/screenshots_replay.py [FOLDER]`; the same every time."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["TZ"] = "UTC"
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
os.environ["KAPCONSOLE_HOME"] = tempfile.mkdtemp(prefix="kap-screens-")
if hasattr(time, "tzset"):
    time.tzset()

import msgspec
from PySide6.QtWidgets import QApplication

from kapconsole import events as ev
from kapconsole.alarms.history import items_of, replayed
from kapconsole.alarms.presets import load_preset
from kapconsole.bilateral import events as bi
from kapconsole.clinical import events as cl
from kapconsole.clinical.instruments import events as ins
from kapconsole.cues.light import events as li
from kapconsole.cues.music import events as mu
from kapconsole.export.accesses import Access, Accesses
from kapconsole.record import access
from kapconsole.record.writer import SessionLog
from kapconsole.replay.clients.desk import Desk
from kapconsole.replay.clients.window import ClientsWindow
from kapconsole.replay.comments import Comment, CommentBook, Pinned
from kapconsole.replay.exporting import ExportSheet
from kapconsole.replay.loading import Loaded, load
from kapconsole.replay.rehearsal import UTC_ORIGIN_US, Fault, rehearse
from kapconsole.replay.study import Background, Study
from kapconsole.replay.window import ReplayWindow
from kapconsole.rows import NUMERICS, Row, event_row, pack_numerics
from kapdevices.readings import Metric, Quality

MINUTE_US = 60_000_000
LATER_US = UTC_ORIGIN_US + 3 * 86_400_000_000
WIDE = ("replay-picture", "replay-room")
"""Drawn for a screen of 3840x2160, too."""


def delivered(number: int, start_us: int, stop_us: int, passes: int) -> bi.SetDelivered:
    """A set of bilateral stimulation as the room tells it."""
    return bi.SetDelivered(
        number, "", "integrate", "slow-tones", 1, start_us, stop_us, 0, 0, bi.StopReason.COUNT, "", 24.0, passes / 2,
        passes, (), (), bi.Offsets(), 0, 0, 0, 0, bi.ToneTiming(), 0, 0, stop_us,
    )  # fmt: skip


def around(dose_us: int, end_us: int) -> list[ev.Body]:
    """What other parts of a session write: music, light, checks, three sets."""
    bodies: list[ev.Body] = []

    def at(minutes: float) -> int:
        return dose_us + round(minutes * MINUTE_US)

    for name, minutes in (("opening", -4), ("build", 9), ("peak", 21), ("descent", 38), ("return", 52)):
        bodies.append(mu.SegmentEntered(name, "time", None, at(minutes)))
    bodies.append(mu.MusicEnded("the arc is over", at(63)))
    for room, minutes in ((60.0, -20), (12.0, -1), (5.0, 12), (20.0, 49), (45.0, 66)):
        bodies.append(li.LightDelivered({"room": room}, {}, True, at(minutes)))
    for score, minutes in ((5, -5), (4, 15), (4, 30), (5, 55)):
        bodies.append(cl.SedationScored(at(minutes), "MOAA/S", "", score, 3, 2, 5.0, "whispered name"))
    bodies.append(cl.OrientationAsked(at(57), True, True, True))
    for number, minutes, before, after in ((1, 74, 7, 5), (2, 79, 5, 3), (3, 84, 3, 2)):
        start_us, stop_us = at(minutes), at(minutes + 0.6)
        bodies.append(bi.SetBegan(number, (), "", start_us))
        bodies.append(delivered(number, start_us, stop_us, 48))
        bodies.append(bi.SetRated(number, before, after, None, "", "", at(minutes + 1.5)))
    return [body for body in bodies if getattr(body, "at_us", 0) < end_us]


def write(path: Path, minutes: float, dose_min: float, faults: Sequence[Fault]) -> Path:
    """A rehearsed session with alarms, music, light, checks and sets in its log."""
    rows = rehearse(minutes, dose_min, faults)
    bodies = replayed(items_of(rows), load_preset())
    more = [*bodies, *around(round(dose_min * MINUTE_US), round(minutes * MINUTE_US))]
    rows += [
        event_row(ev.Event(0, at_us, UTC_ORIGIN_US + at_us, "monitor", body))
        for at_us, body in ((getattr(body, "at_us", 0) + 1000 + number, body) for number, body in enumerate(more))
    ]
    rows.sort(key=lambda row: row.mono_us)
    places = {row.seq: place for place, row in enumerate(rows, 1) if row.seq}
    log = SessionLog.create(path, None, signer=access.signer(), ballast_bytes=0)
    for place, row in enumerate(rows, 1):
        log.append(renumbered(row, place, places))
    log.close()
    return path


def renumbered(row: Row, place: int, places: dict[int, int]) -> Row:
    """The row at its new place; a note's words go on naming their stamp."""
    body = row.body
    if row.kind == "note-taken":
        body = re.sub(rb'"about":(\d+)', lambda found: b'"about":%d' % places[int(found[1])], body)
    return msgspec.structs.replace(row, seq=place, body=body)


def opened(path: Path) -> Loaded:
    """The file, loaded."""
    return load(path, lambda of: access.open_for_reading(of, lambda: ""), lambda: None)


def background() -> Background:
    """Accesses and comments of fixed times and names."""
    held = tuple(
        Access(number, LATER_US + number * MINUTE_US, who, what, "", detail, "")
        for number, (what, who, detail) in enumerate(
            (
                ("viewed", "ana", "kapconsole 0.1.0"),
                ("exported", "ana", "pdf"),
                ("viewed", "d.ruiz", "kapconsole 0.1.0"),
            )
        )
    )
    words = (
        (43.4, None, "Here I would have waited before speaking.", "D. Ruiz"),
        (60.0, 66.0, "Good: hand offered, not placed; consent is in the notes.", "D. Ruiz"),
        (96.0, 106.5, "Three short sets were enough. Ask in the next session what she kept of it.", "D. Ruiz"),
    )
    pinned = tuple(
        Pinned(str(number), Comment(round(begin * MINUTE_US), None if end is None else round(end * MINUTE_US), text,
                                    author, "supervisor", LATER_US), text)
        for number, (begin, end, text, author) in enumerate(words)
    )  # fmt: skip
    return Background(Accesses(held, ()), CommentBook(pinned))


def visits(folder: Path) -> None:
    """Sessions of some clients over weeks: scores, doses, sets, peaks."""
    day_us = 86_400_000_000
    kinds = ("screening", "dosing", "integration", "dosing", "integration", "dosing", "integration", "follow-up")
    for client, code in enumerate(("K-0142", "K-0150", "M-07", "K-0163", "K-0171")):
        for number, kind in enumerate(kinds[: 8 - client]):
            origin_us = UTC_ORIGIN_US + (client * 2 + number * 8) * day_us
            length_us = (130 if kind == "dosing" else 50) * MINUTE_US
            bodies: list[tuple[int, ev.Body]] = [
                (0, ev.SessionStarted(f"{code}-{number}", code, "0.1.0", "boot", 0, origin_us, 1.0, "UTC")),
                (1, cl.VisitOpened(1, kind, kind, {})),
            ]
            for name, words, first in (("phq-9", "PHQ-9", 19), ("gad-7", "GAD-7", 15)):
                total = first - (2 * number if kind != "screening" else 0) + (number * client) % 3
                taken = ins.InstrumentTaken(2, name, words, "en", "en", "self", 1, "last 2 weeks", total=float(total))
                bodies.append((2, taken))
            if kind == "dosing":
                bodies.append(
                    (22 * MINUTE_US, ev.DoseGiven(22 * MINUTE_US, "ketamine", "im", 50.0 + 5 * (number // 2)))
                )
                pressure = ev.NibpMeasured(2, 148.0 + number, 91.0, 110.0, 80.0, Quality.GOOD, "")
                bodies.append((40 * MINUTE_US, pressure))
                for count, (before, after) in enumerate(((8 - number // 2, 6), (6, 4), (4, 3 - number // 4)), 1):
                    at_us = (90 + 6 * count) * MINUTE_US
                    bodies.append((at_us, delivered(count, at_us - MINUTE_US, at_us, 48)))
                    bodies.append((at_us + 1, bi.SetRated(count, before, after, None, "", "", at_us + 1)))
            rows = [event_row(ev.Event(0, at_us, origin_us + at_us, "monitor", body)) for at_us, body in bodies]
            for at_us in range(MINUTE_US, length_us, 30_000_000):
                values = ((Metric.SPO2, 96.0 - at_us // 30_000_000 % 4), (Metric.PULSE_RATE, 70.0 + at_us % 19))
                base_us, body = pack_numerics(
                    [ev.Measurement(at_us, 1, of, value, Quality.GOOD) for of, value in values]
                )
                rows.append(Row(0, base_us, origin_us + base_us, NUMERICS, "monitor", body))
            rows.sort(key=lambda row: row.mono_us)
            log = SessionLog.create(
                folder / f"{code} {number + 1}.kaplog", None, signer=access.signer(), ballast_bytes=0
            )
            for seq, row in enumerate(rows, 1):
                log.append(msgspec.structs.replace(row, seq=seq))
            log.close()


def clients(folder: Path, app: QApplication, files: Path) -> None:
    """The window over all sessions."""
    visits(files)
    made = ClientsWindow(Desk(files), "K-0142")
    made.show()
    while made.work.busy:
        app.processEvents()
    made.pane.table.setFocus()
    for suffix, width, height in (("", 1280, 800), ("-3840x2160", 3840, 2160)):
        made.resize(width, height)
        app.processEvents()
        made.grab()
        made.grab().save(str(folder / f"clients{suffix}.png"))
    made.close()
    made.deleteLater()


def main() -> None:
    """All pictures into the folder."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    app = QApplication.instance() or QApplication([])
    files = Path(tempfile.mkdtemp(prefix="kap-screens-"))
    faults = (Fault(30 * 60, 30 * 60 + 40, "motion"), Fault(70 * 60, 71 * 60 + 30, "finger out"))
    path = write(files / "2026-03-05 K-0142.kaplog", 130, 22, (*faults, Fault(112 * 60, 115 * 60, "cable")))
    second = write(files / "2026-02-19 K-0142.kaplog", 110, 14, (Fault(2500, 2580, "motion"),))
    held = opened(path)
    study = Study(held, lambda: access.check(path, lambda: ""), lambda: None, access.signer, opened, "d.ruiz")

    def window() -> ReplayWindow:
        made = ReplayWindow(path.name, held.timeline, frame_ms=0, study=study)
        made.show()
        made.supervising._take(background())
        made.set_badge("whole and unchanged · signed · closed · 2F7QX-0M3KD-8R1TN-V5C2A")
        made.seek(round(64.05 * MINUTE_US))
        return made

    def keep(name: str, made: ReplayWindow) -> None:
        sizes = [("", 1280, 800)] + ([("-3840x2160", 3840, 2160)] if name in WIDE else [])
        for suffix, width, height in sizes:
            made.resize(width, height)
            app.processEvents()
            made.grab()  # Qt draws a glyph slightly differently the first time it is used
            made.grab().save(str(folder / f"{name}{suffix}.png"))
        made.close()
        made.deleteLater()

    keep("replay-room", window())
    for name, actions in (
        ("replay-picture", ("picture",)),
        ("replay-beats", ("picture", *["zoom-in"] * 14)),
        ("replay-comment", ("picture", "comment")),
        ("replay-search", ("picture", "search")),
        ("replay-record", ("picture", "record")),
        ("replay-export", ("picture", "export")),
    ):
        made = window()
        for action in actions:
            made.act(action)
        if isinstance(made.sheet, ExportSheet):
            made.sheet.line.setText("/home/ana/Documents/2026-03-05 K-0142.pdf")
        keep(name, made)
    made = window()
    made.supervising.answer = study.what_if("first-sessions", lambda part: True)
    made.supervising.put_comments()
    made.act("what-if")
    keep("replay-what-if", made)
    made = window()
    made.supervising.lay_beside(opened(second))
    keep("replay-beside", made)
    clients(folder, app, Path(tempfile.mkdtemp(prefix="kap-screens-")))
    app.processEvents()


if __name__ == "__main__":
    main()
