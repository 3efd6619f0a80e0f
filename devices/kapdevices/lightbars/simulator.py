"""A bar made of software: takes a line's bytes, keeps the pictures it would have shown, and judges them.

Has the face of every simulator of the shelf, so that `kapdevices.simulate` puts it on a pseudo-terminal.
"""

from __future__ import annotations

import msgspec

from kapdevices.lightbars.frames import TPM2_DATA, TPM2_END, TPM2_START, BarProtocol
from kapdevices.lightbars.unpack import Unpacker
from kapdevices.lightbars.wled import ABOUT, READ_BACK, VERSION

BOOT = b"Ada\n"
LIVE_S = 2.5
"""After so long without a frame a WLED shows its own effect: on a bar that is set up for the room, nothing."""
MOST_LIT = 6


class Shown(msgspec.Struct, frozen=True):
    """One picture and when it was whole, in the simulator's seconds."""

    at_s: float
    picture: bytes

    @property
    def lit(self) -> list[int]:
        """The LEDs that give light."""
        return [led for led in range(len(self.picture) // 3) if any(self.picture[3 * led : 3 * led + 3])]

    @property
    def spot(self) -> float | None:
        """Where the middle of the light is, in LEDs from 0; None where it is dark."""
        weights = [sum(self.picture[place : place + 3]) for place in range(0, len(self.picture), 3)]
        whole = sum(weights)
        return sum(led * weight for led, weight in enumerate(weights)) / whole if whole else None


class Judgement(msgspec.Struct, frozen=True):
    """What a bar saw: frames and damaged ones; most LEDs lit at once, highest value; faults in words."""

    frames: int
    bad: int
    most_lit: int
    highest: int
    longest_gap_s: float
    faults: tuple[str, ...]


class SimulatedBar:
    """A WLED-like bar with `leds` LEDs that speaks one protocol. `shown` holds what it has shown, in order."""

    def __init__(self, leds: int, protocol: BarProtocol = BarProtocol.ADALIGHT, led_cap: int = 200) -> None:
        self.shown: list[Shown] = []
        self.bad = 0
        self.leds, self._cap = leds, led_cap
        self._wrong_length = 0
        self._unpacker = Unpacker(protocol)
        self._out = bytearray(BOOT)
        self._picture = bytes(3 * leds)

    def receive(self, data: bytes, now_s: float) -> None:
        """Take what the host sent."""
        unpacked = self._unpacker.feed(data)
        self.bad += unpacked.bad
        for picture in unpacked.pictures:
            self._wrong_length += len(picture) != 3 * self.leds
            self._picture = picture
            self.shown.append(Shown(now_s, picture))
        if not unpacked.pictures:
            self._answer(unpacked.others)

    def transmit(self, now_s: float) -> bytes:
        """What is due to the host."""
        due = bytes(self._out)
        self._out.clear()
        return due

    def dark(self, now_s: float) -> bool:
        """Whether the bar gives no light at a moment: its last picture is black, or its live mode has ended."""
        return not self.shown or not any(self._picture) or now_s - self.shown[-1].at_s > LIVE_S

    def judge(self) -> Judgement:
        """Hold what was shown against what a bar in a set may show: one spot, under its cap, never all at once."""
        faults = []
        lit = [len(shown.lit) for shown in self.shown]
        highest = max((max(shown.picture) for shown in self.shown), default=0)
        if max(lit, default=0) > MOST_LIT:
            faults.append(f"{max(lit)} LEDs lit at once")
        if highest > self._cap:
            faults.append(f"a value of {highest} is above the cap of {self._cap}")
        if self.bad:
            faults.append(f"{self.bad} damaged frames")
        if self._wrong_length:
            faults.append(f"{self._wrong_length} frames are not of {self.leds} LEDs")
        if any(_torn(shown.lit) for shown in self.shown):
            faults.append("more than one spot")
        if self.shown and any(self._picture):
            faults.append("the last picture is not black")
        gaps = [after.at_s - before.at_s for before, after in zip(self.shown, self.shown[1:], strict=False)]
        return Judgement(len(self.shown), self.bad, max(lit, default=0), highest, max(gaps, default=0.0), tuple(faults))

    def _answer(self, others: bytes) -> None:
        if ABOUT.strip() in others:
            state = {"on": any(self._picture), "bri": 128}
            self._out += msgspec.json.encode({"state": state, "info": {"ver": "0.15.0", "leds": {"count": self.leds}}})
            self._out += b"\n"
        elif others == VERSION:
            self._out += b"WLED 2508020\n"
        elif others == READ_BACK:
            size = len(self._picture).to_bytes(2, "big")
            self._out += bytes((TPM2_START, TPM2_DATA)) + size + self._picture + bytes((TPM2_END, 0x0A))


def _torn(lit: list[int]) -> bool:
    return bool(lit) and lit[-1] - lit[0] >= len(lit)
