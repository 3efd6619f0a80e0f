"""Zooming and panning never leave the recording, and keep the moment under the pointer where it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kapconsole.replay.span import LEAST_US, STEP, Span, length_text, tick_text

S = 1_000_000
WHOLE = Span(0, 3 * 3600 * S)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("zoom"), st.sampled_from([1 / STEP, STEP]), st.integers(0, WHOLE.end_us)),
        st.tuples(st.just("move"), st.integers(-4 * 3600 * S, 4 * 3600 * S), st.just(0)),
        st.tuples(st.just("show"), st.integers(0, WHOLE.end_us), st.just(0)),
    ),
    max_size=30,
)


@given(steps)
def test_never_leaves_the_recording(steps: list[tuple[str, float, int]]) -> None:
    span = WHOLE
    for what, value, about in steps:
        if what == "zoom":
            span = span.zoomed(value, about, WHOLE)
        elif what == "move":
            length = span.length_us
            span = span.moved(int(value), WHOLE)
            assert span.length_us == length
        else:
            span = span.showing(int(value), WHOLE)
            assert span.start_us <= value <= span.end_us
        assert WHOLE.start_us <= span.start_us < span.end_us <= WHOLE.end_us
        assert span.length_us >= LEAST_US


def test_from_three_hours_to_three_seconds_and_back() -> None:
    about, span, presses = 5000 * S, WHOLE, 0
    while span.length_us > LEAST_US:
        before = span
        span = span.zoomed(1 / STEP, about, WHOLE)
        presses += 1
        was = (about - before.start_us) / before.length_us
        assert abs((about - span.start_us) / span.length_us - was) < 0.001, "what one looks at stays where it is"
    assert span.length_us == 3 * S
    assert presses <= 20
    for _ in range(presses):
        span = span.zoomed(STEP, about, WHOLE)
    assert span == WHOLE


def test_a_recording_shorter_than_the_closest_zoom_is_shown_whole() -> None:
    whole = Span(0, 2 * S)
    assert whole.zoomed(1 / STEP, S, whole) == whole


def test_playing_on_turns_the_page_before_the_playhead_is_gone() -> None:
    span = Span(100 * S, 110 * S)
    shown = span.showing(111 * S, WHOLE)
    assert shown == Span(110 * S, 120 * S)
    assert span.showing(105 * S, WHOLE) is span


@given(st.integers(LEAST_US, WHOLE.end_us), st.integers(0, 3600 * S), st.integers(2, 12))
def test_ticks_are_whole_steps_from_the_zero(length_us: int, zero_us: int, most: int) -> None:
    span = Span(0, length_us)
    ticks = span.ticks_us(zero_us, most)
    assert len(ticks) <= most + 1
    assert all((tick - zero_us) % S == 0 and span.start_us <= tick <= span.end_us for tick in ticks)


def test_words() -> None:
    assert tick_text(-600 * S, 7200 * S) == "−10"
    assert tick_text(615 * S, 60 * S) == "10:15"
    assert length_text(3 * S) == "3.0 s"
    assert length_text(750 * S) == "12 min 30 s"
    assert length_text(9000 * S) == "2 h 30 min"
