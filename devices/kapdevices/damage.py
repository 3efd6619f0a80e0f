"""A recorded line, damaged on purpose, and what a driver makes of it: right, near, wrong or invented numbers.

What is true is what the same driver says of the same bytes undamaged. A number from damaged bytes is *right* when the
undamaged stream carried it within a window around that moment, *near* when it differs from such a one by no more than
the driver's own `TOLERANCE` (texts without any check, where one changed digit cannot be seen), *wrong* when it is any
other, and *invented* when the stream carried no valid number of that metric at all. Only valid numbers are judged: an
invalid one is shown as such. Nothing here reads a clock; the same seed gives the same damage.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

import msgspec

from kapdevices.catalog import Manifest
from kapdevices.driver import DeviceCommand, Driver, NotPossible, StartCuff, StopCuff
from kapdevices.patient import Patient
from kapdevices.readings import NIBP_METRICS, DeviceStatus, Metric, Numeric, Reading, SampleArray

KINDS = ("flip", "replace", "drop", "insert", "duplicate", "swap")
"""What may happen to a byte: one bit turned, any other value, lost, another behind it, twice, changed with the next."""

TURN_S = 0.02
LONGEST_S = 3600.0
TICK_S = 0.5
"""How often a driver is called in silence here; a link does so every 50 ms."""
START_CUFF_AT_S = 4.0
START_CUFF_EVERY_S = 95.0
STOP_CUFF_AFTER_S = 12.0

WINDOW_S = 8.0
"""How long ago the undamaged stream may have carried a value that is shown: confirmation takes a few packets."""
LAST_SELDOM = 3
"""Of what is measured now and then and may be read again until the next time, so many of the last values count."""
AHEAD_S = 1.0
"""A value may be shown this much sooner than the undamaged stream repeats it."""
_SELDOM = frozenset((*NIBP_METRICS, Metric.TEMPERATURE))
IDLE_MMHG = 20
"""A driver may or may not show the pressure of a cuff that does nothing."""
SUSPECTS = 5
GAPS_S = tuple(itertools.product((10.0, 25.0, 60.0), (0.5, 2.5, 5.0)))
"""Begin and end, before a suspect, of what a witness does not hear."""

ORDER_BLIND = frozenset(
    ("aandd_tm2655", "berrymed_pm6750", "dinamap", "nonin:df2", "nonin:df7", "nonin:df13", "s5_dri", "suntech")
)
"""Protocols whose only check is a sum or an exclusive or, which cannot see two bytes change places, as no line makes
them. These drivers are judged without swaps."""


def kinds_of(protocol: str, format: str | None) -> tuple[str, ...]:
    """What damage can be asked of a protocol to notice: all of KINDS, but for swaps where nothing shows them."""
    blind = protocol in ORDER_BLIND or f"{protocol}:{format}" in ORDER_BLIND
    return tuple(kind for kind in KINDS if kind != "swap" or not blind)


class Restless(Patient):
    """A person whose values go in steps over a wide range, and whose finger leaves the sensor once a minute."""

    FINGER_EVERY_S = 60.0
    FINGER_IN_S = 42.0
    STEP_S = 10.0

    def __init__(self, seed: int = 0) -> None:
        """The seed sets where in the steps this person begins."""
        super().__init__("steady", seed)
        self._first = random.Random(seed).randrange(1000)

    def _step(self, t_s: float, every_s: float) -> float:
        return self._first + t_s // every_s

    def spo2(self, t_s: float) -> float:
        """Percent, 82 to 100, in steps of at most 3."""
        return 91.0 + 9 * math.sin(0.33 * self._step(t_s, self.STEP_S))

    def pulse_rate(self, t_s: float) -> float:
        """Per minute, 50 to 160, in steps of at most 12."""
        return 105.0 + 55 * math.sin(0.21 * self._step(t_s, self.STEP_S))

    def systolic(self, t_s: float) -> float:
        """Pressure in mmHg, another one every minute and a half."""
        return 125.0 + 35 * math.sin(1.3 * self._step(t_s, START_CUFF_EVERY_S))

    def diastolic(self, t_s: float) -> float:
        """Pressure in mmHg."""
        return 70.0 + 15 * math.sin(1.3 * self._step(t_s, START_CUFF_EVERY_S) + 0.4)

    def finger_out_for_s(self, t_s: float) -> float:
        """Seconds since the finger left the sensor; 0 while it is in."""
        return max(0.0, t_s % self.FINGER_EVERY_S - self.FINGER_IN_S)

    def finger_on(self, t_s: float) -> bool:
        """False while the finger is out of the sensor."""
        return not self.finger_out_for_s(t_s)


class Piece(msgspec.Struct, frozen=True):
    """Bytes that arrive together at `at_s`, none in silence, and what a person asks for just before."""

    at_s: float
    data: bytes
    commands: tuple[DeviceCommand, ...] = ()


Line = Sequence[Piece]
Heard = Sequence[tuple[int, Reading]]
"""Readings, each with the number of the piece that completed it."""
_Number = tuple[float, Metric, float]
_Sent = dict[Metric, tuple[list[float], list[float]]]


def record(
    manifest: Manifest, format: str | None, faults: tuple[str, ...], least_bytes: int, least_s: float, seed: int = 0
) -> Line:
    """What the simulator sends to its own driver: `least_s` and `least_bytes`, or an hour of the simulator's time.

    The driver works as in a session: it asks what it asks, and the cuff is started and now and then stopped. A download
    from a memory is recorded to its end.
    """
    stored = format in manifest.stored_formats
    driver, simulator = manifest.make_driver(format), manifest.make_simulator(Restless(seed), format, faults)
    pieces: list[Piece] = []
    taken, turn, cuffs, ticked_s = 0, 0, 0, 0.0
    cuff_at_s = START_CUFF_AT_S if "start-cuff" in manifest.commands else math.inf
    stop_at_s = math.inf
    while (now_s := turn * TURN_S) < least_s or (0 < taken < least_bytes and now_s < LONGEST_S):
        turn += 1
        commands: tuple[DeviceCommand, ...] = ()
        if now_s >= cuff_at_s:
            cuffs += 1
            stop_at_s = now_s + STOP_CUFF_AFTER_S if cuffs % 4 == 0 else math.inf
            cuff_at_s += START_CUFF_EVERY_S
            commands = (StartCuff(),)
        elif now_s >= stop_at_s:
            stop_at_s, commands = math.inf, (StopCuff(),)
        _ask(driver, commands, now_s)
        if sent := driver.transmit(now_s):
            simulator.receive(sent, now_s)
        data = simulator.transmit(now_s)
        news = driver.receive(data, now_s)
        if data or commands or now_s - ticked_s >= TICK_S:
            ticked_s = now_s
            pieces.append(Piece(now_s, data, commands))
            taken += len(data)
        if stored and any(isinstance(one, DeviceStatus) and one.code.startswith("download-") for one in news):
            break
    return pieces


def damaged(line: Line, rate: float, kinds: Sequence[str], chance: random.Random) -> list[Piece]:
    """The line with each byte hit with probability `rate` by one of `kinds`."""
    scale = -1.0 / math.log1p(-rate) if rate else math.inf
    until = _gap(scale, chance)
    out: list[Piece] = []
    for piece in line:
        if until >= len(piece.data):
            until -= len(piece.data)
            out.append(piece)
            continue
        data, done = bytearray(), 0
        while until < len(piece.data):
            data += piece.data[done:until]
            done = until + 1
            byte, kind = piece.data[until], chance.choice(kinds)
            if kind == "flip":
                data.append(byte ^ 1 << chance.randrange(8))
            elif kind == "replace":
                data.append(chance.randrange(256))
            elif kind == "insert":
                data += bytes((byte, chance.randrange(256)))
            elif kind == "duplicate":
                data += bytes((byte, byte))
            elif kind == "swap":
                data += piece.data[until : until + 2][::-1]
                done = min(len(piece.data), done + 1)
            until = done + _gap(scale, chance)
        data += piece.data[done:]
        until -= len(piece.data)
        out.append(Piece(piece.at_s, bytes(data), piece.commands))
    return out


def _gap(scale: float, chance: random.Random) -> int:
    """Bytes that stay as they are until the next hit."""
    return 1 << 60 if scale == math.inf else int(-math.log(1.0 - chance.random()) * scale)


def heard(
    driver: Driver, line: Line, cut: random.Random | None = None, asks: bool = False
) -> list[tuple[int, Reading]]:
    """What the driver reads from the line, each with the number of its piece.

    With `cut` every piece arrives in smaller ones at the same time. With `asks` the driver is called as in a session:
    it may send, which nobody answers but the recording, and gets a person's commands.
    """
    readings: list[tuple[int, Reading]] = []
    for number, piece in enumerate(line):
        if asks:
            _ask(driver, piece.commands, piece.at_s)
            driver.transmit(piece.at_s)
        at = 0
        while at < len(piece.data) or at == 0:
            step = cut.randint(1, 7) if cut else max(1, len(piece.data))
            for reading in driver.receive(piece.data[at : at + step], piece.at_s):
                readings.append((number, reading))
            at += step
    return readings


def joined(readings: Heard) -> dict[str, list[object]]:
    """Readings for comparing: by metric, with samples one after the other, however they were cut into pieces."""
    found: dict[str, list[object]] = {}
    for _, reading in readings:
        if isinstance(reading, SampleArray):
            row = found.setdefault(f"{reading.metric} wave", [])
            row += [(reading.rate_hz, reading.full_scale, reading.quality, sample) for sample in reading.samples]
        else:
            found.setdefault(reading.metric if isinstance(reading, Numeric) else "status", []).append(reading)
    return found


def _ask(driver: Driver, commands: Iterable[DeviceCommand], now_s: float) -> None:
    for command in commands:
        try:
            driver.command(command, now_s)
        except NotPossible:
            pass  # as the driver sees it after damage, a measurement may still be running


class Verdict(msgspec.Struct, frozen=True):
    """Valid numerics by what they were, and samples of waveforms shown as good; see the module."""

    right: int = 0
    near: int = 0
    wrong: int = 0
    invented: int = 0
    samples_right: int = 0
    samples_wrong: int = 0
    suspects: tuple[tuple[float, Metric, float], ...] = ()
    """The first few wrong or invented numbers: seconds, metric, value."""

    def plus(self, other: Verdict) -> Verdict:
        """Both together."""
        return Verdict(
            self.right + other.right,
            self.near + other.near,
            self.wrong + other.wrong,
            self.invented + other.invented,
            self.samples_right + other.samples_right,
            self.samples_wrong + other.samples_wrong,
            (self.suspects + other.suspects)[:SUSPECTS],
        )


class Truth:
    """What the undamaged line says, by metric and time."""

    SAMPLE_PIECES = 6
    """In how many pieces before and after its own a sample of a waveform may have been sent."""

    def __init__(self, manifest: Manifest, format: str | None, line: Line) -> None:
        module = importlib.import_module(manifest.driver.partition(":")[0])
        self._tolerance: dict[Metric, float] = getattr(module, "TOLERANCE", {})
        self._make = functools.partial(manifest.make_driver, format)
        self._whole = format in manifest.stored_formats
        self._line = line
        self._samples: dict[tuple[Metric, int], set[int]] = {}
        self.asks, self.count = False, 0
        """How the driver hears most of the undamaged line, and how many valid numerics it then gives."""
        found: list[_Number] = []
        for asks in (False, True):
            readings = heard(self._make(), line, asks=asks)
            found += self._numbers(readings)
            if not asks or len(found) > 2 * self.count:
                self.asks, self.count = asks, len(found) - self.count
            for place, reading in readings:
                if isinstance(reading, SampleArray) and not reading.quality:
                    self._samples.setdefault((reading.metric, place), set()).update(reading.samples)
        self._sent = _by_metric(found)

    def _numbers(self, readings: Heard) -> list[_Number]:
        return [
            (self._line[place].at_s, reading.metric, reading.value)
            for place, reading in readings
            if isinstance(reading, Numeric) and reading.valid and reading.value is not None
        ]

    def judge(self, damaged_line: Line, asks: bool = False, cut: random.Random | None = None) -> Verdict:
        """What a new driver makes of the damaged line; the arguments are those of `heard`."""
        readings = heard(self._make(), damaged_line, cut, asks)
        verdict = self._judge(readings, self._sent)
        if not verdict.wrong + verdict.invented:
            return verdict
        # Loss can make a driver take up what it passes over on the undamaged line: an answer that is late. What it says
        # when the damaged pieces, or all of the last seconds, have not arrived at all was sent, too.
        suspects_s = [suspect_s for suspect_s, *_ in verdict.suspects[:SUSPECTS]]
        gaps = [
            (at_s - long_s, at_s - end_s) for at_s in suspects_s for long_s in (10, 25, 60) for end_s in (0.5, 2.5, 5)
        ]
        lefts = [[now if now == then else _silent(then) for then, now in zip(self._line, damaged_line, strict=True)]]
        lefts += [[_silent(one) if low <= one.at_s < high else one for one in self._line] for low, high in gaps]
        also = [number for left in lefts for number in self._numbers(heard(self._make(), left, asks=asks))]
        return self._judge(readings, _by_metric([*self._flat(), *also]))

    def _flat(self) -> list[_Number]:
        return [(at_s, metric, value) for metric, said in self._sent.items() for at_s, value in zip(*said, strict=True)]

    def _judge(self, readings: Heard, sent: _Sent) -> Verdict:
        right = near = wrong = invented = 0
        suspects: list[_Number] = []
        for at_s, metric, value in self._numbers(readings):
            said = self._said(sent, metric, at_s)
            tolerance = self._tolerance.get(metric, 0.0)
            if value in said or (metric is Metric.CUFF_PRESSURE and value <= IDLE_MMHG):
                right += 1
            elif any(abs(value - one) <= tolerance for one in said):
                near += 1
            else:
                wrong, invented = wrong + bool(said), invented + (not said)
                suspects.append((at_s, metric, value))
        samples = [
            sample in self._sent_around(piece.metric, place)
            for place, piece in readings
            if isinstance(piece, SampleArray) and not piece.quality
            for sample in piece.samples
        ]
        return Verdict(
            right, near, wrong, invented, sum(samples), len(samples) - sum(samples), tuple(suspects[:SUSPECTS])
        )

    def _said(self, sent: _Sent, metric: Metric, at_s: float) -> list[float]:
        times, values = sent.get(metric, ([], []))
        if self._whole:
            return values
        end = bisect_right(times, at_s + AHEAD_S)
        near = values[bisect_left(times, at_s - WINDOW_S) : end]
        if metric not in _SELDOM:
            return near
        last = [value for place, value in enumerate(values[:end]) if place == 0 or values[place - 1] != value]
        return [*last[-LAST_SELDOM:], *near]

    @functools.cache  # noqa: B019 - lives as long as the recording
    def _sent_around(self, metric: Metric, place: int) -> set[int]:
        around = range(place - self.SAMPLE_PIECES, place + self.SAMPLE_PIECES + 1)
        return set().union(*(self._samples.get((metric, one), ()) for one in around))


def _silent(piece: Piece) -> Piece:
    return msgspec.structs.replace(piece, data=b"")


def _by_metric(found: Iterable[_Number]) -> _Sent:
    sent: _Sent = {}
    for at_s, metric, value in sorted(set(found)):
        times, values = sent.setdefault(metric, ([], []))
        times.append(at_s)
        values.append(value)
    return sent


class Proof(msgspec.Struct, frozen=True):
    """An undamaged line with its name and what is true on it."""

    name: str
    line: Line
    truth: Truth


def proofs(manifest: Manifest, format: str | None, least_bytes: int, with_faults: bool = True) -> list[Proof]:
    """Recordings of a format without and with each fault of its simulator that leaves the line itself undamaged."""
    found: list[Proof] = []
    for fault in ("", *(manifest.faults if with_faults else ())):
        least, least_s = (least_bytes, 130.0) if not fault else (least_bytes // 8, 60.0)
        line = record(manifest, format, (fault,) if fault else (), least, least_s)
        driver = manifest.make_driver(format)
        heard(driver, line)
        if not fault or driver.counts.bad + driver.counts.skipped == 0:
            found.append(Proof(fault or "healthy", line, Truth(manifest, format, line)))
    return found
