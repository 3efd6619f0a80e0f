"""What part of a recording a picture shows: zoom about a moment, pan, follow; pure arithmetic, no Qt."""

from __future__ import annotations

from typing import NamedTuple

SECOND_US = 1_000_000
MINUTE_US = 60_000_000
LEAST_US = 3 * SECOND_US
STEP = 1.6
"""How much one key press or one notch of the wheel zooms."""

_TICKS_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)


class Span(NamedTuple):
    """From `start_us` to `end_us` of session time."""

    start_us: int
    end_us: int

    @property
    def length_us(self) -> int:
        return self.end_us - self.start_us

    def zoomed(self, factor: float, about_us: int, whole: Span) -> Span:
        """`factor` times longer (shorter when below 1), with `about_us` staying where it is on the screen."""
        least = min(LEAST_US, whole.length_us)
        length = round(min(whole.length_us, max(least, self.length_us * factor)))
        part = (min(self.end_us, max(self.start_us, about_us)) - self.start_us) / self.length_us
        return Span(round(about_us - part * length), round(about_us - part * length) + length).within(whole)

    def moved(self, by_us: int, whole: Span) -> Span:
        """Shifted by `by_us`, no further than the recording goes."""
        return Span(self.start_us + by_us, self.end_us + by_us).within(whole)

    def within(self, whole: Span) -> Span:
        """The same length inside of `whole`; `whole` itself when it is longer."""
        if self.length_us >= whole.length_us:
            return whole
        start_us = min(max(self.start_us, whole.start_us), whole.end_us - self.length_us)
        return Span(start_us, start_us + self.length_us)

    def showing(self, at_us: int, whole: Span) -> Span:
        """The same when `at_us` is in it, else a page further on or back, or about `at_us` when that is far."""
        if self.start_us <= at_us <= self.end_us:
            return self
        if 0 < at_us - self.end_us < self.length_us:
            start_us = at_us - self.length_us // 10
        elif 0 < self.start_us - at_us < self.length_us:
            start_us = at_us - self.length_us * 9 // 10
        else:
            start_us = at_us - self.length_us // 2
        return Span(start_us, start_us + self.length_us).within(whole)

    def ticks_us(self, zero_us: int, most: int) -> list[int]:
        """Moments to label, whole steps from `zero_us`, at most about `most` of them."""
        wanted = self.length_us / max(1, most)
        step = next((step for step in _TICKS_S if step * SECOND_US >= wanted), _TICKS_S[-1]) * SECOND_US
        first = -(-(self.start_us - zero_us) // step) * step + zero_us
        return list(range(first, self.end_us + 1, step))


def tick_text(from_zero_us: int, length_us: int) -> str:
    """A moment on an axis of `length_us`: minutes on a long one, minutes and seconds on a short one."""
    sign = "−" if from_zero_us < 0 else ""
    seconds = abs(from_zero_us) // SECOND_US
    if length_us > 20 * MINUTE_US:
        return f"{sign}{seconds // 60}"
    return f"{sign}{seconds // 60}:{seconds % 60:02d}"


def length_text(length_us: int) -> str:
    """How much a picture shows: "3 h 00 min", "12 min 30 s", "3.0 s"."""
    seconds = length_us / SECOND_US
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
