"""The session's devices: their numbers in the log, and a link for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kapconsole.remembered import remember_when_connected
from kapconsole.session.runner import DeviceEntry
from kapdevices.capture import LIMIT_BYTES, CaptureHeader, CaptureWriter
from kapdevices.catalog import DeviceSpec, find, parse_device
from kapdevices.cuff import CuffGuard
from kapdevices.link import Link, LinkReport

if TYPE_CHECKING:
    from kapconsole.session.state import State


def number_devices(specs: Iterable[str], state: State) -> list[DeviceEntry]:
    """Give each device its number: the one it had in a resumed session, else the next. Raises ValueError."""
    known = {(device.protocol, device.port): source for source, device in state.devices.items()}
    highest = max(state.devices, default=0)
    entries: list[DeviceEntry] = []
    for text in specs:
        spec = parse_device(text)
        key = (spec.protocol, spec.address)
        if key in known:
            source = known[key]
        else:
            highest += 1
            source = highest
        manifest = find(spec.protocol)
        can_cuff = "start-cuff" in manifest.commands
        metrics = frozenset(manifest.metrics)
        entries.append(DeviceEntry(source, spec.protocol, spec.address, can_cuff, manifest.quiet_s, metrics))
    return entries


def make_link(
    text: str,
    entry: DeviceEntry,
    deliver: Callable[[int, LinkReport], None],
    session_now_us: Callable[[], int],
    now_s: Callable[[], float],
    guards: Mapping[int, CuffGuard],
    capture_dir: str,
) -> Link:
    """The link of one device, not started yet."""
    spec: DeviceSpec = parse_device(text)
    manifest = find(spec.protocol)

    def told(report: LinkReport) -> None:
        remember_when_connected(text, report)
        deliver(entry.source, report)

    return Link(
        f"{entry.source} {spec.protocol}",
        spec.address,
        partial(manifest.make_driver, spec.format),
        told,
        session_now_us,
        now_s,
        line=manifest.line(spec.format),
        quiet_s=manifest.quiet_s,
        guard=guards.get(entry.source, CuffGuard()),
        capture=open_capture(Path(capture_dir), entry) if capture_dir else None,
    )


def open_capture(folder: Path, entry: DeviceEntry, limit_bytes: int = LIMIT_BYTES) -> CaptureWriter:
    """A new file for the bytes of a device; never an old one overwritten. Raises OSError."""
    started = datetime.now(UTC)
    path = folder / f"{entry.source}-{entry.protocol}-{started:%Y%m%dT%H%M%S.%f}.kapcapture"
    header = CaptureHeader(protocol=entry.protocol, port=entry.port, started=started.isoformat(timespec="seconds"))
    return CaptureWriter(path, header, limit_bytes)
