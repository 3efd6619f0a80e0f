"""The site's memory of adapters, kept in devices.json: read by `run` and `devices`, written when a device first talks.

A memory that cannot be read or written is said and never stops a session.
"""

from __future__ import annotations

import logging
import os
import threading

from kapconsole.paths import FolderTrouble, state_dir
from kapdevices.catalog import parse_device
from kapdevices.known import KnownDevices, dump, load, remember
from kapdevices.link import LinkPhase, LinkReport, LinkState
from kapdevices.ports import present_ports

FILE = "devices.json"

log = logging.getLogger(__name__)
_writing = threading.Lock()
"""Two devices that begin to talk together must not overwrite each other's line."""


def read_remembered() -> tuple[KnownDevices, str]:
    """What is remembered, and what is wrong with its file in words (empty: nothing)."""
    try:
        path = state_dir() / FILE
        return load(path.read_text("utf-8")), ""
    except FileNotFoundError:
        return KnownDevices(), ""
    except FolderTrouble as trouble:
        return KnownDevices(), str(trouble)
    except (OSError, ValueError) as trouble:  # UnicodeDecodeError is a ValueError
        return KnownDevices(), f"{path} cannot be read ({trouble}); no device is remembered until one talks again"


def remember_when_connected(device: str, report: LinkReport) -> None:
    """Remember the adapter of `device` (PROTOCOL@PORT) when its link reports the first good packet.

    To be called with every report, on the link's own thread; does nothing for any other report, and nothing for a port
    without an adapter that has a serial number. Never raises.
    """
    if not isinstance(report, LinkState) or report.state is not LinkPhase.CONNECTED or not report.adapter:
        return
    at_it = [port for port in present_ports() if port.in_words() == report.adapter]
    if len(at_it) != 1:
        return  # pulled again, or a twin: which one talked cannot be known
    spec = parse_device(device)
    with _writing:
        known, _ = read_remembered()
        new = remember(known, at_it[0], spec.protocol, spec.format)
        if new is known:
            return
        try:
            path = state_dir() / FILE
            draft = path.with_name(f".{FILE}.{os.getpid()}")
            draft.write_text(dump(new), "utf-8")
            os.replace(draft, path)
        except (OSError, FolderTrouble) as trouble:
            log.warning("the adapter of %s is not remembered: %s", device, trouble)
