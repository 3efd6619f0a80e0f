"""What became of a cue or a set that `kapconsole send` asked for: the worker's own answer, where it comes quickly."""

from __future__ import annotations

import queue
import time
import uuid
from typing import TYPE_CHECKING

import msgspec

from kapconsole import commands as cm
from kapconsole.bilateral import events as be
from kapconsole.bilateral import wishes as bw
from kapconsole.cues.light import events as le
from kapconsole.cues.light import wishes as lw
from kapconsole.events import Event
from kapconsole.launcher import Running, SendFailed
from kapconsole.wire import Answer, Ask, HubUnreachable, Live, Message, connect

if TYPE_CHECKING:
    from kapconsole.cues.light.setup import Setup

ANSWER_S = 5.0
DELIVERED_S = 2.0
"""How long the worker is waited for; a fade goes on for minutes, and nobody waits for its end."""

NEAR_PERCENT = 1.0
"""A zone this near to its target, in perceived percent, is there."""

LIGHT = (lw.LightGo, lw.LightBack, lw.LightCue, lw.SetLight, lw.HouseLight, lw.ExamLight)
SETS = (bw.StartSet, bw.StopSet)


class Delivered(msgspec.Struct, frozen=True):
    """What the worker said, in words (empty: there is nothing to add to the answer).

    `ok` is false for what it could not do, None when nothing was heard in time.
    """

    ok: bool | None
    text: str


def is_watched(body: cm.CommandBody) -> bool:
    """True for wishes whose carrying out a worker tells of."""
    return isinstance(body, LIGHT + SETS)


class Watch:
    """Listens for what a worker says of one wish, pure: fed with the events that follow it.

    `setup`: the room's lamps, for their names; None where they are not known.
    """

    def __init__(self, body: cm.CommandBody, setup: Setup | None = None) -> None:
        self._light = isinstance(body, LIGHT)
        self._stops = isinstance(body, bw.StopSet)
        self._setup = setup
        self._asked: le.LightAsked | None = None
        self._set_id: int | None = None
        self._last: le.LightDelivered | None = None

    def heard(self, event: Event) -> Delivered | None:
        """The answer, once `event` is it."""
        return self._heard_of_light(event.body) if self._light else self._heard_of_set(event.body)

    def given_up(self) -> Delivered:
        """What is to be said when the time is over."""
        if self._last is not None:
            return Delivered(True, f"light: {self._label()} · {self._levels(self._last)}")
        what = "light" if self._light else "set"
        return Delivered(None, f"{what}: nothing heard of it within {DELIVERED_S:g} s; the console shows it when it is")

    def _heard_of_light(self, body: object) -> Delivered | None:
        asked = self._asked
        match body:
            case le.LightAsked():
                self._asked, self._last = body, None
            case le.LightHeld() | le.ExamLightArmed():
                return Delivered(True, "")  # the answer has said it all
            case le.LampTrouble(lamp=lamp, zones=zones, text=text) if asked is not None:
                if not {target.zone for target in asked.targets}.isdisjoint(zones):
                    return Delivered(False, f"light: {self._label()} · not delivered: {lamp}: {text}")
            case le.LightDelivered(settled=settled) if asked is not None and body.at_us >= asked.at_us:
                there = all(
                    abs(body.levels.get(target.zone, target.level) - target.level) <= NEAR_PERCENT
                    for target in asked.targets
                )
                if settled and there:
                    return Delivered(True, f"light: {self._label()} · {self._levels(body)} · delivered{self._lamps()}")
                if not settled:
                    return Delivered(
                        True, f"light: {self._label()} · on its way, {self._levels(body)} now{self._lamps()}"
                    )
                self._last = body  # what stood before, or what a floor or a limit allows: the next one tells
        return None

    def _heard_of_set(self, body: object) -> Delivered | None:
        match body:
            case be.SetAsked(set_id=set_id):
                self._set_id = set_id
            case be.StopAsked(set_id=set_id) if self._stops:
                self._set_id = set_id
            case be.StimulusFault(set_id=set_id, channel=channel, text=text) if self._is_this(set_id):
                return Delivered(False, f"set {set_id} · not delivered on {channel}: {text}")
            case be.SetBegan(set_id=set_id, channels=channels, text=text) if self._is_this(set_id) and not self._stops:
                words = f"set {set_id} · began on {', '.join(channels)}"
                return Delivered(True, f"{words}; {text}" if text else words)
            case be.SetDelivered(set_id=set_id, passes_delivered=passes, text=text) if self._is_this(set_id):
                if not self._stops:
                    return Delivered(False, f"set {set_id} · not delivered: {text or body.reason.replace('_', ' ')}")
                count = "passes not known" if passes is None else f"{passes} passes delivered"
                return Delivered(True, f"set {set_id} · ended, {count}")
        return None

    def _is_this(self, set_id: int) -> bool:
        return self._set_id == set_id

    def _label(self) -> str:
        assert self._asked is not None
        return self._asked.label or self._asked.cue or self._asked.why

    def _levels(self, delivered: le.LightDelivered) -> str:
        assert self._asked is not None
        zones = {target.zone for target in self._asked.targets}
        shown = [(zone, level) for zone, level in delivered.levels.items() if zone in zones]
        return ", ".join(f"{self._zone(zone)} {level:.0f} %" for zone, level in shown)

    def _zone(self, zone: str) -> str:
        return self._setup.label(zone) if self._setup is not None and zone in self._setup.zone else zone

    def _lamps(self) -> str:
        return " (simulated lamps)" if self._setup is not None and self._setup.simulated else ""


def ask_and_hear(
    running: Running,
    body: cm.CommandBody,
    actor: str,
    setup: Setup | None = None,
    answer_s: float = ANSWER_S,
    delivered_s: float = DELIVERED_S,
) -> tuple[Answer, Delivered | None]:
    """Give one command, wait for its answer, and for a cue or a set for what its worker says, `delivered_s` at most.

    The second is None where there is nothing to wait for: another wish, or one that was refused. Raises SendFailed.
    """
    command = cm.Command(uuid.uuid4().hex, actor, body)
    inbox: queue.SimpleQueue[Message | str] = queue.SimpleQueue()
    try:
        peer = connect(
            running.address, "sender", lambda peer, message: inbox.put(message), lambda peer, why: inbox.put(why)
        )
    except HubUnreachable as trouble:
        raise SendFailed(str(trouble)) from None
    watch = Watch(body, setup) if is_watched(body) else None
    answer: Answer | None = None
    try:
        peer.send(Ask(command))
        until_s = time.monotonic() + answer_s
        while True:
            message = inbox.get(timeout=max(0.0, until_s - time.monotonic()))
            if isinstance(message, str):
                if answer is None:
                    raise SendFailed(f"no answer from the session: {message}")
                return answer, None  # the session ended meanwhile
            if isinstance(message, Answer) and message.id == command.id:
                answer = message
                if watch is None or not answer.ok:
                    return answer, None
                until_s = time.monotonic() + delivered_s
            elif isinstance(message, Live) and watch is not None:
                for item in message.items:
                    told = watch.heard(item) if isinstance(item, Event) else None
                    if told is not None and answer is not None:
                        return answer, told
    except queue.Empty:
        if answer is None:
            raise SendFailed(f"no answer from the session within {answer_s:g} s") from None
        assert watch is not None
        return answer, watch.given_up()
    finally:
        peer.close()
