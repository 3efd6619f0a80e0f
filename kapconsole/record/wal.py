"""What stands in a `-wal` file: how many commits hold, and how many stand behind a damaged place.

The layout and the checksum are those of sqlite.org, "Database File Format", section 4. The checksum is a linear
recurrence modulo 2^32, so that a whole frame is one product with Fibonacci numbers and a file takes milliseconds.
SQLite Multiple Ciphers keeps the layout and computes the checksum over the encrypted page, so no key is needed.
"""

from __future__ import annotations

import struct
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

_HEADER = struct.Struct(">8I")
_FRAME_HEADER_BYTES = 24
_MASK = 0xFFFFFFFF


class WalState(msgspec.Struct, frozen=True):
    """Commits that hold; commits behind the first damaged frame; whether the file ends in a torn transaction."""

    commits: int
    lost_commits: int
    torn: bool


def inspect_wal(path: Path) -> WalState:
    """The state of a `-wal` file that nobody is writing. A missing or empty file holds nothing."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        data = b""
    if len(data) < _HEADER.size:
        return WalState(0, 0, torn=bool(data))
    magic, _, page_bytes, _, salt1, salt2, sum1, sum2 = _HEADER.unpack_from(data)
    order = ">" if magic & 1 else "<"
    if magic | 1 != 0x377F0683 or page_bytes < 512 or page_bytes & (page_bytes - 1):
        return WalState(0, 0, torn=True)
    frame_bytes = _FRAME_HEADER_BYTES + page_bytes
    count, rest = divmod(len(data) - _HEADER.size, frame_bytes)
    frames = np.frombuffer(data, np.uint8, count * frame_bytes, _HEADER.size).reshape(count, frame_bytes)
    heads = np.ascontiguousarray(frames[:, :_FRAME_HEADER_BYTES]).view(">u4").reshape(count, 6)
    ours = (heads[:, 2] == salt1) & (heads[:, 3] == salt2)  # others are left from before the last restart of the file
    commit = ours & (heads[:, 1] != 0)
    start = _sums(np.frombuffer(data, f"{order}u4", 6).reshape(1, 6))[0]
    whole = 0
    if (int(start[0]), int(start[1])) == (sum1, sum2):
        covered = np.concatenate([frames[:, :8], frames[:, _FRAME_HEADER_BYTES:]], axis=1)
        words = np.ascontiguousarray(covered).view(f"{order}u4").reshape(count, -1)
        whole = _whole_frames(words, heads, ours, (sum1, sum2))
    committed = int(np.flatnonzero(commit[:whole])[-1]) + 1 if commit[:whole].any() else 0
    return WalState(
        commits=int(commit[:whole].sum()),
        lost_commits=int(commit[whole:].sum()),
        torn=bool(ours[committed:].any()) or (rest > 0 and bool(ours.all())),
    )


def _whole_frames(
    words: NDArray[np.uint32], heads: NDArray[np.uint32], ours: NDArray[np.bool_], start: tuple[int, int]
) -> int:
    """How many frames from the first on have the checksum that follows from the frame before."""
    pairs = words.shape[1] // 2
    own = _sums(words)
    # What the sums of the frame before become after `pairs` steps: [[1, 1], [1, 2]] to that power.
    low, middle, high = _fibonacci(2 * pairs - 1), _fibonacci(2 * pairs), _fibonacci(2 * pairs + 1)
    sum1, sum2 = start
    for index in range(len(words)):
        sum1, sum2 = (
            (low * sum1 + middle * sum2 + int(own[index, 0])) & _MASK,
            (middle * sum1 + high * sum2 + int(own[index, 1])) & _MASK,
        )
        if not ours[index] or (sum1, sum2) != (int(heads[index, 4]), int(heads[index, 5])):
            return index
    return len(words)


def _sums(words: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The checksum of each row of `words`, begun from zero; shape (rows, 2)."""
    pairs = words.shape[1] // 2
    # A word that is added `steps` steps before the end has grown by these factors when the end is reached.
    numbers = [_fibonacci(step) for step in range(2 * pairs + 1)]
    fibonacci = np.array([number & _MASK for number in numbers], np.uint32)
    steps = np.arange(pairs - 1, -1, -1)
    first, second = words[:, 0::2].astype(np.uint32), words[:, 1::2].astype(np.uint32)
    sum1 = first * fibonacci[2 * steps + 1] + second * fibonacci[2 * steps]
    sum2 = first * fibonacci[2 * steps + 2] + second * fibonacci[2 * steps + 1]
    return np.stack([sum1.sum(axis=1, dtype=np.uint32), sum2.sum(axis=1, dtype=np.uint32)], axis=1)


def _fibonacci(index: int) -> int:
    """The Fibonacci number modulo 2^32."""
    if index >= len(_NUMBERS):
        for _ in range(len(_NUMBERS), index + 1):
            _NUMBERS.append((_NUMBERS[-1] + _NUMBERS[-2]) & _MASK)
    return _NUMBERS[index]


_NUMBERS = [0, 1]
