"""From zones' levels to what lamps take: DMX slots and device fractions. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kapconsole.cues.light.curves import device_fraction, eight_bit, kelvin_to_rgb, sixteen_bit
from kapconsole.cues.light.setup import CHANNELS, Fixture

SLOTS = 512
SWITCH_PERCENT = 50.0
HYSTERESIS_PERCENT = 5.0


def shown_percent(fixture: Fixture, percent: float) -> float:
    """The level that a fixture is given: never between zero and the least at which it glows."""
    return fixture.minimum if 0 < percent < fixture.minimum else percent


def fraction(fixture: Fixture, percent: float) -> float:
    """The device fraction (0 to 1) of a fixture at a perceived level."""
    return device_fraction(shown_percent(fixture, percent), fixture.curve)


def switched(percent: float, was_on: bool) -> bool:
    """Whether a fixture that only switches is on: from 55 % up, until 45 % down."""
    return percent > SWITCH_PERCENT + (-HYSTERESIS_PERCENT if was_on else HYSTERESIS_PERCENT)


def slots_of(fixture: Fixture, percent: float, cct_k: int | None = None, was_on: bool = False) -> bytes:
    """The fixture's DMX slots, as many as its kind has."""
    level = fraction(fixture, percent)
    kelvin = fixture.cct_k if cct_k is None else cct_k
    match fixture.kind:
        case "dimmer":
            return bytes((eight_bit(level),))
        case "dimmer16":
            return sixteen_bit(level).to_bytes(2, "big")
        case "rgb":
            return bytes(eight_bit(level * share) for share in kelvin_to_rgb(kelvin))
        case "rgbw":
            return bytes((0, 0, 0, eight_bit(level)))
        case "cct":
            cool = _cool_share(fixture, kelvin)
            return bytes((eight_bit(level * (1 - cool)), eight_bit(level * cool)))
        case "switch":
            return bytes((255 if switched(percent, was_on) else 0,))


def universe(
    fixtures: Sequence[Fixture], levels: Mapping[str, float], colours: Mapping[str, int], was: bytes = b""
) -> bytes:
    """All 512 slots of an output. `was`: the universe before, for the hysteresis of what only switches."""
    slots = bytearray(SLOTS)
    for fixture in fixtures:
        at = fixture.address - 1
        on = bool(was) and was[at] > 127
        slots[at : at + CHANNELS[fixture.kind]] = slots_of(
            fixture, levels.get(fixture.zone, 0.0), colours.get(fixture.zone), on
        )
    return bytes(slots)


def _cool_share(fixture: Fixture, kelvin: int) -> float:
    """How much of a two-colour lamp's light is cool white; colour temperatures mix along their reciprocals."""
    warm, cool = 1 / fixture.warm_k, 1 / fixture.cool_k
    return min(1.0, max(0.0, (warm - 1 / kelvin) / (warm - cool)))
