"""Packing: nothing is lost, times stay even and in order, and nothing waits for more than a second."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kapconsole.events import Measurement, Row, WavePiece
from kapconsole.rows import NUMERICS, unpack_numerics, unpack_wave
from kapconsole.session.packing import HOLD_US, Packer, WaveTimer, wave_piece
from kapdevices.readings import Metric, Quality, SampleArray

values = st.one_of(st.none(), st.floats(0, 300, width=32))
steps = st.lists(
    st.tuples(
        st.integers(1, 400_000), st.booleans(), values, st.sampled_from([Quality.GOOD, Quality.ARTEFACT]),
        st.integers(1, 30),
    ),
    max_size=60,
)  # fmt: skip


@given(steps)
def test_what_goes_in_comes_out_again(given_steps: list[tuple[int, bool, float | None, Quality, int]]) -> None:
    packer, timer = Packer(), WaveTimer()
    now_us, packed, numerics, samples = 0, [], [], b""
    for step_us, is_wave, value, quality, count in given_steps:
        now_us += step_us
        if is_wave:
            array = SampleArray(Metric.PLETH, 75.0, tuple(range(count)), 255, quality)
            piece = wave_piece(1, array, *timer.place(now_us, count, 75.0))
            samples += piece.samples
            packed += packer.add(piece)
        else:
            numerics.append(Measurement(now_us, 1, Metric.SPO2, value, quality))
            packed += packer.add(numerics[-1])
        packed += packer.due(now_us)
        oldest = [item.mono_us if isinstance(item, Measurement) else item.start_us for item in packer.pending]
        assert all(now_us - at_us < HOLD_US for at_us in oldest)
    packed += packer.flush()
    rows = [Row(seq, mono_us, 0, kind, "m", body) for seq, (mono_us, kind, body) in enumerate(packed, 1)]
    assert [item for row in rows if row.kind == NUMERICS for item in unpack_numerics(row)] == numerics
    waves = [unpack_wave(row.body) for row in rows if row.kind != NUMERICS]
    assert b"".join(wave.samples for wave in waves) == samples
    for before, after in zip(waves, waves[1:], strict=False):
        assert before.start_us + before.span_us <= after.start_us


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(-20_000, 20_000)), min_size=40, max_size=200))
def test_bursts_become_even_times(bursts: list[tuple[int, int]]) -> None:
    timer, due_us, end_us = WaveTimer(), 0.0, None
    for count, jitter_us in bursts:
        due_us += count / 75 * 1e6
        start_us, span_us = timer.place(round(due_us) + jitter_us, count, 75.0)
        assert end_us is None or start_us == end_us, "no gap and no overlap for a jitter of 20 ms"
        assert span_us > 0
        end_us = start_us + span_us
        assert abs(end_us - due_us) < 100_000, "never drifts away from the arrival"


def test_a_pause_is_a_gap() -> None:
    timer = WaveTimer()
    start_us, span_us = timer.place(1_000_000, 75, 75.0)
    later_us, _ = timer.place(5_000_000, 75, 75.0)
    assert later_us == 4_000_000
    assert later_us > start_us + span_us


def test_a_piece_keeps_wide_samples() -> None:
    piece = wave_piece(1, SampleArray(Metric.PLETH, 75.0, (0, 65_535, 256), 65_535), 0, 40_000)
    assert piece == WavePiece(0, 40_000, 1, Metric.PLETH, Quality.GOOD, 65_535, 2, b"\x00\x00\xff\xff\x00\x01")
