"""A session to write: rows as the monitor makes them, with words that can be looked for."""

from __future__ import annotations

from kapconsole.events import (
    Body,
    DeviceState,
    DoseGiven,
    Event,
    Measurement,
    NibpMeasured,
    NoteTaken,
    PhaseEntered,
    SessionStarted,
    WavePiece,
)
from kapconsole.rows import NUMERICS, WAVE, Row, event_row, pack_numerics, pack_wave
from kapdevices.readings import Metric, Quality

UTC_US = 1_772_700_000_000_000


class Story:
    """Rows of a session, numbered by themselves."""

    MARKER = "Wildschweinfährte"

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def event(self, second: float, body: Body, actor: str = "staff") -> Row:
        mono_us = round(second * 1e6)
        return self._keep(event_row(Event(len(self.rows) + 1, mono_us, UTC_US + mono_us, actor, body)))

    def numerics(self, second: int) -> Row:
        items = [
            Measurement(second * 1_000_000 + 100_000 * index, 1, Metric.SPO2, 97.0, Quality.GOOD) for index in range(10)
        ]
        mono_us, body = pack_numerics(items)
        return self._keep(Row(len(self.rows) + 1, mono_us, UTC_US + mono_us, NUMERICS, "monitor", body))

    def wave(self, second: int) -> Row:
        samples = bytes((second * 7 + index) % 256 for index in range(75))
        start_us = second * 1_000_000
        piece = WavePiece(start_us, 1_000_000, 1, Metric.PLETH, Quality.GOOD, 255, 1, samples)
        return self._keep(Row(len(self.rows) + 1, start_us, UTC_US + start_us, WAVE, "monitor", pack_wave([piece])))

    def begin(self, subject: str = "K-17") -> Row:
        return self.event(
            0, SessionStarted("3f1c", subject, "0.1.0", "boot", 0, UTC_US, 1.0, "Europe/Berlin"), actor="monitor"
        )

    def seconds(self, first: int, last: int) -> list[Row]:
        """Two rows a second, and an event each fifth."""
        rows: list[Row] = []
        for second in range(first, last):
            rows += [self.numerics(second), self.wave(second)]
            if second % 5 == 0:
                rows.append(self.event(second + 0.5, NoteTaken(second * 1_000_000, f"{self.MARKER} {second}")))
        return rows

    def highlights(self) -> list[Row]:
        """One of each that a summary tells."""
        return [
            self.event(1, DeviceState(1, "nonin-df7", "/dev/ttyUSB0", "USB serial", "connected", "link is up")),
            self.event(2, PhaseEntered(2_000_000, "preparation")),
            self.event(3, DoseGiven(3_000_000, "ketamine", "im", 60.0)),
            self.event(4, NibpMeasured(2, 121.0, 78.0, 93.0, 64.0, Quality.GOOD, "")),
            self.event(5, NibpMeasured(2, None, None, None, None, Quality.MEASUREMENT_FAILED, "cuff loose")),
        ]

    def _keep(self, row: Row) -> Row:
        self.rows.append(row)
        return row
