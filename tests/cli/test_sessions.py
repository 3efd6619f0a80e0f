"""What `run`, `demo` and `send` refuse before a session begins, and what `send` says of a worker's answer."""

from __future__ import annotations

import argparse
import os
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from kapconsole.bilateral import events as be
from kapconsole.bilateral import wishes as bw
from kapconsole.cli import sessions
from kapconsole.cli.delivered import Delivered, Watch, ask_and_hear
from kapconsole.cli.speaking import Failed
from kapconsole.commands import Note
from kapconsole.cues.light import events as le
from kapconsole.cues.light import wishes as lw
from kapconsole.cues.light.setup import DEMO
from kapconsole.events import Body, Event, SessionStarted
from kapconsole.launcher import Running, SendFailed
from kapconsole.record.writer import SessionLog
from kapconsole.rows import event_row
from kapconsole.wire import Answer, Ask, Hub, Live, Message, Peer, new_address

# --- one port, one device --------------------------------------------------------------------------------------------


def test_a_port_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="nonin@/dev/ttyUSB0 and suntech@/dev/ttyUSB0 are the same port: name each"):
        sessions._refuse_one_port_twice(["nonin@/dev/ttyUSB0", "suntech@/dev/ttyUSB0"])
    sessions._refuse_one_port_twice(["nonin@/dev/ttyUSB0", "suntech@/dev/ttyUSB1", "auto@/dev/ttyUSB2"])


@pytest.mark.skipif(os.name == "nt", reason="symbolic links and pseudo-terminals")
def test_a_port_is_known_by_any_of_its_names(tmp_path: Path) -> None:
    near, far = os.openpty()
    try:
        port = os.ttyname(far)
        link = tmp_path / "by-id"
        link.symlink_to(port)
        with pytest.raises(Failed, match="two names of one port"):
            sessions._refuse_one_port_twice([f"nonin@{port}", f"suntech@{link}"])
    finally:
        os.close(near)
        os.close(far)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("/dev/cu.usbserial-1", "/dev/tty.usbserial-1", True),
        ("socket://LOCALHOST:4001", "socket://127.0.0.1:4001", True),
        ("socket://192.0.2.7:4001", "socket://192.0.2.7:4002", False),
        ("socket://192.0.2.7:4001", "rfc2217://192.0.2.8:4001", False),
        ("/dev/not-there-1", "/dev/not-there-2", False),
        ("/dev/not-there/../not-there-1", "/dev/not-there-1", True),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")
def test_names_of_one_port_have_one_identity(one: str, other: str, same: bool) -> None:
    assert (sessions.port_identity(one) == sessions.port_identity(other)) is same


