"""Takes out of a session's rows what could name a person: the Safe Harbor list (45 CFR 164.514(b)(2)) as code.

The rule goes by types, so that it holds for kinds of events that come later: numbers and enumerated words stay, times
of day become times since the session began, and free text goes, unless it is a word that the program itself has. What
is not known to be harmless is not kept.
"""

from __future__ import annotations

import enum
import re
import secrets
import tomllib
import types
import typing
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib import resources
from typing import Any, Literal, Union

import msgspec

from kapconsole import events as ev
from kapconsole.alarms.conditions import CONDITIONS
from kapconsole.alarms.limits import Settings, flat
from kapconsole.alarms.wishes import RED_FLAGS
from kapconsole.clinical.clients.events import CourseBody
from kapconsole.clinical.instruments.events import InstrumentBody
from kapconsole.commands import ROUTES
from kapconsole.rows import NUMERICS, WAVE, Row
from kapconsole.session.phases import PHASES
from kapdevices.catalog import catalog

PROCESSES = frozenset(("monitor", "room", "annunciator", "console", "light", "launcher", "schedule"))
_UTC = ("utc_us", "utc_origin_us", "wall_utc_us", "start_utc_us", "stop_utc_us")
_A_DATE_US = 10**14
"""A number this large is no session time (three years), so it may be a day that is not known to be one."""

OLDEST_YEARS = 90
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_CODE_WORDS = (
    *("opening", "connected", "silent", "lost", "back", "ok", "low", "slow", "failing", "started", "ended", "gone"),
    *("escalated", "worsened", "paused", "sounds-again", "latched", "recurred", "reminder", "unknown", "known"),
    *("cleared", "closed", "open", "delay", "cuff", "time over", "by a person", "restart", "discharged"),
    *("spo2", "pulse_rate", "resp_rate", "nibp", "self", "clinician", "yes", "no", "not known"),
    *("dosing", "integration", "preparation", "screening", "follow-up", "pre-dose", "discharge", "session"),
    *("rate", "resumed", "stopped", "whispered name", "loud name", "touch", "counted", "stethoscope", "other monitor"),
    *("next", "time", "skip", "ease", "resolve", "onward", "play", "resume", "again", "pause", "fade", "silence"),
    *("ketamine", "esketamine", "adult", "paediatric", "neonatal", "contraindication", "caution", "note"),
    *("sedation", "resp-rate", "infusion-end", "go", "follow", "phase", "music", "level", "house", "exam"),
    *(str(number) for number in range(10)),
)
_VERSION = re.compile(r"\d+(\.\d+){1,3}([a-z]+\d*)?")


def random_code() -> str:
    """A code for a copy, made of chance alone (164.514(c)): nothing leads back from it."""
    return "S-" + "".join(secrets.choice(_LETTERS) for _ in range(6))


def deidentified(rows: Sequence[Row], code: str, kinds: dict[str, type[msgspec.Struct]] | None = None) -> list[Row]:
    """The rows of a supervision copy under `code`: as many, with the same numbers and session times.

    The copy begins on 1 January, 00:00 UTC of the session's year. `kinds`: event types by tag; all, when not given.
    """
    scrub = _Scrubber(code, kinds or event_types(), vocabulary())
    start_utc_us = rows[0].utc_us - rows[0].mono_us if rows else 0
    year = datetime.fromtimestamp(start_utc_us / 1e6, UTC).year
    scrub.shift_us = int(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1e6) - start_utc_us
    return [scrub.row(row) for row in rows]


def event_types() -> dict[str, type[msgspec.Struct]]:
    """Every type of event body by its tag."""
    unions = (ev.Body, InstrumentBody, CourseBody)
    kinds = [kind for union in unions for kind in (typing.get_args(union) or (union,))]
    return {str(kind.__struct_config__.tag): kind for kind in kinds}


