"""Feeds every driver of the shelf damaged bytes by the million, and counts what it makes of them.

    python benchmarks/fuzz.py [--bytes N] [--protocol P] [--quick]

One process for each format, two at a time. Lines of each simulator, without and with its faults, are damaged (a bit
turned, replaced, lost, inserted, twice, changed with the next) at four rates; each is read by a driver that only
listens or by one that asks and works the cuff. Every fourth line is also read cut into other pieces, and must say the
same; every eighth feed is plain noise, in which every valid number is invented. What right, near, wrong and invented
mean stands in `kapdevices.damage`. Any exception, wrong or invented number or difference ends with exit code 1.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import random
import sys
import time
import traceback

import msgspec

from kapdevices import damage
from kapdevices.catalog import catalog, find
from kapdevices.damage import Piece, Proof, Verdict
from kapdevices.readings import Numeric

RATES = (0.0003, 0.003, 0.01, 0.05)
NOISE_BYTES = 20_000
EXAMPLES = 3


class Row(msgspec.Struct):
    """What came of one format."""

    protocol: str
    format: str | None
    fed: int = 0
    seconds: float = 0.0
    exceptions: int = 0
    differences: int = 0
    verdict: Verdict = Verdict()
    examples: list[str] = []

    @property
    def bad(self) -> int:
        """Everything that must not be."""
        return self.exceptions + self.differences + self.verdict.wrong + self.verdict.invented

    def example(self, text: str) -> None:
        """Keep the first few."""
        if len(self.examples) < EXAMPLES:
            self.examples.append(text)


def fuzz(job: tuple[str, str | None, int, bool]) -> Row:
    """One format: protocol, format, bytes to feed, whether the simulator's faults are used, too."""
    protocol, format, least_bytes, with_faults = job
    row = Row(protocol, format)
    found = damage.proofs(find(protocol), format, 60_000, with_faults)
    found = [proof for proof in found if any(piece.data for piece in proof.line)]
    began_s = time.perf_counter()
    for number in itertools.count():
        if row.fed >= least_bytes:
            break
        chance = random.Random(f"{protocol} {format} {number}")
        try:
            if number % 8 == 7:
                _noise(row, chance)
            else:
                _line(row, found[number % len(found)], number, chance)
        except Exception:
            row.exceptions += 1
            row.example(f"pass {number}: {traceback.format_exc(limit=-2)}")
    row.seconds = time.perf_counter() - began_s
    return row


def _line(row: Row, proof: Proof, number: int, chance: random.Random) -> None:
    rate, asks = chance.choice(RATES), chance.random() < 0.5
    line = damage.damaged(proof.line, rate, damage.kinds_of(row.protocol, row.format), chance)
    row.fed += sum(len(piece.data) for piece in line)
    verdict = proof.truth.judge(line, asks)
    row.verdict = row.verdict.plus(verdict)
    for at_s, metric, value in verdict.suspects:
        row.example(f"pass {number}, {proof.name}, rate {rate}, asks {asks}: {metric} {value:g} at {at_s:.2f} s")
    if number % 4 == 0:
        _cut(row, line, asks, chance, f"pass {number}, {proof.name}, rate {rate}, asks {asks}")


def _noise(row: Row, chance: random.Random) -> None:
    line = [Piece(number / 10, chance.randbytes(chance.randrange(40))) for number in range(NOISE_BYTES // 20)]
    row.fed += sum(len(piece.data) for piece in line)
    driver = find(row.protocol).make_driver(row.format)
    for _, reading in damage.heard(driver, line):
        if isinstance(reading, Numeric) and reading.valid:
            row.verdict = row.verdict.plus(Verdict(invented=1))
            row.example(f"from noise: {reading}")
    _cut(row, line, False, chance, "noise")


def _cut(row: Row, line: damage.Line, asks: bool, chance: random.Random, where: str) -> None:
    whole, cut = (find(row.protocol).make_driver(row.format) for _ in range(2))
    one = damage.joined(damage.heard(whole, line, None, asks))
    other = damage.joined(damage.heard(cut, line, chance, asks))
    if one != other or whole.counts != cut.counts:
        row.differences += 1
        what = [key for key in {**one, **other} if one.get(key) != other.get(key)]
        row.example(f"{where}: cut into other pieces it differs in {what}, {whole.counts} and {cut.counts}")


def main() -> int:
    """Print the table; 1 when anything is in it that must not be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bytes", type=int, default=10_000_000, help="for each format; 10 million without it")
    parser.add_argument("--protocol", choices=catalog(), help="only this one")
    parser.add_argument("--quick", action="store_true", help="a guard against rot: few bytes, healthy devices only")
    options = parser.parse_args()
    least = min(options.bytes, 400_000) if options.quick else options.bytes
    jobs = [
        (manifest.id, format, least, not options.quick)
        for manifest in catalog().values()
        if options.protocol in (None, manifest.id)
        for format in manifest.formats or (None,)
    ]
    print(f"{'':24}{'bytes fed':>12}{'s':>7}{'exceptions':>12}{'differences':>13}{'right':>10}", end="")
    print(f"{'near':>7}{'wrong':>7}{'invented':>10}", flush=True)
    bad = 0
    with multiprocessing.get_context("spawn").Pool(2, maxtasksperchild=1) as pool:
        for row in pool.imap(fuzz, jobs):
            bad += row.bad
            said = row.verdict
            name = f"{row.protocol}:{row.format}" if row.format else row.protocol
            print(f"{name:24}{row.fed:12}{row.seconds:7.0f}{row.exceptions:12}{row.differences:13}", end="")
            print(f"{said.right:10}{said.near:7}{said.wrong:7}{said.invented:10}", flush=True)
            for example in row.examples:
                print(f"    {example}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
