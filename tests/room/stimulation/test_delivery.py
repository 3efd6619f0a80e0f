"""One set on made-up devices: where it begins, every way in which it ends, and what is told of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kapconsole.bilateral.events import (
    Channel,
    SetAsked,
    SetBegan,
    SetChanged,
    SetDelivered,
    Sound,
    StimulusFault,
    StopAsked,
    StopKind,
    StopReason,
    Timbre,
)
from kapconsole.room.display import messages as ms
from kapconsole.room.patient_out import OutState

from .conftest import Bench, onsets

LIGHT, BAR, AUDIO, TACTILE = Channel.LIGHT, Channel.BAR, Channel.AUDIO, Channel.TACTILE
SHOWN = ms.Shown(7, 240, 2, 1, 33.0, 1.0, 3.0, 1)


def change(bench: Bench, **values: object) -> SetChanged:
    fields = {"rate_cps": None, "sweep_deg": None, "channels": None, "level_dbfs": None, **values}
    return SetChanged(7, at_us=bench.time.us, **fields)  # type: ignore[arg-type]


def test_a_set_goes_to_its_count_and_its_account_holds_what_was_measured(bench: Bench) -> None:
    delivery = bench.begin(LIGHT, BAR, AUDIO, TACTILE)
    bench.run(0.4)
    assert not bench.told, "nothing has begun"
    bench.run(0.2)
    (began,) = bench.said(SetBegan)
    assert began.channels == (LIGHT, BAR, AUDIO, TACTILE)
    assert began.text == ""
    bench.out.gaps += 2
    bench.run(3.8)
    assert not delivery.over
    bench.run(0.6, lambda: bool(bench.bar.blacks))
    delivery.heard(SHOWN)
    bench.run(0.1)
    told = bench.delivered
    assert (told.reason, told.cycles_delivered, told.passes_delivered) == (StopReason.COUNT, 4.0, 8)
    assert told.channels == (LIGHT, BAR, AUDIO, TACTILE)
    assert (told.frames_shown, told.frames_dropped, told.frames_dropped_run) == (240, 2, 1)
    assert (told.bar_frames_sent, told.bar_frames_skipped, told.audio_underflows) == (90, 3, 2)
    assert told.tone_timing.count == 8
    assert abs(told.tone_timing.mean_ms) < 0.03
    assert told.start_utc_us == 1_772_700_000_000_000 + told.start_us
    assert not bench.said(StimulusFault)


def test_stop_now_reaches_every_device_at_once_and_nothing_moves_after_it(bench: Bench) -> None:
    delivery = bench.begin(LIGHT, BAR, AUDIO)
    bench.run(1.7)
    stopped_us = bench.time.us
    delivery.stop(StopReason.STOP_NOW, "by a person")
    assert bench.display.asked(StopAsked)[-1].kind is StopKind.STOP_NOW
    assert (bench.bar.blacks, bench.out.stops) == (1, 1)
    orders = len(bench.display.orders)
    delivery.change(change(bench, channels=(LIGHT, BAR, AUDIO, TACTILE)))
    delivery.finish(None, "late")
    delivery.stop(StopReason.DEVICE_FAULT, "later")
    assert len(bench.display.orders) == orders
    assert bench.bar.lit is None
    delivery.heard(SHOWN)
    bench.run(0.05)
    told = bench.delivered
    assert (told.reason, told.text, told.passes_delivered) == (StopReason.STOP_NOW, "by a person", 2)
    assert abs(told.stop_us - stopped_us) <= 1
    assert told.tone_timing.count == 2
    bench.run(1.0)
    assert len(bench.said(SetDelivered)) == 1


def test_the_account_does_not_wait_for_a_display_that_gives_none(bench: Bench) -> None:
    bench.begin().stop(StopReason.STOP_NOW, "")
    bench.run(0.3)
    assert not bench.said(SetDelivered)
    bench.run(0.2)
    assert bench.delivered.frames_shown == 0


def test_finish_pass_ends_at_the_edge(bench: Bench) -> None:
    delivery = bench.begin(AUDIO)
    bench.run(0.5 + 1.2)
    delivery.finish(None, "by a person")
    bench.run(2)
    told = bench.delivered
    assert (told.reason, told.passes_delivered) == (StopReason.FINISH_PASS, 3)
    (source, _, _) = bench.out.added[0]
    assert onsets(source, told.stop_us * 48 // 1000 + 2000, 2 * 48_000) == []


@pytest.mark.parametrize("channel", [LIGHT, BAR, AUDIO, TACTILE])
def test_what_cannot_be_opened_is_told_and_the_rest_is_delivered(bench: Bench, channel: Channel) -> None:
    bench.out.has_tactile = channel is not TACTILE
    if channel is LIGHT:
        bench.display.text = "no client screen is set"
    if channel is BAR:
        bench.bar.ready, bench.bar.text = False, "the light bar is not ready yet"
    channels = (LIGHT, BAR, TACTILE)
    if channel is AUDIO:
        bench.out.state = OutState("headphones", "silent", "muted")
        channels = (LIGHT, BAR, AUDIO)
    bench.begin(*channels)
    bench.run(0.6)
    (fault,) = bench.said(StimulusFault)
    (began,) = bench.said(SetBegan)
    assert fault.channel is channel
    assert began.channels == tuple(each for each in channels if each is not channel)
    assert fault.text in began.text


def test_with_nothing_that_can_be_opened_there_is_no_set(bench: Bench) -> None:
    bench.display.text = "no client screen is set"
    bench.begin(LIGHT)
    bench.run(1.0)
    assert not bench.said(SetBegan)
    told = bench.delivered
    assert (told.reason, told.channels, told.passes_delivered) == (StopReason.DEVICE_FAULT, (), 0)
    assert "no client screen" in told.text
    assert not bench.display.asked(SetAsked)


def test_a_set_that_comes_late_is_not_begun(bench: Bench) -> None:
    bench.begin(LIGHT, BAR, AUDIO, lead_s=-0.2)
    bench.run(1.0)
    told = bench.delivered
    assert (told.reason, told.channels, told.passes_delivered) == (StopReason.DEVICE_FAULT, (), 0)
    assert "0.2 s too late" in told.text
    assert "too late" in bench.said(StimulusFault)[0].text
    assert not bench.out.added
    assert not bench.display.asked(SetAsked)
    assert bench.bar.lit is None


def test_a_refusal_in_words_is_the_account(bench: Bench) -> None:
    bench.begin(AUDIO, refusal="the foot switch is held down")
    bench.run(0.1)
    assert "held down" in bench.delivered.text
    assert not bench.out.added


@pytest.mark.parametrize(("state", "words"), [("lost", "is gone"), ("silent", "muted")])
def test_an_output_that_is_lost_or_muted_ends_the_set(bench: Bench, state: str, words: str) -> None:
    bench.begin(LIGHT, AUDIO)
    bench.run(1.0)
    bench.out.state = OutState("headphones", state, words)
    bench.run(0.02)
    assert bench.out.stops == 1
    assert bench.display.asked(StopAsked)
    bench.run(1.0)
    assert bench.delivered.reason is StopReason.DEVICE_FAULT
    assert bench.said(StimulusFault)[0].channel is AUDIO


def test_a_set_that_uses_no_sound_does_not_mind_a_lost_output(bench: Bench) -> None:
    bench.begin(LIGHT)
    bench.out.state = OutState("headphones", "lost", "gone")
    bench.run(1.0)
    assert not bench.told[1:]


@pytest.mark.parametrize("fault", [False, True])
def test_the_displays_own_stop_ends_everything(bench: Bench, fault: bool) -> None:
    delivery = bench.begin(LIGHT, BAR, AUDIO)
    bench.run(1.0)
    delivery.heard(ms.Signalled(6, "of another set", False))
    assert not bench.out.stops
    delivery.heard(ms.Signalled(7, "a key of the client display", fault))
    assert bench.out.stops == 1
    assert bench.bar.lit is None
    bench.run(1.0)
    assert bench.delivered.reason is (StopReason.DEVICE_FAULT if fault else StopReason.CLIENT_SIGNAL)
    assert "key" in bench.delivered.text
    assert bool(bench.said(StimulusFault)) == fault


def test_a_display_that_hangs_is_ended_and_the_set_with_it(bench: Bench) -> None:
    bench.begin(LIGHT, AUDIO)
    bench.run(1.0)
    bench.display.killed = -1  # says nothing any more
    bench.run(1.3)
    assert bench.display.killed == 0
    assert bench.delivered.reason is StopReason.DEVICE_FAULT
    assert "does not answer" in bench.delivered.text


def test_a_display_that_dies_ends_a_set_with_light_and_no_other(bench: Bench) -> None:
    delivery = bench.begin(AUDIO)
    delivery.display_died("the client display died")
    bench.run(1.0)
    assert not bench.said(SetDelivered)
    delivery.change(change(bench, channels=(LIGHT, AUDIO)))
    bench.run(0.02)
    assert "started anew" in bench.said(StimulusFault)[0].text, "it knows nothing of this set"
    delivery.lost(Channel.BAR, "not in use")
    bench.run(0.02)
    assert not bench.said(SetDelivered)


def test_channels_are_switched_with_phase_kept(bench: Bench) -> None:
    delivery = bench.begin(LIGHT)
    bench.run(1.0)
    delivery.change(change(bench, channels=(AUDIO, BAR)))
    sent = bench.display.asked(SetChanged)[0]
    assert sent.channels == (AUDIO, BAR)
    assert sent.at_us > bench.time.us, "what is shown and heard already stays as it is"
    assert bench.bar.lit is not None
    start = round(100.5 * 48_000)
    (source, _, first) = bench.out.added[0]
    assert first == 0
    assert [round((at - 48) / 24_000) for at in onsets(source, start, 3 * 48_000)] == [2, 3, 4, 5]
    bench.run(5.0)
    assert bench.delivered.channels == (LIGHT, BAR, AUDIO)


def test_switching_to_nothing_that_works_ends_the_set(bench: Bench) -> None:
    delivery = bench.begin(LIGHT)
    bench.run(1.0)
    bench.bar.ready, bench.bar.text = False, "the light bar is gone"
    delivery.change(change(bench, channels=(BAR,)))
    bench.run(1.0)
    assert bench.delivered.reason is StopReason.DEVICE_FAULT
    assert "the light bar is gone" in bench.delivered.text


def test_a_change_of_rate_leaves_the_tone_under_way_and_counts_exactly(bench: Bench) -> None:
    delivery = bench.begin(AUDIO, cycles=6)
    bench.run(0.5 + 1.02)  # 20 ms into the tone of the second edge
    delivery.change(change(bench, rate_cps=2.0))
    (source, _, _) = bench.out.added[0]
    start = round(100.5 * 48_000)
    at = [(each - 1) / 48_000 for each in onsets(source, start, 6 * 48_000)]
    assert at == pytest.approx([0.5, 1.0, 1.5, *(1.5 + 0.25 * number for number in range(1, 10))], abs=1e-3)
    assert bench.out.remixed == 1
    bench.run(5.0)
    assert bench.delivered.passes_delivered == 12
    assert [rate for _, rate in bench.delivered.rate_trace] == [1.0, 2.0]


def test_a_sound_file_that_cannot_be_read_is_a_channel_that_cannot_be_opened(bench: Bench, tmp_path: Path) -> None:
    bench.begin(LIGHT, AUDIO, sound=Sound(timbre=Timbre.FILE, file="bell.wav"))
    bench.run(0.6)
    assert "bell.wav" in bench.said(StimulusFault)[0].text
    assert bench.said(SetBegan)[0].channels == (LIGHT,)


def test_a_card_that_runs_fast_gets_its_tones_in_time_all_the_same(tmp_path: Path) -> None:
    bench = Bench(tmp_path, ppm=150.0)
    bench.begin(AUDIO, cycles=60)
    bench.run(63.0)
    timing = bench.delivered.tone_timing
    assert timing.count == 120
    assert abs(timing.max_ms) < 3.0, "counted from the start it would be 9 ms by the end"
    assert abs(timing.mean_ms) < 1.0
