"""The monitor process itself: one loop that takes reports and commands in, and gives rows and live items out."""

from __future__ import annotations

import faulthandler
import logging
import os
import queue
import signal
import sys
import time
from collections import deque
from pathlib import Path

import msgspec

from kapconsole import events as ev
from kapconsole.alarms.events import SelfTestConfirmed
from kapconsole.clock import wall_us
from kapconsole.diary import keep_diary
from kapconsole.lifeline import Orders, read_orders, when_launcher_is_gone
from kapconsole.monitor.awake import MAY_SLEEP, Awake
from kapconsole.monitor.devices import make_link, open_capture
from kapconsole.monitor.opening import open_session
from kapconsole.monitor.publishing import Waiting
from kapconsole.monitor.selftests import SelfTestBook, due
from kapconsole.monitor.signals import Signals
from kapconsole.monitor.taps import CAPTURE_LIMIT_BYTES, Tapped, Taps
from kapconsole.paths import captures_dir
from kapconsole.record import access
from kapconsole.record.errors import LogError
from kapconsole.record.thread import Committed, LogThread, LogTrouble, Notice
from kapconsole.rows import NUMERICS, WAVE
from kapconsole.session.parts import owed
from kapconsole.session.runner import Outcome
from kapconsole.wire import (
    Answer,
    Ask,
    Beat,
    CaptureWanted,
    Did,
    Do,
    Goodbye,
    Hello,
    History,
    Hub,
    Listening,
    Live,
    LogStatus,
    Message,
    Peer,
    SelfTest,
    Sounded,
    WatchBytes,
    Welcome,
)
from kapdevices.link import LinkPhase, LinkReport, LinkState

log = logging.getLogger("kapconsole.monitor")

TURN_S = 0.02
BEAT_S = 1.0
SET_BEAT_S = 0.1
"""While a set runs: the room ends one when it hears nothing for half a second."""
MISSED_BEATS_S = 3.0
COUNTS_EVERY_S = 60.0
MEASUREMENTS_EVERY_S = 0.9
"""A second of measurements is committed as soon as it is packed, but not more often (the demo's clock runs faster)."""
ORPHAN_S = 10.0
BATCH = 500
UNHEARD = "unheard"
"""State of an annunciator that runs but cannot be heard; the demo's is meant to be silent without a speaker."""

WORKERS_ROLES = ("room", "light")
FROZEN = "frozen"
"""State of a console whose window does not paint: it looks as if there were no alarm."""

TOLD_ROLES = ("console", "sender", "demo")
"""Who hears every new item: windows, `kapconsole send` while it waits for a worker, the demo's line of progress."""

WATCHED_ROLES = ("annunciator", "room", "light", "console")

BAD_ORDERS = 2
"""Exit code for what a restart cannot mend: a log that cannot be written, a device that is not known."""


class _LinkSaid:
    __slots__ = ("report", "source")

    def __init__(self, source: int, report: LinkReport) -> None:
        self.source = source
        self.report = report


class _PeerSaid:
    __slots__ = ("message", "peer")

    def __init__(self, peer: Peer, message: Message | None) -> None:
        self.peer = peer
        self.message = message


class _LauncherGone:
    pass


_Inbox = queue.SimpleQueue[_LinkSaid | Tapped | _PeerSaid | Notice | _LauncherGone]


