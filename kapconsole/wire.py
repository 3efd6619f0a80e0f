"""Messages between the processes, and the two ends of the wire: the monitor's hub and everybody else's link.

The wire is `multiprocessing.connection` (a local socket or named pipe, keyed) carrying msgpack. The monitor listens;
the others connect, and connect again when it has been away. A peer that does not read never holds up the monitor: each
has a queue and a thread of its own, waveforms are dropped first, and a peer that stays behind is cut off and may
attach again, when it is told everything since.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import secrets
import sys
import tempfile
import threading
from collections.abc import Callable
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any, Literal

import msgspec

from kapconsole.alarms.quiet import Asked
from kapconsole.alarms.status import AlarmStatus
from kapconsole.clock import ClockFrame
from kapconsole.commands import Command
from kapconsole.events import Body, Row, StreamItem, WavePiece

log = logging.getLogger("kapconsole.wire")

QUEUE_LIMIT = 2000
"""Messages that may wait for a peer before it is cut off: more than a minute of life at full load."""

POLL_S = 0.2
CONNECT_S = 5.0
"""A monitor that listens but does not shake hands within this is stopped or stuck."""


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """The first word of a peer: `role` is console, annunciator, room, sender, launcher or demo.

    `station`: the name of a console's station where it is another than the room's own, for `staff` (nurse, ...).
    """

    role: str
    pid: int
    station: str = ""
    staff: str = ""


class Beat(msgspec.Struct, frozen=True, tag="beat"):
    """A heartbeat, once a second in both directions. `text` says what is wrong with the sender, if anything is."""

    text: str = ""


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    """A command for the monitor."""

    command: Command


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """What became of the command `id`; `ok` only when its event is in the log on disk."""

    id: str
    ok: bool
    text: str


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """The session that the peer attached to; its history follows."""

    session_id: str
    frame: ClockFrame
    log_path: str


class History(msgspec.Struct, frozen=True, tag="history"):
    """Everything so far: rows as in the log, then what is not in a row yet."""

    rows: list[Row]
    items: list[StreamItem]


class Live(msgspec.Struct, frozen=True, tag="live"):
    """New items in order."""

    items: list[StreamItem]


class LogStatus(msgspec.Struct, frozen=True, tag="log-status"):
    """The session log's size on disk and how many session microseconds of it are known to be there."""

    size_bytes: int
    committed_us: int
    encrypted: bool


class Do(msgspec.Struct, frozen=True, tag="do"):
    """The monitor passes on what was asked, as it stands in the log, to the process that carries it out."""

    body: Body


class Did(msgspec.Struct, frozen=True, tag="did"):
    """A process tells what it delivered; the monitor writes it into the log as it is."""

    body: Body


class AlarmsNow(msgspec.Struct, frozen=True, tag="alarms-now"):
    """The alarm system's status, several times a second. `quiet`: why the room's speaker is silent.

    `listening`: the stations that listen for the room; `asked`: who is to answer for which alarm. `self_test`: why a
    person should confirm a self-test of the alarm sound, in words; empty while one is confirmed.
    """

    status: AlarmStatus
    quiet: str = ""
    listening: tuple[str, ...] = ()
    asked: tuple[Asked, ...] = ()
    self_test: str = ""


class Listening(msgspec.Struct, frozen=True, tag="listening"):
    """A station's process renews its lease: its window lives, and a person pressed "I am listening" not long ago."""


class WatchBytes(msgspec.Struct, frozen=True, tag="watch-bytes"):
    """A console wants to see the bytes of device `source`, or no more. Ends by itself with the connection."""

    source: int
    on: bool


class BytesSeen(msgspec.Struct, frozen=True, tag="bytes-seen"):
    """Bytes that passed the port of `source` from `mono_us` on, in one direction, and in `words` what they said.

    `direction`: "r" received from the device, "w" written to it. At most ten a second and 512 bytes each: `missed`
    bytes before these are not shown. `good`, `bad`, `skipped`: packets and bytes of the link so far. The first one
    after a WatchBytes has no bytes, only these counts.
    """

    source: int
    mono_us: int
    direction: str
    data: bytes
    words: str
    missed: int = 0
    good: int = 0
    bad: int = 0
    skipped: int = 0


class CaptureWanted(msgspec.Struct, frozen=True, tag="capture-wanted"):
    """A person wants the bytes of `source` kept in a file, or no more."""

    source: int
    on: bool


class CaptureStatus(msgspec.Struct, frozen=True, tag="capture-status"):
    """Whether the bytes of `source` are being kept, in which file, and how large it is; `text` says why not."""

    source: int
    on: bool
    path: str = ""
    bytes: int = 0
    limit_bytes: int = 0
    text: str = ""


