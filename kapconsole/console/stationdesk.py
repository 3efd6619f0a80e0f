"""What a second station does for a quiet room: "I am listening", accept an alarm, or pass it on to the next person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kapconsole.alarms import wishes as ws
from kapconsole.alarms.quiet import Asked
from kapconsole.commands import CommandBody
from kapconsole.console.keys import Action

LISTEN = Action("listen", "Ins", "I am listening", "Listen for the quiet room, or no more (at a station)")
ACCEPT = Action("accept", "PgUp", "accept alarm", "Answer for the alarm that this station is asked about")
REJECT = Action("reject", "PgDn", "pass alarm on", "Pass the alarm on to the next person who listens")
STATION_ACTIONS = (LISTEN, ACCEPT, REJECT)
NO_STATION = "this is the room's own console: listening is for another one (kapconsole console --station NAME)"


class Station(Protocol):
    """What the feed knows of this console as a station."""

    station: str
    listening: tuple[str, ...]
    asked: tuple[Asked, ...]


def waiting(station: Station) -> int | None:
    """The alarm that this station is asked about and has not answered; None: none."""
    mine = (each for each in station.asked if each.station == station.station and not each.accepted)
    return next((each.occurrence for each in mine), None)


def quiet_words(station: Station, room: str) -> str:
    """What the strip says of the quiet room: `room` are the monitor's words; a station also reads what it may do."""
    if not station.station:
        return room
    if waiting(station) is not None:
        return f"will you answer? {ACCEPT.key} accept · {REJECT.key} pass on"
    mine = "you listen" if station.station in station.listening else f"{LISTEN.key}: I am listening"
    return " · ".join(words for words in (room, mine) if words)


class StationDesk:
    """Acts for one window. `send` passes a wish on; `say` tells the person what cannot be done."""

    def __init__(self, station: Station, send: Callable[[CommandBody], object], say: Callable[[str], None]) -> None:
        self._station = station
        self._send = send
        self._say = say

    def act(self, name: str) -> bool:
        """Do what a key stands for; False when it is none of a station's."""
        if name not in (LISTEN.id, ACCEPT.id, REJECT.id):
            return False
        number = waiting(self._station)
        if not self._station.station:
            self._say(NO_STATION)
        elif name == LISTEN.id:
            self._send(ws.ListenLease(on=self._station.station not in self._station.listening))
        elif number is None:
            self._say("this station is not asked about an alarm")
        else:
            self._send(ws.AcceptAlarm(number) if name == ACCEPT.id else ws.RejectAlarm(number))
        return True
