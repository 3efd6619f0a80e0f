"""The annunciator's decisions, with an output that is a list and time turned by hand."""

from __future__ import annotations

import numpy as np
import pytest

from kapconsole.alarms.bursts import RATE_HZ, TEST, Samples, signal
from kapconsole.annunciator.output import NoSpeaker
from kapconsole.annunciator.selftest import judged
from kapconsole.annunciator.sequence import Sequence
from kapconsole.annunciator.voice import Voice
from kapconsole.clock import ClockFrame
from kapconsole.wire import Beat, Message, SelfTest, Sound, Sounded, Welcome

FRAME = ClockFrame(mono_origin_ns=0, utc_origin_us=0)
PATTERN = signal(TEST).samples


class Speaker:
    """An output that can be muted, and that keeps what it played."""

    name = "a box"
    rate_hz = RATE_HZ
    lost = False

    def __init__(self, sequence: Sequence, *, reads_back: bool = True) -> None:
        self.sequence = sequence
        self.reads_back = reads_back
        self.trouble = ""
        self.gain = 1.0
        self.played: list[Samples] = []
        self._at_s = 0.0

    def look(self, now_s: float) -> str:
        frames = round((now_s - self._at_s) * RATE_HZ)
        out = np.empty(frames, np.float32)
        self.sequence.fill(out, round(self._at_s * 1e9))
        self.played.append(np.float32(self.gain) * out)
        self._at_s = now_s
        return self.trouble

    def listen(self) -> bool:
        self.played.clear()
        return self.reads_back

    def overheard(self) -> Samples:
        return np.concatenate(self.played)

    def close(self) -> None:
        pass


class Room:
    """A voice, its speaker, and a monitor that beats while it is there."""

    def __init__(self, *, reads_back: bool = True) -> None:
        self.sequence = Sequence()
        self.speaker = Speaker(self.sequence, reads_back=reads_back)
        self.told: list[Message] = []
        self.there = True
        self.now_s = 0.0
        self.voice = Voice(self.speaker, self.sequence, FRAME, self._tell, 0.0)

    def _tell(self, message: Message) -> bool:
        if self.there:
            self.told.append(message)
        return self.there

    def hear(self, message: Message | None) -> None:
        self.voice.hear(message, self.now_s)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            if self.there:
                self.hear(Beat())
            self.now_s = round(self.now_s + 0.1, 3)
            self.voice.turn(self.now_s)

    def sounded(self) -> list[Sounded]:
        return [message for message in self.told if isinstance(message, Sounded)]


def test_it_begins_with_a_self_test_that_is_read_back() -> None:
    room = Room()
    room.run(3.0)
    (done,) = room.sounded()
    assert (done.what, done.ok, done.output) == ("test", True, "a box")
    assert done.text == "the test pattern arrived at the output (0 dB)"


@pytest.mark.parametrize(("gain", "words"), [(0.0, "did not arrive"), (0.001, "too faint")])
def test_a_test_pattern_that_does_not_arrive_is_told(gain: float, words: str) -> None:
    room = Room()
    room.speaker.gain = gain
    room.run(3.0)
    (done,) = room.sounded()
    assert not done.ok
    assert words in done.text


def test_where_nothing_can_be_read_back_it_is_not_claimed() -> None:
    room = Room(reads_back=False)
    room.run(3.0)
    (done,) = room.sounded()
    assert done.ok
    assert "cannot be read back" in done.text


def test_a_self_test_can_be_asked_for_and_is_answered_once_each_time() -> None:
    room = Room()
    room.hear(SelfTest())  # the one at the start still runs
    room.run(3.0)
    assert len(room.sounded()) == 1
    room.hear(SelfTest())
    room.run(3.0)
    assert [each.ok for each in room.sounded()] == [True, True]


def test_what_is_sounded_is_told_with_its_time_and_for_whom() -> None:
    room = Room()
    room.hear(Welcome("s", ClockFrame(mono_origin_ns=-5_000_000_000, utc_origin_us=0), ""))
    room.run(3.0)
    room.hear(Sound("high", (4, 7)))
    room.run(10.0)
    first, second = (each for each in room.sounded() if each.what == "high")
    assert first.at_mono_us == pytest.approx(8_000_000, abs=150_000)
    assert (first.occurrences, first.ok, first.again) == ((4, 7), True, False)
    assert second.again
    assert second.at_mono_us - first.at_mono_us == pytest.approx(8_570_000, abs=20_000)