class Sound(msgspec.Struct, frozen=True, tag="sound"):
    """The monitor tells the annunciator what is to be heard from now on; may be said again as often as one likes.

    `occurrences`: for whom; a number that is new gets a fresh burst. `once`: one burst besides what is to be heard from
    now on, which stays as it is. `cut`: a person has paused the audio: a burst that has begun and is not wanted any
    more ends within 0.5 s instead of being finished; said at that moment alone. `louder_db`: 0 to 6 above normal.
    """

    priority: Literal["none", "low", "medium", "high"]
    occurrences: tuple[int, ...] = ()
    once: bool = False
    cut: bool = False
    louder_db: float = 0.0


class SelfTest(msgspec.Struct, frozen=True, tag="self-test"):
    """The annunciator is asked to play its test pattern, and to look whether it arrives where it should."""


class Sounded(msgspec.Struct, frozen=True, tag="sounded"):
    """The annunciator tells what it sounded: `what` is low, medium, high, failure or test.

    `at_mono_us`: session time at which its first sample left for the loudspeaker. `output`: where. `ok`: false for
    what could not be heard, and `text` says why; for a test, whether it was found in what the output played.
    `again`: a burst repeated for the same occurrences.
    """

    what: str
    at_mono_us: int
    output: str
    ok: bool
    text: str = ""
    occurrences: tuple[int, ...] = ()
    again: bool = False


class Goodbye(msgspec.Struct, frozen=True, tag="goodbye"):
    """The session has been closed; every process may end."""

    reason: str


Message = (
    Hello
    | Beat
    | Ask
    | Answer
    | Welcome
    | History
    | Live
    | LogStatus
    | Do
    | Did
    | AlarmsNow
    | Listening
    | WatchBytes
    | BytesSeen
    | CaptureWanted
    | CaptureStatus
    | Sound
    | SelfTest
    | Sounded
    | Goodbye
)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Message).decode


class Address(msgspec.Struct, frozen=True):
    """Where a hub listens and the key to speak with it. Kept in a file that only its user can read."""

    path: str
    key_hex: str

    @property
    def key(self) -> bytes:
        """The shared key of the connection's challenge."""
        return bytes.fromhex(self.key_hex)


def new_address() -> Address:
    """A fresh address and key. Socket paths are limited to about 100 bytes, so this lives in the temporary folder."""
    if sys.platform == "win32":
        path = rf"\\.\pipe\kapconsole-{secrets.token_hex(8)}"
    else:
        path = str(Path(tempfile.mkdtemp(prefix="kap-")) / "hub")
    return Address(path, secrets.token_hex(32))


class Peer:
    """One connection: a thread that reads, a thread that writes; `received` is called on the reading thread."""

    def __init__(
        self,
        connection: Connection[Any, Any],
        received: Callable[[Peer, Message], None],
        lost: Callable[[Peer, str], None],
    ) -> None:
        self.role = ""
        self.station = ""
        self._connection = connection
        self._received = received
        self._lost = lost
        self._outgoing: queue.Queue[bytes | None] = queue.Queue()
        self._ended = threading.Event()
        self._lost_said = threading.Lock()
        self._threads = [
            threading.Thread(target=self._read, name="wire-read", daemon=True),
            threading.Thread(target=self._write, name="wire-write", daemon=True),
        ]

    def start(self) -> None:
        """Begin to read and write. Whoever keeps a list of peers has this one in it by now: it may be lost at once."""
        for thread in self._threads:
            thread.start()

    @property
    def ended(self) -> bool:
        """True once the connection is of no more use."""
        return self._ended.is_set()

    def send(self, message: Message) -> None:
        """Queue a message. Never blocks; a peer that does not read loses waveforms first, then its connection."""
        waiting = self._outgoing.qsize()
        if isinstance(message, BytesSeen) and waiting > QUEUE_LIMIT // 4:
            return
        if isinstance(message, Live) and waiting > QUEUE_LIMIT // 4:
            kept: list[StreamItem] = [item for item in message.items if not isinstance(item, WavePiece)]
            if not kept:
                return
            message = Live(kept)
        if waiting > QUEUE_LIMIT:
            self._end("did not read for too long")
            return
        self._outgoing.put(_encode(message))

    def close(self, drain_s: float = 1.0) -> None:
        """Send what waits, then end both threads. Call from another thread than the peer's own."""
        self._outgoing.put(None)
        self._threads[1].join(drain_s)
        self._ended.set()
        self._threads[0].join(2 * POLL_S + 1.0)

    def _read(self) -> None:
        try:
            while not self._ended.is_set():
                if self._connection.poll(POLL_S):
                    self._received(self, _decode(self._connection.recv_bytes()))
        except (EOFError, OSError) as trouble:
            self._end(str(trouble) or "connection closed")
        except msgspec.MsgspecError as trouble:
            log.warning("unreadable message from %s: %s", self.role or "a peer", trouble)
            self._end("sent what could not be read")
        finally:
            # The reading thread always comes to its end, so it is the one that closes the connection.
            self._threads[1].join(2 * POLL_S)
            with contextlib.suppress(OSError):
                self._connection.close()

    def _write(self) -> None:
        try:
            while not self._ended.is_set():
                try:
                    data = self._outgoing.get(timeout=POLL_S)
                except queue.Empty:
                    continue
                if data is None:
                    return
                self._connection.send_bytes(data)
        except (OSError, ValueError) as trouble:
            self._end(str(trouble) or "connection closed")

    def _end(self, why: str) -> None:
        with self._lost_said:
            if self._ended.is_set():
                return
            self._ended.set()
        self._lost(self, why)