def vocabulary() -> frozenset[str]:
    """The words that may stay: those of the program's own packaged data, and what its code writes.

    A site's own data are not among them: their words may say where it is, or who.
    """
    words = set(_CODE_WORDS) | set(CONDITIONS) | set(RED_FLAGS) | set(ROUTES) | set(PHASES) | set(catalog())
    words |= PROCESSES | set(flat(Settings()))
    folders = [resources.files("kapconsole") / "resources"]
    while folders:
        for entry in folders.pop().iterdir():
            if entry.is_dir():
                folders.append(entry)
            elif entry.name.endswith(".toml"):
                words |= set(_texts(tomllib.loads(entry.read_text("utf-8"))))
    return frozenset(words)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, held in value.items():
            yield key
            yield from _texts(held)
    elif isinstance(value, list):
        for held in value:
            yield from _texts(held)


class _Scrubber:
    def __init__(self, code: str, kinds: dict[str, type[msgspec.Struct]], allowed: frozenset[str]) -> None:
        self.code = code
        self.shift_us = 0
        self._session_id = str(uuid.uuid4())
        self._kinds = kinds
        self._allowed = allowed
        self._people: dict[str, str] = {}

    def row(self, row: Row) -> Row:
        if row.kind in (NUMERICS, WAVE):
            return Row(row.seq, row.mono_us, row.utc_us + self.shift_us, row.kind, "monitor", row.body)
        kind = self._kinds.get(row.kind)
        body: dict[str, Any] = {}
        if kind is not None:
            try:
                body = self._struct(msgspec.json.decode(row.body, type=dict[str, Any]), kind)
            except msgspec.DecodeError:
                body = {}
        if row.kind == "session-started":
            body |= {"session_id": self._session_id, "subject": self.code, "time_zone": "UTC"}
        # A kind that this version does not know may be named after anything.
        name = row.kind if kind is not None else "unknown-kind"
        raw = msgspec.json.encode({"type": name, **body})
        return Row(row.seq, row.mono_us, row.utc_us + self.shift_us, name, self._actor(row.actor), raw)

    def _actor(self, actor: str) -> str:
        if actor in PROCESSES:
            return actor
        return self._people.setdefault(actor, f"person {len(self._people) + 1}")

    def _struct(self, body: dict[str, Any], kind: type[msgspec.Struct]) -> dict[str, Any]:
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        return {name: self._value(name, value, fields[name].type) for name, value in body.items() if name in fields}

    def _value(self, name: str, value: Any, kind: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return self._number(name, value)
        if isinstance(value, str):
            return value if _enumerated(value, kind) else self._word(name, value)
        arms = [arm for arm in _arms(kind) if arm is not type(None)]
        if isinstance(value, list):
            arguments = next((typing.get_args(arm) for arm in arms if typing.get_origin(arm) in (tuple, list)), ())
            if not arguments:
                return []
            inner = arguments[:-1] if arguments[-1] is Ellipsis else arguments
            return [self._value(name, item, inner[min(place, len(inner) - 1)]) for place, item in enumerate(value)]
        for arm in arms:
            if isinstance(arm, type) and issubclass(arm, msgspec.Struct):
                return self._struct(value, arm)
            if typing.get_origin(arm) is dict:
                held = typing.get_args(arm)[1]
                return {key: self._value(name, item, held) for key, item in value.items() if key in self._allowed}
        return {}

    def _number(self, name: str, value: float) -> float:
        if name in _UTC:
            return value + self.shift_us
        if name in ("mono_origin_ns", "pid") or abs(value) >= _A_DATE_US:
            return 0
        return min(value, OLDEST_YEARS) if name in ("age", "age_years") else value

    def _word(self, name: str, value: str) -> str:
        if name == "app_version":
            return value if _VERSION.fullmatch(value) else ""
        if name == "protocol":
            value = value.partition(":")[0]
        return value if value in self._allowed else ""


def _arms(kind: Any) -> tuple[Any, ...]:
    return typing.get_args(kind) if typing.get_origin(kind) in (Union, types.UnionType) else (kind,)


def _enumerated(value: str, kind: Any) -> bool:
    for arm in _arms(kind):
        if isinstance(arm, type) and issubclass(arm, enum.Enum) and value in {member.value for member in arm}:
            return True
        if typing.get_origin(arm) is Literal and value in typing.get_args(arm):
            return True
    return False
