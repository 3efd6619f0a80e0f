"""A set as it is perceived: light, tones, pulses and bar from one function of time; caps below everything; stops."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapconsole.bilateral import caps
from kapconsole.bilateral.barlight import MOST_LIT, bar_frame, led_at, spot
from kapconsole.bilateral.events import (
    Bar,
    Channel,
    Light,
    Motion,
    Offsets,
    Pan,
    Path,
    Plan,
    PulseAt,
    Screen,
    SetChanged,
    Sound,
    SoundAt,
    StopAsked,
    StopKind,
    StopReason,
    Tactile,
    Timbre,
)
from kapconsole.bilateral.geometry import (
    angle_deg,
    diameter_px,
    largest_bar_sweep_deg,
    largest_sweep_deg,
    offset_deg,
    offset_px,
    place_px,
    screen_from_card,
)
from kapconsole.bilateral.sources import RATE_HZ, PulseSource, ToneSource
from kapconsole.bilateral.stimulus import Stimulus

S = 1_000_000
ALL = tuple(Channel)
replace = msgspec.structs.replace


def change(at_us: int, **what: Any) -> SetChanged:
    fields = {"rate_cps": None, "sweep_deg": None, "channels": None, "level_dbfs": None, **what}
    return SetChanged(1, at_us=at_us, **fields)


def stop(at_us: int, kind: StopKind = StopKind.STOP_NOW) -> StopAsked:
    return StopAsked(1, kind, "test", at_us)


# -- light ------------------------------------------------------------------------------------------------------------


def test_the_light_fades_in_moves_and_fades_out(plan: Plan) -> None:
    stimulus = Stimulus(plan)
    assert stimulus.at(10 * S - 1).level == 0
    assert stimulus.at(10 * S + 150_000).level == pytest.approx(0.5)
    middle = stimulus.at(10 * S + 750_000)
    assert (middle.level, middle.phase, middle.passes) == (1.0, 0.75, 1)
    edge = stimulus.at(10 * S + 500_000)
    assert (edge.x_rel, edge.x_deg, edge.y_deg) == pytest.approx((1.0, 12.5, 0.0))
    end = 34 * S
    assert stimulus.end_us == end
    assert stimulus.at(end + 150_000).level == pytest.approx(0.5)
    assert stimulus.at(end + 300_000).level == 0
    assert stimulus.at(end + 300_000).passes == 48
    assert stimulus.at(end + 300_000).cycles == 24
    assert stimulus.over_us == end + 300_000


def test_channels_are_switched_with_the_phase_kept(plan: Plan) -> None:
    before = Stimulus(plan)
    after = before.changed(change(15_200_000, channels=(Channel.AUDIO,)))
    dark = after.at(15_600_000)
    assert dark.level == 0
    assert (dark.phase, dark.x_deg) == (before.at(15_600_000).phase, before.at(15_600_000).x_deg)
    again = after.changed(change(16 * S, channels=(Channel.LIGHT,)))
    assert again.at(16 * S).level == 0
    assert again.at(16_150_000).level == pytest.approx(0.5)


def test_the_paths_go_where_their_names_say(plan: Plan) -> None:
    def places(path: Path) -> list[tuple[float, float]]:
        stimulus = Stimulus(replace(plan, motion=replace(plan.motion, path=path)))
        shown = [stimulus.at(10 * S + at_us) for at_us in (0, 125_000, 250_000, 500_000, 625_000)]
        return [(round(one.x_deg, 3), round(one.y_deg, 3)) for one in shown]

    assert places(Path.HORIZONTAL)[0::3] == [(-12.5, 0.0), (12.5, 0.0)]
    assert places(Path.VERTICAL)[0::3] == [(0.0, -12.5), (0.0, 12.5)]
    assert places(Path.DIAGONAL_UP)[0] == (-8.839, -8.839)
    assert places(Path.DIAGONAL_DOWN)[0] == (-8.839, 8.839)
    assert places(Path.ARC)[2] == (0.0, 4.375)
    there, back = places(Path.INFINITY)[1], places(Path.INFINITY)[4]
    assert there[0] == -back[0]
    assert there[1] == back[1] == 4.375, "the loops cross in the middle"


# -- stops ------------------------------------------------------------------------------------------------------------


def test_stop_now_is_dark_still_and_silent_within_100_ms(plan: Plan) -> None:
    at_us = 12_530_000  # in the middle of a tone
    stimulus = Stimulus(replace(plan, channels=ALL, bar=Bar())).ended(stop(at_us))
    assert stimulus.at(at_us - 1).level == 1
    assert stimulus.at(at_us).level == 0
    assert not bar_frame(stimulus, at_us).any()
    assert stimulus.at(at_us + 40 * S).x_deg == stimulus.at(at_us).x_deg
    sound = ToneSource(stimulus, start_frame=0).render(0, 30 * RATE_HZ)
    silent_from = int((at_us / S - 10 + 0.05) * RATE_HZ)
    assert sound[: silent_from - 4000].any()
    assert not sound[silent_from:].any()
    assert not PulseSource(stimulus).render(silent_from, 30 * RATE_HZ).any()
    assert stimulus.reason() is StopReason.STOP_NOW
    assert stimulus.over_us <= at_us + 100_000


def test_stop_now_releases_what_sounds_without_a_click(plan: Plan) -> None:
    stimulus = Stimulus(replace(plan, sound=Sound(tone_ms=200))).ended(stop(12_590_000))
    sound = ToneSource(stimulus).render(0, 4 * RATE_HZ)[:, 1]
    assert np.max(np.abs(np.diff(sound))) < 0.04 * np.max(np.abs(sound))


def test_finish_pass_ends_at_the_edge_with_its_tone(plan: Plan) -> None:
    stimulus = Stimulus(plan).ended(stop(12_100_000, StopKind.FINISH_PASS))
    assert stimulus.end_us == 12_500_000
    assert stimulus.passes_at(60 * S) == 5
    assert stimulus.reason() is StopReason.FINISH_PASS
    assert ToneSource(stimulus).onset_frame(4) == 2.5 * RATE_HZ
    assert ToneSource(stimulus).onset_frame(5) is None


def test_stop_now_after_finish_pass_is_sooner_and_a_later_change_wakes_nothing(plan: Plan) -> None:
    stimulus = Stimulus(plan).ended(stop(12_100_000, StopKind.FINISH_PASS)).ended(stop(12_200_000))
    assert stimulus.end_us == 12_200_000
    woken = stimulus.changed(change(12_300_000, rate_cps=2.0, channels=ALL))
    assert woken.at(12_400_000).level == 0
    assert not ToneSource(woken).render(int(2.3 * RATE_HZ), 10 * RATE_HZ).any()


def test_a_stop_before_the_start_shows_nothing_at_all(plan: Plan) -> None:
    stimulus = Stimulus(plan).ended(stop(9_800_000))
    assert max(stimulus.at(at_us).level for at_us in range(9 * S, 40 * S, 50_000)) == 0
    assert not ToneSource(stimulus).render(0, 30 * RATE_HZ).any()
    assert stimulus.passes_at(60 * S) == 0


def test_a_set_that_nobody_ends_ends_at_the_cap() -> None:
    stimulus = Stimulus(Plan("x", 1, 0.4, (Channel.TACTILE,)))
    assert stimulus.passes_at(10_000 * S) == 240


# -- sound ------------------------------------------------------------------------------------------------------------


def onsets(stimulus: Stimulus, passes: int, **options: Any) -> list[int]:
    source = ToneSource(stimulus, **options)
    return [frame for frame in map(source.onset_frame, range(passes)) if frame is not None]


@settings(deadline=None)
@given(st.sampled_from([0.3, 0.5, 0.95, 1.0, 1.2, 1.55]), st.sampled_from(SoundAt), st.integers(100, 5000))
def test_tones_begin_at_their_sample_on_the_side_of_the_light(rate: float, at: SoundAt, block: int) -> None:
    plan = Plan("x", 1, rate, (Channel.AUDIO,), cycles=3, motion=Motion(ramp_in_cycles=0), sound=Sound(at=at))
    stimulus = Stimulus(plan)
    source = ToneSource(stimulus, start_frame=12_345)
    total = 12_345 + math.ceil(stimulus.over_us * RATE_HZ / S)
    sound = np.vstack([source.render(first, block) for first in range(0, total, block)])
    begins = []
    for side in (0, 1):
        heard = np.flatnonzero(sound[:, side])
        for frame in heard[np.flatnonzero(np.diff(heard, prepend=-10_000) > 1000)]:
            begins.append((int(frame), side))
    assert [frame for frame, _ in sorted(begins)] == onsets(stimulus, 6, start_frame=12_345)
    assert [side for _, side in sorted(begins)] == [1, 0, 1, 0, 1, 0]
    if at is SoundAt.EDGE:
        expected = [12_345 + math.floor(k / (2 * rate) * RATE_HZ + 0.5) for k in range(1, 7)]
        assert [frame for frame, _ in sorted(begins)] == expected


def test_off_phase_moments_are_the_same_for_a_seed_and_differ_between_seeds(plan: Plan) -> None:
    def gaps(seed: int) -> list[int]:
        sound = Sound(at=SoundAt.OFF_PHASE, seed=seed)
        return list(np.diff(onsets(Stimulus(replace(plan, sound=sound)), 48)))

    assert gaps(1) == gaps(1) != gaps(2)
    assert len(set(gaps(1))) > 20, "not regular"
    assert min(gaps(1)) >= 0.25 * RATE_HZ


def test_sound_swells_for_a_second_and_never_passes_its_level(plan: Plan) -> None:
    sound = ToneSource(Stimulus(plan)).render(0, 5 * RATE_HZ)
    level = 10 ** (-30 / 20)
    assert np.max(np.abs(sound[: int(0.6 * RATE_HZ)])) < 0.6 * level
    assert np.max(np.abs(sound)) == pytest.approx(level, rel=0.01)


@given(st.floats(-80, 20), st.booleans(), st.sampled_from(Pan), st.sampled_from(Timbre))
@settings(deadline=None, max_examples=40)
def test_no_sample_passes_12_db_below_full_scale_until_calibrated(
    level: float, calibrated: bool, pan: Pan, timbre: Timbre
) -> None:
    sound = Sound(level_dbfs=level, ceiling_dbfs=0.0, calibrated=calibrated, pan=pan, timbre=timbre)
    plan = Plan("x", 1, 1.0, (Channel.AUDIO,), cycles=2, motion=Motion(ramp_in_cycles=0), sound=sound)
    file = np.ones(4000, dtype=np.float32)
    peak = float(np.max(np.abs(ToneSource(Stimulus(plan), file=file).render(0, 3 * RATE_HZ))))
    assert peak <= (1.0 if calibrated else 10 ** (-12 / 20)) + 1e-6


@pytest.mark.parametrize("timbre", Timbre)
def test_every_timbre_begins_and_ends_softly(timbre: Timbre, plan: Plan) -> None:
    sound = Sound(timbre=timbre, level_dbfs=-12)
    file = np.sin(np.arange(9600) * 0.05).astype(np.float32)
    tone = ToneSource(Stimulus(replace(plan, sound=sound)), file=file).render(2 * RATE_HZ, 3840)[:, 0]
    peak = np.max(np.abs(tone))
    assert peak == pytest.approx(10 ** (-12 / 20), rel=0.02)
    assert abs(tone[0]) < 0.01 * peak
    assert np.max(np.abs(tone[-20:])) < 0.02 * peak


def test_levels_go_in_steps_of_3_db_from_the_next_edge(plan: Plan) -> None:
    stimulus = Stimulus(plan).changed(change(12_100_000, level_dbfs=-12.0))
    sound = ToneSource(stimulus).render(0, 5 * RATE_HZ)
    at_edge = [float(np.max(np.abs(sound[int(at * RATE_HZ) : int((at + 0.1) * RATE_HZ)]))) for at in (2.0, 2.5, 3.0)]
    assert 20 * np.log10(np.array(at_edge)) == pytest.approx([-30, -27, -27], abs=0.1)


def test_a_tone_never_takes_more_than_its_share_of_a_faster_pass(plan: Plan) -> None:
    stimulus = Stimulus(replace(plan, sound=Sound(tone_ms=200))).changed(change(12_100_000, rate_cps=2.0))
    sound = ToneSource(stimulus).render(0, 5 * RATE_HZ)
    tone = sound[int(3.0 * RATE_HZ) : int(3.25 * RATE_HZ)]
    assert np.count_nonzero(np.any(tone != 0, axis=1)) <= 0.4 * 0.25 * RATE_HZ


def test_a_steady_tone_moves_with_the_light_and_stops_without_a_click(plan: Plan) -> None:
    sound = Sound(pan=Pan.CONTINUOUS, level_dbfs=-20)
    stimulus = Stimulus(replace(plan, sound=sound)).ended(stop(13_260_000))
    heard = ToneSource(stimulus).render(0, 5 * RATE_HZ)
    peaks = [np.max(np.abs(heard[int((at - 0.02) * RATE_HZ) : int((at + 0.02) * RATE_HZ)]), axis=0) for at in (2, 2.5)]
    assert peaks[0][0] > 10 * peaks[0][1]
    assert peaks[1][1] > 10 * peaks[1][0]
    assert not heard[int(3.3 * RATE_HZ) :].any()
    assert np.max(np.abs(np.diff(heard, axis=0))) < 0.1 * np.max(np.abs(heard))


def test_offsets_and_a_card_that_runs_fast_move_every_onset(plan: Plan) -> None:
    late = Stimulus(replace(plan, offsets=Offsets(audio_ms=50.0, tactile_ms=-20.0)))
    assert onsets(late, 1) == [int(0.55 * RATE_HZ)]
    assert onsets(Stimulus(plan), 48, true_hz=48_002.4)[-1] == round(24 * 48_002.4)
    tactile = replace(late.plan, channels=(Channel.TACTILE,), tactile=Tactile(at=PulseAt.EDGE))
    assert PulseSource(Stimulus(tactile)).onset_frame(0) == int(0.48 * RATE_HZ)


def test_pulses_come_as_the_light_crosses_the_middle_to_the_hand_it_heads_for(plan: Plan) -> None:
    stimulus = Stimulus(replace(plan, channels=(Channel.TACTILE,)))
    pulses = PulseSource(stimulus).render(0, RATE_HZ)
    assert np.flatnonzero(pulses[:, 1])[0] == 0.25 * RATE_HZ
    assert np.flatnonzero(pulses[:, 0])[0] == 0.75 * RATE_HZ
    assert np.max(np.abs(pulses)) == pytest.approx(0.4, rel=0.02)
    assert not ToneSource(stimulus).render(0, RATE_HZ).any()


# -- bar --------------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.floats(-40, 40), st.floats(0, 1), st.integers(3, 144), st.integers(2, 4), st.booleans())
def test_the_bar_has_one_small_spot_under_its_cap(
    angle: float, level: float, leds: int, spread: int, turned: bool
) -> None:
    frame = spot(Bar(leds=leds, spot_leds=spread, reversed=turned), angle, level, (255, 255, 255))
    lit = np.flatnonzero(frame.any(axis=1))
    assert len(lit) <= MOST_LIT
    assert frame.max() <= 96
    assert not len(lit) or lit[-1] - lit[0] < len(lit)


def test_the_spot_moves_by_less_than_a_led_and_keeps_its_light() -> None:
    bar = Bar(gamma=1.0, led_cap=200)
    sums, middles = [], []
    for angle in np.arange(-24, 24, 0.05):
        frame = spot(bar, float(angle), 1.0, (200, 214, 255)).astype(float).sum(axis=1)
        sums.append(frame.sum())
        middles.append((frame * np.arange(60)).sum() / frame.sum())
    assert max(sums) - min(sums) < 0.01 * max(sums)
    assert np.all(np.diff(middles) > -0.02)
    assert np.max(np.diff(middles)) < 0.12


def test_the_bar_follows_the_light_and_may_be_mounted_the_other_way_round(plan: Plan) -> None:
    bar = Bar(leds=60, length_mm=1000, distance_mm=1000)
    assert led_at(bar, 0.0) == 29.5
    assert led_at(bar, 12.5) == pytest.approx(29.5 + 221.7 / (1000 / 60), abs=0.01)
    stimulus = Stimulus(replace(plan, channels=(Channel.BAR,), bar=bar))
    right = bar_frame(stimulus, 10_500_000)
    other = bar_frame(Stimulus(replace(stimulus.plan, bar=replace(bar, reversed=True))), 10_500_000)
    assert np.flatnonzero(right.any(axis=1)).min() > 30
    assert np.array_equal(other, right[::-1])
    assert stimulus.at(10_500_000).level == 0, "the client display stays dark"


# -- geometry ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "distance", "angle"), [(340, 350, 52), (530, 600, 48), (600, 800, 41), (700, 1000, 39), (1000, 1500, 37)]
)
def test_angles_of_the_reference(width: float, distance: float, angle: float) -> None:
    assert angle_deg(width, distance) == pytest.approx(angle, abs=0.6)


@settings(deadline=None)
@given(st.floats(-35, 35), st.floats(20, 600), st.floats(300, 2000))
def test_degrees_and_pixels_are_each_others_inverse(angle: float, card_px: float, distance: float) -> None:
    screen = screen_from_card(card_px, 1920, 1080, distance)
    assert offset_deg(screen, offset_px(screen, angle)) == pytest.approx(angle)


def test_the_whole_dot_stays_on_the_screen() -> None:
    screen = Screen(530, 300, 1920, 1080, 600)
    for path in Path:
        sweep = largest_sweep_deg(screen, path, 1.5)
        plan = Plan("x", 1, 1.0, (Channel.LIGHT,), cycles=2, motion=Motion(path, sweep_deg=min(sweep, 60.0)))
        stimulus, radius = Stimulus(plan), diameter_px(screen, 1.5) / 2
        for at_us in range(0, 3 * S, 10_000):
            shown = stimulus.at(at_us)
            x, y = place_px(screen, shown.x_deg, shown.y_deg)
            assert radius - 3 <= x <= 1920 - radius + 3
            assert radius - 3 <= y <= 1080 - radius + 3
    assert largest_bar_sweep_deg(Bar(length_mm=1000, distance_mm=1000, mid_offset_mm=100)) < 46


# -- caps -------------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(allow_nan=False),
    st.floats(allow_nan=False),
    st.integers(-5, 10_000),
    st.tuples(*[st.integers(-10, 300)] * 3),
)
def test_whatever_is_asked_nothing_beyond_a_cap_is_made(
    rate: float, sweep: float, dot: float, cycles: int, colour: tuple[int, int, int]
) -> None:
    light = Light(dot_deg=dot, dot_rgb=colour, luminance_ramp_ms=0.0)
    wild = Plan("x", 1, rate, (Channel.LIGHT,), cycles=cycles, motion=Motion(sweep_deg=sweep), light=light)
    held = Stimulus(wild).plan
    assert caps.troubles(held) == []
    assert caps.flash_check(held.light.dot_deg, held.rate_cps).safe
    faster = Stimulus(wild).changed(change(S, rate_cps=50.0, sweep_deg=500.0))
    assert faster.pattern.rate_cps <= 2.0
    assert faster.pattern.legs[-1].to_deg <= 60.0


def test_a_plan_within_the_caps_is_left_as_it_is(plan: Plan) -> None:
    assert caps.clamped(plan) == plan


@pytest.mark.parametrize(
    ("colour", "word"), [((255, 0, 0), "red"), ((255, 240, 20), "alarms"), ((0, 230, 230), "alarms")]
)
def test_colours_of_alarms_and_red_flashes_are_refused(colour: tuple[int, int, int], word: str) -> None:
    assert word in caps.colour_troubles(colour, (6, 6, 8))[0]
    assert caps.colour_troubles((200, 214, 255), (90, 90, 90)) == ["the background must be near black"]


def test_the_flash_check_is_by_area() -> None:
    assert caps.solid_angle_sr(5.0) == pytest.approx(0.006, rel=0.01)
    assert caps.flash_check(4.0, 2.0).safe
    assert not caps.flash_check(4.0, 2.0, glow_deg=6.0).safe
    assert caps.flash_check(6.0, 0.5).safe
    assert "too large" in caps.flash_check(6.0, 1.5).text
