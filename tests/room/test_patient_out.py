"""The patient's sound on virtual sound cards: to the sample, rewritten, stopped, lost and back; and nowhere else."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from kapconsole.clock import SessionClock, new_frame
from kapconsole.room.named import open_sink
from kapconsole.room.patient_out import PatientOut

if TYPE_CHECKING:
    from conftest import Cards

RATE_HZ = 48_000
Stereo = NDArray[np.float32]


def wait_for(true: Callable[[], object], timeout_s: float = 10.0) -> None:
    until_s = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until_s, f"waited {timeout_s:g} s in vain"
        time.sleep(0.01)  # noqa: TID251


def numbered(first: int, count: int) -> Stereo:
    """Each frame carries its own number, exact in float32, below -6 dBFS."""
    frames = np.arange(first, first + count)
    left = ((frames & 4095) + 1) / 16384
    right = ((frames >> 12) + 1) / 131072
    return np.stack((left, right), axis=1).astype(np.float32)


def numbers(recorded: Stereo) -> NDArray[np.int64]:
    """The numbers of recorded frames; -1 where there is silence."""
    low = np.round(recorded[:, 0] * 16384).astype(int) - 1
    high = np.round(recorded[:, 1] * 131072).astype(int) - 1
    return np.where(recorded[:, 0] > 0, high * 4096 + low, -1)


def tone(hz: float, level: float) -> Callable[[int, int], Stereo]:
    def give(first: int, count: int) -> Stereo:
        wave = level * np.sin(2 * np.pi * hz * np.arange(first, first + count) / RATE_HZ)
        return np.stack((wave, wave), axis=1).astype(np.float32)

    return give


class Tone:
    """A source."""

    def __init__(self, hz: float, level: float) -> None:
        self.render = tone(hz, level)


def level_at(recorded: Stereo, hz: float) -> float:
    """The amplitude at one frequency, by a single-bin transform."""
    wave = recorded[:, 0]
    return float(2 * abs(np.exp(-2j * np.pi * hz / RATE_HZ * np.arange(len(wave))) @ wave) / max(1, len(wave)))


@pytest.fixture
def out(cards: Cards) -> Iterator[PatientOut]:
    made = PatientOut("PulseAudio: patient", SessionClock(new_frame()), open_sink)
    yield made
    made.close()


def test_every_frame_arrives_once_and_in_order_and_none_in_the_room(cards: Cards, out: PatientOut) -> None:
    cards.record("patient", "room")
    out.start(numbered)
    wait_for(lambda: (numbers(cards.so_far("patient")) >= 0).sum() > 3 * RATE_HZ)
    heard = numbers(cards.recorded("patient"))
    heard = heard[np.argmax(heard >= 0) :]
    assert np.all(np.diff(heard) == 1)
    assert not cards.recorded("room").any()
    assert (out.gaps, out.guarded) == (0, 0)


def test_what_waits_on_the_server_is_rewritten(cards: Cards, out: PatientOut) -> None:
    """Seconds lie ahead, and yet a change is heard a tenth of a second later, with no frame lost."""
    music = [tone(500.0, 0.25)]
    cards.record("patient")
    out.start(lambda first, count: music[0](first, count))
    wait_for(lambda: len(cards.so_far("patient")) > 2 * RATE_HZ)
    music[0] = numbered
    asked = out.heard()
    out.changed()
    wait_for(lambda: (numbers(cards.so_far("patient"))[-RATE_HZ:] > asked).all())
    heard = numbers(cards.recorded("patient"))
    new = np.flatnonzero((heard > asked) & (heard < asked + RATE_HZ))
    assert np.all(np.diff(heard[new[100:]]) == 1)
    assert heard[new[100]] - asked < 0.4 * RATE_HZ


def test_stop_now_takes_the_tones_out_within_100_ms_and_leaves_the_music(cards: Cards, out: PatientOut) -> None:
    cards.record("patient")
    out.start(tone(500.0, 0.2))
    out.add(Tone(1000.0, 0.2))
    wait_for(lambda: level_at(cards.so_far("patient")[-4800:], 1000.0) > 0.19)
    recorded = len(cards.so_far("patient"))
    heard, asked_s = out.heard(), time.monotonic()
    silent_from = out.stop_now()
    waited = round((time.monotonic() - asked_s) * RATE_HZ)  # for this very busy machine, not for the stop
    assert silent_from - heard < 0.1 * RATE_HZ + waited
    wait_for(lambda: len(cards.so_far("patient")) > recorded + RATE_HZ)
    after = cards.recorded("patient")[recorded:]
    pieces = [after[begin : begin + 960] for begin in range(0, len(after) - 960, 960)]
    sounding = [number for number, piece in enumerate(pieces) if level_at(piece, 1000.0) > 0.002]
    assert len(sounding) < 25, "seconds of it were waiting on the server"
    assert sounding == list(range(len(sounding))), "and it does not come back"
    assert all(level_at(piece, 500.0) > 0.19 for piece in pieces)
    assert np.abs(after).max() < 0.41


def test_pulses_for_the_hands_stay_on_their_channels(cards: Cards) -> None:
    """The server must not mix the third and fourth channel into the ears, nor open them where there are but two."""
    cards.plug("four")
    for name, tactile in (("four", True), ("patient", False)):
        out = PatientOut(f"PulseAudio: {name}", SessionClock(new_frame()), functools.partial(open_sink, tactile=True))
        try:
            out.start(tone(500.0, 0.2))
            out.add(Tone(1000.0, 0.2), first_channel=2)
            assert out.has_tactile == tactile
            channels = 4 if tactile else 2
            cards.record(name, channels=channels)
            wait_for(lambda name=name, channels=channels: len(cards.so_far(name, channels)) > 1.5 * RATE_HZ)
            recorded = cards.recorded(name, channels)[-RATE_HZ:]
            assert level_at(recorded, 500.0) == pytest.approx(0.2, abs=0.01)
            assert level_at(recorded, 1000.0) < 0.001
            if tactile:
                assert level_at(recorded[:, 2:], 1000.0) == pytest.approx(0.2, abs=0.01)
        finally:
            out.close()
    cards.unplug("four")
