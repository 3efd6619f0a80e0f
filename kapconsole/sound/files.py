"""Music files as stereo at 48 kHz, any stretch of them to the sample: the same frames however they are asked for."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 48_000
PART_S = 5
"""Files are decoded, and resampled where need be, in parts of this length on a fixed raster."""

PART = PART_S * RATE_HZ
GUARD_S = 1
"""More of the file on both sides of a part that is resampled than any filter is long."""

ENDINGS = (".flac", ".wav", ".mp3", ".ogg", ".oga", ".opus", ".aif", ".aiff", ".caf")
"""What libsndfile reads with exact seeking (audio reference, section 2)."""

LOUDER_BY = 1.07
"""A file whose samples exceed the peak measured at import by more than this (0.6 dB) is not the file it was."""

Stereo = NDArray[np.float32]


class Unreadable(Exception):
    """A file cannot be played, or not from `at_frame` on (48 kHz); the message says why."""

    def __init__(self, words: str, at_frame: int = 0, exact: bool = True) -> None:
        """`exact`: everything before `at_frame` is whole and nothing after it counts; else it fails somewhere later."""
        super().__init__(words)
        self.at_frame = at_frame
        self.exact = exact


class MusicFile:
    """An open music file."""

    def __init__(self, path: Path, peak: float | None = None) -> None:
        """`peak`: the largest sample (0 to 1) that was found at import. Raises Unreadable."""
        import soundfile

        self._errors: tuple[type[Exception], ...] = (soundfile.LibsndfileError, OSError, RuntimeError, ValueError)
        self.path = path
        self._file = self._opened()
        self.trouble: Unreadable | None = None
        """What was found to be wrong with a later part of the file; it counts as ending there."""
        self.rate_hz = int(self._file.samplerate)
        self.channels = int(self._file.channels)
        self.source_frames = int(self._file.frames)
        self.frames = self.source_frames * RATE_HZ // self.rate_hz
        self._limit = None if peak is None else max(peak, 1e-3) * LOUDER_BY

    def part(self, number: int) -> Stereo:
        """Part `number` of PART frames, shape (frames, 2), shorter at the end of the file. Raises Unreadable.

        What is whole of a part that breaks off is given, and `trouble` says where the file ends now.
        """
        try:
            return self._part(number)
        except Unreadable as trouble:
            self._end_at(trouble)
            if number * PART >= self.frames:
                raise
        return self._part(number)

    def _part(self, number: int) -> Stereo:
        count = max(0, min(PART, self.frames - number * PART))
        begin, end = number * PART_S * self.rate_hz, (number + 1) * PART_S * self.rate_hz
        if self.rate_hz == RATE_HZ:
            found = self._source(begin, min(end, self.source_frames))
        else:
            import soxr

            guard = GUARD_S * self.rate_hz
            from_source = max(0, begin - guard)
            raw = self._source(from_source, min(end + guard, self.source_frames))
            skip = (begin - from_source) // self.rate_hz * RATE_HZ
            found = np.asarray(soxr.resample(raw, self.rate_hz, RATE_HZ, quality="HQ"), np.float32)[skip:]
        if len(found) < count - 1:
            raise Unreadable(f"{self.path.name} breaks off", number * PART + len(found))
        if self._limit is not None and len(found):
            over = np.abs(found[:count]).max(axis=1) > self._limit
            if over.any():
                at_frame = number * PART + int(over.argmax())
                raise Unreadable(f"{self.path.name} is louder than when it was imported", at_frame)
        out = np.zeros((count, 2), np.float32)
        out[: len(found)] = found[:count]
        return out

    def _end_at(self, trouble: Unreadable) -> None:
        """The file is over where it breaks off. A decoder fails for a whole part: its tenths that are whole count."""
        whole, step = trouble.at_frame * self.rate_hz // RATE_HZ, self.rate_hz // 10
        with contextlib.suppress(Unreadable):
            self._reopen()
            while not trouble.exact and whole + step <= self.source_frames:
                self._source(whole, whole + step)
                whole += step
        with contextlib.suppress(Unreadable):
            self._reopen()
        self.source_frames = whole
        self.frames = whole * RATE_HZ // self.rate_hz
        self.trouble = Unreadable(str(trouble), self.frames)

    def _reopen(self) -> None:
        """A decoder that has failed once may fail from then on."""
        self._file.close()
        self._file = self._opened()

    def _opened(self) -> Any:
        import soundfile

        try:
            return soundfile.SoundFile(str(self.path))
        except self._errors as trouble:
            raise Unreadable(_words(self.path, trouble)) from None

    def blocks(self) -> Iterator[Stereo]:
        """All of it in the file's own rate, a second at a time, shape (frames, 2). Raises Unreadable."""
        for begin in range(0, self.source_frames, self.rate_hz):
            yield self._source(begin, min(begin + self.rate_hz, self.source_frames))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _source(self, begin: int, end: int) -> Stereo:
        if begin >= end:
            return np.zeros((0, 2), np.float32)
        at_frame = begin * RATE_HZ // self.rate_hz
        try:
            if self._file.tell() != begin:
                self._file.seek(begin)
            found = self._file.read(end - begin, dtype="float32", always_2d=True)
        except self._errors as trouble:
            raise Unreadable(_words(self.path, trouble), at_frame, exact=False) from None
        if len(found) < end - begin:
            at_frame = (begin + len(found)) * RATE_HZ // self.rate_hz
            raise Unreadable(f"{self.path.name} breaks off", at_frame)
        if not np.isfinite(found).all():
            raise Unreadable(f"{self.path.name} holds what is no sound", at_frame)
        if self.channels == 1:
            found = np.repeat(found, 2, axis=1)
        return np.ascontiguousarray(found[:, :2])


def file_hash(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal text. Raises OSError."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_file(path: Path, samples: Stereo, subtype: str) -> None:
    """Write stereo at 48 kHz; the format is that of the ending. `subtype`: PCM_16, PCM_24, FLOAT. Raises OSError."""
    import soundfile

    try:
        soundfile.write(str(path), samples, RATE_HZ, subtype=subtype)
    except soundfile.LibsndfileError as trouble:
        raise OSError(str(trouble)) from None


def tags_of(path: Path) -> tuple[str, str, str]:
    """Title, artist and album; empty where the file has none or they cannot be read."""
    import tinytag

    try:
        tag = tinytag.TinyTag.get(str(path))
    except (tinytag.TinyTagException, OSError, ValueError, KeyError, IndexError):
        return "", "", ""
    return (tag.title or "").strip(), (tag.artist or "").strip(), (tag.album or "").strip()


def _words(path: Path, trouble: Exception) -> str:
    if not path.exists():
        return f"{path.name} is missing"
    said = str(trouble).rpartition(": ")[2].rstrip(".") or "not a music file"
    return f"{path.name} cannot be read: {said}"
