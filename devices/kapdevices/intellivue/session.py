"""The association with an IntelliVue monitor: ask for it, answer the monitor's announcement, poll, notice its end.

Pace: numerics are asked for once a second, as public drivers do and as keeps the association alive; waves once for
600 s, again after half of that, and every 10 s while none come. Nothing that is sent changes anything in a monitor.
"""

from __future__ import annotations

from enum import Enum, auto

from kapdevices.intellivue import frames, messages
from kapdevices.readings import DeviceStatus, Reading

SPACING_S = 0.1
ANSWER_S = 4.0
REFUSED_S = 10.0
AFTER_RELEASE_S = 0.5
POLL_S = 1.0
WAVES_AGAIN_S = 300.0
NO_WAVES_S = 10.0
LOST_S = 10.0
"""Without any message for this long the association is taken for dead and asked for anew."""


class Phase(Enum):
    """Where the association stands."""

    ASSOCIATING = auto()
    ACCEPTED = auto()
    POLLING = auto()


class Session:
    """One association after the other. `news` gives what people should know of it, each change once."""

    def __init__(self) -> None:
        self.phase = Phase.ASSOCIATING
        self.asked = False
        """True once an association was asked for: only then there is anything to release."""
        self._since_s = 0.0
        self._send_at_s = float("-inf")
        self._ask_at_s = float("-inf")
        self._poll_at_s = 0.0
        self._waves_asked_s: float | None = None
        self._waves_heard_s = float("-inf")
        self._heard_s = 0.0
        self._release_first = False
        self._attempts = 0
        self._answer = b""
        self._refused = False
        self._news: list[Reading] = []

    def news(self) -> list[Reading]:
        """What has become known since the last call."""
        news, self._news = self._news, []
        return news

    def due(self, now_s: float) -> bytes:
        """The frame that is due, or nothing; at least 100 ms lie between two."""
        if now_s < self._send_at_s:
            return b""
        message = self._message(now_s)
        if not message:
            return b""
        self._send_at_s = now_s + SPACING_S
        return frames.frame(message)

    def _message(self, now_s: float) -> bytes:
        if self._answer:
            answer, self._answer = self._answer, b""
            return answer
        if self.phase is Phase.ACCEPTED and now_s - self._since_s > ANSWER_S:
            self._again(now_s, 0.0, release=True)
        elif self.phase is Phase.POLLING and now_s - self._heard_s > LOST_S:
            self._say("association-lost", "the monitor no longer answers; the association is asked for again")
            self._again(now_s, 0.0, release=True)
        if self.phase is Phase.ASSOCIATING:
            return self._associate(now_s) if now_s >= self._ask_at_s else b""
        if self.phase is Phase.ACCEPTED:
            return b""
        if now_s >= self._poll_at_s:
            self._poll_at_s = now_s + POLL_S
            return messages.POLL_NUMERICS
        if self._waves_are_due(now_s):
            self._waves_asked_s = now_s
            return messages.POLL_WAVES
        return b""

    def _associate(self, now_s: float) -> bytes:
        if self._release_first:
            self._release_first = False
            self._ask_at_s = now_s + AFTER_RELEASE_S
            return messages.RELEASE_REQUEST
        self.asked = True
        self._attempts += 1
        # an association left over from before stands in the way of a new one
        self._release_first = self._attempts % 3 == 0
        self._ask_at_s = now_s + ANSWER_S
        return messages.ASSOCIATE

    def _waves_are_due(self, now_s: float) -> bool:
        if self._waves_asked_s is None:
            return True
        coming = now_s - self._waves_heard_s < NO_WAVES_S
        return now_s - self._waves_asked_s >= (WAVES_AGAIN_S if coming else NO_WAVES_S)

    # ---- from the monitor

    def heard(self, now_s: float) -> None:
        """A good frame came."""
        self._heard_s = now_s

    def control(self, first: int, now_s: float) -> None:
        """A message that is no export: accepted, refused, aborted, released."""
        if first == messages.ACCEPT:
            if self.phase is Phase.ASSOCIATING:
                self._refused = False
                self._enter(Phase.ACCEPTED, now_s)
        elif first == messages.REFUSE:
            if not self._refused:
                self._say("association-refused", "the monitor refuses the association: is its data export switched on?")
            self._refused = True
            self._again(now_s, REFUSED_S, release=False)
        elif first == messages.ABORT or (first == messages.RELEASED and self.phase is not Phase.ASSOCIATING):
            if self.phase is Phase.POLLING:
                self._say("association-ended", "the monitor ended the association; it is asked for again")
            self._again(now_s, POLL_S, release=False)

    def created(self, invoke_id: int, model: str, now_s: float) -> bool:
        """The monitor announced itself: answer, and poll from now on. True when that begins a new association."""
        self._answer = messages.mds_result(invoke_id)
        new = self.phase is not Phase.POLLING
        if new:
            self._attempts, self._release_first = 0, False
            self._poll_at_s, self._waves_asked_s = now_s, None
            self._say("associated", f"associated with the monitor {model}".rstrip())
            self._enter(Phase.POLLING, now_s)
        return new

    def exported(self, now_s: float) -> None:
        """Poll data came. Data while asking for an association belong to an old one, which is released first."""
        if self.phase is Phase.ASSOCIATING and self.asked:
            self._release_first = True

    def waves(self, now_s: float) -> None:
        """A waveform came."""
        self._waves_heard_s = now_s

    def refused_poll(self, error: int) -> None:
        """The monitor refused something that was asked for."""
        self._say("poll-refused", f"the monitor refuses a request (error {error})")

    def _again(self, now_s: float, in_s: float, release: bool) -> None:
        self._answer = b""
        self._release_first = release
        self._ask_at_s = now_s + in_s
        self._enter(Phase.ASSOCIATING, now_s)

    def _enter(self, phase: Phase, now_s: float) -> None:
        self.phase, self._since_s, self._heard_s = phase, now_s, now_s

    def _say(self, code: str, text: str) -> None:
        self._news.append(DeviceStatus(code, text))