class Hub:
    """The monitor's end: listens at an address and keeps the peers."""

    def __init__(
        self,
        address: Address,
        received: Callable[[Peer, Message], None],
        lost: Callable[[Peer, str], None],
    ) -> None:
        self._address = address
        self._received = received
        self._lost_callback = lost
        self._peers: list[Peer] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        if sys.platform != "win32":
            # Left behind by a monitor that was killed; nobody listens there any more.
            Path(address.path).unlink(missing_ok=True)
        self._listener = Listener(address.path, authkey=address.key)
        self._thread = threading.Thread(target=self._accept, name="wire-accept", daemon=True)
        self._thread.start()

    @property
    def peers(self) -> list[Peer]:
        """Peers that are connected now."""
        with self._lock:
            return list(self._peers)

    def close(self) -> None:
        """Send what waits to every peer and stop listening."""
        self._ended.set()
        # accept() is woken by a connection. On a thread: another peer may be accepted in its stead, and then nobody
        # would answer it until the listener is closed.
        waker = threading.Thread(target=self._wake, name="wire-wake", daemon=True)
        waker.start()
        self._thread.join(CONNECT_S)
        for peer in self.peers:
            peer.close()
        self._listener.close()
        waker.join(CONNECT_S)

    def _wake(self) -> None:
        with contextlib.suppress(OSError, EOFError, AuthenticationError):
            Client(self._address.path, authkey=self._address.key).close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                connection = self._listener.accept()
            except (OSError, EOFError, AuthenticationError) as trouble:
                if not self._ended.is_set():
                    log.warning("a connection was refused: %s", trouble)
                continue
            if self._ended.is_set():
                connection.close()
                return
            peer = Peer(connection, self._received, self._lost)
            with self._lock:
                self._peers.append(peer)
            peer.start()

    def _lost(self, peer: Peer, why: str) -> None:
        with self._lock:
            if peer in self._peers:
                self._peers.remove(peer)
        self._lost_callback(peer, why)


class HubUnreachable(Exception):
    """Nobody listens at the address; the message says so in words."""


def connect(
    address: Address,
    role: str,
    received: Callable[[Peer, Message], None],
    lost: Callable[[Peer, str], None],
    station: str = "",
    staff: str = "",
) -> Peer:
    """Attach to the hub and say hello. Raises HubUnreachable."""
    connection = _client(address)
    peer = Peer(connection, received, lost)
    peer.role = role
    peer.start()
    peer.send(Hello(role, os.getpid(), station, staff))
    return peer


def _client(address: Address) -> Connection[Any, Any]:
    """The handshake, with a limit: `Client` alone would wait for ever for a hub that is stopped."""
    reached: queue.SimpleQueue[Connection[Any, Any] | Exception] = queue.SimpleQueue()

    def reach() -> None:
        try:
            reached.put(Client(address.path, authkey=address.key))
        except (OSError, EOFError, AuthenticationError) as trouble:
            reached.put(trouble)

    threading.Thread(target=reach, name="wire-connect", daemon=True).start()
    try:
        found = reached.get(timeout=CONNECT_S)
    except queue.Empty:
        raise HubUnreachable("the session's recorder cannot be reached: it does not answer") from None
    if isinstance(found, Exception):
        log.debug("no hub: %s", found)
        raise HubUnreachable("the session's recorder cannot be reached: it has ended, or is being started again")
    return found
