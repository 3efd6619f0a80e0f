"""What is really played, recorded from two virtual sound cards; skipped where there is no PulseAudio."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from kapconsole.alarms.bursts import HIGH, LOW, MEDIUM, RATE_HZ, Shape, signal
from kapconsole.annunciator import named, pulse
from kapconsole.annunciator.output import NoOutput, Output
from kapconsole.annunciator.process import REOPEN
from kapconsole.annunciator.selftest import judged
from kapconsole.annunciator.sequence import Sequence
from kapconsole.clock import new_frame
from kapconsole.lifeline import Orders, write_orders
from kapconsole.wire import Beat, Goodbye, Hello, Hub, Message, Peer, Sound, Sounded, Welcome, new_address

if TYPE_CHECKING:
    from .conftest import Cards

Opened = Callable[[str], tuple[Output, Sequence]]


@pytest.fixture
def opened(cards: Cards) -> Iterator[Opened]:
    outputs: list[Output] = []

    def open_output(name: str) -> tuple[Output, Sequence]:
        output, sequence = named.open_output(name)
        outputs.append(output)
        return output, sequence

    yield open_output
    for output in outputs:
        output.close()


def pause(seconds: float) -> None:
    """Real time for real cards."""
    threading.Event().wait(seconds)


def until(true: Callable[[], object], timeout_s: float = 10.0) -> float:
    """Seconds until `true()`."""
    began_s = time.monotonic()
    while not true():
        assert time.monotonic() - began_s < timeout_s, "waited in vain"
        pause(0.005)
    return time.monotonic() - began_s


def heard(samples: NDArray[np.float32]) -> bool:
    """Whether there is any sound at all: these cards play zeros as zeros."""
    return bool(samples.any())


def onsets(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Seconds from the first pulse at which pulses reach 90 % of their level."""
    period = round(RATE_HZ / 440)
    level = np.sqrt(np.convolve(samples.astype(float) ** 2, np.ones(period) / period, "same"))
    above = np.concatenate([[False], level > 0.9 * level.max()])
    rises = np.flatnonzero(np.diff(above.astype(int)) == 1) / RATE_HZ
    return rises - rises[0]


@pytest.mark.parametrize("shape", [HIGH, MEDIUM, LOW], ids=lambda shape: shape.name)
def test_at_01_at_02_what_arrives_at_the_card_is_the_burst(cards: Cards, opened: Opened, shape: Shape) -> None:
    _, sequence = opened("room")
    cards.record("room", "patient")
    sequence.sound(Sound(shape.name, (1,)))  # type: ignore[arg-type]
    pause(shape.length_s + 0.6)
    played = cards.recorded("room")
    assert onsets(played) == pytest.approx(shape.onsets_s, rel=0.05, abs=0.003)
    samples = signal(shape).samples
    first = int(np.flatnonzero(played)[0]) - int(np.flatnonzero(samples)[0])
    assert np.array_equal(played[first : first + len(samples)], samples), "not a sample lost or changed"
    begin, end = signal(shape).pulses[0]
    spectrum = np.abs(np.fft.rfft(played[first + begin : first + end] * np.hanning(end - begin), RATE_HZ))
    partials = 20 * np.log10([spectrum[440 * order - 40 : 440 * order + 40].max() for order in range(1, 7)])
    assert np.sum(np.abs(partials[1:] - partials[0]) <= 15) >= 4
    assert not heard(cards.recorded("patient"))


def test_at_22_unplugged_in_a_burst_it_is_noticed_and_nothing_sounds_elsewhere(cards: Cards, opened: Opened) -> None:
    output, sequence = opened("room")
    cards.record("room", "patient")
    sequence.sound(Sound("high", (1,)))
    until(lambda: heard(cards.so_far("room")))
    cards.unplug("room")
    assert until(lambda: output.look(time.monotonic())) < 2.0
    assert output.look(time.monotonic()) == "the alarm speaker 'PulseAudio: room' is gone"
    assert output.lost
    pause(0.7)
    assert not heard(cards.so_far("patient")), "the default output stayed silent"
    with pytest.raises(NoOutput, match="cannot be opened"):
        opened("PulseAudio: room")
    cards.recorded("room")
    cards.plug("room")
    cards.record("room")
    again, sequence = opened("PulseAudio: room")
    sequence.sound(Sound("high", (1,)))
    until(lambda: heard(cards.so_far("room")))
    assert again.look(time.monotonic()) == ""
    assert not heard(cards.recorded("patient"))


def test_at_23_another_default_output_changes_nothing(cards: Cards, opened: Opened) -> None:
    cards.make_default("room")
    output, sequence = opened("room")
    cards.record("patient")
    assert output.listen(), "not by a recorder, which would follow the default"
    sequence.sound(Sound("high", (1,)))
    pause(0.5)
    cards.make_default("patient")
    number = cards.pactl("list", "short", "sink-inputs").split()[0]
    cards.pactl("move-sink-input", number, "patient")  # a person's mixer, or a desktop that means well
    pause(1.0)
    assert output.look(time.monotonic()) == ""
    played = output.overheard()
    samples = signal(HIGH).samples[:RATE_HZ]
    first = int(np.flatnonzero(played)[0]) - int(np.flatnonzero(samples)[0])
    assert np.array_equal(played[first : first + RATE_HZ], samples), "no gap"
    assert not heard(cards.recorded("patient"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("set-sink-mute", "room", "1"), "is muted"),
        (("set-sink-volume", "room", "0%"), "is turned down to nothing"),
        (("set-sink-volume", "room", "10%"), "is turned down too far (-60 dB)"),
        (("set-sink-input-mute", "STREAM", "1"), "is muted"),
    ],
    ids=["card muted", "card turned down", "card all but turned down", "stream muted"],
)
def test_a_muted_speaker_is_said_and_so_is_its_return(
    cards: Cards, opened: Opened, words: tuple[str, ...], said: str
) -> None:
    output, _ = opened("room")
    stream = cards.pactl("list", "short", "sink-inputs").split()[0]
    real = [stream if word == "STREAM" else word for word in words]
    assert output.look(time.monotonic()) == ""
    cards.pactl(*real)
    assert until(lambda: said in output.look(time.monotonic())) < 2.0
    cards.pactl(*real[:2], "100%" if "volume" in words[0] else "0")
    until(lambda: output.look(time.monotonic()) == "")
    assert not output.lost


