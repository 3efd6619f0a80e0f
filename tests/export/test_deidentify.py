"""Nothing that names a person survives, whatever kind of event it stood in; numbers and times since the begin do."""

from __future__ import annotations

import enum
import types
import typing
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, Literal, Union

import msgspec
import pytest

from kapconsole.clinical.clients.plain import readable_timeline
from kapconsole.export.deidentify import deidentified, event_types, random_code, vocabulary
from kapconsole.rows import NUMERICS, WAVE, Row, row_event

MARKER = "Mathilde Wildschwein"
START_UTC_US = 1_772_700_000_000_000
KINDS = event_types()


def seeded(kind: Any) -> Any:
    """A value of a type with the marker wherever words may stand."""
    if typing.get_origin(kind) in (Union, types.UnionType):
        arms = [arm for arm in typing.get_args(kind) if arm is not type(None)]
        return seeded(arms[0])
    if typing.get_origin(kind) is Literal:
        return typing.get_args(kind)[0]
    if typing.get_origin(kind) is dict:
        return {MARKER: seeded(typing.get_args(kind)[1])}
    if typing.get_origin(kind) in (tuple, list):
        inner = [arm for arm in typing.get_args(kind) if arm is not Ellipsis]
        return [seeded(arm) for arm in inner]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return next(iter(kind)).value
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return body_of(kind)
    return {str: MARKER, bool: True, int: 3, float: 1.5, bytes: ""}.get(kind, MARKER)


def body_of(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {field.encode_name: seeded(field.type) for field in msgspec.structs.fields(kind)}


def row(kind: str, body: dict[str, Any], seq: int = 1, actor: str = f"console:{MARKER}") -> Row:
    raw = msgspec.json.encode({"type": kind, **body})
    return Row(seq, 1_000_000, START_UTC_US + 1_000_000, kind, actor, raw)


@pytest.mark.parametrize("tag", sorted(KINDS))
def test_no_word_of_a_person_is_left_in_any_kind_of_event(tag: str) -> None:
    before = row(tag, body_of(KINDS[tag]))
    assert MARKER.encode() in before.body or b'"' in before.body
    (after,) = deidentified([before], "S-AAAAAA")
    assert MARKER not in str(after)
    assert "Wildschwein" not in str(after)
    assert after.seq == before.seq
    assert after.mono_us == before.mono_us
    # What is left can still be read by the same version.
    msgspec.json.decode(after.body, type=KINDS[tag])


def test_a_kind_that_nobody_knows_keeps_its_place_and_nothing_else() -> None:
    (after,) = deidentified([row("wildschwein-seen", {"who": MARKER, "number": 4915112345})], "S-AAAAAA")
    assert after.kind == "unknown-kind"
    assert b"4915112345" not in after.body
    assert "wildschwein" not in str(after).lower()


def test_days_are_gone_and_the_year_stays(day: ModuleType) -> None:
    rows = deidentified(day.dosing_day(minutes=40).rows, "S-AAAAAA")
    first = datetime.fromtimestamp(rows[0].utc_us / 1e6, UTC)
    assert first == datetime(2026, 1, 1, tzinfo=UTC)
    assert all(row.utc_us - row.mono_us == rows[0].utc_us for row in rows)
    started = row_event(rows[0]).body
    assert started.utc_origin_us == rows[0].utc_us  # type: ignore[union-attr]
    assert started.time_zone == "UTC"  # type: ignore[union-attr]


def test_a_number_that_may_be_a_day_does_not_stay() -> None:
    (after,) = deidentified([row("note-taken", {"at_us": START_UTC_US, "text": "", "about": None})], "S-AAAAAA")
    assert str(START_UTC_US) not in after.body.decode()


def test_what_a_supervisor_needs_stays(day: ModuleType) -> None:
    before = day.dosing_day(minutes=40)
    rows = deidentified(before.rows, "S-AAAAAA")
    assert [row.body for row in rows if row.kind in (NUMERICS, WAVE)] == [
        row.body for row in before.rows if row.kind in (NUMERICS, WAVE)
    ]
    timeline, _ = readable_timeline(rows)
    state = timeline.state
    assert [phase.phase for phase in state.phases][:3] == ["prepare", "pre-dose", "dose"]
    assert [(dose.drug, dose.route, dose.amount_mg) for dose in state.doses] == [("ketamine", "im", 60.0)]
    assert state.devices[1].protocol == "nonin"
    assert max(view.reading.sys_mmhg or 0 for view in state.nibp) == 152
    bodies = [msgspec.json.decode(row.body) for row in rows if row.kind == "alarm-began"]
    assert {body["condition"] for body in bodies} == {"P02"}


def test_people_become_numbers_and_stay_apart() -> None:
    actors = ["monitor", "console:anna", "console:bert", "console:anna", "room"]
    rows = deidentified([row("session-closed", {"reason": "x"}, seq, who) for seq, who in enumerate(actors, 1)], "S-A")
    assert [row.actor for row in rows] == ["monitor", "person 1", "person 2", "person 1", "room"]


def test_codes_are_chance() -> None:
    codes = {random_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(code.startswith("S-") and len(code) == 8 for code in codes)


def test_the_vocabulary_is_the_program_s_own() -> None:
    words = vocabulary()
    assert {"PHQ-9", "crying", "moaas", "P02", "inward", "standard"} <= words
    assert MARKER not in words