def test_a_burst_before_the_monitor_was_heard_gets_the_sessions_own_time() -> None:
    speaker, sequence, told = Speaker(Sequence()), Sequence(), []
    speaker.sequence = sequence
    voice = Voice(speaker, sequence, None, lambda message: told.append(message) is None, 0.0)
    for tenth in range(30):
        voice.turn(tenth / 10)
    assert not [message for message in told if isinstance(message, Sounded)], "nobody knows yet when it was"
    voice.hear(Welcome("s", ClockFrame(mono_origin_ns=-5_000_000_000, utc_origin_us=0), ""), 3.0)
    voice.turn(3.0)
    (done,) = [message for message in told if isinstance(message, Sounded)]
    assert 5_000_000 <= done.at_mono_us < 5_200_000


def test_at_27_a_monitor_that_dies_before_its_first_heartbeat_is_missed_all_the_same() -> None:
    room = Room()
    room.hear(Welcome("s", FRAME, ""))
    room.there = False
    room.run(3.5)
    assert room.voice.failing


def test_trouble_is_told_at_once_and_with_every_burst() -> None:
    room = Room()
    room.run(3.0)
    room.speaker.trouble = "muted"
    room.run(0.1)
    assert Beat("muted") in room.told
    room.hear(Sound("low", (1,)))
    room.run(1.0)
    assert (room.sounded()[-1].ok, room.sounded()[-1].text) == (False, "muted")
    room.speaker.trouble = ""
    room.run(0.1)
    assert room.told[-1] == Beat("")


def test_at_27_the_failure_signal_is_told_when_somebody_is_there_to_be_told() -> None:
    room = Room()
    room.run(5.0)
    room.there = False
    room.run(3.5)
    assert room.voice.failing
    assert np.abs(room.speaker.overheard()[-RATE_HZ // 4 :]).max() > 0.3
    room.run(60.0)
    room.there = True
    room.run(1.0)
    assert not room.voice.failing
    failures = [each for each in room.sounded() if each.what == "failure"]
    assert [each.at_mono_us for each in failures] == [pytest.approx(8_100_000, abs=200_000)], "once"


def test_an_alarm_during_the_monitors_absence_is_still_wanted_when_it_is_back() -> None:
    room = Room()
    room.hear(Sound("high", (1,)))
    room.run(1.0)
    room.there = False
    room.run(10.0)
    room.there = True
    room.run(12.0)
    assert room.sounded()[-1].what == "high"


def test_without_a_speaker_it_is_said_and_every_burst_counts_as_unheard() -> None:
    sequence = Sequence()
    told: list[Message] = []
    speaker = NoSpeaker("", "no alarm speaker is set", sequence.fill, RATE_HZ, 0.0)
    voice = Voice(speaker, sequence, FRAME, lambda message: told.append(message) is None, 0.0)
    for turn in range(1, 30):
        voice.turn(turn / 10)
    voice.hear(Sound("high", (3,)), 3.0)
    for turn in range(30, 60):
        voice.turn(turn / 10)
    assert voice.trouble == "no alarm speaker is set"
    test, high = (message for message in told if isinstance(message, Sounded))
    assert (test.what, test.ok, test.text) == ("test", False, "no alarm speaker is set")
    assert (high.what, high.ok, high.occurrences) == ("high", False, (3,))


def test_when_the_output_is_lost_the_sequence_goes_on_unheard() -> None:
    room = Room()
    room.run(3.0)
    room.hear(Sound("high", (1,)))
    room.run(1.0)
    room.voice.replace(NoSpeaker("a box", "gone", room.sequence.fill, RATE_HZ, room.now_s))
    room.run(9.0)
    assert [each.ok for each in room.sounded() if each.what == "high"] == [True, False]


def test_the_pattern_is_found_among_other_sounds_and_not_in_them() -> None:
    noise = np.random.default_rng(1).normal(0, 0.05, 3 * RATE_HZ).astype(np.float32)
    with_pattern = noise.copy()
    with_pattern[RATE_HZ : RATE_HZ + len(PATTERN)] += PATTERN
    assert judged(with_pattern, RATE_HZ)[0]
    assert not judged(noise, RATE_HZ)[0]
    seconds = np.arange(3 * RATE_HZ) / RATE_HZ
    music = (0.5 * np.sin(2 * np.pi * 440 * seconds)).astype(np.float32)
    assert not judged(music, RATE_HZ)[0]
    assert not judged(np.zeros(0, np.float32), RATE_HZ)[0]
