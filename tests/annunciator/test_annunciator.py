"""The failure signal: when it sounds, what it is made of, and that it never goes to a device nobody named."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kapconsole.annunciator.signal import RATE_HZ, NoSpeaker, Speaker, failure_signal, open_output, tone
from kapconsole.annunciator.watch import SILENT_AFTER_S, HeartWatch


def test_it_sounds_within_four_seconds_of_the_last_beat_and_stops_with_the_next() -> None:
    watch = HeartWatch(0.0)
    for second in range(10):
        watch.beat(float(second))
        assert not watch.failed(second + 0.99)
    assert not watch.failed(9 + SILENT_AFTER_S)
    assert watch.failed(9 + 3.9)
    watch.beat(13.5)
    assert not watch.failed(13.5)


def test_a_monitor_that_never_starts_is_missed_too() -> None:
    watch = HeartWatch(0.0)
    assert not watch.failed(10.0)
    assert watch.failed(16.0)


def test_a_tone_has_its_partials_and_soft_edges() -> None:
    samples = tone(440.0)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    levels = [spectrum[np.abs(hertz - 440 * order) < 15].max() for order in (1, 2, 3, 4)]
    decibels = 20 * np.log10(np.array(levels) / max(levels))
    assert decibels.min() > -15, "at least four partials within 15 dB"
    assert abs(samples[0]) < 1e-3
    assert abs(samples[-1]) < 1e-3
    assert np.abs(samples).max() == pytest.approx(0.5, abs=1e-3)


class Stream:
    """A sound device that asks for samples when told to."""

    def __init__(self, **settings: object) -> None:
        self.settings = settings
        self.fill = settings["callback"]
        self.closed = False

    def start(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def ask(self, frames: int) -> NDArray[np.float32]:
        out = np.full((frames, 1), 9.0, np.float32)
        self.fill(out, frames, None, None)  # type: ignore[operator]
        return out[:, 0]


def test_the_stream_is_silent_until_told_and_ends_at_the_end_of_a_period() -> None:
    opened: list[Stream] = []

    def open_stream(**settings: object) -> Stream:
        opened.append(Stream(**settings))
        return opened[-1]

    speaker = Speaker(open_stream, device=3)
    stream = opened[0]
    assert stream.settings["device"] == 3
    assert not stream.ask(480).any()
    period = failure_signal()
    speaker.sound(True)
    played = np.concatenate([stream.ask(480) for _ in range(250)])
    assert np.array_equal(played[: len(period)], period)
    assert np.array_equal(played[len(period) :], period[: len(played) - len(period)])
    speaker.sound(False)
    rest = np.concatenate([stream.ask(480) for _ in range(400)])
    assert np.array_equal(rest[: 2 * len(period) - len(played)], period[len(played) - len(period) :])
    assert not rest[2 * len(period) - len(played) :].any()
    speaker.close()
    assert stream.closed


def test_without_a_name_there_is_no_speaker_and_it_is_said() -> None:
    output = open_output("")
    assert isinstance(output, NoSpeaker)
    assert output.trouble == "no alarm speaker is set"


def test_a_missing_device_is_never_replaced_by_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    sounddevice = pytest.importorskip("sounddevice", exc_type=OSError)
    headphones = {"name": "patient headphones", "max_output_channels": 2}
    monkeypatch.setattr(sounddevice, "query_devices", lambda: [headphones])

    def refuse(**settings: object) -> None:
        raise AssertionError("a device was opened")

    monkeypatch.setattr(sounddevice, "OutputStream", refuse)
    output = open_output("alarm box")
    assert isinstance(output, NoSpeaker)
    assert "missing" in output.trouble
