"""The thread that writes to a bar: a slow or broken line never holds up whoever makes the pictures."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from kapdevices.lightbars.frames import BarProtocol, encode, frame_size
from kapdevices.lightbars.outbox import Outbox
from kapdevices.lightbars.port import BarPort
from kapdevices.ports import PortTrouble

TURN_S = 0.02
CLOSE_S = 0.5


class BarWriter:
    """Owns the port. `fault` is called once, on the writer's thread, with the reason in words; nothing is sent then."""

    def __init__(
        self,
        port: BarPort,
        leds: int,
        fault: Callable[[str], None],
        protocol: BarProtocol = BarProtocol.ADALIGHT,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ValueError where the protocol cannot have so many LEDs."""
        encode(protocol, bytes(3 * leds))
        self._port, self._protocol, self._fault, self._now_s = port, protocol, fault, now_s
        self._outbox = Outbox(leds)
        self._frame_bytes = frame_size(protocol, leds)
        self._turn = threading.Condition()
        self._closing = False
        self._broken = ""
        self._thread = threading.Thread(target=self._run, name="light-bar", daemon=True)

    @property
    def sent(self) -> int:
        """Frames written so far."""
        return self._outbox.sent

    @property
    def skipped(self) -> int:
        """Pictures that were not sent, because a newer one came or the line was behind."""
        return self._outbox.skipped

    @property
    def broken(self) -> str:
        """Why nothing is sent any more, in words; empty while all is well."""
        return self._broken

    def arm(self) -> None:
        """Show pictures from now on."""
        with self._turn:
            self._outbox.arm()
            self._turn.notify()

    def show(self, picture: bytes) -> None:
        """The newest picture, `3 * leds` bytes. Never waits. Raises ValueError for another length."""
        with self._turn:
            self._outbox.show(picture)
            self._turn.notify()

    def black(self) -> None:
        """Dark now, and until armed again. Never waits."""
        with self._turn:
            self._outbox.black()
            self._turn.notify()

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def close(self) -> None:
        """Send black, wait for it at most half a second, and give the port back."""
        with self._turn:
            self._outbox.black()
            self._closing = True
            self._turn.notify()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)
        self._port.close()

    def _run(self) -> None:
        try:
            while True:
                waiting = self._port.waiting()
                with self._turn:
                    picture = self._outbox.due(self._now_s(), waiting, self._frame_bytes)
                    if picture is None:
                        if self._closing and self._outbox.quiet:
                            return
                        self._turn.wait(TURN_S)
                if picture is not None:
                    # Outside of the lock: a line that does not take it holds up nobody else.
                    self._port.write(encode(self._protocol, picture))
        except PortTrouble as trouble:
            self._broken = str(trouble)
            self._fault(self._broken)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()
