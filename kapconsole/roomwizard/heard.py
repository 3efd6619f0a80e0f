"""What a person says they heard of a test tone, and what that means; pure."""

from __future__ import annotations

from enum import StrEnum


class Heard(StrEnum):
    """Where a tone was heard; the words of the buttons."""

    LEFT = "left ear only"
    RIGHT = "right ear only"
    BOTH = "both ears"
    NOWHERE = "nothing"
    ROOM = "in the room"


class Verdict(StrEnum):
    """`GOOD`: as it must be."""

    GOOD = "good"
    WRONG = "wrong"


def of_side(asked: Heard, said: Heard) -> tuple[Verdict, str]:
    """The verdict over the tone for one ear (`asked`: LEFT or RIGHT), and what to do in words."""
    if said is asked:
        return Verdict.GOOD, f"heard in the {asked.removesuffix(' only')} only"
    match said:
        case Heard.LEFT | Heard.RIGHT:
            return Verdict.WRONG, "the sides are swapped: turn the headphones round, or change the two plugs"
        case Heard.BOTH:
            return Verdict.WRONG, "both ears get it: switch off mono and spatial sound for this output in the system"
        case Heard.ROOM:
            return Verdict.WRONG, "this output is a loudspeaker, or the headphones are not plugged in: choose again"
        case _:
            return Verdict.WRONG, "nothing was heard: look at plug, volume knob and the system's volume, then try again"


def of_speaker(said: Heard) -> tuple[Verdict, str]:
    """The verdict over the alarm speaker's test pattern."""
    match said:
        case Heard.ROOM:
            return Verdict.GOOD, "heard in the room"
        case Heard.NOWHERE:
            return Verdict.WRONG, "nothing was heard: look at the speaker's plug, switch and volume, then try again"
        case _:
            return Verdict.WRONG, "the alarm must never be in the headphones: choose another output"
