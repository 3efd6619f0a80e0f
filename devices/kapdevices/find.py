"""Finds out what is at a port: listens first and sends nothing; asks only a port that a person named for it.

What may be asked stands in `PROBES` and nowhere else. All of it reads; none of it moves air.
"""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

import msgspec

from kapdevices.catalog import catalog
from kapdevices.catalog import find as manifest_of
from kapdevices.patient import Patient
from kapdevices.ports import LineSettings, Port, PortEnded, PortInfo, PortTrouble, open_port
from kapdevices.recognise import Candidate, Fit, Recognised, Verdict, recognise

LISTEN_S = 3.0
LONGER = 4
"""When something was understood but too little to be sure, a line is listened to up to this many times as long."""
READ_S = 0.05
ANSWER_S = 1.5
ANSWERS = 3
"""So often a device must answer its probe, and nothing but that."""
MISSES = 2
"""So often it may not: what a port sends while it is opened can spoil the first question."""
POLLS_WITHIN_S = 12.0


class Probe(msgspec.Struct, frozen=True):
    """A question that changes nothing in the device; `source` is who says so."""

    protocol: str
    ask: bytes
    source: str


PROBES = (
    Probe(
        "dinamap",
        b" NA!2\r",
        "request of the cuff status in published requests to a GE DINAMAP (Ruby script for a ProCare, TKDinamapBP)",
    ),
    Probe(
        "suntech",
        bytes.fromhex("3A 79 05 00 48"),
        "Get cuff pressure, SunTech Advantage OEM operations manual as quoted by three public drivers",
    ),
    Probe(
        "contec_v7",
        bytes.fromhex("7D 81 A0 80 80 80 80 80 80"),
        "hello (A0), Contec, Communication protocol of pulse oximeter V7.0 (8 July 2010)",
    ),
)


class Why(StrEnum):
    """Why nothing was found: for programs; the words beside it are for people."""

    TROUBLE = "trouble"
    SILENT = "silent"
    UNKNOWN = "unknown"
    UNSURE = "unsure"
    AMBIGUOUS = "ambiguous"
    OTHER_LINE = "other line"


class Found(msgspec.Struct, frozen=True, tag="found"):
    """A device that was understood. `evidence` says how well, for a person; `device` is how it is named."""

    address: str
    adapter: PortInfo | None
    protocol: str
    format: str | None
    evidence: str

    @property
    def device(self) -> str:
        """What follows `--device`: `nonin@/dev/ttyUSB0`."""
        return f"{Candidate(self.protocol, self.format)}@{self.address}"


class NotFound(msgspec.Struct, frozen=True, tag="not-found"):
    """Nothing that can be named for sure. `perhaps` are devices, as they are named, that it could be."""

    address: str
    adapter: PortInfo | None
    why: Why
    words: str
    perhaps: tuple[str, ...] = ()


class Progress(msgspec.Struct, frozen=True):
    """What is being done: step `step` of `steps`, on a line of these settings; `asking` names the probe, if one."""

    address: str
    step: int
    steps: int
    line: LineSettings
    asking: str = ""


def listen(
    address: str,
    *,
    probe: bool = False,
    listen_s: float = LISTEN_S,
    progress: Callable[[Progress], None] = lambda progress: None,
    stopped: Callable[[], bool] = lambda: False,
    now_s: Callable[[], float] = time.monotonic,
    opener: Callable[[str, LineSettings], Port] | None = None,
) -> Found | NotFound:
    """What is at `address`; takes `listen_s` for each line setting of the catalog, longer where that is worth it.

    `probe` allows the questions of `PROBES` after listening in vain: only for a port that a person named. `stopped` is
    asked every 50 ms and ends everything early. `now_s` (seconds, monotonic) and `opener` stand for clock and machine.
    Never raises for what a port does: that is said in the answer.
    """
    search = _Search(address, listen_s, progress, stopped, now_s, opener or functools.partial(open_port, now_s=now_s))
    return search.run(probe)