class Monitor:
    """One session's recorder. `run` returns when the session is closed, or when nobody is left who wants it."""

    def __init__(self, orders: Orders) -> None:
        """Open or resume the log. Raises LogError or ValueError with words for a person."""
        self._orders = orders
        self._inbox: _Inbox = queue.SimpleQueue()
        self._waiting = Waiting()
        self._live: list[ev.StreamItem] = []
        self._beats: dict[Peer, float] = {}
        self._silent: set[Peer] = set()
        self._said: dict[Peer, str] = {}
        self._launcher_gone_s: float | None = None
        self._ending: str | None = None
        self._beat_due_s = self._set_beat_due_s = self._counts_due_s = self._commit_due_s = 0.0

        self._askers: dict[str, Peer] = {}
        self._path = Path(orders.log_path)
        self._committed_us = 0
        self._uncommitted: deque[tuple[int, int]] = deque()
        opened = open_session(orders)
        self._clock, self._runner, self._history = opened.clock, opened.runner, opened.history
        self._runner.remote_audio_pause = orders.remote_audio_pause
        self._silent_by_choice = orders.simulated and not orders.alarm_out
        self._book = SelfTestBook()
        self._signals = Signals(self._runner, self._clock.now_us, self._to_role, self._self_test_due)
        self._log = LogThread(opened.log, self._inbox.put)
        self._log.start()
        # What peers say waits in the inbox until everything is there.
        self._hub = Hub(orders.address, self._on_message, self._on_lost)
        for outcome in opened.first:
            # What a new log began with is on disk already.
            (self._handle if orders.resume else self._show)(outcome)
        for warning in opened.log.warnings:
            self._handle(self._runner.note_fact(ev.StorageState("low", warning)))
        self._links = {
            entry.source: make_link(
                text, entry, self._on_link, self._clock.now_us, time.monotonic, opened.guards, orders.capture_dir
            )
            for text, entry in zip(orders.devices, opened.devices, strict=True)
        }
        self._taps = Taps(
            self._links,
            lambda source: open_capture(captures_dir(), self._runner.devices[source], CAPTURE_LIMIT_BYTES),
            self._inbox.put,
            lambda body, actor: self._handle(self._runner.note_fact(body, actor)),
        )

    def launcher_gone(self) -> None:
        """To be called (from any thread) when the launcher has died."""
        self._inbox.put(_LauncherGone())

    def told_to_stop(self) -> None:
        """To be called on SIGTERM."""
        if self._launcher_gone_s is not None:
            self._ending = ""

    def run(self) -> int:
        """Record until the session ends. Returns the exit code."""
        if self._orders.simulated:
            return self._record()
        with Awake() as awake:
            if not awake.held:
                self._handle(self._runner.note_fact(ev.ProcessState("keep awake", "not possible", MAY_SLEEP)))
            return self._record()

    def _record(self) -> int:
        for link in self._links.values():
            link.start()
        while self._ending is None:
            self._take(TURN_S)
            self._on_time(time.monotonic())
            self._send_live()
        return self._shut_down(self._ending)

    # -- what comes in --------------------------------------------------------------------------------------------

    def _on_link(self, source: int, report: LinkReport) -> None:
        self._inbox.put(_LinkSaid(source, report))

    def _on_message(self, peer: Peer, message: Message) -> None:
        self._inbox.put(_PeerSaid(peer, message))

    def _on_lost(self, peer: Peer, why: str) -> None:
        log.info("%s left: %s", peer.role or "a peer", why)
        self._inbox.put(_PeerSaid(peer, None))

    def _take(self, timeout_s: float) -> None:
        """Handle what waits, at most a batch, so that time is looked at in between."""
        for _ in range(BATCH):
            try:
                said = self._inbox.get(timeout=timeout_s)
            except queue.Empty:
                return
            timeout_s = 0.0
            if isinstance(said, _LinkSaid):
                if isinstance(said.report, LinkState) and said.report.state is LinkPhase.LOST:
                    log.warning("%s: %s", self._runner.devices[said.source].port, said.report.text)
                self._taps.understood(said.source, said.report)
                self._handle(self._runner.on_link(said.source, said.report))
            elif isinstance(said, Tapped):
                self._taps.saw(said)
            elif isinstance(said, Committed):
                while self._uncommitted and self._uncommitted[0][0] <= said.seq:
                    self._committed_us = max(self._committed_us, self._uncommitted.popleft()[1])
                for outcome in self._waiting.committed(said.seq):
                    self._show(outcome)
            elif isinstance(said, LogTrouble):
                self._on_log_trouble(said)
            elif isinstance(said, _LauncherGone):
                log.warning("the launcher is gone")
                self._launcher_gone_s = time.monotonic()
            elif said.message is None:
                self._on_peer_lost(said.peer)
            else:
                self._on_peer(said.peer, said.message)
            if self._ending is not None:
                return

    def _on_peer(self, peer: Peer, message: Message) -> None:
        now_s = time.monotonic()
        self._beats[peer] = now_s
        if peer in self._silent:
            self._silent.discard(peer)
            self._said.pop(peer, None)
            self._handle(self._runner.note_fact(ev.ProcessState(peer.role, "running", "answers again")))
        if isinstance(message, Hello):
            self._welcome(peer, message)
        elif isinstance(message, Listening):
            self._runner.quiet.renew(peer.station, self._clock.now_us())
        elif isinstance(message, Ask):
            self._peer_asked(peer, message)
        elif isinstance(message, WatchBytes | CaptureWanted):
            self._taps.ask(peer, message, peer.role)
        elif isinstance(message, Did) and peer.role in WORKERS_ROLES:
            self._handle(self._runner.note_fact(message.body, peer.role))
        elif isinstance(message, Beat) and peer.role in WATCHED_ROLES:
            self._said[peer] = message.text
            held = self._runner.state.processes.get(peer.role)
            text = self._role_says(peer.role)
            state = "running"
            if peer.role == "annunciator" and text and not self._silent_by_choice:
                state = UNHEARD
            elif peer.role == "console" and text:
                state = FROZEN
            if held is None or held.text != text or held.state != state:
                self._handle(self._runner.note_fact(ev.ProcessState(peer.role, state, text)))
        elif isinstance(message, Sounded):
            self._handle(self._runner.note_fact(ev.SignalSounded(*msgspec.structs.astuple(message)), peer.role))

    def _welcome(self, peer: Peer, hello: Hello) -> None:
        role = peer.role = hello.role
        peer.station = hello.station
        session = self._runner.state.session
        assert session is not None
        peer.send(Welcome(session.session_id, self._clock.frame, str(self._path)))
        if role == "console":
            # What is in self._live has been folded and stands in the history; the newcomer must not get it twice.
            self._send_live(but=peer)
            peer.send(History(self._history, list(self._runner.pending)))
        for body in owed(self._runner.state, role):
            peer.send(Do(body))
        if role in WATCHED_ROLES:
            self._handle(self._runner.note_fact(ev.ProcessState(role, "running", "")))
        if role == "annunciator" and self._orders.resume:
            # After a restart everything is tried again (alarms reference 5.6); it waits until no alarm sounds.
            peer.send(SelfTest())
        self._signals.renew()

    def _role_says(self, role: str) -> str:
        """What is wrong with a process, in its own words; there may be several consoles."""
        said = [(peer.station, text) for peer, text in self._said.items() if text and peer.role == role]
        return "; ".join(f"{station}: {text}" if station else text for station, text in said)

    def _peer_asked(self, peer: Peer, message: Ask) -> None:
        outcome = self._runner.on_command(message.command, peer.station)
        self._askers[message.command.id] = peer
        self._handle(outcome)

    def _on_peer_lost(self, peer: Peer) -> None:
        self._beats.pop(peer, None)
        self._said.pop(peer, None)
        self._silent.discard(peer)
        self._taps.gone(peer)
        if peer.station and not any(other.station == peer.station for other in self._hub.peers):
            left = self._runner.station_left(peer.station)
            if left is not None:
                self._handle(left)
        if peer.role in WATCHED_ROLES and not any(other.role == peer.role for other in self._hub.peers):
            self._handle(self._runner.note_fact(ev.ProcessState(peer.role, "gone", f"the {peer.role} is not running")))

    def _on_log_trouble(self, trouble: LogTrouble) -> None:
        if self._runner.state.storage.state != trouble.state or self._runner.state.storage.text != trouble.text:
            self._handle(self._runner.note_fact(ev.StorageState(trouble.state, trouble.text)))

    # -- what goes out --------------------------------------------------------------------------------------------

    def _handle(self, outcome: Outcome, at_once: bool = False) -> None:
        for source, command in outcome.at_once:
            self._links[source].command(command)
        for role, body in outcome.do_at_once:
            self._to_role(role, Do(body))
        # An alarm signal waits neither for the disk nor for a screen.
        self._signals.told(item.body for item in outcome.items if isinstance(item, ev.Event))
        for item in outcome.items:
            if isinstance(item, ev.Event) and isinstance(item.body, SelfTestConfirmed):
                self._book.confirmed(item.body, item.actor, wall_us())
        urgent = outcome.urgent
        for row in outcome.rows:
            self._log.append(row, urgent or at_once)
            self._uncommitted.append((row.seq, row.mono_us))
            if row.kind in (NUMERICS, WAVE):
                self._history.append(row)
        # Measurements are shown at once, in the order of their times; at most their last second can be lost.
        self._live.extend(item for item in outcome.items if not isinstance(item, ev.Event))
        if urgent:
            self._waiting.put(outcome, time.monotonic())

    def _show(self, outcome: Outcome, on_disk: bool = True) -> None:
        self._history.extend(row for row in outcome.rows if row.kind not in (NUMERICS, WAVE))
        self._live.extend(item for item in outcome.items if isinstance(item, ev.Event))
        for source, command in outcome.after:
            self._links[source].command(command)
        for role, body in outcome.do:
            self._to_role(role, Do(body))
        if outcome.answer is not None:
            id, ok, text = outcome.answer
            peer = self._askers.pop(id, None)
            if peer is not None and not peer.ended:
                peer.send(Answer(id, ok, text if on_disk else f"{text} (not on disk yet)"))
        if outcome.ends is not None:
            self._ending = outcome.ends

    def _to_role(self, role: str, message: Message) -> None:
        for peer in self._hub.peers:
            if peer.role == role:
                peer.send(message)

    def _self_test_due(self) -> str:
        return "" if self._silent_by_choice else due(self._book.last, self._orders.alarm_out, wall_us())

    def _send_live(self, but: Peer | None = None) -> None:
        if not self._live:
            return
        message = Live(self._live)
        self._live = []
        for peer in self._hub.peers:
            if peer.role in TOLD_ROLES and peer is not but:
                peer.send(message)

    # -- time -----------------------------------------------------------------------------------------------------

    def _on_time(self, now_s: float) -> None:
        for outcome in self._runner.tick(wall_us()):
            at_once = now_s >= self._commit_due_s
            if at_once:
                self._commit_due_s = now_s + MEASUREMENTS_EVERY_S
            self._handle(outcome, at_once)
        for outcome in self._waiting.overdue(now_s):
            self._show(outcome, on_disk=False)
        self._taps.on_time(now_s)
        self._signals.on_time(now_s)
        if self._runner.state.sets.running is not None and now_s >= self._set_beat_due_s:
            self._set_beat_due_s = now_s + SET_BEAT_S
            self._to_role("room", Beat())
        if now_s >= self._beat_due_s:
            self._beat_due_s = now_s + BEAT_S
            self._beat(now_s)
        if now_s >= self._counts_due_s:
            self._counts_due_s = now_s + COUNTS_EVERY_S
            self._note_counts()
        if self._launcher_gone_s is not None and now_s - self._launcher_gone_s > ORPHAN_S:
            if not any(peer.role == "console" for peer in self._hub.peers):
                self._ending = ""

    def _beat(self, now_s: float) -> None:
        status = LogStatus(_size(self._path), self._committed_us, bool(self._orders.key_hex))
        for peer in self._hub.peers:
            peer.send(Beat())
            if peer.role == "console":
                peer.send(status)
            if peer.role in WATCHED_ROLES and peer not in self._silent:
                if now_s - self._beats.get(peer, now_s) > MISSED_BEATS_S:
                    self._silent.add(peer)
                    self._said[peer] = f"the {peer.role} has not answered for {MISSED_BEATS_S:.0f} s"
                    text = self._role_says(peer.role)
                    state = FROZEN if peer.role == "console" and not peer.station else "silent"
                    self._handle(self._runner.note_fact(ev.ProcessState(peer.role, state, text)))

    def _note_counts(self) -> None:
        for source, link in self._links.items():
            counts = link.counts
            outcome = self._runner.on_counts(source, counts.good, counts.bad, counts.skipped)
            if outcome is not None:
                self._handle(outcome)

    def _shut_down(self, reason: str) -> int:
        for link in self._links.values():
            link.close()
        self._taps.close()
        self._book.join()
        self._send_live()
        code = 0
        try:
            if reason:
                head = self._log.close(access.ledger())
                print(f"kapconsole: head code {head.code}", file=sys.stderr)
            else:
                for row in self._runner.finish().rows:
                    self._log.append(row, True)
                self._log.stop()
        except LogError as trouble:
            print(f"kapconsole: {trouble}", file=sys.stderr)
            code = BAD_ORDERS
        for peer in self._hub.peers:
            peer.send(Goodbye(reason or "the launcher is gone"))
        self._hub.close()
        return code


def _size(path: Path) -> int:
    """Bytes on disk of a log with its write-ahead log."""
    total = 0
    for name in (path, path.with_name(path.name + "-wal")):
        try:
            total += os.stat(name).st_size
        except OSError:
            continue
    return total


def main() -> int:
    """The process: orders on standard input, words on standard error, exit code 2 for what a restart cannot mend."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the launcher decides what it means
    faulthandler.enable()
    keep_diary("monitor")
    orders = read_orders()
    try:
        monitor = Monitor(orders)
    except (LogError, ValueError) as trouble:
        print(f"kapconsole: {trouble}", file=sys.stderr)
        return BAD_ORDERS
    # A session manager sends SIGTERM to the whole group; what it means is again the launcher's to say. Without a
    # launcher nobody will: the session is left as it is, to be gone on with.
    signal.signal(signal.SIGTERM, lambda number, frame: monitor.told_to_stop())
    when_launcher_is_gone(monitor.launcher_gone)
    return monitor.run()
