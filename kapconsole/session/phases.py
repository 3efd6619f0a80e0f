"""The phases of a session, in their usual order (session reference: preparation to recovery)."""

from __future__ import annotations

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


def next_phase(phase: str | None) -> str | None:
    """The phase that usually follows; None after the last. Inward and emerge may be left in either direction."""
    if phase is None:
        return PHASES[0]
    position = PHASES.index(phase) + 1
    return PHASES[position] if position < len(PHASES) else None


def phase_label(phase: str) -> str:
    """How the phase is written on a screen: "Pre-dose"."""
    return phase[0].upper() + phase[1:]
