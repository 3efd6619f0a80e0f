"""sACN, Art-Net and DMX USB Pro as an independent receiver understands them; death of the light process."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest

from kapconsole.clock import boot_id, new_frame
from kapconsole.cues.light import track as tr
from kapconsole.cues.light.curves import device_fraction, sixteen_bit
from kapconsole.lifeline import Orders, write_orders
from kapconsole.light.memory import Kept, write_kept
from kapconsole.wire import Address
from kapdevices.lights import artnet, enttec, sacn
from kapdevices.lights.stream import SerialWay, StreamLamp, UdpWay

CID = bytes(range(16))
LOW = bytes(range(16, 32))


def sender(olad: Any, source: Any, port: int, host: str = "127.0.0.1", interface: str = "") -> StreamLamp:
    def open_way() -> UdpWay:
        olad.enter()
        return UdpWay(host, port, interface)

    return StreamLamp("node", open_way, source)


def until(true: Callable[[], bool], limit_s: float = 10.0) -> float:
    """Wait; the seconds that it took."""
    began_s, pause = time.monotonic(), threading.Event()
    while not true():
        assert time.monotonic() - began_s < limit_s, "it did not come to that"
        pause.wait(0.02)
    return time.monotonic() - began_s


def test_sacn_levels_arrive_in_full(olad: Any) -> None:
    lamp = sender(olad, sacn.Source(CID, "kapconsole", 1), sacn.PORT)
    slots = bytes(at % 256 for at in range(512))
    lamp.show(slots)
    until(lambda: olad.dmx(1) == list(slots))
    lamp.close()


def test_sacn_multicast_arrives(olad: Any) -> None:
    lamp = sender(olad, sacn.Source(CID, "kapconsole", 7), sacn.PORT, sacn.multicast_group(7), "10.77.0.1")
    lamp.show(bytes((9, 8, 7)))
    until(lambda: olad.dmx(7) == [9, 8, 7])
    lamp.close()


def test_art_net_levels_arrive(olad: Any) -> None:
    lamp = sender(olad, artnet.Source(3), artnet.PORT)
    lamp.show(bytes((4, 5, 6, 255)))
    until(lambda: olad.dmx(3) == [4, 5, 6, 255])
    lamp.close()


def test_a_fade_goes_through_every_level_on_its_way(olad: Any) -> None:
    lamp = sender(olad, sacn.Source(CID, "kapconsole", 2), sacn.PORT)
    track = tr.asked(tr.still(10, 0), 40, 2_000_000, 0)
    began_s, pause, seen = time.monotonic(), threading.Event(), []
    while (now_s := time.monotonic() - began_s) < 2.2:
        lamp.show(sixteen_bit(device_fraction(track.at(round(now_s * 1e6)), "cie")).to_bytes(2, "big"))
        if levels := olad.dmx(2):
            seen.append(levels[0] * 256 + levels[1])
        pause.wait(0.02)
    lamp.close()
    assert seen[-1] == sixteen_bit(device_fraction(40, "cie"))
    assert seen == sorted(seen), "the fade went back on its way"
    assert len(set(seen)) > 20


def test_of_two_priorities_the_higher_wins_and_its_goodbye_gives_way_at_once(olad: Any) -> None:
    keeper = sender(olad, sacn.Source(LOW, "keeper", 1, priority=80), sacn.PORT)
    main = sender(olad, sacn.Source(CID, "kapconsole", 1, priority=100), sacn.PORT)
    main.show(bytes((200, 1)))
    until(lambda: olad.dmx(1) == [200, 1])
    keeper.show(bytes((50, 2)))
    threading.Event().wait(0.5)
    assert olad.dmx(1) == [200, 1]
    main.close()
    until(lambda: olad.dmx(1) == [50, 2], limit_s=2.0)
    keeper.close()


def test_without_a_goodbye_the_keeper_takes_over_when_the_source_has_timed_out(olad: Any) -> None:
    keeper = sender(olad, sacn.Source(LOW, "keeper", 2, priority=80), sacn.PORT)
    main = sender(olad, sacn.Source(CID, "kapconsole", 2, priority=100), sacn.PORT)
    main.show(bytes((200, 1)))
    until(lambda: olad.dmx(2) == [200, 1])
    keeper.show(bytes((200, 1)))
    main.close(goodbye=False)
    keeper.show(bytes((150, 2)))
    assert until(lambda: olad.dmx(2) == [150, 2], limit_s=6.0) > 1.0
    keeper.close()


# -- DMX USB Pro ----------------------------------------------------------------------------------------------------


def test_our_widget_is_one_for_olad_and_our_driver_speaks_with_it(peer: ModuleType) -> None:
    widget = peer.Widget()
    try:
        with peer.running(widget.path) as host:
            assert "Enttec Usb Pro Device, Serial #: 12345678" in host.run("ola_dev_info")
            host.patch("Enttec", 9, receives=False)
            host.run("ola_set_dmx", "-u", "9", "-d", "10,20,30")
            until(lambda: any(data == bytes((0, 10, 20, 30)) for _, data in drained(widget)))
        lamp = StreamLamp("widget", lambda: SerialWay(widget.path), enttec.Source(), asks=True)
        for level in range(1, 121):
            lamp.show(bytes((level,)))
            threading.Event().wait(0.025)
        until(lambda: lamp.serial_number == 12345678)
        lamp.close()
        frames = [data for _, data in drained(widget)]
        assert all(len(data) == 513 and data[0] == 0 for data in frames)
        assert frames[-1][1] == 120
        assert len({data[1] for data in frames}) > 100
    finally:
        widget.close()


def drained(widget: Any) -> list[tuple[float, bytes]]:
    found = []
    while True:
        try:
            found.append(widget.frames.get(timeout=0.1))
        except queue.Empty:
            return found


# -- the whole process ----------------------------------------------------------------------------------------------

TOML = """
[zone.room]
label = "Room"
[output.stage]
driver = "sacn"
host = "127.0.0.1"
universe = 1
keeper = true
[[fixture]]
zone = "room"
output = "stage"
kind = "dimmer16"
"""
SAFE = sixteen_bit(0.30)


class Started:
    """A light process inside olad's network, without a monitor, beginning at 8 %."""

    def __init__(self, olad: Any, home: Path) -> None:
        self.olad = olad
        self.kept = home / "k" / "state" / "light.json"
        for folder in ("config", "state"):
            (home / "k" / folder).mkdir(parents=True, exist_ok=True)
        path = home / "k" / "config" / "light.toml"
        path.write_text(TOML)
        path.chmod(0o600)
        self.home = home
        self.process = self.start()
        self.keepers: set[int] = set()

    def start(self) -> subprocess.Popen[bytes]:
        argv = [*self.olad.prefix, sys.executable, "-m", "kapconsole.light"]
        process = subprocess.Popen(argv, stdin=subprocess.PIPE)
        assert process.stdin is not None
        write_orders(process.stdin, Orders(Address(str(self.home / "no-hub"), "00" * 32), new_frame()))
        return process

    def level(self) -> int:
        slots = self.olad.dmx(1)
        return slots[0] * 256 + slots[1] if len(slots) == 512 else -1

    def keeper(self) -> int:
        pid = int(json.loads(self.kept.read_bytes())["keeper_pid"])
        if pid:
            self.keepers.add(pid)
        return pid

    def close(self) -> None:
        self.keeper()
        for process in (self.process,):
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()
        for pid in self.keepers:
            if psutil.pid_exists(pid):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def started(olad: Any, home: Path) -> Any:
    """See Started."""
    (home / "k" / "state").mkdir(parents=True)
    write_kept(home / "k" / "state" / "light.json", Kept("before", "light", boot_id(), 0, {"room": 8.0}, ended=True))
    made = Started(olad, home)
    yield made
    made.close()


