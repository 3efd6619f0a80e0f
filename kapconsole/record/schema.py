"""The tables of a session file, its format version, and the document that describes them."""

from __future__ import annotations

import inspect
import json
import textwrap
from typing import Any, get_args

import msgspec

from kapconsole import events, rows
from kapconsole.rows import METRIC_CODES, NUMERICS, QUALITY_CODES, WAVE, Row
from kapdevices.readings import UNITS, Metric, Numeric, Quality

FORMAT_VERSION = 1
APPLICATION_ID = 0x6B61706C
"""The four letters "kapl" in the SQLite header, so that `file` and others can tell what it is."""
SUFFIX = ".kaplog"

# Order matters nowhere but for reading: a session is `rec`; the rest says what it is, proves it and finds words in it.
TABLES: dict[str, tuple[str, str]] = {
    "meta": (
        "What the file is. `closed` appears when a person closed the session.",
        "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    ),
    "rec": (
        "Everything that happened, in order. `hash` chains each row to all before it.",
        "CREATE TABLE rec(seq INTEGER PRIMARY KEY, mono_us INTEGER NOT NULL, utc_us INTEGER NOT NULL,"
        " kind TEXT NOT NULL, actor TEXT NOT NULL, body BLOB NOT NULL,"
        " hash BLOB NOT NULL CHECK(length(hash) = 32)) STRICT",
    ),
    "anchor": (
        "Signatures over the chain: one in each minute of the session and one at its close.",
        "CREATE TABLE anchor(seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, utc_us INTEGER NOT NULL,"
        " public_key BLOB NOT NULL, signature BLOB NOT NULL) STRICT",
    ),
    "fts": (
        "Words of notes, marks and messages; the row id is `rec.seq`. An index only: the words stand in `rec`.",
        "CREATE VIRTUAL TABLE fts USING fts5(words, content='', tokenize='unicode61 remove_diacritics 2')",
    ),
}

_APPEND_ONLY = "a session log is append-only: write a new row that names the old one"
TRIGGERS: tuple[str, ...] = (
    *(
        f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table}"
        f" BEGIN SELECT RAISE(ABORT, '{_APPEND_ONLY}'); END"
        for table in ("rec", "anchor")
        for action in ("UPDATE", "DELETE")
    ),
    # INSERT OR REPLACE deletes without firing a delete trigger, so the order is held here. A recovered file may have
    # gaps; the writer makes none.
    "CREATE TRIGGER rec_in_order BEFORE INSERT ON rec WHEN NEW.seq <= (SELECT coalesce(max(seq), 0) FROM rec)"
    f" BEGIN SELECT RAISE(ABORT, '{_APPEND_ONLY}'); END",
    "CREATE TRIGGER anchor_in_order BEFORE INSERT ON anchor"
    " WHEN NEW.seq <= (SELECT coalesce(max(seq), 0) FROM anchor)"
    f" BEGIN SELECT RAISE(ABORT, '{_APPEND_ONLY}'); END",
)

_PLAIN_TYPES = {str: "text", int: "integer", float: "number", bool: "true or false"}

# Fields of event bodies whose text people look for.
_SEARCHED = ("text", "label", "phase", "drug", "route", "cue", "reason", "code", "protocol", "state", "process")


