"""The writer, the greeting and the simulated bar: newest picture only, dark at every end, faults in words."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.lightbars import wled
from kapdevices.lightbars.frames import BarProtocol, encode, frame_size
from kapdevices.lightbars.greeting import Greeting
from kapdevices.lightbars.outbox import Outbox
from kapdevices.lightbars.port import SerialBarPort
from kapdevices.lightbars.selftest import difference, marks
from kapdevices.lightbars.simulator import SimulatedBar
from kapdevices.lightbars.writer import BarWriter
from kapdevices.ports import PortTrouble
from kapdevices.simulate import SimulatorHost

LEDS = 10
FRAME = frame_size(BarProtocol.ADALIGHT, LEDS)
DARK = bytes(3 * LEDS)


def picture(led: int, value: int = 90) -> bytes:
    out = bytearray(DARK)
    out[3 * led] = value
    return bytes(out)


def until(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    wait = threading.Event()
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        wait.wait(0.005)
    return condition()


class Line:
    """A port by hand: what was written, and how much of it is still waiting."""

    def __init__(self, bar: SimulatedBar | None = None) -> None:
        self.bar = bar
        self.written: list[bytes] = []
        self.backlog = 0
        self.trouble = ""
        self.closed = False

    def write(self, data: bytes) -> None:
        if self.trouble:
            raise PortTrouble(self.trouble)
        self.written.append(data)
        if self.bar is not None:
            self.bar.receive(data, 0.0)

    def waiting(self) -> int:
        return self.backlog

    def read(self) -> bytes:
        return b""

    def close(self) -> None:
        self.closed = True


# -- what is to be sent -----------------------------------------------------------------------------------------------


def test_only_the_newest_picture_is_sent() -> None:
    outbox = Outbox(LEDS)
    outbox.arm()
    outbox.show(picture(1))
    outbox.show(picture(2))
    assert outbox.due(0.0, 0, FRAME) == picture(2)
    assert outbox.due(0.0, 0, FRAME) is None
    assert (outbox.sent, outbox.skipped) == (1, 1)


def test_behind_a_backlog_a_picture_is_skipped_and_not_sent_late() -> None:
    outbox = Outbox(LEDS)
    outbox.arm()
    assert outbox.due(0.0, 0, FRAME) == DARK
    outbox.show(picture(1))
    assert outbox.due(0.0, FRAME + 1, FRAME) is None
    assert outbox.due(0.1, 0, FRAME) is None
    assert outbox.skipped == 1
    outbox.show(picture(3))
    assert outbox.due(0.1, FRAME, FRAME) == picture(3), "one frame may wait"


def test_an_armed_bar_is_kept_alive_and_a_disarmed_one_is_not() -> None:
    outbox = Outbox(LEDS)
    outbox.arm()
    outbox.show(picture(4))
    outbox.due(10.0, 0, FRAME)
    assert outbox.due(10.49, 0, FRAME) is None
    assert outbox.due(10.5, 0, FRAME) == picture(4)
    outbox.black()
    assert [outbox.due(10.6, 0, FRAME), outbox.due(10.6, 0, FRAME)] == [DARK, DARK]
    assert outbox.due(99.0, 0, FRAME) is None


@settings(deadline=None)
@given(st.lists(st.sampled_from(["arm", "show", "black", "due", "due behind"]), max_size=40))
def test_after_black_nothing_is_lit_until_it_is_armed_again(steps: list[str]) -> None:
    outbox, armed, now_s = Outbox(LEDS), False, 0.0
    for step in steps:
        now_s += 0.3
        match step:
            case "arm":
                outbox.arm()
                armed = True
            case "show":
                outbox.show(picture(5))
            case "black":
                outbox.black()
                armed = False
                assert outbox.due(now_s, 10 * FRAME, FRAME) == DARK, "never held back"
            case _:
                sent = outbox.due(now_s, 0 if step == "due" else 2 * FRAME, FRAME)
                assert armed or sent in (None, DARK)


# -- the writer -------------------------------------------------------------------------------------------------------


def test_the_writer_shows_and_ends_dark() -> None:
    bar = SimulatedBar(LEDS)
    line = Line(bar)
    faults: list[str] = []
    with BarWriter(line, LEDS, faults.append) as writer:
        writer.show(picture(1))  # not armed: nothing
        writer.arm()
        writer.show(picture(2))
        assert until(lambda: any(shown.lit for shown in bar.shown))
        writer.black()
        assert until(lambda: bar.dark(0.0))
    assert line.closed
    assert not faults
    assert [1] not in [shown.lit for shown in bar.shown]
    assert bar.shown[-1].lit == []
    assert bar.judge().faults == ()


def test_a_line_that_breaks_is_one_fault_in_words() -> None:
    line = Line()
    faults: list[str] = []
    with BarWriter(line, LEDS, faults.append) as writer:
        writer.arm()
        assert until(lambda: bool(line.written))
        line.trouble = "bar was hung up: cable pulled or adapter gone"
        writer.show(picture(3))
        assert until(lambda: bool(faults))
        writer.show(picture(4))
    assert faults == ["bar was hung up: cable pulled or adapter gone"]
    assert writer.broken


def test_more_leds_than_the_protocol_is_safe_with_are_refused_before_anything_is_sent() -> None:
    line = Line()
    with pytest.raises(ValueError, match="85"):
        BarWriter(line, 86, print, BarProtocol.TPM2)
    assert not line.written


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_over_a_pseudo_terminal_a_moving_spot_arrives_whole_and_ends_dark() -> None:
    bar = SimulatedBar(LEDS)
    with SimulatorHost(bar) as host:
        port = SerialBarPort(host.address)
        with BarWriter(port, LEDS, pytest.fail) as writer:
            writer.arm()
            for led in range(LEDS):
                writer.show(picture(led))
                assert until(lambda led=led: bool(bar.shown) and bar.shown[-1].lit == [led])
        assert until(lambda: bar.dark(0.0))
    judged = bar.judge()
    assert judged.faults == ()
    assert judged.bad == 0
    assert [shown.lit[0] for shown in bar.shown if shown.lit] == sorted(range(LEDS))


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_pulled_bar_is_a_fault() -> None:
    faults: list[str] = []
    with SimulatorHost(SimulatedBar(LEDS)) as host:
        port = SerialBarPort(host.address)
        with BarWriter(port, LEDS, faults.append) as writer:
            writer.arm()
            assert until(lambda: writer.sent > 0)
            host.unplug()
            writer.show(picture(1))
            assert until(lambda: bool(faults))
    assert len(faults) == 1


def test_a_port_that_is_not_there_is_said_in_words() -> None:
    with pytest.raises(PortTrouble, match=r"does not exist|plugged"):
        SerialBarPort("/dev/does-not-exist" if sys.platform != "win32" else "COM250")


# -- who is there -----------------------------------------------------------------------------------------------------


def greet(bar: SimulatedBar | None) -> tuple[Greeting, list[bytes]]:
    greeting, asked = Greeting(0.0), []
    for step in range(600):
        now_s = step * 0.01
        answer = bar.transmit(now_s) if bar is not None else b""
        question = greeting.turn(answer, now_s)
        if question:
            asked.append(question)
            if bar is not None:
                bar.receive(question, now_s)
        if greeting.done:
            break
    return greeting, asked


def test_a_wled_says_how_many_leds_it_has() -> None:
    greeting, asked = greet(SimulatedBar(60))
    assert greeting.done
    assert greeting.booted
    assert greeting.wled == wled.WledBar("0.15.0", 60, 128, False)
    assert asked == [wled.VERSION, wled.ABOUT]


def test_a_silent_board_is_waited_for_and_asked_one_question_only() -> None:
    greeting, asked = greet(None)
    assert greeting.done
    assert asked == [wled.VERSION]
    assert greeting.wled is None


def test_nothing_that_is_sent_locks_live_mode() -> None:
    everything = [wled.VERSION, wled.READ_BACK, wled.ABOUT, wled.LEAVE_LIVE, wled.brightness(40)]
    assert not any(b'"live":true' in sent.replace(b" ", b"") for sent in everything)


@pytest.mark.parametrize(("baud", "byte"), [(115200, 0xB0), (460800, 0xB2), (1500000, 0xB7)])
def test_line_speeds_of_wled(baud: int, byte: int) -> None:
    assert wled.change_baud(baud) == bytes((byte,))
    with pytest.raises(ValueError, match="9600"):
        wled.change_baud(9600)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_answer_is_read_without_an_accident(answer: bytes) -> None:
    wled.about_of(answer)
    wled.picture_of(answer)
    wled.version_of(answer)


# -- self-test and judgement ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turned", [False, True])
def test_the_self_test_can_be_read_back(turned: bool) -> None:
    bar = SimulatedBar(LEDS)
    for mark in marks(LEDS, turned):
        bar.receive(encode(BarProtocol.ADALIGHT, mark.picture), 0.0)
        bar.transmit(0.0)
        bar.receive(wled.READ_BACK, 0.0)
        assert difference(mark.picture, wled.picture_of(bar.transmit(0.0))) == ""
    assert [shown.lit for shown in bar.shown] == [[9 if turned else 0], [5], [0 if turned else 9], []]
    assert bar.judge().faults == ()


def test_a_bar_of_another_length_is_told() -> None:
    assert "10 LEDs" in difference(bytes(3 * 12), DARK)
    assert difference(DARK, None)
    assert "number 4" in difference(picture(4), DARK)


def test_the_simulated_bar_tells_what_a_bar_may_not_show() -> None:
    bar = SimulatedBar(LEDS)
    bar.receive(encode(BarProtocol.ADALIGHT, bytes((255, 255, 255)) * LEDS), 0.0)
    bar.receive(encode(BarProtocol.ADALIGHT, picture(0)[:27] + b"\x50\x50\x50"), 0.1)
    bar.receive(encode(BarProtocol.ADALIGHT, bytes(9)), 0.2)
    bar.receive(encode(BarProtocol.ADALIGHT, picture(3)), 0.3)
    told = " / ".join(bar.judge().faults)
    for word in ("10 LEDs lit", "255", "more than one spot", "not of 10 LEDs", "not black"):
        assert word in told
    assert bar.dark(5.0), "its live mode has ended"
