"""Decoding reads a stream and not a file: memory does not grow with its length, whatever form the bytes have."""

import io
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import BinaryIO

import psutil
import pytest

from kapdevices.capture import MAGIC
from kapdevices.catalog import find
from kapdevices.decode import Form, decode, read_chunks, write_csv
from kapdevices.patient import Patient

MEGABYTE = 1_000_000
SIZE = 600_000
"""Bytes decoded while memory is counted, which is slow. Whoever takes them all at once needs more than half of it."""


def packets(protocol: str, for_s: float) -> bytes:
    """What the simulator sends when asked, as bytes."""
    manifest = find(protocol)
    driver, simulator, data = manifest.make_driver(), manifest.make_simulator(Patient("steady")), b""
    for turn in range(round(for_s / 0.05)):
        if sent := driver.transmit(turn * 0.05):
            simulator.receive(sent, turn * 0.05)
        data += simulator.transmit(turn * 0.05)
    return data


class Endless(io.RawIOBase):
    """The same bytes again and again, up to a size, without ever being in memory."""

    def __init__(self, head: bytes, again: bytes, size: int) -> None:
        self.again, self.left, self.waiting = again, size, head

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        if not self.waiting and self.left > 0:
            self.waiting = self.again
        taken = self.waiting[: len(buffer)]
        self.waiting = self.waiting[len(taken) :]
        self.left -= len(taken)
        buffer[: len(taken)] = taken
        return len(taken)


class Nowhere(io.TextIOBase):
    """Counts the lines that are written."""

    lines = 0

    def write(self, text: str) -> int:
        self.lines += text.count("\n")
        return len(text)


def stream_of(form: str, size: int) -> BinaryIO:
    data = packets("berrymed_pm6750", 3.0)
    head, again = b"", data
    if form == "capture":
        head = MAGIC + b"1}\n"
        again = bytes(8) + b"r" + len(data[:512]).to_bytes(4, "little") + data[:512]
    elif form == "hex lines":
        again = b"".join(data[at : at + 16].hex(" ").encode() + b"\n" for at in range(0, len(data), 16))
    elif form == "hex in one line":
        again = data.hex(" ").encode() + b" "
    elif form == "hex in one word":
        again = data.hex().encode()
    return io.BufferedReader(Endless(head, again, size))


@pytest.mark.parametrize("form", ["raw", "capture", "hex lines", "hex in one line", "hex in one word"])
def test_memory_does_not_grow_with_the_input(form: str) -> None:
    as_form: Form = "raw" if form == "raw" else "capture" if form == "capture" else "hex"
    out = Nowhere()
    driver = find("berrymed_pm6750").make_driver()
    stream = stream_of(form, SIZE)
    tracemalloc.start()
    try:
        write_csv(decode(read_chunks(stream, as_form), driver), out)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert out.lines > 2_000
    assert peak < SIZE / 2


def test_a_long_line_of_hexadecimal_bytes_is_the_same_as_short_ones() -> None:
    data = packets("berrymed_pm6750", 20.0)
    assert len(data.hex()) > 2 * 65536
    for text in (
        data.hex(),
        data.hex(" "),
        "0x" + data.hex(" ").replace(" ", ", 0x"),
        f"# {'x' * 70_000}\n{data.hex(',')}",
    ):
        assert b"".join(part for _, part in read_chunks(io.BytesIO(text.encode()), "hex")) == data


def test_the_command_decodes_a_pipe_as_it_comes(tmp_path: Path) -> None:
    data = packets("berrymed_pm6750", 60.0)
    command = [sys.executable, "-m", "kapconsole", "decode", "berrymed_pm6750", "-"]
    with (tmp_path / "out.csv").open("wb") as out:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out)
        assert child.stdin is not None
        sizes, written = [], 0
        try:
            while written < 6 * MEGABYTE:
                written += child.stdin.write(data)
                if written > MEGABYTE:  # a pipe holds 64 KiB: what is written was read
                    sizes.append(psutil.Process(child.pid).memory_info().rss)
            child.stdin.close()
            assert child.wait(60) == 0
        finally:
            child.kill()
            child.wait()
    assert (tmp_path / "out.csv").stat().st_size > 10 * MEGABYTE
    assert max(sizes) - sizes[0] < 2 * MEGABYTE
