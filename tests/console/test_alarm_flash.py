"""AT-04: the flashing by the paint log, under full load too; a window that no longer paints is noticed."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer

from kapconsole.alarms.events import Priority
from kapconsole.console.flash import Flash, lit, monotonic_us
from kapconsole.console.paintlog import PaintLog, StripPainted, turns
from kapconsole.console.watchdog import Watchdog
from kapconsole.console.window import ConsoleWindow

LIMITS = {Priority.HIGH: (1.4, 2.8), Priority.MEDIUM: (0.4, 0.8)}
"""Hz; the lit part of each period is 20 to 60 % (IEC 60601-1-8, table 2)."""


def rhythm(entries: list[StripPainted], priority: Priority) -> tuple[float, float, int]:
    """(frequency in Hz, lit part of a period, whole periods) of what was painted."""
    changes = turns(entries, priority)
    ons = [at_us for at_us, on in changes if on]
    assert len(ons) >= 2, changes
    span_us = ons[-1] - ons[0]
    within = [change for change in changes if ons[0] <= change[0] <= ons[-1]]
    lit_us = sum(after[0] - before[0] for before, after in zip(within, within[1:], strict=False) if before[1])
    return 1e6 * (len(ons) - 1) / span_us, lit_us / span_us, len(ons) - 1


@pytest.mark.parametrize("priority", LIMITS)
@given(steps=st.lists(st.integers(min_value=1_000, max_value=90_000), min_size=200, max_size=200))
def test_at_04_the_rhythm_is_the_clocks_whatever_the_repaints_do(priority: Priority, steps: list[int]) -> None:
    now_us, log = 0, PaintLog(0)
    flash = Flash(lambda: now_us)
    total_us = sum(steps)
    for number in range(200 * max(1, 8_000_000 // total_us)):
        flash.turn([priority])
        log.painted(now_us, priority, flash.lit(priority))
        now_us += steps[number % 200]
    hertz, part, periods = rhythm(list(log.entries), priority)
    assert periods >= 2
    assert LIMITS[priority][0] <= hertz <= LIMITS[priority][1]
    assert 0.2 <= part <= 0.65


def test_at_04_the_chosen_figures() -> None:
    for priority, hertz in ((Priority.HIGH, 2.0), (Priority.MEDIUM, 0.6)):
        states = [lit(priority, at_us) for at_us in range(0, 10_000_000, 1_000)]
        begins = states[0] + sum(now and not before for before, now in zip(states, states[1:], strict=False))
        assert begins / 10 == pytest.approx(hertz, abs=0.1)
        assert sum(states) / len(states) == pytest.approx(0.5, abs=0.01)
    assert all(lit(Priority.LOW, at_us) for at_us in range(0, 10_000_000, 1_000)), "LOW is steady"


def test_an_alarm_begins_lit_and_everything_of_its_priority_is_lit_together(bench) -> None:
    bench.poll(0.37)
    bench.run(5, spo2=80)
    strip, tile = bench.strip, bench.window.view.spo2
    seen = set()
    for _ in range(20):
        bench.poll(0.05)
        bench.window.grab()
        seen.add((strip.log.entries[-1].lit, tile.log.entries[-1].lit))
    assert seen == {(True, True), (False, False)}


def _burn(until_s: float) -> None:
    while time.monotonic() < until_s:
        sum(range(1000))


@pytest.fixture
def full_load() -> Iterator[None]:
    """Every core of this machine computes for as long as the test measures."""
    context = multiprocessing.get_context("spawn")
    burners = [context.Process(target=_burn, args=(time.monotonic() + 60,)) for _ in range(os.cpu_count() or 1)]
    for burner in burners:
        burner.start()
    yield
    for burner in burners:
        burner.terminate()
        burner.join()
        burner.close()


def test_at_04_flash_frequency_and_duty_from_the_paint_log_under_full_load(qapp, bench, full_load) -> None:
    bench.run(20, pulse_rate=130)
    bench.run(4, spo2=80)
    bench.window.leave()
    window = ConsoleWindow(bench.feed, clock_us=monotonic_us)  # polls by itself, as in a session
    window.show()
    loop = QEventLoop()
    QTimer.singleShot(7_500, loop.quit)
    loop.exec()
    entries = {
        Priority.HIGH: list(window.view.strip.log.entries),
        Priority.MEDIUM: list(window.view.pulse.log.entries),
    }
    window.leave()
    window.deleteLater()
    QCoreApplication.processEvents()
    for priority, (least, most) in LIMITS.items():
        hertz, part, periods = rhythm(entries[priority], priority)
        assert periods >= 3, priority
        assert least <= hertz <= most, (priority, hertz)
        assert 0.2 <= part <= 0.6, (priority, part)


def test_flashing_keeps_its_rate_when_the_session_runs_faster(bench) -> None:
    bench.run(5, spo2=80)
    bench.strip.log.entries.clear()
    for _ in range(300):
        bench.feed.clock.advance(0.3)  # ten times as fast as life
        bench.feed.measure("spo2", 80)
        bench.poll(0.03)
        bench.window.grab()
    hertz, _, _ = rhythm(list(bench.strip.log.entries), Priority.HIGH)
    assert hertz == pytest.approx(2.0, rel=0.1)


def test_a_window_that_stops_looking_or_painting_is_noticed(bench) -> None:
    log = bench.window.paint_log
    bench.run(5, spo2=80)
    bench.window.grab()
    assert log.stuck_us(bench.mono_us) == 0
    assert log.stuck_us(bench.mono_us + 3_000_000) == 3_000_000, "nobody has looked for three seconds"
    for _ in range(10):
        bench.poll(0.3)  # it looks, but nothing is painted: no events are processed here
    assert log.stuck_us(bench.mono_us) > 2_000_000, "the strip owes a repaint"
    bench.window.grab()
    assert log.stuck_us(bench.mono_us) == 0


@pytest.mark.logs("the window has been frozen")
def test_the_watchdog_tells_once_that_the_window_is_frozen_and_that_it_is_back(bench, capfd) -> None:
    told: list[float] = []
    watchdog = Watchdog(bench.window.paint_log, told.append, lambda: bench.mono_us)
    bench.run(5, spo2=80)
    bench.window.grab()
    watchdog.look()
    assert told == []
    for _ in range(3):
        bench.mono_us += 2_000_000
        watchdog.look()
    assert told == [4.0]
    assert "most recent call first" in capfd.readouterr().err, "where it hangs is kept"
    bench.poll()
    bench.window.grab()
    watchdog.look()
    assert told == [4.0, 0.0]


@pytest.mark.logs("the window has been frozen")
def test_the_watchdog_watches_from_a_thread_of_its_own() -> None:
    told, heard = [], threading.Event()

    def hear(stuck_s: float) -> None:
        told.append(stuck_s)
        heard.set()

    watchdog = Watchdog(PaintLog(0), hear, lambda: 5_000_000)
    watchdog.start()
    assert heard.wait(20)
    watchdog.stop()
    assert told == [5.0]


def test_a_minimised_window_owes_no_repaint(bench) -> None:
    bench.window.grab()
    bench.window.showMinimized()
    bench.run(5, spo2=80)
    for _ in range(10):
        bench.poll(0.3)
    assert bench.window.paint_log.stuck_us(bench.mono_us) == 0


def test_the_quiet_strip_is_not_repainted_for_nothing(bench, later_of: Callable[[], int]) -> None:
    bench.poll()
    before = later_of()
    for _ in range(60):
        bench.poll(0.033)
    assert later_of() == before


@pytest.fixture
def later_of(bench, qapp) -> Callable[[], int]:
    """How often the strip has been painted, after all that waits has been done."""

    def count() -> int:
        qapp.processEvents()
        return len(bench.strip.log.entries)

    return count
