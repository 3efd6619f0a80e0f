"""Faults of any line, whatever the device: wrong parity, noise, a device that starts anew, a cable pulled and put back.

Pure wrappers around a simulator. A pulled cable is more than silence, the port itself goes away; `pulled` tells the
simulator's host when.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from typing import Protocol

EVERY_S = 90.0
"""Once in this time the fault shows itself, towards the end."""

PULLED_S = 15.0
REBOOT_S = 8.0
NOISE_S = 10.0
NOISE_SHARE = 0.02

LINE_FAULTS = ("line-noise", "wrong-parity", "rebooted", "cable-pulled")


class _Simulator(Protocol):
    def receive(self, data: bytes, now_s: float) -> None: ...

    def transmit(self, now_s: float) -> bytes: ...


def pulled(now_s: float) -> bool:
    """True while the cable is out."""
    return now_s % EVERY_S > EVERY_S - PULLED_S


def with_parity(byte: int) -> int:
    """What a host without parity reads of a byte that was sent as seven bits with even parity: bit 7 is the parity."""
    seven = byte & 0x7F
    return seven | (0x80 if seven.bit_count() % 2 else 0)


def spoiled(
    data: bytes, faults: Collection[str], dice: random.Random, share: float = 0.005, lost_share: float | None = None
) -> bytes:
    """The bytes after a simulator's faults `noise` (a `share` of them has one bit turned) and `byte-loss`."""
    if not {"noise", "byte-loss"} & set(faults):
        return data
    lost = share if lost_share is None else lost_share
    out = bytearray()
    for byte in data:
        chance = dice.random()
        if "byte-loss" in faults and chance < lost:
            continue
        if "noise" in faults and chance > 1 - share:
            byte ^= 1 << dice.randrange(8)
        out.append(byte)
    return bytes(out)


class FaultyLine:
    """A simulator behind a line with faults from `LINE_FAULTS`; `make` makes it, anew after each reboot."""

    def __init__(self, make: Callable[[], _Simulator], faults: Collection[str], seed: int = 0) -> None:
        self._make = make
        self._device = make()
        self._faults = frozenset(faults)
        self._dice = random.Random(seed)
        self._down = False

    def receive(self, data: bytes, now_s: float) -> None:
        """What the host sent reaches the device unless that is just starting."""
        if not self._rebooting(now_s):
            self._device.receive(data, now_s)

    def transmit(self, now_s: float) -> bytes:
        """What is due, as it arrives over this line."""
        if self._rebooting(now_s):
            return b""
        data = self._device.transmit(now_s)
        if "wrong-parity" in self._faults:
            data = bytes(with_parity(byte) for byte in data)
        if "line-noise" in self._faults and now_s % EVERY_S > EVERY_S - NOISE_S:
            data = bytes(self._dice.randrange(256) if self._dice.random() < NOISE_SHARE else byte for byte in data)
        return data

    def _rebooting(self, now_s: float) -> bool:
        down = "rebooted" in self._faults and now_s % EVERY_S > EVERY_S - REBOOT_S
        if self._down and not down:
            self._device = self._make()
        self._down = down
        return down
