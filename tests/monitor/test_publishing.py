"""Nothing is shown as done before it is on disk, and a failing disk does not blind the room."""

from kapconsole.events import Row
from kapconsole.monitor.publishing import PATIENCE_S, Waiting
from kapconsole.session.runner import Outcome


def outcome(*seqs: int) -> Outcome:
    return Outcome(rows=tuple(Row(seq, 0, 0, "note-taken", "x", b"") for seq in seqs))


def test_an_outcome_waits_for_its_last_row() -> None:
    waiting = Waiting()
    first, second = outcome(1, 2), outcome(3)
    waiting.put(first, 0.0)
    waiting.put(second, 0.0)
    assert list(waiting.committed(1)) == []
    assert list(waiting.committed(2)) == [first]
    assert list(waiting.committed(9)) == [second]


def test_order_is_kept_even_when_the_disk_is_late() -> None:
    waiting = Waiting()
    first, second = outcome(1), outcome(2)
    waiting.put(first, 0.0)
    waiting.put(second, PATIENCE_S)
    assert list(waiting.overdue(PATIENCE_S)) == []
    assert list(waiting.overdue(PATIENCE_S + 0.01)) == [first]
    assert list(waiting.committed(2)) == [second]
