"""Which devices there are: the manifests, read and checked. A driver is imported when it is made, not before.

`python -m kapdevices.catalog --readme` writes the table of devices into devices/README.md.
"""

from __future__ import annotations

import functools
import importlib
import sys
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import msgspec

from kapdevices.driver import Driver
from kapdevices.linefaults import LINE_FAULTS, FaultyLine
from kapdevices.patient import Patient
from kapdevices.ports import LineSettings
from kapdevices.readings import Metric

README = Path(__file__).parent.parent / "README.md"
TABLE_BEGIN = "<!-- devices: begin; written by python -m kapdevices.catalog --readme -->"
TABLE_END = "<!-- devices: end -->"


class Simulator(Protocol):
    """A device made of software: bytes from the host in, bytes due out; time in seconds, given with each call."""

    def receive(self, data: bytes, now_s: float) -> None:
        """Take what the host sent."""
        ...

    def transmit(self, now_s: float) -> bytes:
        """All bytes that became due since the last call."""
        ...


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A device that speaks the protocol; `note` says which format, cable or setting it needs."""

    maker: str
    model: str
    note: str = ""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a protocol folder says of itself. `quiet_s` is the longest silence of a healthy device, in seconds.

    `serial` holds for all formats but those in `serial_by_format`. `stored_formats` read a device's memory: for
    captures and decoding, never for a session.
    """

    id: str
    name: str
    status: Literal["from documents only", "proved on real captures", "tried on hardware"]
    models: tuple[Model, ...]
    serial: LineSettings
    quiet_s: float
    metrics: tuple[Metric, ...]
    commands: tuple[Literal["start-cuff", "stop-cuff"], ...]
    driver: str
    simulator: str
    sources: tuple[str, ...]
    formats: tuple[str, ...] = ()
    stored_formats: tuple[str, ...] = ()
    serial_by_format: dict[str, LineSettings] = {}
    not_implemented: tuple[str, ...] = ()
    unknowns: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    def line(self, format: str | None = None) -> LineSettings:
        """How the serial line is set for a format, or for the protocol by itself."""
        return self.serial_by_format.get(format or "", self.serial)

    def make_driver(self, format: str | None = None) -> Driver:
        """A new driver. Raises ValueError when the protocol has no such format."""
        return cast(Driver, _load(self.driver)(**self._options(format)))

    def make_simulator(self, patient: Patient, format: str | None = None, faults: tuple[str, ...] = ()) -> Simulator:
        """A new simulator of the device on `patient`, behind a faulty line where faults of the line are named.

        Raises ValueError for a format or fault that it does not have.
        """
        known = (*self.faults, *LINE_FAULTS)
        for fault in faults:
            if fault not in known:
                raise ValueError(f"{self.id} has no fault {fault!r}; it has: {', '.join(known)}")
        own = tuple(fault for fault in faults if fault in self.faults)
        options = self._options(format)

        def make() -> Simulator:
            return cast(Simulator, _load(self.simulator)(patient, faults=own, **options))

        of_the_line = tuple(fault for fault in faults if fault not in self.faults)
        return FaultyLine(make, of_the_line) if of_the_line else make()

    def _options(self, format: str | None) -> dict[str, str]:
        if format is None:
            return {}
        if format not in self.formats:
            raise ValueError(f"{self.id} has no format {format!r}; it has: {', '.join(self.formats) or 'none'}")
        return {"format": format}


class DeviceSpec(msgspec.Struct, frozen=True):
    """Which protocol is at which address, as a person writes it: `nonin@/dev/ttyUSB0` or `nonin:df7@COM3`."""

    protocol: str
    address: str
    format: str | None = None


@functools.cache
def catalog() -> Mapping[str, Manifest]:
    """All manifests by id, in alphabetical order. Raises ValueError naming file and key of what is wrong."""
    found: dict[str, Manifest] = {}
    for folder in sorted(files("kapdevices").iterdir(), key=lambda entry: entry.name):
        entry = folder.joinpath("manifest.toml")
        if folder.is_dir() and entry.is_file():
            where = f"{folder.name}/manifest.toml"
            manifest = read_manifest(entry.read_text("utf-8"), where)
            if manifest.id != folder.name:
                raise ValueError(f"{where}: id: {manifest.id!r} is not the name of its folder")
            found[manifest.id] = manifest
    return found


