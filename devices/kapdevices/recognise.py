"""Which protocols understand these bytes: every driver is fed the same, and the packets are counted. Pure.

A winner needs several good packets, few bad ones, and at least half of the bytes explained. Where nothing but a bit
or a shape protects a packet, more of them are needed. What fits twice is said twice, never chosen between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from kapdevices.catalog import catalog, find
from kapdevices.driver import PacketCounts
from kapdevices.readings import UNITS, Metric, Numeric, Reading, SampleArray

Heard = Sequence[tuple[float, bytes]]
"""What arrived, with times in seconds of any monotonic clock."""

ENOUGH = 3
ENOUGH_OF = {"five_byte": 30, "contec_v7": 30, "nonin": 5, "omron_hbp9030": 2}
"""Good packets that make sure, where it is not `ENOUGH`. Five-byte packets and Contec's have no check but bit 7, and
come 60 times a second; Nonin's format 8 has four bytes and no check; an Omron line is 52 characters of fixed shape and
comes once a measurement."""
HINT_SHARE = 3
"""A third of the packets that make sure are worth saying "perhaps"."""
PIECE_BYTES = 16
HEARD_LIMIT_BYTES = 16384
"""Enough of any stream; more would only take time."""
RATE_TOLERANCE = 0.2
TIMED_S = 1.0
"""In less time a rate cannot be told."""
VALUES_SHOWN = 3


class Candidate(msgspec.Struct, frozen=True):
    """A protocol, and a format where it is told which; None is what the protocol does by itself."""

    protocol: str
    format: str | None = None

    def __str__(self) -> str:
        """As it is written before the `@` of a device."""
        return f"{self.protocol}:{self.format}" if self.format else self.protocol


Waves = frozenset[tuple[Metric, float]]


class Fit(msgspec.Struct, frozen=True):
    """How well a candidate understood the bytes. `values` are its last valid numerics, in words.

    `waves` are the waveforms with their rates (1/s) as the candidate reads them; `in_time` is True when they arrived
    at these rates, for long enough to tell.
    """

    candidate: Candidate
    counts: PacketCounts
    values: str = ""
    waves: Waves = frozenset()
    in_time: bool = False

    def in_words(self) -> str:
        """The evidence: `225 packets understood, 0 damaged; spo2 97 %`."""
        packets = "packet" if self.counts.good == 1 else "packets"
        words = f"{self.counts.good} {packets} understood, {self.counts.bad} damaged"
        return f"{words}; {self.values}" if self.values else words


class Verdict(StrEnum):
    """What the bytes are: UNSURE fits too few packets yet, AMBIGUOUS fits more than one, UNKNOWN fits nothing."""

    SURE = "sure"
    UNSURE = "unsure"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"
    SILENT = "silent"


class Recognised(msgspec.Struct, frozen=True):
    """The verdict, with the fits that it rests on: one when SURE, several when AMBIGUOUS, one or more when UNSURE."""

    verdict: Verdict
    fits: tuple[Fit, ...] = ()


def candidates() -> tuple[Candidate, ...]:
    """Every protocol of the catalog by itself and in each of its formats."""
    return tuple(
        Candidate(one.id, format)
        for one in catalog().values()
        for format in (None, *one.formats)
        if format not in one.stored_formats
    )


def recognise(heard: Heard, among: Iterable[Candidate] | None = None, enough: int | None = None) -> Recognised:
    """What `heard` is. `among` are the candidates (all of the catalog); `enough` replaces the packets needed.

    Only the first 16 KiB are looked at. Sends nothing and reads no clock. Raises ValueError for a candidate that is
    not in the catalog.
    """
    heard = _first(heard)
    if not heard:
        return Recognised(Verdict.SILENT)
    fits = [fit for one in (candidates() if among is None else among) if _holds(fit := _fit(one, heard), heard)]
    needed = {fit: enough or ENOUGH_OF.get(fit.candidate.protocol, ENOUGH) for fit in fits}
    sure = _by_itself([fit for fit in fits if fit.counts.good >= needed[fit]])
    if not sure:
        hints = [fit for fit in fits if HINT_SHARE * fit.counts.good >= needed[fit]]
        # What had enough packets and is yet not believed by the protocol itself is chance, not a hint.
        left = _told_apart(_by_itself(hints) or [fit for fit in hints if fit.counts.good < needed[fit]])
        return Recognised(Verdict.UNSURE if left else Verdict.UNKNOWN, left)
    left = _told_apart(sure)
    return Recognised(Verdict.SURE if len(left) == 1 else Verdict.AMBIGUOUS, left)


def _first(heard: Heard) -> Heard:
    first: list[tuple[float, bytes]] = []
    left = HEARD_LIMIT_BYTES
    for at_s, data in heard:
        if data[:left]:
            first.append((at_s, data[:left]))
            left -= len(data)
        if left <= 0:
            break
    return first


def _fit(candidate: Candidate, heard: Heard) -> Fit:
    driver = find(candidate.protocol).make_driver(candidate.format)
    readings: list[Reading] = []
    for at_s, data in heard:
        for at in range(0, len(data), PIECE_BYTES):
            readings += driver.receive(data[at : at + PIECE_BYTES], at_s)
    waves, seconds = _waves(readings), heard[-1][0] - heard[0][0]
    in_time = seconds >= TIMED_S and all(
        abs(count / seconds / rate_hz - 1.0) <= RATE_TOLERANCE for (_, rate_hz), count in waves.items()
    )
    return Fit(candidate, driver.counts, _values(readings), frozenset(waves), in_time)


def _holds(fit: Fit, heard: Heard) -> bool:
    """True when there are good packets, hardly any bad, and half of the bytes are explained.

    One bad packet is free: the first may have been cut by the opening of the port.
    """
    good, bad, skipped = fit.counts.good, fit.counts.bad, fit.counts.skipped
    return good > 0 and 4 * (bad - 1) <= good and 2 * skipped <= sum(len(data) for _, data in heard)


def _by_itself(fits: Sequence[Fit]) -> list[Fit]:
    """Without the formats of protocols that do not fit by themselves: a driver told its format asks for less proof."""
    plain = {fit.candidate.protocol for fit in fits if fit.candidate.format is None}
    return [fit for fit in fits if fit.candidate.protocol in plain]


def _told_apart(fits: Sequence[Fit]) -> tuple[Fit, ...]:
    """One fit a protocol where its formats can be told apart, else one for each that could be.

    Formats that share a stream by design differ in the rate of their waveform and in nothing else. Of those that claim
    the same the protocol by itself comes first: it asks the device for nothing.
    """
    left: list[Fit] = []
    for protocol in dict.fromkeys(fit.candidate.protocol for fit in fits):
        claims: dict[Waves, Fit] = {}
        for fit in fits:
            if fit.candidate.protocol == protocol:
                claims.setdefault(fit.waves, fit)
        told = [fit for fit in claims.values() if fit.waves] or list(claims.values())
        left += [fit for fit in told if fit.in_time] or told
    return tuple(left)


def _waves(readings: Sequence[Reading]) -> Counter[tuple[Metric, float]]:
    """Samples of each waveform with the rate that it claims."""
    arrived: Counter[tuple[Metric, float]] = Counter()
    for one in readings:
        if isinstance(one, SampleArray):
            arrived[one.metric, one.rate_hz] += len(one.samples)
    return arrived


def _values(readings: Sequence[Reading]) -> str:
    last = {one.metric: one.value for one in readings if isinstance(one, Numeric) and one.valid}
    shown = [(metric, value) for metric, value in last.items() if value is not None][:VALUES_SHOWN]
    words = (f"{metric.replace('_', ' ')} {value:g} {UNITS[metric].replace('1', '')}" for metric, value in shown)
    return ", ".join(word.strip() for word in words)
