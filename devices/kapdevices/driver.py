"""What every driver is: bytes in, readings out, bytes due; no I/O and no clock of its own.

A driver is fed by hand: `receive` with what arrived, `transmit` for what is due to be sent. Time is given with each
call, in seconds of any monotonic clock, so a test needs neither port nor thread nor waiting.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from kapdevices.readings import Reading


class PacketCounts(msgspec.Struct, frozen=True):
    """How the bytes so far were understood: packets whose check held, packets whose check failed, bytes passed over."""

    good: int = 0
    bad: int = 0
    skipped: int = 0


class StartCuff(msgspec.Struct, frozen=True, tag="start-cuff"):
    """Inflate the cuff once. `patient` is the hose and algorithm: adult, paediatric or neonatal."""

    patient: str = "adult"
    initial_mmhg: int = 160


class StopCuff(msgspec.Struct, frozen=True, tag="stop-cuff"):
    """Deflate the cuff now, whatever it does."""


DeviceCommand = StartCuff | StopCuff


class NotPossible(Exception):
    """The device cannot do what was asked; the message says why, in words for a person."""


class Driver(Protocol):
    """One device on one link. Never raises for any input bytes and never invents a reading."""

    @property
    def counts(self) -> PacketCounts:
        """Packets good and bad, bytes skipped, since the driver was made."""
        ...

    def receive(self, data: bytes, now_s: float) -> list[Reading]:
        """Take bytes in any pieces; give the readings that they complete, in the order they were sent.

        Called about every 50 ms, with b"" in silence, so that a driver can give what a deadline found out: a cuff that
        did not answer, a board that stays mute.
        """
        ...

    def transmit(self, now_s: float) -> bytes:
        """Bytes due to be sent now; empty when there is nothing. Called at least every 50 ms."""
        ...

    def command(self, command: DeviceCommand, now_s: float) -> None:
        """Queue what a person asked for. Raises NotPossible with the reason in words."""
        ...

    def farewell(self) -> bytes:
        """Bytes to send on every way out: a cuff is told to stop, an association released.

        Empty when the device was asked for nothing, or goes quiet by itself.
        """
        ...
