"""A process that attaches to the monitor, beats, and attaches again when the monitor has been away."""

from __future__ import annotations

import queue
import threading
import time

from kapconsole.wire import Address, Beat, HubUnreachable, Message, Peer, connect

RETRY_S = 0.25
BEAT_S = 1.0


class Attachment:
    """Keeps one process attached as `role`. Messages are taken with `take`; None among them means: contact lost."""

    def __init__(self, address: Address, role: str, station: str = "", staff: str = "") -> None:
        self._address = address
        self._role = role
        self._station, self._staff = station, staff
        self._inbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._peer: Peer | None = None
        self._ended = threading.Event()
        self.trouble = ""
        """Said with every heartbeat: what is wrong with this process, in words for the staff."""
        self._thread = threading.Thread(target=self._keep, name=f"attach-{role}", daemon=True)
        self._thread.start()

    @property
    def attached(self) -> bool:
        """True while there is contact with the monitor."""
        peer = self._peer
        return peer is not None and not peer.ended

    def send(self, message: Message) -> bool:
        """Send if there is contact; False when there is none."""
        peer = self._peer
        if peer is None or peer.ended:
            return False
        peer.send(message)
        return True

    def take(self, timeout_s: float = 0.0) -> Message | None:
        """The next message, or None when contact was lost. Raises queue.Empty after `timeout_s`."""
        return self._inbox.get(timeout=timeout_s) if timeout_s > 0 else self._inbox.get_nowait()

    def close(self) -> None:
        """Detach and end."""
        self._ended.set()
        self._thread.join(2 * BEAT_S)
        if self._peer is not None:
            self._peer.close()

    def _keep(self) -> None:
        beat_due_s = 0.0
        while True:
            if not self.attached:
                self._attach()
            now_s = time.monotonic()
            if now_s >= beat_due_s:
                beat_due_s = now_s + BEAT_S
                self.send(Beat(self.trouble))
            if self._ended.wait(RETRY_S):
                return

    def _attach(self) -> None:
        try:
            self._peer = connect(self._address, self._role, self._received, self._lost, self._station, self._staff)
        except HubUnreachable:
            self._peer = None

    def _received(self, peer: Peer, message: Message) -> None:
        self._inbox.put(message)

    def _lost(self, peer: Peer, why: str) -> None:
        self._inbox.put(None)
