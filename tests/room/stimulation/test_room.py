"""A set in the real room process on virtual sound cards, with a simulated bar and the client display: its troubles."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from kapconsole.bilateral.events import (
    Channel,
    SetBegan,
    SetChanged,
    StimulusFault,
    StopAsked,
    StopKind,
    StopReason,
)
from kapconsole.wire import Do

from .room import RATE_HZ, Room, last_sound, wait_for

LIGHT, BAR, AUDIO, TACTILE = Channel.LIGHT, Channel.BAR, Channel.AUDIO, Channel.TACTILE
CEILING = 0.26

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")


@pytest.fixture
def room(cards: Any, tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path, "PulseAudio: patient")
    made.ready()
    yield made
    made.close()


def sounding(cards: Any, room: Room) -> None:
    """A set is heard and seen."""
    since = len(cards.so_far("patient"))
    wait_for(lambda: last_sound(cards.so_far("patient")[since:]) > 0)
    wait_for(lambda: not room.dark())


def heard(cards: Any, name: str = "patient") -> Any:
    """What was recorded, after it has been quiet for a second."""
    since = len(cards.so_far(name))
    wait_for(lambda: len(cards.so_far(name)) > since + RATE_HZ)
    return cards.recorded(name)


def test_tones_come_with_the_pattern_left_and_right_in_turn_and_stop_at_once(cards: Any, room: Room) -> None:
    cards.record("patient", "room")
    room.begin(1, AUDIO, BAR)
    sounding(cards, room)
    threading.Event().wait(3)
    asked_us = room.clock.now_us()
    room.send(Do(StopAsked(1, StopKind.STOP_NOW, "by a person", asked_us)))
    told = room.delivered(1)
    wait_for(room.dark)
    recorded, other = heard(cards), cards.recorded("room")
    assert not other.any()
    assert np.abs(recorded).max() < CEILING
    assert (told.reason, told.text, told.channels) == (StopReason.STOP_NOW, "by a person", (BAR, AUDIO))
    assert told.stop_us - asked_us < 1_000_000
    assert told.audio_underflows == 0
    assert told.tone_timing.count >= 5
    assert abs(told.tone_timing.max_ms) < 5
    assert told.bar_frames_sent > 100
    onsets = [np.flatnonzero(np.abs(recorded[:, side]) > 1e-3) for side in (0, 1)]
    firsts = [each[np.flatnonzero(np.diff(each, prepend=-RATE_HZ) > RATE_HZ // 4)] for each in onsets]
    at = np.sort(np.concatenate(firsts))
    assert len(at) >= 5
    assert np.diff(at) == pytest.approx(RATE_HZ / 2, abs=RATE_HZ // 500)
    assert {len(firsts[0]), len(firsts[1])} <= {len(at) // 2, len(at) // 2 + 1}
    assert room.bar.judge().faults == ()
    shown = len(room.bar.shown)
    room.send(Do(SetChanged(1, None, None, (AUDIO, BAR), None, room.clock.now_us())))
    threading.Event().wait(0.5)
    assert not any(any(each.picture) for each in room.bar.shown[shown:]), "nothing is lit after a stop"


def test_unplugged_in_a_set_it_is_silent_everywhere_dark_and_told(cards: Any, room: Room) -> None:
    cards.record("patient", "room")
    room.begin(1, AUDIO, BAR)
    sounding(cards, room)
    cards.recorded("patient")
    cards.unplug("patient")
    told = room.delivered(1)
    wait_for(room.dark)
    cards.plug("patient")
    cards.record("patient")
    threading.Event().wait(2.5)  # it is opened again, and nothing begins
    assert told.reason is StopReason.DEVICE_FAULT
    assert "is gone" in told.text
    assert room.said(StimulusFault)[0].channel is AUDIO
    assert not cards.recorded("patient").any()
    assert not cards.recorded("room").any()
    assert room.dark()


def test_muted_it_ends_and_another_default_output_changes_nothing(cards: Any, room: Room) -> None:
    cards.record("patient", "room")
    room.begin(1, AUDIO)
    for name in ("patient", "room", "patient"):
        cards.make_default(name)
    for number, _ in cards.streams():
        cards.pactl("move-sink-input", number, "room")
    cards.recorded("patient"), cards.recorded("room")
    cards.record("patient", "room")
    wait_for(lambda: last_sound(cards.so_far("patient")) > 0)
    assert not room.said(StimulusFault)
    cards.pactl("set-sink-mute", "patient", "1")
    told = room.delivered(1)
    assert (told.reason, "muted" in told.text) == (StopReason.DEVICE_FAULT, True)
    assert not heard(cards, "room").any()


def test_a_bar_that_is_pulled_out_ends_the_set_with_its_sound(cards: Any, room: Room) -> None:
    cards.record("patient")
    room.begin(1, AUDIO, BAR)
    sounding(cards, room)
    room.host.unplug()
    told = room.delivered(1)
    at = len(cards.so_far("patient"))
    recorded = heard(cards)
    assert told.reason is StopReason.DEVICE_FAULT
    assert "light bar is gone" in told.text
    assert last_sound(recorded) < at + RATE_HZ // 2
    assert room.said(StimulusFault)[0].channel is BAR
    room.begin(2, AUDIO, BAR, cycles=2)
    assert room.said(SetBegan)[-1].channels == (AUDIO,)
    assert "bar is not delivered" in room.said(SetBegan)[-1].text
    assert room.delivered(2).reason is StopReason.COUNT


@pytest.mark.parametrize("how", ["contact", "silence"])
def test_without_its_monitor_the_set_ends_and_the_account_comes_later(cards: Any, room: Room, how: str) -> None:
    cards.record("patient")
    room.begin(1, AUDIO, BAR)
    sounding(cards, room)
    lost_us = room.clock.now_us()
    room.lose_monitor() if how == "contact" else room.silent.set()
    wait_for(room.dark)
    dark_us = room.clock.now_us()
    heard(cards)
    if how == "contact":
        room.find_monitor()
    told = room.delivered(1)
    assert told.reason is StopReason.HEARTBEAT_LOST
    assert told.stop_us - lost_us < 3_000_000
    assert dark_us - lost_us < 4_000_000
    assert room.dark()


def test_killed_in_a_set_the_bar_is_dark_when_the_room_is_back_and_no_set_goes_on(cards: Any, room: Room) -> None:
    cards.record("patient", "room")
    room.begin(1, AUDIO, BAR)
    sounding(cards, room)
    wait_for(lambda: not room.dark())
    room.kill()
    killed = len(cards.so_far("patient"))
    room.again()
    wait_for(room.dark)
    wait_for(lambda: room.hello == 2)
    threading.Event().wait(1.5)
    recorded = heard(cards)
    assert last_sound(recorded) < killed + RATE_HZ // 2
    assert np.abs(recorded).max() < CEILING
    assert not cards.recorded("room").any()
    assert room.dark()


def test_told_to_end_in_a_set_it_gives_its_account_and_leaves_the_bar_dark(cards: Any, room: Room) -> None:
    room.begin(1, AUDIO, BAR)
    wait_for(lambda: not room.dark())
    room.process.terminate()
    told = room.delivered(1)
    assert (told.reason, told.text) == (StopReason.STOP_NOW, "the room process was ended")
    assert told.stop_us - told.start_us > 0
    assert room.process.wait(10) == 0
    wait_for(room.dark)


def test_pulses_come_out_of_the_third_and_fourth_channel_alone(cards: Any, tmp_path: Path) -> None:
    cards.plug("four")
    room = Room(tmp_path, "PulseAudio: four", tactile=True)
    try:
        room.ready()
        cards.record("four", channels=4)
        room.begin(1, TACTILE, cycles=3)
        told = room.delivered(1)
        recorded = cards.recorded("four", 4)
        assert told.channels == (TACTILE,)
        assert not recorded[:, :2].any()
        assert min(np.abs(recorded[:, 2]).max(), np.abs(recorded[:, 3]).max()) > 0.1
    finally:
        room.close()
        cards.unplug("four")


def display_of(room: Room) -> psutil.Process | None:
    children = psutil.Process(room.process.pid).children(recursive=True)
    return next((each for each in children if "kapconsole.room.display" in each.cmdline()), None)


@pytest.fixture
def lit(tmp_path: Path) -> Iterator[Room]:
    """A simulated session with a window, without sound."""
    made = Room(tmp_path, simulated=True)
    made.ready()
    yield made
    made.close()


@pytest.mark.qt
def test_the_displays_own_account_stands_in_the_sets(lit: Room) -> None:
    lit.begin(1, LIGHT, BAR, AUDIO, cycles=2)
    if not lit.said(SetBegan) or LIGHT not in lit.said(SetBegan)[-1].channels:  # its window takes its time
        lit.delivered(1)
        wait_for(lambda: display_of(lit))
        threading.Event().wait(3)
        lit.begin(2, LIGHT, BAR, AUDIO, cycles=2)
    told = lit.delivered(lit.said(SetBegan)[-1].set_id)
    assert told.reason is StopReason.COUNT
    assert told.channels == (LIGHT, BAR, AUDIO)
    assert told.frames_shown > 50


@pytest.mark.qt
@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_a_display_that_dies_or_hangs_ends_the_set_and_is_started_anew_dark(lit: Room, how: str) -> None:
    wait_for(lambda: display_of(lit))
    threading.Event().wait(3)
    lit.begin(1, LIGHT, BAR)
    assert lit.said(SetBegan)[-1].channels == (LIGHT, BAR)
    wait_for(lambda: not lit.dark())
    display = display_of(lit)
    assert display is not None
    display.kill() if how == "kill" else display.suspend()
    began_s = time.monotonic()
    told = lit.delivered(1)
    assert time.monotonic() - began_s < 5
    assert told.reason is StopReason.DEVICE_FAULT
    assert "client display" in told.text
    wait_for(lit.dark)
    wait_for(lambda: (new := display_of(lit)) is not None and new.pid != display.pid)
