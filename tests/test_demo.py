"""The demo's therapist: what it does when, and what it does about a refusal."""

from kapconsole.clock import ClockFrame
from kapconsole.commands import CuffStart
from kapconsole.demo import AGAIN_AFTER_S, DOSE_AT_S, PROGRESS, SCRIPT, Step, Therapist, progress_line, therapist
from kapconsole.events import Event, Measurement, NibpMeasured, PhaseEntered
from kapconsole.lifeline import Orders
from kapconsole.session.state import EMPTY, fold_all
from kapconsole.wire import Address
from kapdevices.readings import Metric, Quality


def test_steps_come_in_their_order_and_once() -> None:
    therapist = Therapist()
    early = therapist.due(DOSE_AT_S - 1)
    late = therapist.due(10_000)
    assert len(early) + len(late) == len(SCRIPT)
    assert therapist.due(20_000) == []


def test_a_refused_cuff_reading_is_tried_once_more() -> None:
    therapist = Therapist((Step(10, CuffStart()),))
    (command,) = therapist.due(10)
    therapist.answered(command.id, False, 11)
    assert therapist.due(12) == []
    (again,) = therapist.due(11 + AGAIN_AFTER_S)
    therapist.answered(again.id, True, 90)
    assert therapist.due(1000) == []


def test_a_restarted_therapist_does_nothing_twice() -> None:
    therapist = Therapist()
    therapist.skip_to(DOSE_AT_S + 1)
    assert all(command.body != CuffStart() for command in therapist.due(DOSE_AT_S + 1))


def test_progress_says_time_phase_and_newest_values() -> None:
    items = [
        Event(1, 60_000_000, 0, "demo", PhaseEntered(60_000_000, "inward")),
        Event(2, 600_000_000, 0, "2", NibpMeasured(2, 131.0, 82.0, 98.0, 88.0, Quality.GOOD, "")),
        Event(3, 700_000_000, 0, "2", NibpMeasured(2, None, None, None, None, Quality.MEASUREMENT_FAILED, "loose")),
        Measurement(719_000_000, 1, Metric.SPO2, 96.0, Quality.GOOD),
        Measurement(719_500_000, 1, Metric.PULSE_RATE, None, Quality.SENSOR_OFF),
    ]
    line = progress_line(fold_all(items), 720_000_000)
    assert line == "0:12:00 · inward · SpO2 96 % · pulse -- /min · NIBP 131/82 mmHg, 2 min ago"
    assert progress_line(EMPTY, 0) == "0:00:00 · no phase yet"


def test_the_therapist_says_where_the_session_is_only_when_asked() -> None:
    orders = Orders(Address("", ""), ClockFrame(0, 0, 1.0))
    assert PROGRESS in therapist(orders, progress=True).argv
    assert PROGRESS not in therapist(orders).argv