def statements() -> tuple[str, ...]:
    """What makes an empty database a session file."""
    tables = tuple(sql for _, sql in TABLES.values())
    return (*tables, *TRIGGERS, f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {FORMAT_VERSION}")


def code_tables() -> dict[str, str]:
    """The meanings of the numbers in packed rows, as they go into `meta`: JSON lists, the index is the code."""
    return {
        "metric_codes": json.dumps([metric.value for metric in METRIC_CODES]),
        "quality_codes": json.dumps([quality.value for quality in QUALITY_CODES]),
    }


def searchable(row: Row) -> str:
    """The words of a row that the full-text index holds; empty for rows without words."""
    if row.kind in (NUMERICS, WAVE):
        return ""
    try:
        body = msgspec.json.decode(row.body)
    except msgspec.DecodeError:
        return ""
    if not isinstance(body, dict):
        return ""
    return " ".join(value for field in _SEARCHED if isinstance(value := body.get(field), str) and value)


def document() -> str:
    """`docs/log-schema.md`, made from the docstrings and fields of events.py and rows.py."""
    parts = [
        "# The session log",
        "This document is generated: `python -m kapconsole.record.schema > docs/log-schema.md`.",
        f"A session is one SQLite file `NAME{SUFFIX}`, format version {FORMAT_VERSION} (`user_version`), application id"
        f" `0x{APPLICATION_ID:08x}`. It is written by one process and never changed afterwards: a correction is a new"
        " row that names the old one. An encrypted file is ChaCha20-Poly1305 per page (SQLite3 Multiple Ciphers,"
        " `cipher = chacha20`) with a random 256-bit key; the wrapped key stands beside it in"
        f" `NAME{SUFFIX}.key`.",
        "## Tables",
    ]
    for name, (meaning, sql) in TABLES.items():
        parts += [f"### {name}", meaning, f"```sql\n{sql};\n```"]
    parts += [
        "Triggers abort every UPDATE and DELETE on `rec` and `anchor`, and every INSERT that is not at the end.",
        "## The chain",
        "`hash` is the SHA-256 of: the hash of the row before (32 bytes; for the first row the SHA-256 of"
        " `kapconsole session log 1\\n`), then `seq`, `mono_us`, `utc_us` as big-endian signed 64-bit integers, then"
        " `kind`, `actor` (UTF-8) and `body`, each preceded by its length as a big-endian unsigned 32-bit integer. An"
        " anchor is an Ed25519 signature over `kapconsole anchor 1\\n`, `seq` and `utc_us` (as above) and the hash.",
        "## Rows",
        "`mono_us` is session time in microseconds since the session began, `utc_us` the same moment since 1970 UTC by"
        " the session's anchor. `kind` is the tag of an event, `numerics` or `wave`; `actor` is who or what did it.",
        "An event's body is JSON: its fields below, plus `type`, the kind.",
    ]
    parts += [_event_section(kind) for kind in get_args(events.Body)]
    parts += [
        f"### {NUMERICS}",
        "A second of numerics: 12-byte records, little-endian. A body without records says that the numerics of that"
        " second could not be written (the disk was full or failing).",
        _bullets({name: str(rows.NUMERIC_DTYPE.fields[name][0].str) for name in rows.NUMERIC_DTYPE.names or ()})
        if rows.NUMERIC_DTYPE.fields
        else "",
        "`dt_us`: microseconds after the row's `mono_us`. `value`: NaN when the device gave none.",
        f"### {WAVE}",
        f"A run of one waveform: a header of {rows.WAVE_HEADER.size} bytes (`{rows.WAVE_HEADER.format}`), then the"
        " samples, little-endian unsigned integers of `width` bytes. A header without samples says that the samples"
        " of that second could not be written.",
        "Header: start_us i64, span_us u32, source u8, metric u8, quality u8, width u8, full_scale u32.",
        "## Codes",
        "| code | metric | unit |\n| --- | --- | --- |\n"
        + "\n".join(f"| {code} | {metric.value} | {UNITS[metric]} |" for code, metric in enumerate(METRIC_CODES)),
        "| code | quality |\n| --- | --- |\n"
        + "\n".join(f"| {code} | {quality.value or '(good)'} |" for code, quality in enumerate(QUALITY_CODES)),
        "## Types inside events",
        _struct_section(Numeric),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _event_section(kind: type[msgspec.Struct]) -> str:
    return _struct_section(kind, title=str(kind.__struct_config__.tag))


def _struct_section(kind: type[msgspec.Struct], title: str | None = None) -> str:
    words = textwrap.dedent(inspect.getdoc(kind) or "")
    fields = {field.name: _type_words(field.type) for field in msgspec.structs.fields(kind)}
    return "\n\n".join([f"### {title or kind.__name__}", words, _bullets(fields)])


def _bullets(fields: dict[str, str]) -> str:
    return "\n".join(f"- `{name}`: {words}" for name, words in fields.items())


def _type_words(kind: Any) -> str:
    """A type as a reader of JSON needs it, the same on every Python version."""
    if kind is type(None):
        return "null"
    if kind is Metric or kind is Quality:
        return f"{kind.__name__} (text)"
    origin, arguments = getattr(kind, "__origin__", None), get_args(kind)
    if origin is tuple:
        return f"list of {_type_words(arguments[0])}"
    if origin is dict:
        return f"object of {_type_words(arguments[1])}"
    if arguments:
        return " or ".join(_type_words(argument) for argument in arguments)
    return _PLAIN_TYPES.get(kind) or str(kind.__name__)


if __name__ == "__main__":
    print(document(), end="")
