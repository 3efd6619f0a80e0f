"""`kapconsole find`, and which devices `kapconsole run` takes when it was not told: the words around the search."""

from __future__ import annotations

import queue
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Sequence

import msgspec

from kapconsole.remembered import read_remembered
from kapdevices.catalog import catalog, parse_device
from kapdevices.find import LISTEN_S, PROBES, Found, NotFound, Progress, Why, cannot_be_heard, line_words, listen
from kapdevices.known import present_devices
from kapdevices.linefaults import LINE_FAULTS
from kapdevices.patient import SCENARIOS
from kapdevices.ports import present_ports

AUTO = "auto@"

Say = Callable[[str], None]


class NoDevice(Exception):
    """There is no device to go on with; the message says what to do."""


def find_devices(ports: Sequence[str], *, probe: bool, seconds: float | None, json: bool) -> int:
    """Look at the ports (none named: all that are present), print a line for each. Returns 0 when one was found.

    Raises NoDevice when there is nothing to look at, or when a probe was asked for and no port named for it.
    """
    if probe and not ports:
        raise NoDevice("--probe sends questions to a port: name the port that may be asked")
    addresses = list(dict.fromkeys(ports)) or [port.path for port in present_ports()]
    if not addresses:
        if json:
            print("[]")
            return 1
        raise NoDevice("no serial port is present: plug the adapter in, or name a port")
    answers: dict[str, Found | NotFound] = {}
    shown = _ProgressLine()
    for said in _all(addresses, probe, seconds or LISTEN_S):
        if isinstance(said, Progress):
            shown.show(said)
            continue
        answers[said.address] = said
        shown.done(said.address)
        if not json:
            print(_line(said), flush=True)
    if json:
        listing = [_as_json(answers[address]) for address in addresses]
        print(msgspec.json.format(msgspec.json.encode(listing), indent=2).decode())
    elif silent := [one.address for one in answers.values() if isinstance(one, NotFound) and one.why is Why.SILENT]:
        print(f"{cannot_be_heard()}; name one with --device")
        if not probe:
            asked = ", ".join(one.protocol for one in PROBES)
            print(f"to ask some of them ({asked}; this only reads): kapconsole find {' '.join(silent)} --probe")
    return 0 if any(isinstance(one, Found) for one in answers.values()) else 1


def devices_to_run(asked: Sequence[str], say: Say) -> list[str]:
    """The devices for a session: as asked, `auto@PORT` found out by listening; none asked, the remembered ones.

    Says what was found or remembered. Raises NoDevice with what is wrong, or with what to do when there is none.
    """
    if not asked:
        return _remembered(say)
    automatic = [text.removeprefix(AUTO) for text in asked if text.startswith(AUTO)]
    for text in asked:
        if not text.startswith(AUTO):
            try:
                parse_device(text)
            except ValueError as trouble:
                raise NoDevice(str(trouble)) from None
    found: dict[str, str] = {}
    if automatic:
        say(f"listening on {', '.join(automatic)} to find out what is there; nothing is sent")
    for one in _all(list(dict.fromkeys(automatic)), False, LISTEN_S):
        if isinstance(one, Found):
            say(f"{one.device}: {one.evidence}")
            found[one.address] = one.device
        elif isinstance(one, NotFound):
            hint = f" Name it: {cannot_be_heard()}" if one.why is Why.SILENT else ""
            raise NoDevice(f"{_words(one)}{hint}")
    return [found[text.removeprefix(AUTO)] if text.startswith(AUTO) else text for text in asked]


def simulator_lines() -> Iterator[str]:
    """What can be simulated: protocols with formats and faults, and the scenarios of the patient."""
    for manifest in catalog().values():
        yield f"{manifest.id}: {manifest.name}"
        parts = (
            ("formats", manifest.formats),
            ("scenarios", manifest.scenarios),
            ("faults", (*manifest.faults, *LINE_FAULTS)),
        )
        for name, words in parts:
            if words:
                yield f"    {name}: {', '.join(words)}"
    yield f"every protocol takes any scenario: {', '.join(SCENARIOS)}"


def _remembered(say: Say) -> list[str]:
    known, trouble = read_remembered()
    if trouble:
        say(trouble)
    present = present_ports()
    devices = present_devices(known, present)
    if not devices:
        absent = ", ".join(f"{one.what} on {one.product or 'adapter'} {one.serial_number}" for one in known.devices)
        why = f"none of the remembered monitors is plugged in ({absent})" if absent else "no monitor is remembered yet"
        raise NoDevice(
            f"which monitors? {why}. Plug them in; kapconsole find says what is where; then kapconsole run --device "
            "PROTOCOL@PORT. A monitor on an adapter with a serial number is remembered once it has talked"
        )
    say(f"as remembered: {', '.join(devices)}")
    return list(devices)


def _all(addresses: Sequence[str], probe: bool, listen_s: float) -> Iterator[Progress | Found | NotFound]:
    """Every port on a thread of its own: what is being done, and one answer for each."""
    said: queue.SimpleQueue[Progress | Found | NotFound] = queue.SimpleQueue()
    ended = threading.Event()

    def look(address: str) -> None:
        try:
            said.put(listen(address, probe=probe, listen_s=listen_s, progress=said.put, stopped=ended.is_set))
        except Exception as error:  # a defect on one port must not leave the person waiting for ever
            said.put(NotFound(address, None, Why.TROUBLE, f"the search failed ({type(error).__name__}: {error})"))

    threads = [threading.Thread(target=look, args=(one,), name=f"find {one}", daemon=True) for one in addresses]
    for thread in threads:
        thread.start()
    waiting = len(addresses)
    try:
        while waiting:
            one = said.get()
            waiting -= not isinstance(one, Progress)
            yield one
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _line(one: Found | NotFound) -> str:
    adapter = f" ({one.adapter.in_words()})" if one.adapter and one.adapter.in_words() else ""
    if isinstance(one, Found):
        manifest = catalog()[one.protocol]
        return f"{one.address}{adapter}: {manifest.name}, {one.evidence} ({manifest.status})\n    --device {one.device}"
    return _words(one, adapter)


def _words(one: NotFound, adapter: str = "") -> str:
    # The trouble of a port begins with its name.
    return one.words if one.words.startswith(one.address) else f"{one.address}{adapter}: {one.words}"


def _as_json(one: Found | NotFound) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(one)
    return fields | {"device": one.device if isinstance(one, Found) else None}


class _ProgressLine:
    """One line on a terminal that says what each port is doing; nothing where nobody looks."""

    def __init__(self) -> None:
        self._on = sys.stderr.isatty()
        self._doing: dict[str, str] = {}

    def show(self, said: Progress) -> None:
        what = f"asking for {said.asking}" if said.asking else line_words(said.line)
        self._doing[said.address] = f"{said.address} {what} {said.step}/{said.steps}"
        self._print()

    def done(self, address: str) -> None:
        """Make place for the answer."""
        self._doing.pop(address, None)
        if self._on:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _print(self) -> None:
        if self._on:
            # A line that wraps could not be written over.
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\x1b[K{'  '.join(self._doing.values())[:width]}", end="", file=sys.stderr, flush=True)
