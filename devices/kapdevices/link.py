"""A device on a port: the thread that opens, reads, drives, notices silence and finds a pulled cable again.

`step` is one turn of the thread and can be called by hand, so that every rule below is tested with a fake clock:
no good packet for `quiet_s` (2 s or what the device needs) is *silent*; a port error, or no byte for 8 s more, is
*lost*: the port is closed and looked for twice a second, wherever the same adapter turns up. A cuff is never started
late: a start is refused unless packets are arriving now. A stop that could not be sent is sent when the link is back.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from enum import StrEnum

import msgspec

from kapdevices.capture import CaptureWriter, Direction
from kapdevices.cuff import CuffGuard
from kapdevices.driver import DeviceCommand, Driver, NotPossible, PacketCounts, StartCuff, StopCuff
from kapdevices.ports import LineSettings, Port, PortEnded, PortInfo, PortTrouble, locate, open_port, present_ports
from kapdevices.readings import Reading

READ_S = 0.05
RETRY_S = 0.5
REOPEN_S = 1.0
SILENT_S = 2.0
LOST_AFTER_SILENT_S = 8.0
CUFF_RUN_S = 180.0

log = logging.getLogger(__name__)


class LinkPhase(StrEnum):
    """How the link stands. CONNECTED comes once, with the first good packet; later returns are BACK."""

    OPENING = "opening"
    CONNECTED = "connected"
    SILENT = "silent"
    LOST = "lost"
    BACK = "back"


class LinkReadings(msgspec.Struct, frozen=True, tag="link-readings"):
    """What the driver understood from bytes that arrived at `mono_us`, microseconds of the session clock."""

    source: str
    mono_us: int
    readings: tuple[Reading, ...]


class LinkState(msgspec.Struct, frozen=True, tag="link-state"):
    """The link has changed; `text` says why, for a person. `adapter` names the USB adapter, where there is one."""

    source: str
    mono_us: int
    state: LinkPhase
    text: str
    adapter: str = ""


class LinkRefused(msgspec.Struct, frozen=True, tag="link-refused"):
    """A command was not carried out; `text` says why, for a person."""

    source: str
    mono_us: int
    command: DeviceCommand
    text: str


class LinkFault(msgspec.Struct, frozen=True, tag="link-fault"):
    """The driver failed on `data`, a defect of the program; it was made anew and the link goes on."""

    source: str
    mono_us: int
    text: str
    data: bytes


LinkReport = LinkReadings | LinkState | LinkRefused | LinkFault

Tap = Callable[[int, Direction, bytes], None]
"""Told of bytes that passed the port, on the link's thread: microseconds of the session clock, direction, the bytes."""


