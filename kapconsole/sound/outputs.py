"""What every sound output of the program keeps to: named exactly, never one that the system would choose."""

from __future__ import annotations

NOT_AN_OUTPUT = ("default", "sysdefault", "pulse", "pipewire", "jack", "dmix", "")
"""Names behind which the system chooses: an alarm might end up in headphones, music in the room."""


class NoOutput(Exception):
    """A sound output cannot be opened; the message says why, for the staff."""


def refuse_chosen(name: str, role: str) -> None:
    """Raise NoOutput for a name that names no device. `role` in words: "the patient's headphones"."""
    if name.rpartition(": ")[2].strip().lower() in NOT_AN_OUTPUT:
        raise NoOutput(f"{name!r} cannot be {role}: the system would choose a device; name one")
