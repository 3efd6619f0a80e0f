"""The demo's therapist: what it does when, and what it does about a refusal."""

from kapconsole.commands import CuffStart
from kapconsole.demo import AGAIN_AFTER_S, DOSE_AT_S, SCRIPT, Step, Therapist


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
