"""What other limits would have done is what the engine says, and the recording is what it was."""

from __future__ import annotations

import pytest

from kapconsole.alarms.history import history, items_of, length_us, replayed
from kapconsole.alarms.limits import changed
from kapconsole.alarms.presets import load_preset
from kapconsole.events import Event
from kapconsole.replay.alarmsat import AlarmsAt
from kapconsole.replay.rehearsal import rehearse
from kapconsole.replay.whatif import Stopped, what_if
from kapconsole.session.timeline import Timeline
from tests.replay.session_files import alarmed

S = 1_000_000


def strict() -> object:
    import msgspec

    preset = load_preset()
    return msgspec.structs.replace(preset, name="strict", settings=changed(preset.settings, {"spo2.low": 96.0}))


def test_stricter_limits_would_have_alarmed_more_and_the_logged_alarms_stay() -> None:
    rows = alarmed()
    parts: list[float] = []
    answer = what_if(rows, load_preset(), strict(), lambda part: parts.append(part) is None)
    assert answer.logged
    assert [one.condition for one in answer.was.occurrences].count("P02") == 1
    assert [one.condition for one in answer.would.occurrences].count("P02") > 1
    assert answer.words == f"{len(answer.was.occurrences)} alarms logged, {len(answer.would.occurrences)} with strict"
    assert parts == sorted(parts)
    assert parts[-1] == 1
    assert answer.lane.name == "What if: strict"
    assert len(answer.lane.spans) == len(answer.would.occurrences)


def test_the_same_limits_give_the_alarms_that_were_logged() -> None:
    answer = what_if(alarmed(), load_preset(), load_preset())
    told = [(one.condition, one.began_s, one.ended_s) for one in answer.was.occurrences]
    assert told == [(one.condition, one.began_s, one.ended_s) for one in answer.would.occurrences]
    assert all(difference.was == difference.would for difference in answer.differences)


def test_a_log_without_alarms_is_held_against_the_standard() -> None:
    rows = rehearse(40, 10)
    answer = what_if(rows, load_preset(), strict())
    items = items_of(rows)
    expected = history(replayed(items, load_preset()), "standard", length_us(items))
    assert not answer.logged
    assert len(answer.was.occurrences) == len(expected.occurrences)
    assert "computed with standard" in answer.words


def test_it_can_be_called_off() -> None:
    with pytest.raises(Stopped):
        what_if(alarmed(), load_preset(), strict(), lambda part: part < 0.3)


def test_the_status_at_a_moment_is_what_was_alarming_then() -> None:
    timeline = Timeline()
    timeline.add_rows(alarmed())
    at = AlarmsAt(timeline.events)
    answer = what_if(alarmed(), load_preset(), load_preset())
    for one in answer.was.occurrences:
        assert one.ended_s is not None
        middle = at.status(round((one.began_s + one.ended_s) / 2 * S))
        assert middle is not None
        assert one.condition in {alarm.condition for alarm in middle.alarms}
        after = at.status(round((one.ended_s + 1) * S))
        assert after is not None
        assert one.occurrence not in {alarm.occurrence for alarm in after.alarms}


def test_where_no_alarms_were_logged_there_is_no_status_instead_of_a_quiet_one() -> None:
    timeline = Timeline()
    timeline.add_rows(rehearse(5, 1))
    assert AlarmsAt([event for event in timeline.events if isinstance(event, Event)]).status(100 * S) is None
