"""Sends a universe to a node or widget on a thread of its own: newest levels win, a lost way is opened again."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Protocol

from kapdevices.lights import enttec
from kapdevices.lights.lamp import LampStatus, NotSent
from kapdevices.lights.pacing import Pacer
from kapdevices.ports import LineSettings, PortTrouble, open_port

REOPEN_S = 1.0
ASK_S = 5.0
MISSED_ANSWERS = 2
LAST_SEND_S = 1.0


class Way(Protocol):
    """Where frames go. Methods raise NotSent when they cannot."""

    def send(self, data: bytes) -> None:
        """Pass one frame on."""
        ...

    def receive(self) -> bytes:
        """What has come back, at once; empty where nothing ever does."""
        ...

    def close(self) -> None:
        """Never raises."""
        ...


class Source(Protocol):
    """Makes frames of levels."""

    def frame(self, slots: bytes) -> bytes:
        """One frame."""
        ...

    def goodbye(self, slots: bytes) -> list[bytes]:
        """What ends the stream."""
        ...


class UdpWay:
    """Datagrams to one host, or to a multicast group (with `interface`: the local address that sends them)."""

    def __init__(self, host: str, port: int, interface: str = "") -> None:
        """Looks the host up, which may take seconds. Raises NotSent."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(found[0], socket.SOCK_DGRAM)
            self._to = found[4]
            self._socket.setblocking(False)
            if interface:
                self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
                self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        except OSError as error:
            raise NotSent(f"{host}: no way to this address ({error.strerror or error})") from None

    def send(self, data: bytes) -> None:
        """See Way. A full buffer loses this frame; the next is 25 ms away."""
        try:
            self._socket.sendto(data, self._to)
        except BlockingIOError:
            return
        except OSError as error:
            raise NotSent(f"{self._to[0]} cannot be reached ({error.strerror or error})") from None

    def receive(self) -> bytes:
        """Nothing: nodes do not answer."""
        return b""

    def close(self) -> None:
        """See Way."""
        self._socket.close()


class SerialWay:
    """A serial port that a person named; nothing else is ever opened."""

    def __init__(self, path: str, baud: int = 57600) -> None:
        """The widget ignores the baud rate. Raises NotSent."""
        try:
            self._port = open_port(path, LineSettings(baud=baud))
        except PortTrouble as trouble:
            raise NotSent(str(trouble)) from None

    def send(self, data: bytes) -> None:
        """See Way."""
        try:
            self._port.write(data)
        except PortTrouble as trouble:
            raise NotSent(str(trouble)) from None

    def receive(self) -> bytes:
        """See Way."""
        try:
            return self._port.read(0.0)
        except PortTrouble as trouble:
            raise NotSent(str(trouble)) from None

    def close(self) -> None:
        """See Way."""
        self._port.close()


class StreamLamp:
    """One universe. `show` may be called at any rate and never waits."""

    def __init__(self, name: str, open_way: Callable[[], Way], source: Source, asks: bool = False) -> None:
        """`asks`: the widget is asked for its serial number every 5 s."""
        self.name = name
        self._open_way = open_way
        self._source = source
        self._asks = asks
        self._pacer = Pacer()
        self._answers = enttec.Answers()
        self._slots: bytes | None = None
        self._status = LampStatus()
        self._changed = threading.Condition()
        self._ended = False
        self._polite = False
        self._ask_due_s = 0.0
        self._unanswered = 0
        self.serial_number: int | None = None
        """Of the widget, once it answered."""
        self._thread = threading.Thread(target=self._run, name=f"light-{name}", daemon=True)
        self._thread.start()

    @property
    def status(self) -> LampStatus:
        """How the way to the lamp is; a stream has no confirmation of levels."""
        return self._status

    def show(self, slots: bytes) -> None:
        """Levels of the universe from its first slot on, sent at once and again and again."""
        with self._changed:
            if slots != self._slots:
                self._slots = slots
                self._changed.notify()

    def close(self, goodbye: bool = True) -> None:
        """End; with `goodbye` the stream is ended properly. Never raises."""
        with self._changed:
            self._ended, self._polite = True, goodbye
            self._changed.notify()
        self._thread.join(REOPEN_S + LAST_SEND_S)

    def _run(self) -> None:
        way: Way | None = None
        open_due_s = 0.0
        while True:
            now_s = time.monotonic()
            with self._changed:
                slots, ended = self._slots, self._ended
                if not ended:
                    self._changed.wait(self._pause_s(way, slots, open_due_s, now_s))
                    slots, ended = self._slots, self._ended
            now_s = time.monotonic()
            try:
                if ended:
                    break
                if way is None:
                    if now_s < open_due_s:
                        continue
                    way = self._open_way()
                    self._pacer.forget()
                    self._ask_due_s, self._unanswered = now_s, 0
                if slots is not None and self._pacer.due(slots, now_s):
                    way.send(self._source.frame(slots))
                self._look(way, now_s)
            except NotSent as trouble:
                self._status = LampStatus(str(trouble))
                open_due_s = now_s + REOPEN_S
                if way is not None:
                    way.close()
                    way = None
        if way is not None:
            if self._polite and slots is not None:
                with contextlib.suppress(NotSent):
                    # The newest levels may not have been sent yet, and receivers pass over those of a goodbye.
                    for frame in (self._source.frame(slots), *self._source.goodbye(slots)):
                        way.send(frame)
            way.close()

    def _pause_s(self, way: Way | None, slots: bytes | None, open_due_s: float, now_s: float) -> float:
        if way is None:
            return max(0.0, open_due_s - now_s)
        pause_s = 0.5 if slots is None else self._pacer.wait_s(slots, now_s)
        return min(pause_s, 0.5) if self._asks else pause_s

    def _look(self, way: Way, now_s: float) -> None:
        """The widget's health: its answers, and when to ask again."""
        if not self._asks:
            self._status = LampStatus()
            return
        for answer in self._answers.feed(way.receive()):
            self._heard(answer)
        if now_s < self._ask_due_s:
            return
        for answer in self._answers.give_up():
            self._heard(answer)
        if self._unanswered >= MISSED_ANSWERS:
            self._status = LampStatus("the DMX widget does not answer")
        way.send(enttec.ASK_SERIAL_NUMBER)
        self._unanswered += 1
        self._ask_due_s = now_s + ASK_S

    def _heard(self, answer: enttec.Answer) -> None:
        if answer.serial_number is not None:
            self.serial_number = answer.serial_number
            self._unanswered = 0
            self._status = LampStatus()
