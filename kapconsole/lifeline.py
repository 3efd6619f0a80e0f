"""How a process of kapconsole gets its orders and notices that its launcher is gone: both by standard input.

The launcher writes one line of JSON and then keeps the pipe open. Secrets therefore stand on no command line and in
no environment, and the end of the pipe says that the launcher has died.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import BinaryIO

import msgspec

from kapconsole.clock import ClockFrame
from kapconsole.wire import Address


class Orders(msgspec.Struct, frozen=True):
    """What a process needs to know. `key_hex` is the session's key (empty: the log is not encrypted)."""

    address: Address
    frame: ClockFrame
    session_id: str = ""
    log_path: str = ""
    devices: tuple[str, ...] = ()
    subject: str = ""
    resume: bool = False
    key_hex: str = ""
    simulated: bool = False
    alarm_out: str = ""
    patient_out: str = ""
    alarm_preset: str = "standard"
    alarm_keepalive_dbfs: float | None = None
    remote_audio_pause: bool = False
    capture_dir: str = ""


def read_orders(descriptor: int = 0) -> Orders:
    """The orders from the first line of standard input. Raises msgspec.DecodeError when they cannot be read."""
    line = b""
    while not line.endswith(b"\n") and (data := os.read(descriptor, 65536)):
        line += data
    return msgspec.json.decode(line, type=Orders)


def write_orders(stream: BinaryIO, orders: Orders) -> None:
    """Give a child its orders; leave `stream` open for as long as the launcher lives."""
    stream.write(msgspec.json.encode(orders) + b"\n")
    stream.flush()


def when_launcher_is_gone(call: Callable[[], None], descriptor: int = 0) -> None:
    """Call `call` on a thread of its own when standard input ends."""

    def wait() -> None:
        # Not through sys.stdin: its lock, held by this thread, would abort the interpreter as it ends.
        while os.read(descriptor, 4096):
            pass
        call()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
