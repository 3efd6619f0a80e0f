"""Reads the clinical data: packaged tables, and over them what a clinic's own files of the same name change.

A clinic's file names only what it changes: tables are merged key by key, lists and values are replaced, and an entry
that says `off = true` is taken away. Every error names the file and the place in it. The checksum of what is in force
goes into the session log, so that a recording says by which rules it was made.
"""

from __future__ import annotations

import hashlib
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from kapconsole.clinical import tables as tb
from kapconsole.clinical.coherence import problems

STAFF = "staff"
_ABOUT = ("version", "stored_by", "stored_at", "note")
_T = TypeVar("_T")


class ClinicalDataError(ValueError):
    """Clinical data that cannot be used; the message names the file and says why."""


class Origin(msgspec.Struct, frozen=True):
    """Where one file's rules come from: versions, who stored the site's, and a checksum of what both give together."""

    packaged: int
    site: int | None
    stored_by: str
    stored_at: str
    sha256: str

    @property
    def text(self) -> str:
        """For the log: "1" as packaged, "1+3 by A. Nurse" with a site's version 3 over it; then the checksum."""
        site = "" if self.site is None else f"+{self.site} by {self.stored_by or 'unnamed'}"
        return f"{self.packaged}{site} {self.sha256[:16]}"


class ClinicalData(msgspec.Struct, frozen=True):
    """Everything clinical that is data. `origins` by file name."""

    visits: tb.Visits
    roles: tb.Roles
    routes: tb.Routes
    marks: tb.Marks
    scales: tb.Scales
    screening: tb.Screening
    emergency: tb.Emergency
    staff: tb.Staff
    origins: dict[str, Origin]

    @property
    def versions(self) -> dict[str, str]:
        """What is in force, by file name, as it goes into the log."""
        return {name: origin.text for name, origin in self.origins.items()}


def load(site: Path | None = None) -> ClinicalData:
    """The packaged data with a clinic's folder `site` over it. Raises ClinicalDataError.

    A folder that is not there is no error; a file in it that belongs to no table is, since it would do nothing.
    """
    own = _site_files(site)
    origins: dict[str, Origin] = {}

    def read(name: str, kind: type[_T]) -> _T:
        packaged = resources.files("kapconsole") / "resources" / "clinical" / f"{name}.toml"
        base = _parsed(packaged.read_text("utf-8"), f"{name}.toml") if name != STAFF else {"version": 0}
        path = own.get(name)
        above = {} if path is None else _parsed(_text(path), path.name)
        merged = {key: value for key, value in _merged(base, above).items() if key not in _ABOUT}
        try:
            table = msgspec.convert(merged, kind)
        except msgspec.ValidationError as error:
            raise ClinicalDataError(f"{name}.toml: {error}") from None
        origins[name] = Origin(
            packaged=base["version"],
            site=above.get("version"),
            stored_by=above.get("stored_by", ""),
            stored_at=above.get("stored_at", ""),
            sha256=hashlib.sha256(msgspec.json.encode(merged, order="deterministic")).hexdigest(),
        )
        return table

    data = ClinicalData(
        visits=read("visits", tb.Visits),
        roles=read("roles", tb.Roles),
        routes=read("routes", tb.Routes),
        marks=read("marks", tb.Marks),
        scales=read("scales", tb.Scales),
        screening=read("screening", tb.Screening),
        emergency=read("emergency", tb.Emergency),
        staff=read(STAFF, tb.Staff),
        origins=origins,
    )
    found = "; ".join(problems(data))
    if found:
        raise ClinicalDataError(found)
    return data


_NAMES = ("visits", "roles", "routes", "marks", "scales", "screening", "emergency", STAFF)


def _site_files(site: Path | None) -> dict[str, Path]:
    if site is None or not site.is_dir():
        return {}
    found = {path.stem: path for path in sorted(site.glob("*.toml"))}
    strange = sorted(set(found) - set(_NAMES))
    if strange:
        raise ClinicalDataError(f"{found[strange[0]].name}: no such table; there are: {', '.join(_NAMES)}")
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ClinicalDataError(f"{path.name} cannot be read: {error}") from None


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ClinicalDataError(f"{name}: not TOML: {error}") from None
    version = table.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ClinicalDataError(f"{name}: version must be a whole number from 1 on")
    for key in _ABOUT[1:]:
        if not isinstance(table.get(key, ""), str):
            raise ClinicalDataError(f"{name}: {key} must be a text")
    return table


def _merged(base: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in above.items():
        held = merged.get(key)
        if isinstance(value, dict) and value.get("off") is True:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(held, dict):
            merged[key] = _merged(held, value)
        else:
            merged[key] = value
    return merged