def read_manifest(text: str, where: str) -> Manifest:
    """A manifest from TOML text; `where` names the file. Raises ValueError naming file and key of what is wrong."""
    try:
        manifest = msgspec.convert(tomllib.loads(text), Manifest)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"{where}: {error}") from error
    for key in ("id", "name", "models", "metrics", "sources"):
        if not getattr(manifest, key):
            raise ValueError(f"{where}: {key}: is empty")
    for key in ("driver", "simulator"):
        if getattr(manifest, key).count(":") != 1:
            raise ValueError(f"{where}: {key}: must be written module:Class")
    if not manifest.quiet_s > 0:
        raise ValueError(f"{where}: quiet_s: must be more than 0 s")
    for key in ("stored_formats", "serial_by_format"):
        if unknown := set(getattr(manifest, key)) - set(manifest.formats):
            raise ValueError(f"{where}: {key}: {', '.join(sorted(unknown))} is not in formats")
    if "start-cuff" in manifest.commands and "stop-cuff" not in manifest.commands:
        raise ValueError(f"{where}: commands: what can start a cuff must be able to stop it")
    return manifest


def find(protocol: str) -> Manifest:
    """The manifest of a protocol. Raises ValueError that lists those there are."""
    try:
        return catalog()[protocol]
    except KeyError:
        raise ValueError(f"unknown protocol {protocol!r}; known are: {', '.join(catalog())}") from None


def parse_device(text: str) -> DeviceSpec:
    """Read `PROTOCOL@PORT` or `PROTOCOL:FORMAT@PORT`. Raises ValueError in words for anything else.

    A format that reads a device's memory is refused, too: what was kept is not the present.
    """
    what, at, address = text.strip().partition("@")
    if not at or not what or not address:
        raise ValueError(f"{text!r} is not a device: write PROTOCOL@PORT, for example nonin@/dev/ttyUSB0")
    protocol, colon, format = what.partition(":")
    manifest = find(protocol)
    if not colon:
        return DeviceSpec(protocol, address)
    if format not in manifest.formats:
        raise ValueError(f"{protocol} has no format {format!r}; it has: {', '.join(manifest.formats) or 'none'}")
    if format in manifest.stored_formats:
        live = [protocol, *(f"{protocol}:{one}" for one in manifest.formats if one not in manifest.stored_formats)]
        raise ValueError(
            f"{what} reads what the device has kept in its memory, which is not the present; "
            f"for the present write {' or '.join(live)}"
        )
    return DeviceSpec(protocol, address, format)


def table() -> str:
    """The devices as a Markdown table."""
    rows = ["| protocol | devices | values | cuff | line | status |", "|---|---|---|---|---|---|"]
    for manifest in catalog().values():
        name = f"[{manifest.name}](kapdevices/{manifest.id}/README.md), `{manifest.id}`"
        if manifest.formats:
            name += f" ({', '.join(manifest.formats)})"
        makers: dict[str, list[str]] = {}
        for model in manifest.models:
            makers.setdefault(model.maker, []).append(model.model)
        devices = "; ".join(f"{maker} {', '.join(models)}" for maker, models in makers.items())
        values = ", ".join(metric.value for metric in manifest.metrics)
        cuff = "start, stop" if "start-cuff" in manifest.commands else "-"
        line = _line_words(manifest.serial)
        line += "".join(f"; {name} {_line_words(own)}" for name, own in manifest.serial_by_format.items())
        rows.append(f"| {name} | {devices} | {values} | {cuff} | {line} | {manifest.status} |")
    return "\n".join(rows)


def _line_words(line: LineSettings) -> str:
    return f"{line.baud} {line.bytesize}{line.parity}{line.stopbits}"


def with_table(readme: str) -> str:
    """The text of devices/README.md with the table of the present manifests. Raises ValueError without its marks."""
    before, begin, rest = readme.partition(TABLE_BEGIN)
    _, end, after = rest.partition(TABLE_END)
    if not begin or not end:
        raise ValueError("the marks of the device table are missing")
    return f"{before}{begin}\n{table()}\n{end}{after}"


def _load(where: str) -> Any:
    module, _, name = where.partition(":")
    return getattr(importlib.import_module(module), name)


def main(arguments: list[str]) -> int:
    """Print the table, or with `--readme` write it into devices/README.md."""
    if arguments == ["--readme"]:
        README.write_text(with_table(README.read_text("utf-8")), "utf-8")
    elif arguments:
        print("usage: python -m kapdevices.catalog [--readme]", file=sys.stderr)
        return 2
    else:
        print(table())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
