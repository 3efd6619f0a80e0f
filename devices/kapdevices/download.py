"""Reads what a device has kept in its memory: asks for it, waits for the end, gives the stored values."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from kapdevices.catalog import find
from kapdevices.decode import DecodedLine, single_line
from kapdevices.ports import Port, open_port
from kapdevices.readings import DeviceStatus, Numeric

READ_S = 0.05
SILENT_S = 15.0
"""A device that says nothing for this long is not going to send its memory."""

FAILED = "download-failed"
ENDS = ("download-done", FAILED)


class DownloadFailed(Exception):
    """The memory could not be read; the message says why."""


def download(
    protocol: str,
    address: str,
    *,
    now_s: Callable[[], float] = time.monotonic,
    opener: Callable[[str], Port] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Iterator[DecodedLine]:
    """The stored values of the device at `address`, in the order in which it sends them.

    Raises ValueError when the protocol has no stored data, PortTrouble, and DownloadFailed when the device stays silent
    or its memory cannot be read whole.
    """
    manifest = find(protocol)
    if not manifest.stored_formats:
        raise ValueError(f"{protocol} has no memory that can be read")
    format = manifest.stored_formats[0]
    driver = manifest.make_driver(format)
    port = opener(address) if opener else open_port(address, manifest.line(format))
    heard_at_s, ended = now_s(), None
    try:
        while ended is None:
            if asked := driver.transmit(now_s()):
                port.write(asked)
            data, at_s = port.read(READ_S), now_s()
            if data:
                heard_at_s = at_s
            elif at_s - heard_at_s > SILENT_S:
                raise DownloadFailed(f"nothing received for {SILENT_S:g} s: is the device on, and is it this one?")
            for reading in driver.receive(data, at_s):
                if isinstance(reading, DeviceStatus):
                    say(reading.text)
                    ended = reading if reading.code in ENDS else ended
                elif isinstance(reading, Numeric) and not reading.live:
                    yield single_line(reading, None)
        port.write(driver.farewell())
    finally:
        port.close()
    if ended.code == FAILED:
        raise DownloadFailed(ended.text)
