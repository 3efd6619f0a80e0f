"""What the client may do to the display in a set: a key, a click, closing it; and what is nobody's wish."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kapconsole.bilateral.events import Channel, Plan, SetAsked
from kapconsole.clock import SessionClock, new_frame
from kapconsole.room.display import messages as ms

pytestmark = pytest.mark.qt


class Here:
    """A display in this process; `said` reads what it told the room."""

    def __init__(self) -> None:
        from kapconsole.room.display.process import Display

        self.frame = new_frame()
        self.out = io.BytesIO()
        self.display = Display(ms.Begin(self.frame, "", True), self.out)
        self.window = self.display._window

    def ask(self, number: int) -> None:
        now_us = SessionClock(self.frame).now_us()
        plan = Plan("test", 1, 1.0, (Channel.LIGHT,), cycles=60, start_us=now_us)
        self.display.take(SetAsked(number, plan, "integrate", None, now_us))

    def said(self, kind: type[Any]) -> list[Any]:
        stream = io.BytesIO(self.out.getvalue())
        found = []
        while (report := ms.read_report(stream)) is not None:
            found.append(report)
        return [report for report in found if isinstance(report, kind)]


@pytest.fixture(scope="session")
def _software(qapp: Any) -> None:
    from kapconsole.room.display.window import choose_software

    choose_software()  # once in a process


@pytest.fixture
def here(qapp: Any, _software: None) -> Iterator[Here]:
    made = Here()
    yield made
    made.display.signalled("the test is over", False)
    made.window.small = True
    made.window.close()
    qapp.processEvents()
    made.window.destroy()
    made.display._dark_due.stop()


def press(window: Any) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    QTest.keyClick(window, Qt.Key.Key_Space)


def click(window: Any) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    QTest.mouseClick(window, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize(
    ("do", "words", "fault"),
    [
        (press, "a key", False),
        (click, "touched", False),
        (lambda window: window.close(), "closed", False),
        (lambda window: window.hide(), "covered, locked or off", True),
    ],
)
def test_any_touch_ends_the_set_and_is_told_once(
    here: Here, qtbot: Any, do: Callable[[Any], None], words: str, fault: bool
) -> None:
    here.ask(1)
    qtbot.waitUntil(here.window.isExposed)
    do(here.window)
    qtbot.waitUntil(lambda: bool(here.said(ms.Signalled)))
    (said,) = here.said(ms.Signalled)
    assert (said.set_id, said.fault) == (1, fault)
    assert words in said.why
    assert here.window.place is None, "nothing is drawn any more"
    qtbot.waitUntil(lambda: bool(here.said(ms.Shown)))
    here.window.show()
    press(here.window)
    assert len(here.said(ms.Signalled)) == 1, "outside of a set a touch is nothing"