def test_killed_the_room_comes_to_the_safe_level_within_8_s_and_is_never_dark(started: Any) -> None:
    low = sixteen_bit(0.08)
    until(lambda: started.level() == low, 20)
    until(lambda: started.keeper() != 0)
    threading.Event().wait(1.0)
    started.process.kill()
    killed_s, seen, pause = time.monotonic(), [], threading.Event()
    while (at_s := time.monotonic() - killed_s) < 8.0:
        seen.append((at_s, started.level()))
        pause.wait(0.03)
    assert min(level for _, level in seen) >= low - 1, "it went darker"
    assert seen[-1][1] == SAFE
    steps = [later[1] - earlier[1] for earlier, later in zip(seen, seen[1:], strict=False)]
    assert max(steps) < sixteen_bit(0.05), "it jumped"

    # Started again, it goes on from there, and the old keeper leaves.
    keeper = psutil.Process(started.keeper())
    started.process.wait()
    started.process.stdin.close()
    started.process = started.start()
    keeper.wait(20)
    threading.Event().wait(1.0)
    assert started.level() == SAFE


def test_ended_as_it_should_the_room_comes_slowly_to_house_light(started: Any) -> None:
    until(lambda: started.level() == sixteen_bit(0.08), 20)
    keeper = psutil.Process(until_keeper(started))
    began_s = time.monotonic()
    started.process.stdin.close()
    started.process.send_signal(signal.SIGTERM)
    assert started.process.wait(5) == 0
    assert time.monotonic() - began_s < 4
    threading.Event().wait(3)
    assert sixteen_bit(0.15) < started.level() < sixteen_bit(0.60)
    keeper.wait(20)
    assert started.level() == sixteen_bit(0.70)
    assert json.loads(started.kept.read_bytes())["ended"]


def until_keeper(started: Any) -> int:
    until(lambda: started.keeper() != 0)
    return int(started.keeper())
