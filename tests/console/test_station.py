"""A second station's keys: listening for a quiet room, answering for an alarm, passing it on."""

from __future__ import annotations

import pytest

from kapconsole.alarms import wishes as ws
from kapconsole.alarms.quiet import Asked
from kapconsole.console.stationdesk import StationDesk, quiet_words, waiting


class Held:
    def __init__(self, station: str, listening: tuple[str, ...] = (), asked: tuple[Asked, ...] = ()) -> None:
        self.station, self.listening, self.asked = station, listening, asked


@pytest.fixture
def sent() -> list[object]:
    return []


def desk(held: Held, sent: list[object]) -> StationDesk:
    return StationDesk(held, sent.append, sent.append)


def test_a_station_begins_and_ceases_to_listen_with_one_key(sent: list[object]) -> None:
    assert desk(Held("office"), sent).act("listen")
    assert desk(Held("office", ("office",)), sent).act("listen")
    assert sent == [ws.ListenLease(on=True), ws.ListenLease(on=False)]


def test_it_answers_for_the_alarm_that_it_is_asked_about(sent: list[object]) -> None:
    held = Held("office", ("office",), (Asked(4, "ward", False), Asked(7, "office", False)))
    assert waiting(held) == 7
    assert "accept" in quiet_words(held, "room silent")
    desk(held, sent).act("accept")
    desk(held, sent).act("reject")
    assert sent == [ws.AcceptAlarm(7), ws.RejectAlarm(7)]


def test_nothing_is_accepted_that_nobody_asked(sent: list[object]) -> None:
    held = Held("office", ("office",), (Asked(7, "office", True),))
    desk(held, sent).act("accept")
    assert sent == ["this station is not asked about an alarm"]


def test_the_rooms_own_console_cannot_listen_for_itself(sent: list[object]) -> None:
    desk(Held(""), sent).act("listen")
    assert isinstance(sent[0], str)
    assert quiet_words(Held(""), "room silent · office listens") == "room silent · office listens"


def test_other_keys_are_left_alone(sent: list[object]) -> None:
    assert not desk(Held("office"), sent).act("note")
    assert sent == []


def test_the_strip_says_who_listens(sent: list[object]) -> None:
    assert quiet_words(Held("office", ("office",)), "room silent") == "room silent · you listen"
    assert "I am listening" in quiet_words(Held("office"), "")
