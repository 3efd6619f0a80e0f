"""What the frames of a set tell: how many, how many were missing, how far they lay from their moments; pure."""

from __future__ import annotations

from kapconsole.room.display.messages import Shown

REFRESHES_KEPT = 120
"""The refresh of the screen is the median of as many intervals (bilateral reference, 8.4), not what it claims."""


class Frames:
    """Fed with the monotonic moments of swaps, in seconds; the drawing asks when its frame will be seen."""

    def __init__(self, refresh_hz: float) -> None:
        """`refresh_hz`: what the screen claims, until there is something measured."""
        self._claimed_s = 1.0 / refresh_hz if refresh_hz > 1 else 1 / 60
        self._intervals: list[float] = []
        self.last_s: float | None = None
        """When the last frame was swapped."""
        self._expected_s: float | None = None
        self.begin()

    def begin(self) -> None:
        """A set begins: count anew. What the refresh is stays known."""
        self._frames = self._dropped = self._run = 0
        self._gap_s = self._error_s = self._error_max_s = 0.0
        self._counted = False

    @property
    def refresh_s(self) -> float:
        """Seconds from one refresh to the next."""
        if len(self._intervals) < REFRESHES_KEPT // 4:
            return self._claimed_s
        return sorted(self._intervals)[len(self._intervals) // 2]

    def next_s(self, now_s: float) -> float:
        """When a frame that is drawn at `now_s` will be seen: at the next refresh after it."""
        if self.last_s is None:
            expected_s = now_s + self.refresh_s
        else:
            ahead = max(1, int((now_s - self.last_s) / self.refresh_s) + 1)
            expected_s = self.last_s + ahead * self.refresh_s
        self._expected_s = expected_s
        return expected_s

    def swapped(self, at_s: float) -> None:
        """A frame has been handed to the screen."""
        if self.last_s is not None:
            interval_s = at_s - self.last_s
            if self._claimed_s / 3 < interval_s < 4 * self._claimed_s:
                self._intervals = [*self._intervals[-(REFRESHES_KEPT - 1) :], interval_s]
            if self._counted:
                missing = max(0, round(interval_s / self.refresh_s) - 1)
                self._dropped += missing
                self._run = max(self._run, missing)
                self._gap_s = max(self._gap_s, interval_s)
        if self._expected_s is not None:
            error_s = abs(at_s - self._expected_s)
            self._error_s += error_s
            self._error_max_s = max(self._error_max_s, error_s)
        self._counted = True
        self._frames += 1
        self.last_s = at_s

    def shown(self, set_id: int, dark_us: int = 0) -> Shown:
        """The account of the set; `dark_us`: when its first dark frame was handed to the screen, session time."""
        mean_s = self._error_s / self._frames if self._frames else 0.0
        return Shown(
            set_id,
            self._frames,
            self._dropped,
            self._run,
            round(1000 * self._gap_s, 3),
            round(1000 * mean_s, 3),
            round(1000 * self._error_max_s, 3),
            dark_us,
        )
