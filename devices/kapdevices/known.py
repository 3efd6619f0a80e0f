"""What was used before: which USB adapter leads to which protocol. Pure: text in and out, the file is the caller's.

Only adapters with a serial number are remembered. Two that carry the same one (cheap bridges share "0001") are no
memory: which of them is meant cannot be known.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kapdevices.catalog import catalog
from kapdevices.ports import PortInfo, same_adapter

VERSION = 1


class KnownDevice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A protocol, and its format where one was chosen, on an adapter told by USB ids and serial number."""

    vid: int
    pid: int
    serial_number: str
    product: str
    protocol: str
    format: str | None = None

    @property
    def what(self) -> str:
        """As it is written before the `@` of a device: `nonin`, `nonin:df7`."""
        return f"{self.protocol}:{self.format}" if self.format else self.protocol


class KnownDevices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is remembered, the latest last."""

    devices: tuple[KnownDevice, ...] = ()
    version: int = VERSION


def load(text: str) -> KnownDevices:
    """Read what `dump` wrote. Raises ValueError for anything else, or for a version that is not known here."""
    try:
        known = msgspec.json.decode(text, type=KnownDevices)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
    if known.version != VERSION:
        raise ValueError(f"version {known.version} is not known here")
    return known


def dump(known: KnownDevices) -> str:
    """As JSON, for a file that people may read."""
    return msgspec.json.format(msgspec.json.encode(known), indent=2).decode() + "\n"


def remember(known: KnownDevices, adapter: PortInfo, protocol: str, format: str | None = None) -> KnownDevices:
    """With this adapter's latest use; the very same object when there is nothing new or the adapter has no number."""
    if adapter.vid is None or adapter.pid is None or not adapter.serial_number:
        return known
    new = KnownDevice(adapter.vid, adapter.pid, adapter.serial_number, adapter.product, protocol, format)
    if new in known.devices:
        return known
    others = tuple(one for one in known.devices if not _is_at(one, adapter))
    return KnownDevices((*others, new))


def recall(known: KnownDevices, port: PortInfo, present: Sequence[PortInfo]) -> KnownDevice | None:
    """What was used at this port's adapter before; None for the unknown, the twin, and a protocol that is gone."""
    if not port.serial_number or sum(same_adapter(port, other) for other in present) != 1:
        return None
    found = next((one for one in known.devices if _is_at(one, port)), None)
    if found is None or found.protocol not in catalog():
        return None
    return found if found.format is None or found.format in catalog()[found.protocol].formats else None


def present_devices(known: KnownDevices, present: Sequence[PortInfo]) -> tuple[str, ...]:
    """The remembered devices whose adapters are plugged in, as they are named: `nonin@/dev/ttyUSB0`."""
    recalled = ((port, recall(known, port, present)) for port in present)
    return tuple(f"{one.what}@{port.path}" for port, one in recalled if one is not None)


def _is_at(known: KnownDevice, port: PortInfo) -> bool:
    return (known.vid, known.pid, known.serial_number) == (port.vid, port.pid, port.serial_number)