def test_a_suspended_card_is_noticed_within_two_seconds(cards: Cards, opened: Opened) -> None:
    output, _ = opened("room")
    pause(0.2)
    cards.pactl("suspend-sink", "room", "1")
    assert until(lambda: "stopped playing" in output.look(time.monotonic())) < 2.0
    cards.pactl("suspend-sink", "room", "0")
    until(lambda: output.look(time.monotonic()) == "")


def test_the_test_pattern_is_read_back_from_the_card(cards: Cards, opened: Opened) -> None:
    output, sequence = opened("room")
    for volume, found in (("100%", True), ("0%", False)):
        cards.pactl("set-sink-volume", "room", volume)
        assert output.listen()
        sequence.test()
        until(lambda: not sequence.test_waits)
        pause(0.4)
        assert judged(output.overheard(), RATE_HZ)[0] == found


def test_a_sink_that_is_not_there_is_not_replaced_by_the_default_one(cards: Cards) -> None:
    cards.unplug("room")
    with pytest.raises(NoOutput, match="'PulseAudio: room' cannot be opened: No such entity"):
        named.open_output("PulseAudio: room")
    assert pulse.sinks() == ["patient"]


class Monitor:
    """The annunciator in a process of its own, and the wire's other end."""

    def __init__(self) -> None:
        address = new_address()
        self.told: list[tuple[float, Message]] = []
        self.peer: Peer | None = None
        self.hub = Hub(address, self._received, lambda peer, why: None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kapconsole.annunciator"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.frame = new_frame()
        write_orders(cast(BinaryIO, self.process.stdin), Orders(address, self.frame, alarm_out="PulseAudio: room"))
        self._ended = threading.Event()
        self.beating = threading.Event()
        self.beating.set()
        self._thread = threading.Thread(target=self._beat)
        self._thread.start()

    def _received(self, peer: Peer, message: Message) -> None:
        self.told.append((time.monotonic(), message))
        if isinstance(message, Hello):
            self.peer = peer
            peer.send(Welcome("s", self.frame, ""))

    def _beat(self) -> None:
        while not self._ended.wait(0.5):
            if self.peer is not None and self.beating.is_set():
                self.peer.send(Beat())

    def send(self, message: Message) -> None:
        assert self.peer is not None
        self.peer.send(message)

    def sounded(self, what: str) -> list[Sounded]:
        return [message for _, message in self.told if isinstance(message, Sounded) and message.what == what]

    def troubles(self) -> list[str]:
        return [message.text for _, message in self.told if isinstance(message, Beat)]

    def close(self) -> None:
        if self.process.poll() is None and self.peer is not None:
            self.send(Goodbye("test"))
        try:
            self.process.wait(10)
        finally:
            self.process.kill()
            self.process.communicate()
            self._ended.set()
            self._thread.join()
            self.hub.close()


@pytest.fixture
def monitor(cards: Cards) -> Iterator[Monitor]:
    monitor = Monitor()
    yield monitor
    monitor.close()


def test_at_22_at_27_the_process_tests_its_speaker_sounds_fails_aloud_and_comes_back(
    cards: Cards, monitor: Monitor
) -> None:
    cards.record("room", "patient")
    until(lambda: monitor.sounded("test"))
    assert monitor.sounded("test")[0].ok
    assert monitor.sounded("test")[0].text == "the test pattern arrived at the output (0 dB)"

    before = len(cards.so_far("room"))
    monitor.send(Sound("high", (1,)))
    assert until(lambda: heard(cards.so_far("room")[before:])) < 0.5
    until(lambda: monitor.sounded("high"))
    assert monitor.sounded("high")[0].occurrences == (1,)
    monitor.send(Sound("none", (), cut=True))
    pause(0.5)
    assert not heard(cards.so_far("room")[-RATE_HZ // 20 :]), "an audio pause is silence within half a second"

    monitor.beating.clear()
    pause(1.0)
    before = len(cards.so_far("room"))
    assert until(lambda: heard(cards.so_far("room")[before:])) < 3.0
    monitor.beating.set()
    until(lambda: monitor.sounded("failure"))

    monitor.send(Sound("high", (2,)))
    pause(0.3)
    cards.unplug("room")
    assert until(lambda: "the alarm speaker 'PulseAudio: room' is gone" in monitor.troubles()) < 2.0
    pause(0.5)
    cards.plug("room")
    until(lambda: monitor.process.poll() is not None, 20.0)
    assert monitor.process.returncode == REOPEN, "the launcher starts it again"
    assert not heard(cards.recorded("patient")), "not a sample of an alarm reached the patient"
