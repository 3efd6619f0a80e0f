"""Nothing is shown as done before it is on disk: outcomes wait here until their last row is committed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec

from kapconsole.session.runner import Outcome

PATIENCE_S = 0.5
"""After this an outcome is shown although the disk has not confirmed it: a failing disk must not blind the room."""


class _Waiting(msgspec.Struct, frozen=True):
    last_seq: int
    since_s: float
    outcome: Outcome


class Waiting:
    """Outcomes with events, in order, until the log confirms them."""

    def __init__(self) -> None:
        self._queue: deque[_Waiting] = deque()

    def put(self, outcome: Outcome, now_s: float) -> None:
        """Hold `outcome` until its last row is on disk."""
        self._queue.append(_Waiting(outcome.rows[-1].seq, now_s, outcome))

    def committed(self, seq: int) -> Iterator[Outcome]:
        """What may be shown now that everything up to `seq` is on disk."""
        while self._queue and self._queue[0].last_seq <= seq:
            yield self._queue.popleft().outcome

    def overdue(self, now_s: float) -> Iterator[Outcome]:
        """What has waited too long for the disk."""
        while self._queue and now_s - self._queue[0].since_s > PATIENCE_S:
            yield self._queue.popleft().outcome
