"""The music library: what has been imported, by the hash of each file; loudness is measured once."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
from msgspec.structs import replace

from kapconsole.cues.music.loudness import SILENT_LUFS, measure
from kapconsole.paths import data_dir
from kapconsole.refusals import Refused
from kapconsole.sound.files import ENDINGS, RATE_HZ, MusicFile, Unreadable, file_hash, tags_of

SHORTEST_S = 1.0


class Entry(msgspec.Struct, frozen=True):
    """One file. `id`: its SHA-256. `size` and `mtime_ns` tell quickly whether it is still that file."""

    id: str
    path: str
    size: int
    mtime_ns: int
    title: str
    artist: str
    album: str
    frames: int
    rate_hz: int
    channels: int
    lufs: float
    peak: float
    gain_db: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.frames / RATE_HZ


class Finding(msgspec.Struct, frozen=True):
    """Something about one file, in words; `serious`: it cannot be played."""

    path: str
    text: str
    serious: bool = True


class Index(msgspec.Struct, frozen=True):
    """The file of the library."""

    version: int
    entries: tuple[Entry, ...]


class LibraryTrouble(Refused):
    """The library's own file cannot be used; the message says why."""


def music_dir() -> Path:
    """Where the library keeps its index and the demo its music."""
    folder = data_dir() / "music"
    folder.mkdir(exist_ok=True)
    return folder


class Library:
    """The index in memory; `save` replaces the file at once, so that a reader never sees half of it."""

    def __init__(self, file: Path | None = None) -> None:
        """Raises LibraryTrouble when there is a file that cannot be read."""
        self.file = file or music_dir() / "library.json"
        self._entries: dict[str, Entry] = {}
        try:
            index = msgspec.json.decode(self.file.read_bytes(), type=Index)
        except FileNotFoundError:
            return
        except (OSError, msgspec.MsgspecError) as trouble:
            raise LibraryTrouble(
                f"{self.file} cannot be read ({trouble}): move it away and import the music again"
            ) from None
        self._entries = {entry.id: entry for entry in index.entries}

    @property
    def entries(self) -> list[Entry]:
        """All of them, by path."""
        return sorted(self._entries.values(), key=lambda entry: entry.path)

    def by_id(self, id: str) -> Entry | None:
        """The entry with this hash; its first characters are enough when there is but one such."""
        if id in self._entries:
            return self._entries[id]
        found = [entry for key, entry in self._entries.items() if len(id) >= 8 and key.startswith(id)]
        return found[0] if len(found) == 1 else None

    def by_path(self, path: Path) -> Entry | None:
        """The entry of a file."""
        wanted = str(path.resolve())
        return next((entry for entry in self._entries.values() if entry.path == wanted), None)

    def add(self, path: Path) -> tuple[Entry, bool]:
        """Take a file in; whether it is new. Raises Unreadable."""
        path = path.resolve()
        try:
            status = path.stat()
            known = self.by_path(path)
            if known is not None and (known.size, known.mtime_ns) == (status.st_size, status.st_mtime_ns):
                return known, False
            id = file_hash(path)
        except OSError as trouble:
            raise Unreadable(f"{path.name} cannot be read: {trouble.strerror}") from None
        same = self._entries.get(id)
        where = {"path": str(path), "size": status.st_size, "mtime_ns": status.st_mtime_ns}
        entry = replace(same, **where) if same else _measured(path, id, status)
        self._entries[id] = entry
        return entry, same is None

    def forget(self, id: str) -> None:
        """Take an entry out; the file stays."""
        self._entries.pop(id, None)

    def save(self) -> None:
        """Write the index. Raises OSError."""
        fresh = self.file.with_suffix(".new")
        data = msgspec.json.encode(Index(1, tuple(self.entries)))
        with fresh.open("wb") as stream:
            stream.write(msgspec.json.format(data, indent=1))
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self.file)


def quick_check(entry: Entry) -> str:
    """Why a file is not the one that was imported, from its size and time alone; empty: it is."""
    try:
        status = Path(entry.path).stat()
    except OSError:
        return f"{Path(entry.path).name} is missing"
    if (status.st_size, status.st_mtime_ns) != (entry.size, entry.mtime_ns):
        return f"{Path(entry.path).name} has changed since it was imported: import it again"
    return ""


def whole_check(entry: Entry) -> str:
    """The same by hash and by decoding all of it. A file that was merely touched is as good as before."""
    path = Path(entry.path)
    try:
        if file_hash(path) != entry.id:
            return f"{path.name} has changed since it was imported: import it again"
        file = MusicFile(path, entry.peak)
    except OSError:
        return f"{path.name} is missing"
    except Unreadable as trouble:
        return str(trouble)
    with contextlib.closing(file):
        try:
            for _ in file.blocks():
                pass
        except Unreadable as trouble:
            return f"{trouble} (at {trouble.at_frame / RATE_HZ:.0f} s)"
    return ""


def music_files(paths: Iterable[Path]) -> list[Path]:
    """The files named, and all music files below the folders named, in order of their names."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            below = (each for each in path.rglob("*") if each.suffix.lower() in ENDINGS and each.is_file())
            found += sorted(below)
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def import_files(
    library: Library, paths: list[Path], progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[list[Entry], list[Finding]]:
    """Take files in, and say which cannot be played. Saved every few files, so that an interrupted import goes on."""
    entries, findings = [], []
    for number, path in enumerate(paths):
        progress(number, len(paths))
        try:
            entry, _ = library.add(path)
        except Unreadable as trouble:
            findings.append(Finding(str(path), str(trouble)))
            continue
        entries.append(entry)
        if entry.lufs <= SILENT_LUFS:
            findings.append(Finding(str(path), f"{path.name} is silent", serious=False))
        if number % 20 == 19:
            library.save()
    progress(len(paths), len(paths))
    library.save()
    return entries, findings


def _measured(path: Path, id: str, status: os.stat_result) -> Entry:
    with contextlib.closing(MusicFile(path)) as file:
        if file.frames < SHORTEST_S * RATE_HZ:
            raise Unreadable(f"{path.name} is shorter than {SHORTEST_S:g} s")
        loudness = measure(file.blocks(), file.rate_hz)
        title, artist, album = tags_of(path)
        return Entry(
            id,
            str(path),
            status.st_size,
            status.st_mtime_ns,
            title or path.stem,
            artist,
            album,
            file.frames,
            file.rate_hz,
            file.channels,
            round(loudness.lufs, 2),
            loudness.peak,
            round(loudness.gain_db, 2),
        )
