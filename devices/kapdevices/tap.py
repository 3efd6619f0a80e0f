"""`kapconsole capture`: keeps the raw bytes of a port below any driver; listens only, never sends."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from kapdevices.capture import CaptureHeader, CaptureWriter
from kapdevices.catalog import find, parse_device
from kapdevices.ports import LineSettings, PortTrouble, open_port

SAY_EVERY_S = 5.0


def capture_port(
    address: str,
    file: Path,
    *,
    baud: int | None = None,
    seconds: float | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> int:
    """Write what arrives at `address` (a port, or PROTOCOL@PORT) to `file` until Ctrl-C or `seconds`; bytes kept.

    Raises ValueError or OSError in words: no such port, no such protocol, the file exists.
    """
    line, protocol = LineSettings(baud=baud or 9600), ""
    if "@" in address:
        spec = parse_device(address)
        address, protocol, line = spec.address, spec.protocol, find(spec.protocol).line(spec.format)
    try:
        port = open_port(address, line)
    except PortTrouble as trouble:
        raise ValueError(str(trouble)) from None
    try:
        writer = CaptureWriter(file, CaptureHeader(protocol=protocol, port=address, started=_now()))
    except FileExistsError:
        port.close()
        raise ValueError(f"{file} exists already; a capture is never overwritten") from None
    except BaseException:
        port.close()
        raise
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: ended.set())
    began_s = time.monotonic()
    said_s, taken = began_s, 0
    say(f"listening on {address}; Ctrl-C ends")
    try:
        while not ended.is_set() and not writer.full:
            now_s = time.monotonic()
            if seconds is not None and now_s - began_s >= seconds:
                break
            data = port.read(0.05)
            writer.write(round((time.monotonic() - began_s) * 1e6), "r", data)
            taken += len(data)
            if now_s - said_s >= SAY_EVERY_S:
                said_s = now_s
                say(f"{taken} bytes so far")
    except PortTrouble as trouble:
        say(str(trouble))
    finally:
        port.close()
        writer.close()
    if writer.full:
        say("the capture has reached its size limit")
    return taken


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
