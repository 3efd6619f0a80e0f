"""The phases of a session, in their usual order (session reference 1), and which of them a kind of visit has."""

from __future__ import annotations

from collections.abc import Sequence

PHASES: tuple[str, ...] = (
    "prepare",
    "pre-dose",
    "dose",
    "onset",
    "inward",
    "emerge",
    "integrate",
    "recover",
)
"""Those of the day itself, which a session without a named kind of visit goes through."""

ALL_PHASES: tuple[str, ...] = ("screening", *PHASES, "follow-up")
"""With what comes on other days: 0 to 9 of the session reference."""


def next_phase(phase: str | None, phases: Sequence[str] = PHASES) -> str | None:
    """The phase that usually follows; None after the last. Inward and emerge may be left in either direction.

    `phases`: those of the kind of visit. From a phase that is none of them the next of them in the usual order follows.
    """
    if phase is None:
        return phases[0]
    after = ALL_PHASES.index(phase) + 1
    return next((name for name in ALL_PHASES[after:] if name in phases), None)


def passed(present: str | None, phase: str) -> bool:
    """True when `phase` is the present one or lies before it in the usual order."""
    return present is not None and ALL_PHASES.index(phase) <= ALL_PHASES.index(present)


def phase_label(phase: str) -> str:
    """How the phase is written on a screen: "Pre-dose"."""
    return phase[0].upper() + phase[1:]
