"""How fast the decoders of all protocols are, and what damage on the line makes of their readings.

    python benchmarks/decoding.py [--quick] [--bytes N] [--protocol P]

The lines are those of each protocol's own simulator on a person whose values go in steps and whose finger comes and
goes. Damage: each byte is, with the given chance, changed in one bit, replaced, lost, followed by another, doubled, or
changed with its neighbour. A numeric counts when it is shown as valid; *shown* is the share of those that the same
driver gives of the undamaged line. What right, near, wrong and invented mean stands in `kapdevices.damage`. Samples of
waveforms are held against those sent within a fraction of a second; most have nothing that protects them.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence

from kapdevices import damage
from kapdevices.catalog import Manifest, catalog
from kapdevices.damage import Proof, Verdict

RATES = (0.001, 0.01, 0.05)
SPEED_RUNS = 3


def speed(manifest: Manifest, format: str | None, proof: Proof) -> tuple[float, float]:
    """Packets a second of an undamaged line as it arrives, the best of three runs; times the device's own speed."""
    best_s, packets = float("inf"), 0
    for _ in range(SPEED_RUNS):
        driver = manifest.make_driver(format)
        began_s = time.perf_counter()
        damage.heard(driver, proof.line)
        best_s = min(best_s, time.perf_counter() - began_s)
        packets = driver.counts.good
    return packets / best_s, proof.line[-1].at_s / best_s


def damaged(kinds: Sequence[str], proof: Proof, rate: float, least_bytes: int) -> tuple[float, Verdict]:
    """Share of the numerics that is shown at a rate of damage, 0 to 1 and more where lines are read again; verdict."""
    chance, verdict, fed, passes = random.Random(7), Verdict(), 0, 0
    while fed < least_bytes:
        line = damage.damaged(proof.line, rate, kinds, chance)
        verdict = verdict.plus(proof.truth.judge(line, asks=proof.truth.asks))
        fed += sum(len(piece.data) for piece in line)
        passes += 1
    return verdict.right / max(1, passes * proof.truth.count), verdict


def main() -> int:
    """Print the tables; 1 when a wrong or invented numeric was shown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few bytes, for a guard against rot")
    parser.add_argument("--protocol", choices=catalog(), help="only this one")
    parser.add_argument("--bytes", type=int, default=2_000_000, help="of each format at each rate of damage")
    options = parser.parse_args()
    least = min(options.bytes, 60_000) if options.quick else options.bytes
    print(f"{'':20}{'packets/s':>10}{'x live':>8}{'damage':>8}{'right':>8}{'shown':>7}{'near':>6}{'wrong':>7}", end="")
    print(f"{'invented':>10}{'samples':>10}{'other':>9}", flush=True)
    bad = 0
    for manifest in catalog().values():
        for format in (manifest.formats or (None,)) if options.protocol in (None, manifest.id) else ():
            proof = damage.proofs(manifest, format, 60_000, with_faults=False)[0]
            kinds = damage.kinds_of(manifest.id, format)
            packets_per_s, times_live = speed(manifest, format, proof)
            name = f"{manifest.id}:{format}" if format else manifest.id
            head = f"{name:20}{packets_per_s:10.0f}{times_live:8.0f}"
            for rate in RATES:
                shown, said = damaged(kinds, proof, rate, least)
                bad += said.wrong + said.invented
                samples = said.samples_right + said.samples_wrong
                print(f"{head:38}{rate:8.1%}{said.right:8}{shown:7.1%}{said.near:6}{said.wrong:7}", end="")
                other = f"{said.samples_wrong / samples:9.2%}" if samples else f"{'-':>9}"
                print(f"{said.invented:10}{samples:10}{other}", flush=True)
                head = ""
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
