"""What the session log costs: a commit, opening and verifying three hours; encrypted against plain.

    python benchmarks/session_log.py [--quick]

Two sessions of the same rows are written in turn, second by second, one plain and one encrypted, so that whatever else
the machine does meets both. The unit of a commit is a bare 4 kB write with fsync on the same disk in the same run.
The load: each second one row of ten numerics, one row of 75 pleth samples, and every five seconds a note.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from kapconsole.events import Event, Measurement, NoteTaken, SessionStarted, WavePiece
from kapconsole.record.keys import InstallSigner
from kapconsole.record.reader import open_log
from kapconsole.record.summary import summarise
from kapconsole.record.verify import verify
from kapconsole.record.writer import SessionLog
from kapconsole.rows import NUMERICS, WAVE, Row, event_row, pack_numerics, pack_wave
from kapdevices.readings import Metric, Quality

UTC_US = 1_772_700_000_000_000


def seconds(count: int) -> Iterator[list[Row]]:
    """The rows of each second of a session."""
    seq = 0

    def row(mono_us: int, kind: str, body: bytes) -> Row:
        nonlocal seq
        seq += 1
        return Row(seq, mono_us, UTC_US + mono_us, kind, "monitor", body)

    def event(mono_us: int, body: SessionStarted | NoteTaken) -> Row:
        nonlocal seq
        seq += 1
        return event_row(Event(seq, mono_us, UTC_US + mono_us, "staff", body))

    yield [event(0, SessionStarted("bench", "", "0", "boot", 0, UTC_US, 1.0, "UTC"))]
    for second in range(count):
        start_us = second * 1_000_000
        items = [Measurement(start_us + 100_000 * index, 1, Metric.SPO2, 97.0, Quality.GOOD) for index in range(10)]
        base_us, numerics = pack_numerics(items)
        samples = bytes((second + 3 * index) % 256 for index in range(75))
        piece = WavePiece(start_us, 1_000_000, 1, Metric.PLETH, Quality.GOOD, 255, 1, samples)
        rows = [row(base_us, NUMERICS, numerics), row(start_us, WAVE, pack_wave([piece]))]
        if second % 5 == 0:
            rows.append(event(start_us, NoteTaken(start_us, f"breathing calm, eyes closed, minute {second // 60}")))
        yield rows


def timed(action: Callable[[], object]) -> float:
    """Milliseconds that `action` takes."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1e3


def best_of(times: int, action: Callable[[], object]) -> float:
    """The shortest of `times` runs, milliseconds: what it costs when nothing else runs."""
    return min(timed(action) for _ in range(times))


def commits(folder: Path, keys: dict[str, bytes | None], length: int) -> dict[str, list[float]]:
    """Milliseconds of each commit, and of each bare synced write under the name `bare`."""
    signer = InstallSigner(bytes(32), "")
    told = seconds(length)
    first = next(told)
    logs = {
        name: SessionLog.create(folder / f"{name}.kaplog", key, first, signer=signer, ballast_bytes=0)
        for name, key in keys.items()
    }
    spent: dict[str, list[float]] = {name: [] for name in [*keys, "bare"]}
    block = os.urandom(4096)
    with (folder / "bare").open("wb", buffering=0) as bare:

        def write_bare() -> None:
            bare.write(block)
            os.fsync(bare.fileno())

        for rows in told:
            for name, log in logs.items():
                spent[name].append(timed(lambda log=log, rows=rows: log.write(rows)))  # type: ignore[misc]
            spent["bare"].append(timed(write_bare))
    for name, log in logs.items():
        print(f"{name:10} close {timed(log.close):7.1f} ms, file {log.path.stat().st_size / 1e6:.2f} MB")
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="five minutes of session instead of three hours")
    length = 300 if parser.parse_args().quick else 3 * 3600
    keys: dict[str, bytes | None] = {"plain": None, "encrypted": os.urandom(32)}
    with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as name:
        folder = Path(name)
        spent = commits(folder, keys, length)
        unit = statistics.median(spent["bare"])
        print(f"{length} commits; a bare synced write of 4 kB takes {unit:.3f} ms (median)")
        for name, times in spent.items():
            cuts = statistics.quantiles(times, n=100)
            print(
                f"{name:10} commit p50 {cuts[49]:.3f} ms ({cuts[49] / unit:.2f} bare writes),"
                f" p99 {cuts[98]:.3f} ms ({cuts[98] / unit:.2f}), longest {max(times):.1f} ms"
            )
        costs: dict[str, dict[str, float]] = {}
        for name, key in keys.items():
            path = folder / f"{name}.kaplog"

            def read(path: Path = path, key: bytes | None = key) -> None:
                with open_log(path, key) as log:
                    log.rows()

            def sum_up(path: Path = path, key: bytes | None = key) -> None:
                with open_log(path, key) as log:
                    summarise(log)

            def search(path: Path = path, key: bytes | None = key) -> None:
                with open_log(path, key) as log:
                    log.search("minute 4")

            def prove(path: Path = path, key: bytes | None = key) -> None:
                assert verify(path, key).ok

            actions = {"open and read": read, "summary": sum_up, "search": search, "verify": prove}
            costs[name] = {what: best_of(3, action) for what, action in actions.items()}
        for what, plain in costs["plain"].items():
            encrypted = costs["encrypted"][what]
            print(f"{what:14} plain {plain:6.1f} ms, encrypted {encrypted:6.1f} ms ({encrypted / plain:.2f} times)")


if __name__ == "__main__":
    main()
