"""What was measured while a set was delivered, and the record that is made of it (bilateral reference, section 4.4)."""

from __future__ import annotations

import math
from collections.abc import Callable

from kapconsole.bilateral.events import Channel, SetAsked, SetDelivered, StopReason, ToneTiming
from kapconsole.bilateral.stimulus import Stimulus

LATE_FRAME = 1.5
"""A gap between two frames of this many refreshes has lost one."""


class Meters:
    """Counts of one set, fed by what delivers it. Times in session microseconds."""

    def __init__(self) -> None:
        self.frames_shown = 0
        self.frames_dropped = 0
        self.longest_run = 0
        self.audio_underflows = 0
        self.bar_frames_sent = 0
        self.bar_frames_skipped = 0
        self._last_frame_us: int | None = None
        self._tones = 0
        self._mean_ms = 0.0
        self._squares = 0.0
        self._max_ms = 0.0

    def frame(self, shown_us: int, refresh_us: float) -> None:
        """A frame of the client display was shown; `refresh_us` is the measured time of one refresh."""
        self.frames_shown += 1
        if self._last_frame_us is not None and shown_us - self._last_frame_us > LATE_FRAME * refresh_us:
            lost = round((shown_us - self._last_frame_us) / refresh_us) - 1
            self.frames_dropped += lost
            self.longest_run = max(self.longest_run, lost)
        self._last_frame_us = shown_us

    def tone(self, late_ms: float) -> None:
        """A tone began so much later than its edge (negative: earlier), by the sound card's own time."""
        self._tones += 1
        before = late_ms - self._mean_ms
        self._mean_ms += before / self._tones
        self._squares += before * (late_ms - self._mean_ms)
        self._max_ms = late_ms if abs(late_ms) > abs(self._max_ms) else self._max_ms

    @property
    def tone_timing(self) -> ToneTiming:
        """The tones so far."""
        spread = math.sqrt(self._squares / (self._tones - 1)) if self._tones > 1 else 0.0
        return ToneTiming(self._tones, self._mean_ms, spread, self._max_ms)

    def record(
        self,
        asked: SetAsked,
        stimulus: Stimulus,
        utc_of: Callable[[int], int],
        now_us: int,
        reason: StopReason | None = None,
        text: str = "",
        client: str = "",
    ) -> SetDelivered:
        """The record of a set that is over. `reason` None: as the plan and the stops say.

        `utc_of` gives the UTC microseconds of a moment of the session.
        """
        stop_us = min(now_us, stimulus.end_us)
        passes = stimulus.passes_at(stop_us)
        start_us = asked.plan.start_us
        used = [channel for _, channels in stimulus.switched for channel in channels]
        return SetDelivered(
            set_id=asked.set_id,
            client=client,
            phase=asked.phase,
            preset=asked.plan.preset,
            version=asked.plan.version,
            start_us=start_us,
            stop_us=stop_us,
            start_utc_us=utc_of(start_us),
            stop_utc_us=utc_of(stop_us),
            reason=stimulus.reason() if reason is None else reason,
            text=text,
            cycles_asked=asked.plan.cycles,
            cycles_delivered=passes / 2,
            passes_delivered=passes,
            rate_trace=tuple(
                (start_us + round(at_s * 1e6), rate)
                for at_s, rate in stimulus.pattern.rate_trace()
                if start_us + at_s * 1e6 < stop_us
            ),
            channels=tuple(channel for channel in Channel if channel in used),
            offsets=asked.plan.offsets,
            frames_shown=self.frames_shown,
            frames_dropped=self.frames_dropped,
            frames_dropped_run=self.longest_run,
            audio_underflows=self.audio_underflows,
            tone_timing=self.tone_timing,
            bar_frames_sent=self.bar_frames_sent,
            bar_frames_skipped=self.bar_frames_skipped,
            at_us=now_us,
        )