@pytest.mark.parametrize("name", ["COM4", "com4", "COM4:", r"\\.\COM4"])
def test_windows_has_several_spellings_of_one_port(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(sessions.sys, "platform", "win32")
    monkeypatch.setattr("kapdevices.ports.POSIX", False)
    assert sessions.port_identity(name) == "COM4"


# --- a session keeps its subject -------------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path: Path) -> Callable[[str], Path]:
    """Makes an unfinished session of a subject."""

    def make(subject: str) -> Path:
        started = SessionStarted("3f1c", subject, "0.1.0", "boot", 0, 0, 1.0, "UTC+0000")
        path = tmp_path / "s.kaplog"
        SessionLog.create(path, None, [event_row(Event(1, 0, 0, "monitor", started))], ballast_bytes=0).abandon()
        return path

    return make


def options(log: Path, subject: str) -> argparse.Namespace:
    return argparse.Namespace(
        log=log, subject=subject, device=["nonin@/dev/not-there"], passphrase_file=None, no_encryption=True,
        capture=None, headless=True, seconds=None,
    )  # fmt: skip


@pytest.mark.parametrize(("held", "words"), [("K-17", "is the session of K-17"), ("", "begun without a subject")])
def test_a_session_does_not_go_on_under_another_subject(log: Callable[[str], Path], held: str, words: str) -> None:
    with pytest.raises(Failed, match=f"{words}, not of K-18"):
        sessions.run(options(log(held), "K-18"))


@pytest.mark.parametrize("asked", ["", "K-17"])
def test_a_session_goes_on_under_its_own(
    log: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    launched: list[bool] = []
    monkeypatch.setattr(sessions, "_launch", lambda orders, options, around: launched.append(orders.resume) or 0)
    assert sessions.run(options(log("K-17"), asked)) == 0
    assert launched == [True]


# --- what a worker says ----------------------------------------------------------------------------------------------


def event(body: Body) -> Event:
    return Event(1, 0, 0, "light", body)


def asked(level: float = 8.0, at_us: int = 100) -> le.LightAsked:
    return le.LightAsked("go", "peak", "Peak", (le.LightTarget("room", level),), 1.0, 1.0, False, at_us)


def light(level: float, settled: bool, at_us: int = 200) -> Event:
    return event(le.LightDelivered({"room": level}, {}, settled, at_us))


def heard(watch: Watch, *events: Event) -> Delivered | None:
    return next((told for each in events if (told := watch.heard(each)) is not None), None)


def test_a_cue_that_is_there_is_delivered() -> None:
    told = heard(Watch(lw.LightGo(), DEMO), event(asked()), light(8.2, True))
    assert told == Delivered(True, "light: Peak · Room 8 % · delivered (simulated lamps)")


def test_a_fade_that_has_begun_is_on_its_way() -> None:
    told = heard(Watch(lw.LightGo()), event(asked()), light(41.0, False))
    assert told == Delivered(True, "light: Peak · on its way, room 41 % now")


def test_what_was_told_before_the_wish_is_no_answer() -> None:
    watch = Watch(lw.LightGo())
    assert heard(watch, light(8.0, True, 50), event(asked()), light(8.0, True, 90), light(60.0, True, 110)) is None
    assert watch.given_up() == Delivered(True, "light: Peak · room 60 %")  # a floor or a limit, said as it is


def test_a_lamp_that_does_not_answer_is_not_delivered() -> None:
    watch = Watch(lw.LightGo())
    elsewhere = event(le.LampTrouble("porch", ("porch",), "no answer", 150))
    told = heard(watch, event(asked()), elsewhere, event(le.LampTrouble("stage", ("room",), "no answer", 150)))
    assert told == Delivered(False, "light: Peak · not delivered: stage: no answer")


def set_asked() -> Event:
    return event(be.SetAsked(3, be.Plan("calm-place", 1, 1.0, (be.Channel.AUDIO,)), "integrate", None, 0))


def delivered(set_id: int, passes: int | None, text: str = "") -> Event:
    done = be.SetDelivered(
        set_id, "", "integrate", "calm-place", 1, 0, 0, 0, 0, be.StopReason.DEVICE_FAULT, text, None, None, passes,
        (), (), be.Offsets(), 0, 0, 0, 0, be.ToneTiming(), 0, 0, 0,
    )  # fmt: skip
    return event(done)


def test_a_set_says_where_it_began_or_why_not() -> None:
    began = event(be.SetBegan(3, (be.Channel.AUDIO,), "no light: no client screen", 0))
    told = heard(Watch(bw.StartSet("calm-place")), delivered(2, 4), set_asked(), began)
    assert told == Delivered(True, "set 3 · began on audio; no light: no client screen")
    fault = event(be.StimulusFault(3, be.Channel.AUDIO, "the headphones are gone", 0))
    told = heard(Watch(bw.StartSet("calm-place")), set_asked(), fault)
    assert told == Delivered(False, "set 3 · not delivered on audio: the headphones are gone")


def test_a_stop_says_what_had_been_delivered() -> None:
    stop = event(be.StopAsked(3, be.StopKind.STOP_NOW, "by a person", 0))
    assert heard(Watch(bw.StopSet()), stop, delivered(3, 12)) == Delivered(True, "set 3 · ended, 12 passes delivered")


class Recorder:
    """A monitor's end of the wire that answers every command and then says what it was given."""

    def __init__(self, ok: bool, then: list[Event]) -> None:
        self.running = Running(new_address(), 0, "")
        self._ok, self._then = ok, then
        self._peers: queue.SimpleQueue[Peer] = queue.SimpleQueue()
        self._hub = Hub(self.running.address, self._received, lambda peer, why: None)

    def _received(self, peer: Peer, message: Message) -> None:
        if isinstance(message, Ask):
            peer.send(Answer(message.command.id, self._ok, "light: Peak"))
            peer.send(Live(list(self._then)))

    def close(self) -> None:
        self._hub.close()


@pytest.fixture
def recorder() -> Iterator[Callable[..., Recorder]]:
    made: list[Recorder] = []

    def make(ok: bool = True, then: list[Event] | None = None) -> Recorder:
        made.append(Recorder(ok, then or []))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_send_gives_the_answer_and_the_workers_word(recorder: Callable[..., Recorder]) -> None:
    running = recorder(then=[event(asked()), light(8.0, True)]).running
    answer, told = ask_and_hear(running, lw.LightGo(), "test")
    assert (answer.ok, answer.text) == (True, "light: Peak")
    assert told == Delivered(True, "light: Peak · room 8 % · delivered")


def test_send_waits_no_longer_than_it_should(recorder: Callable[..., Recorder]) -> None:
    _, told = ask_and_hear(recorder().running, lw.LightGo(), "test", delivered_s=0.05)
    assert told is not None
    assert told.ok is None
    assert "nothing heard" in told.text


def test_send_waits_for_no_worker_where_none_has_to_answer(recorder: Callable[..., Recorder]) -> None:
    """With an endless limit: a wait would hang, and the test with it."""
    for_ever = threading.TIMEOUT_MAX
    assert ask_and_hear(recorder().running, Note("calm"), "test", delivered_s=for_ever)[1] is None
    assert ask_and_hear(recorder(ok=False).running, lw.LightGo(), "test", delivered_s=for_ever)[1] is None


def test_send_without_a_session_says_so() -> None:
    running = msgspec.structs.replace(Running(new_address(), 0, ""))
    with pytest.raises(SendFailed):
        ask_and_hear(running, Note("calm"), "test")