def line_settings() -> tuple[LineSettings, ...]:
    """The different line settings of the catalog, those that most protocols use first."""
    lines = [line for manifest in catalog().values() for line in (manifest.serial, *manifest.serial_by_format.values())]
    return tuple(sorted(set(lines), key=lambda line: (-lines.count(line), line.baud, line.parity)))


def line_words(line: LineSettings) -> str:
    """`9600 8N1`."""
    return f"{line.baud} {line.bytesize}{line.parity}{line.stopbits}"


@functools.cache
def silent_until_asked() -> tuple[str, ...]:
    """Protocols whose driver asks and whose device, as simulated, never begins: listening cannot hear them."""
    times_s = [turn * READ_S for turn in range(round(POLLS_WITHIN_S / READ_S))]
    silent: list[str] = []
    for manifest in catalog().values():
        driver, device = manifest.make_driver(), manifest.make_simulator(Patient("steady"))
        if any(driver.transmit(now_s) for now_s in times_s) and not any(device.transmit(now_s) for now_s in times_s):
            silent.append(manifest.id)
    return tuple(silent)


def cannot_be_heard() -> str:
    """What to say beside silence."""
    return f"these monitors speak only when asked and cannot be heard: {', '.join(silent_until_asked())}"


class _Search:
    """One port, looked at once."""

    def __init__(
        self,
        address: str,
        listen_s: float,
        progress: Callable[[Progress], None],
        stopped: Callable[[], bool],
        now_s: Callable[[], float],
        opener: Callable[[str, LineSettings], Port],
    ) -> None:
        self._address = address
        self._listen_s = listen_s
        self._progress = progress
        self._stopped = stopped
        self._now_s = now_s
        self._opener = opener
        self._adapter: PortInfo | None = None
        self._trouble = ""
        self._step = self._steps = 0
        self._opened = False
        self._bytes: dict[LineSettings, int] = {}
        self._hints: dict[Fit, LineSettings] = {}

    def run(self, probe: bool) -> Found | NotFound:
        has_line = not self._address.startswith("socket://") and not os.path.isfile(self._address)
        lines = line_settings() if has_line else line_settings()[:1]
        probes = PROBES if probe else ()
        self._steps = len(lines) + len(probes)
        for line in lines:
            heard = self._listen(line)
            if heard.verdict is Verdict.AMBIGUOUS:
                return self._not_found(Why.AMBIGUOUS, _ambiguous(heard.fits), heard.fits)
            if heard.verdict is Verdict.SURE:
                return self._confirmed(heard.fits[0], line, has_line)
            self._hints.update(dict.fromkeys(heard.fits, line))
            if self._stopped():
                return self._nothing()
        for one in probes:
            if (fit := self._ask(one)) is not None:
                return self._found(fit, f"answers when asked: {fit.in_words()}")
        return self._nothing()

    def _confirmed(self, fit: Fit, line: LineSettings, has_line: bool) -> Found | NotFound:
        """A device understood on another line than its protocol's: is it understood there too?

        A pseudo-terminal and many a USB device have no line speed; a monitor that is set to another one does.
        """
        own = manifest_of(fit.candidate.protocol).line(fit.candidate.format)
        if own == line or not has_line:
            return self._found(fit, fit.in_words())
        self._steps += 1
        again = self._listen(own)
        if again.verdict is Verdict.SURE and again.fits[0].candidate == fit.candidate:
            return self._found(again.fits[0], again.fits[0].in_words())
        words = (
            f"this is {fit.candidate}, but at {line_words(line)} ({fit.in_words()}); it is opened with "
            f"{line_words(own)}: set the device to that, or use a serial server in the network (socket://host:port)"
        )
        return self._not_found(Why.OTHER_LINE, words, (fit,))

    def _listen(self, line: LineSettings) -> Recognised:
        self._step += 1
        self._progress(Progress(self._address, self._step, self._steps, line))
        heard: list[tuple[float, bytes]] = []
        with self._open(line) as port:
            if port is None:
                return Recognised(Verdict.SILENT)
            begin_s = self._now_s()
            for round_ in range(1, LONGER + 1):
                ended = self._read(port, heard, begin_s + round_ * self._listen_s)
                result = recognise(heard)
                if ended or result.verdict is not Verdict.UNSURE:
                    break
        self._bytes[line] = sum(len(data) for _, data in heard)
        return result

    def _ask(self, probe: Probe) -> Fit | None:
        line = manifest_of(probe.protocol).serial
        self._step += 1
        self._progress(Progress(self._address, self._step, self._steps, line, probe.protocol))
        heard: list[tuple[float, bytes]] = []
        result = Recognised(Verdict.SILENT)
        with self._open(line) as port:
            answers = misses = 0
            while port is not None and answers < ANSWERS and misses < MISSES:
                try:
                    port.write(probe.ask)
                except PortTrouble as trouble:
                    self._trouble = str(trouble)
                    break
                until_s = self._now_s() + ANSWER_S
                while self._now_s() < until_s:
                    if self._read(port, heard, min(until_s, self._now_s() + 2 * READ_S)):
                        return None
                    result = recognise(heard, (Candidate(probe.protocol),), enough=ANSWERS)
                    if result.fits and result.fits[0].counts.good > answers:
                        break
                else:
                    misses += 1
                    continue
                answers += 1
        return result.fits[0] if result.verdict is Verdict.SURE else None

    @contextlib.contextmanager
    def _open(self, line: LineSettings) -> Iterator[Port | None]:
        """The port for the length of a block; None, and the reason kept, where it cannot be opened."""
        try:
            port = self._opener(self._address, line)
        except (PortTrouble, OSError) as trouble:
            self._trouble = str(trouble)
            yield None
            return
        self._opened = True
        self._adapter = port.adapter or self._adapter
        try:
            yield port
        finally:
            port.close()

    def _read(self, port: Port, heard: list[tuple[float, bytes]], until_s: float) -> bool:
        """Read until `until_s`; True when there is nothing more to come."""
        while (now_s := self._now_s()) < until_s:
            if self._stopped():
                return True
            try:
                data = port.read(min(READ_S, until_s - now_s))
            except PortEnded:
                return True
            except PortTrouble as trouble:
                self._trouble = str(trouble)
                return True
            if data:
                heard.append((self._now_s(), data))
        return False

    def _found(self, fit: Fit, evidence: str) -> Found:
        return Found(self._address, self._adapter, fit.candidate.protocol, fit.candidate.format, evidence)

    def _not_found(self, why: Why, words: str, fits: Sequence[Fit] = ()) -> NotFound:
        perhaps = tuple(f"{fit.candidate}@{self._address}" for fit in fits)
        return NotFound(self._address, self._adapter, why, words, perhaps)

    def _nothing(self) -> NotFound:
        if not self._opened or (self._trouble and not any(self._bytes.values())):
            return self._not_found(Why.TROUBLE, self._trouble)
        if self._hints:
            fits = tuple(self._hints)
            names = "; ".join(f"{fit.candidate} ({fit.in_words()})" for fit in fits)
            words = f"perhaps {names}: too few packets to be sure; listen longer, or measure once more meanwhile"
            return self._not_found(Why.UNSURE, words, fits)
        if any(self._bytes.values()):
            at = ", ".join(f"{count} at {line_words(line)}" for line, count in self._bytes.items() if count)
            return self._not_found(
                Why.UNKNOWN,
                f"something talks, but nothing is understood (bytes: {at}): another speed or an unknown protocol; "
                f"kapconsole capture {self._address} FILE keeps the bytes",
            )
        words = "silent: is it on, is a finger in the sensor, is it the right cable?"
        return self._not_found(Why.SILENT, words)


def _ambiguous(fits: Sequence[Fit]) -> str:
    names = "; ".join(f"{fit.candidate} ({fit.in_words()})" for fit in fits)
    return f"more than one protocol understands it: {names}. Choose one with --device"
