"""The test sounds, the alarm speaker's test and the bar's: one ear alone, ended at once, dark at the end."""

from __future__ import annotations

import time

import numpy as np
import pytest

from kapconsole.room.sinks import RATE_HZ
from kapconsole.roomsetup import BarSetup
from kapconsole.roomwizard.ears import Ears, Sounding
from kapconsole.roomwizard.speaker import Speaker
from kapconsole.roomwizard.strip import BarSaid, BarTest, spot
from kapconsole.roomwizard.waves import PULSE_DBFS, PULSE_HZ, Noise, SideTone
from kapdevices.lightbars.selftest import marks
from tests.roomwizard.doubles import BarLine, Heads, Speakers, wait_for


def states(told: list[Sounding]) -> list[str]:
    return [each.state for each in told]


def test_a_tone_reaches_one_ear_and_the_named_output_alone() -> None:
    told: list[Sounding] = []
    heads = Heads()
    ears = Ears(told.append, heads.open)
    try:
        ears.play("phones", "speaker", lambda start: SideTone(start, 1))
        wait_for(lambda: heads.tapes and heads.tape.samples[:, 1].any())
        assert not heads.tape.samples[:, 0].any()
        assert heads.asked == [("phones", "speaker", False)]
        assert states(told) == ["opening", "playing"]
        assert told[-1].volume is None or told[-1].volume == 0.8
    finally:
        ears.close()
    assert heads.tape.closed


def test_a_stop_is_silence_within_a_tenth_of_a_second() -> None:
    heads = Heads()
    ears = Ears(lambda told: None, heads.open)
    try:
        ears.play("phones", "", Noise)
        wait_for(lambda: heads.tapes and heads.tape.samples[heads.tape.heard() - 1].any())
        ears.stop()
        silent_from = heads.tape.heard() + RATE_HZ // 10
        wait_for(lambda: heads.tape.heard() > silent_from + RATE_HZ // 2)
        assert not heads.tape.samples[silent_from:].any()
    finally:
        ears.close()


def test_what_was_stopped_while_the_output_was_opened_never_begins() -> None:
    heads = Heads()
    heads.hold.clear()
    told: list[Sounding] = []
    ears = Ears(told.append, heads.open)
    try:
        ears.play("phones", "", Noise)
        wait_for(lambda: heads.asked)
        ears.stop()
        heads.hold.set()
        wait_for(lambda: heads.tapes and heads.tape.heard() > RATE_HZ // 2)
        assert not heads.tape.samples.any()
        assert "playing" not in states(told)
    finally:
        ears.close()


def test_nothing_in_the_headphones_is_above_minus_twelve() -> None:
    heads = Heads()
    ears = Ears(lambda told: None, heads.open)
    try:
        ears.play("phones", "", lambda start: SideTone(start, 0, peak_dbfs=-1.0))
        wait_for(lambda: heads.tapes and heads.tape.samples.any())
        wait_for(lambda: heads.tape.heard() > RATE_HZ)
        assert 20 * np.log10(np.abs(heads.tape.samples).max()) == pytest.approx(-12.0, abs=0.01)
    finally:
        ears.close()


def test_an_output_that_is_missing_is_told_and_the_next_one_is_tried() -> None:
    told: list[Sounding] = []
    heads = Heads()
    ears = Ears(told.append, heads.open)
    try:
        ears.play("gone", "", Noise)
        wait_for(lambda: told[-1].state == "failed")
        assert "missing" in told[-1].text
        ears.play("phones", "", Noise)
        wait_for(lambda: told[-1].state == "playing")
    finally:
        ears.close()


def test_the_alarm_speaker_is_no_output_for_the_patient() -> None:
    told: list[Sounding] = []
    ears = Ears(told.append)
    try:
        ears.play("box", "box", Noise)
        wait_for(lambda: told[-1].state == "failed")
        assert "alarm speaker" in told[-1].text
    finally:
        ears.close()


@pytest.mark.parametrize("channels", [2, 4])
def test_pulses_go_to_channels_three_and_four_or_it_is_said_that_there_are_none(channels: int) -> None:
    told: list[Sounding] = []
    heads = Heads(channels)
    ears = Ears(told.append, heads.open)
    try:
        ears.play("phones", "", lambda start: SideTone(start, 1, PULSE_DBFS, PULSE_HZ), tactile=True)
        wait_for(lambda: told[-1].state in ("playing", "failed"))
        if channels == 2:
            assert "channels 3 and 4" in told[-1].text
        else:
            wait_for(lambda: heads.tape.samples[:, 3].any())
            assert not heads.tape.samples[:, :3].any()
    finally:
        ears.close()


def test_the_alarm_speaker_sounds_its_test_pattern_once_and_is_given_back() -> None:
    told: list[str] = []
    speakers = Speakers()
    speaker = Speaker(told.append, speakers.open)
    speaker.test("room")
    wait_for(lambda: told)
    speaker.close()
    assert told == [""]
    assert speakers.made[0].loudest > 0.1
    assert speakers.made[0].closed
    speaker.test("gone")
    wait_for(lambda: len(told) == 2)
    speaker.close()
    assert "missing" in told[1]


SETUP = BarSetup("/dev/bar", "adalight", leds=30)


def test_a_mark_is_shown_read_back_and_dark_at_the_end() -> None:
    told: list[BarSaid] = []
    line = BarLine(30)
    test = BarTest(told.append, line.open)
    picture = marks(30)[0].picture
    test.show(SETUP, picture)
    wait_for(lambda: told)
    assert told[0].ok
    assert told[0].read_back
    assert line.bar.shown[-1].picture == picture
    began_s = time.monotonic()
    test.stop()
    test.close()
    assert time.monotonic() - began_s < 5.0
    assert not any(line.bar.shown[-1].picture)
    assert line.closed
    assert line.opened == [("/dev/bar", 460800)]


def test_a_bar_that_shows_something_else_or_has_other_leds_is_told() -> None:
    told: list[BarSaid] = []
    for number, line in enumerate((BarLine(30, wrong=True), BarLine(60)), 1):
        test = BarTest(told.append, line.open)
        test.show(SETUP, marks(30)[0].picture)
        wait_for(lambda: len(told) == number)  # noqa: B023  # waited for within the turn
        test.close()
        assert not any(line.bar.shown[-1].picture)
    assert not told[0].ok
    assert "differ" in told[0].text
    assert "60 LEDs" in told[1].text
    assert told[1].leds == 60


def test_a_port_that_is_gone_is_told() -> None:
    told: list[BarSaid] = []
    test = BarTest(told.append, BarLine(30).open)
    test.show(BarSetup("gone"), bytes(180))
    wait_for(lambda: told)
    test.close()
    assert "cannot be used" in told[0].text


def test_the_brightest_picture_lights_four_leds_at_the_cap() -> None:
    for leds in (3, 4, 60):
        picture = spot(leds, 96)
        lit = [led for led in range(leds) if any(picture[3 * led : 3 * led + 3])]
        assert len(picture) == 3 * leds
        assert len(lit) == min(4, leds)
        assert max(picture) == 96
