"""A rehearsed session loaded once, and a replay window on a clock turned by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from kapconsole.clock import FakeClock
from kapconsole.replay.rehearsal import Fault, rehearse
from kapconsole.replay.window import ReplayWindow
from kapconsole.session.timeline import Timeline


@pytest.fixture(scope="session")
def timeline() -> Timeline:
    """Forty minutes, the dose at minute ten, a motion artefact and a pulled cable."""
    made = Timeline()
    made.add_rows(rehearse(40, 10, [Fault(900, 940, "motion"), Fault(1500, 1560, "cable")]))
    return made


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def window(qapp: QApplication, timeline: Timeline, clock: FakeClock) -> Iterator[ReplayWindow]:
    made = ReplayWindow("K-0142.kaplog", timeline, "chain verified", clock_us=clock.now_us, frame_ms=0)
    made.show()
    yield made
    made.close()
    made.deleteLater()
