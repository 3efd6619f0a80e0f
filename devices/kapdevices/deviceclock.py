"""What a device's own clock says, recorded beside ours now and then: drift and a wrong date can be seen later."""

from __future__ import annotations

from datetime import datetime, timedelta

from kapdevices.readings import DeviceStatus

FIRST_AFTER_S = 60.0
EVERY_S = 600.0
TOGETHER = timedelta(seconds=15)


class DeviceClock:
    """Hears the clock of each line or record; says it a minute after the first one and then every ten minutes.

    A digit may be damaged: it is said only when the one before was at most 15 s earlier.
    """

    def __init__(self) -> None:
        self._before: datetime | None = None
        self._due_s: float | None = None

    def hear(self, moment: datetime | None, now_s: float) -> list[DeviceStatus]:
        """`moment`: the device's time without a zone, None where it could not be read; `now_s`: the driver's time."""
        before, self._before = self._before, moment
        if moment is None or before is None or not timedelta(0) <= moment - before <= TOGETHER:
            return []
        if self._due_s is None:
            self._due_s = now_s + FIRST_AFTER_S
        if now_s < self._due_s:
            return []
        self._due_s = now_s + EVERY_S
        return [DeviceStatus("device-clock", f"the device's clock says {moment.isoformat(sep=' ')}")]


def parse_moment(text: bytes, form: str) -> datetime | None:
    """The moment that `text` says in `form` (as `datetime.strptime`), or None."""
    try:
        return datetime.strptime(text.decode("ascii"), form)  # devices know no zone
    except (UnicodeDecodeError, ValueError):
        return None
