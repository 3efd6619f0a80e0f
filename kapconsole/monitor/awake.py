"""Keeps the machine awake and its screen on while a session is recorded."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Self

log = logging.getLogger("kapconsole.monitor")

MAY_SLEEP = "this computer may go to sleep during the session"


class Awake:
    """Holds off sleep from `with` to its end. `held` is False where the system takes no such wish."""

    def __init__(self) -> None:
        from wakepy import keep

        self._mode = keep.presenting(on_fail="pass")
        self.held = False

    def __enter__(self) -> Self:
        """Ask the system; never raises, since a session is recorded all the same."""
        try:
            self._mode.__enter__()
            self.held = bool(self._mode.active)
        except Exception:
            log.exception("sleep could not be held off")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the machine sleep again."""
        try:
            self._mode.__exit__(kind, error, trace)
        except Exception:
            log.exception("the wish to stay awake could not be taken back")