class Link:
    """One device on one address, from `start` to `close`. Reports go to `deliver`, on the link's own thread."""

    def __init__(
        self,
        source: str,
        address: str,
        driver_factory: Callable[[], Driver],
        deliver: Callable[[LinkReport], None],
        session_now_us: Callable[[], int],
        now_s: Callable[[], float],
        *,
        line: LineSettings | None = None,
        quiet_s: float = SILENT_S,
        guard: CuffGuard | None = None,
        capture: CaptureWriter | None = None,
        present: Callable[[], Sequence[PortInfo]] = present_ports,
        opener: Callable[[str], Port] | None = None,
    ) -> None:
        """Nothing is opened yet.

        `session_now_us` stamps arrivals; `now_s` is an unscaled monotonic clock in seconds for time limits and for the
        driver. `quiet_s` is the longest silence of a healthy device. `guard` carries the cuff starts of the running
        session, in session seconds, so that a restart or a faster demo keeps the pause between them. `present` and
        `opener` stand for the machine's ports.
        """
        self.source = source
        self.address = address
        self._driver_factory = driver_factory
        self._deliver = deliver
        self._session_now_us = session_now_us
        self._now_s = now_s
        self._silent_s = max(SILENT_S, quiet_s)
        self._guard = guard or CuffGuard()
        self.capture = capture
        """Where all bytes are kept; may be set or cleared from any thread."""
        self.tap: Tap | None = None
        """Who watches the bytes; may be set or cleared from any thread. Called before the readings are delivered."""
        self._present = present
        self._opener = opener or (lambda path: open_port(path, line or LineSettings(), present, now_s))

        self._driver = driver_factory()
        self._past_counts = PacketCounts()
        self._port: Port | None = None
        self._adapter: PortInfo | None = None
        self._retry_s = now_s()
        self._byte_s = self._good_s = self._last_good_s = self._retry_s
        self._bytes_since_open = False
        self._good_seen = 0
        self._phase = LinkPhase.OPENING
        self._said: tuple[LinkPhase, str] | None = None
        self._was_connected = False
        # Whoever started the cuff in the last minutes is not there any more to stop it.
        self._stop_owed = self._cuff_may_run
        self._ended = False
        self._commands: deque[DeviceCommand] = deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"link {source}", daemon=True)

    @property
    def phase(self) -> LinkPhase:
        """How the link stands now."""
        return self._phase

    @property
    def counts(self) -> PacketCounts:
        """Packets good and bad and bytes skipped since the link was made, over all reconnections."""
        return _sum(self._past_counts, self._driver.counts)

    def start(self) -> None:
        """Begin to open, read and report on the link's thread."""
        self._thread.start()

    def command(self, command: DeviceCommand) -> None:
        """Ask for something, from any thread; taken up within 50 ms. A refusal comes back as LinkRefused."""
        self._commands.append(command)

    def close(self) -> None:
        """Say farewell to the device (a cuff is stopped), give the port back, end the thread and wait for it."""
        self._stop.set()
        if self._thread is threading.current_thread():
            return
        if self._thread.is_alive():
            self._thread.join()
        self._let_go()

    def _run(self) -> None:
        try:
            while not self._stop.is_set() and not self._ended:
                try:
                    self._stop.wait(self.step())
                except Exception as error:  # a thread that ends in silence would look like a quiet device
                    log.exception("%s: the link failed", self.source)
                    self._lose(f"the link failed ({error}) and starts again", REOPEN_S)
        finally:
            self._let_go()

    def step(self) -> float:
        """One turn: open if it is time, read for at most 50 ms, report. Returns how long to wait before the next, s."""
        if self._port is None and self._now_s() >= self._retry_s:
            self._open()
        in_hurry = self._take_commands()
        if self._port is None:
            return READ_S
        try:
            data = self._port.read(0.0 if in_hurry else READ_S)
            self._turn(data, self._session_now_us(), self._now_s())
        except PortEnded as error:
            self._lose(str(error), RETRY_S)
            self._ended = True
        except PortTrouble as error:
            self._lose(str(error), RETRY_S)
        return 0.0

    def _open(self) -> None:
        if self._said is None:
            self._say(LinkPhase.OPENING, f"opening {self.address}")
        try:
            self._port = self._opener(locate(self.address, self._adapter, self._present() if self._adapter else ()))
        except (PortTrouble, OSError) as error:
            self._retry_s = self._now_s() + RETRY_S
            self._say(LinkPhase.LOST, str(error))
            return
        self._adapter = self._port.adapter or self._adapter
        self._byte_s = self._good_s = self._now_s()
        self._bytes_since_open = False
        if self._stop_owed:
            self._stop_owed = False
            self._commands.appendleft(StopCuff())

    def _turn(self, data: bytes, mono_us: int, now_s: float) -> None:
        if data:
            self._byte_s = now_s
            self._bytes_since_open = True
            self._passed(mono_us, "r", data)
        try:
            readings = self._driver.receive(data, now_s)
            good = self._driver.counts.good
            if good != self._good_seen:
                self._good_seen = good
                self._heard(now_s)
            if readings:
                self._hand_on(LinkReadings(self.source, mono_us, tuple(readings)))
            self._write(self._driver.transmit(now_s))
        except PortTrouble:
            raise
        except Exception as error:  # a defect in one driver must not silence the others, nor this one for long
            self._replace_failed_driver(error, data, mono_us)
        self._watch(now_s)

    def _heard(self, now_s: float) -> None:
        gap_s = now_s - self._last_good_s
        self._good_s = self._last_good_s = now_s
        if not self._was_connected:
            self._was_connected = True
            self._say(LinkPhase.CONNECTED, "the device talks")
        elif self._phase not in (LinkPhase.CONNECTED, LinkPhase.BACK):
            self._say(LinkPhase.BACK, f"the device talks again, after {gap_s:.0f} s")

    def _watch(self, now_s: float) -> None:
        quiet_s = now_s - self._byte_s
        if quiet_s > self._silent_s + LOST_AFTER_SILENT_S:
            self._lose(f"nothing received for {self._silent_s + LOST_AFTER_SILENT_S:g} s", REOPEN_S)
        elif now_s - self._good_s <= self._silent_s:
            return
        elif quiet_s <= self._silent_s and self._bytes_since_open:
            self._say(LinkPhase.SILENT, "bytes arrive but none is understood: another device, format or line speed?")
        elif self._phase is not LinkPhase.LOST:
            self._say(LinkPhase.SILENT, f"nothing received for {self._silent_s:g} s")

    def _take_commands(self) -> bool:
        taken = bool(self._commands)
        while self._commands:
            command = self._commands.popleft()
            now_s = self._now_s()
            try:
                if self._port is None or (isinstance(command, StartCuff) and not self._talks):
                    self._stop_owed = self._stop_owed or isinstance(command, StopCuff)
                    raise NotPossible(
                        "no contact with the device: use its own stop key; the stop is sent when it is back"
                        if isinstance(command, StopCuff)
                        else "no contact with the device; start again when it is back"
                    )
                guard = self._guard.admit(command, self._session_s)
                self._driver.command(command, now_s)
                self._guard = guard
            except NotPossible as refusal:
                self._hand_on(LinkRefused(self.source, self._session_now_us(), command, str(refusal)))
            except Exception as error:
                self._replace_failed_driver(error, b"", self._session_now_us())
        return taken

    @property
    def _cuff_may_run(self) -> bool:
        return bool(self._guard.starts_s) and self._session_s - self._guard.starts_s[-1] < CUFF_RUN_S

    @property
    def _session_s(self) -> float:
        return self._session_now_us() / 1e6

    @property
    def _talks(self) -> bool:
        return self._phase in (LinkPhase.CONNECTED, LinkPhase.BACK)

    def _write(self, data: bytes) -> None:
        if data and self._port is not None:
            self._port.write(data)
            self._passed(self._session_now_us(), "w", data)

    def _passed(self, mono_us: int, direction: Direction, data: bytes) -> None:
        # Each is read once: another thread may clear it in between.
        capture, tap = self.capture, self.tap
        if capture is not None:
            capture.write(mono_us, direction, data)
        if tap is not None:
            try:
                tap(mono_us, direction, data)
            except Exception:  # who only watches must not disturb
                log.exception("%s: the watcher of its bytes failed", self.source)

    def _lose(self, text: str, retry_in_s: float) -> None:
        cuff_may_run = self._cuff_may_run
        self._let_go()
        self._new_driver()
        self._stop_owed = self._stop_owed or cuff_may_run
        self._retry_s = self._now_s() + retry_in_s
        self._say(LinkPhase.LOST, text)

    def _let_go(self) -> None:
        port, self._port = self._port, None
        if port is None:
            return
        try:
            if data := self._driver.farewell():
                port.write(data)
                self._passed(self._session_now_us(), "w", data)
        except PortTrouble as error:
            log.info("%s: farewell not sent: %s", self.source, error)  # the usual case: the cable is out
        except Exception:
            log.exception("%s: the driver failed at its farewell", self.source)
        finally:
            port.close()

    def _new_driver(self) -> None:
        past = self.counts
        self._driver = self._driver_factory()
        self._past_counts = past
        self._good_seen = self._driver.counts.good

    def _replace_failed_driver(self, error: Exception, data: bytes, mono_us: int) -> None:
        log.exception("%s: the driver failed on bytes %s", self.source, data.hex(" "))
        try:
            farewell = self._driver.farewell()
        except Exception:
            log.exception("%s: the driver failed at its farewell", self.source)
            farewell = b""
        self._new_driver()
        self._hand_on(LinkFault(self.source, mono_us, f"the driver failed ({error}) and was made anew", data))
        try:
            self._write(farewell)
        except PortTrouble as trouble:
            self._lose(str(trouble), RETRY_S)

    def _say(self, phase: LinkPhase, text: str) -> None:
        self._phase = phase
        if self._said != (phase, text):
            self._said = (phase, text)
            adapter = self._adapter.in_words() if self._adapter else ""
            self._hand_on(LinkState(self.source, self._session_now_us(), phase, text, adapter))

    def _hand_on(self, report: LinkReport) -> None:
        try:
            self._deliver(report)
        except Exception:  # the port must be read on, whatever happens above
            log.exception("%s: a report could not be delivered", self.source)


def _sum(one: PacketCounts, other: PacketCounts) -> PacketCounts:
    return PacketCounts(one.good + other.good, one.bad + other.bad, one.skipped + other.skipped)
