"""A lamp made of software: does what it is told, so that a demo and tests have light to look at."""

from __future__ import annotations

from kapdevices.lights.lamp import LampStatus


class SimulatedLamp:
    """Keeps the level (0 to 1) that it was given last and confirms it; `unplugged` it does not answer."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.level: float | None = None
        self.unplugged = False

    @property
    def status(self) -> LampStatus:
        """How the lamp is."""
        return LampStatus("the lamp does not answer") if self.unplugged else LampStatus("", self.level)

    def show(self, level: float) -> None:
        """Be at `level` (0 to 1) now."""
        if not self.unplugged:
            self.level = level
