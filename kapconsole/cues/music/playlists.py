"""Playlists: an arc of segments with their tracks as a TOML file, resolved against the library."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import msgspec

from kapconsole.cues.music import events as mu
from kapconsole.cues.music.library import Entry, Library, quick_check
from kapconsole.paths import config_dir
from kapconsole.refusals import Refused

CROSSFADE_S = 8.0
ARC = ("opening", "build", "peak", "descent", "return")
"""The segments that *ease* and *resolve early* know by name are "descent" and "return"."""


class TrackLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A track: `id` (its hash, 8 characters or more) or `path` (from the playlist's folder). `title` for people."""

    id: str = ""
    path: str = ""
    title: str = ""
    gapless: bool = False
    crossfade_s: float | None = None


class SegmentLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A segment and when it is to be over, in minutes after the dose."""

    name: str
    until_min: float
    track: tuple[TrackLine, ...] = ()
    exact: bool = False


class PlaylistFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The file."""

    name: str
    segment: tuple[SegmentLine, ...]
    crossfade_s: float = CROSSFADE_S


class PlaylistError(Refused):
    """A playlist cannot be used; the message says why."""


def playlists_dir() -> Path:
    """Where the site keeps its playlists."""
    folder = config_dir() / "playlists"
    folder.mkdir(exist_ok=True)
    return folder


def find(name: str) -> Path:
    """The file of a playlist by its path, or by its name among the site's. Raises PlaylistError."""
    for path in (Path(name), playlists_dir() / f"{name}.toml"):
        if path.is_file():
            return path
    raise PlaylistError(f"there is no playlist {name!r}: neither a file nor in {playlists_dir()}")


def read(path: Path) -> PlaylistFile:
    """Read and check. Raises PlaylistError."""
    try:
        found = msgspec.convert(tomllib.loads(path.read_text("utf-8")), PlaylistFile)
    except (OSError, UnicodeDecodeError) as trouble:
        raise PlaylistError(f"{path} cannot be read: {trouble}") from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as trouble:
        raise PlaylistError(f"{path} is not a playlist: {trouble}") from None
    names = [segment.name for segment in found.segment]
    if not names:
        raise PlaylistError(f"{path} has no segment")
    if len(set(names)) != len(names):
        raise PlaylistError(f"{path} has two segments of the same name")
    minutes = [0.0, *(segment.until_min for segment in found.segment)]
    if any(not before < after <= 600 for before, after in itertools.pairwise(minutes)):
        raise PlaylistError(f"{path}: until_min must grow from segment to segment, up to 600")
    fades = [found.crossfade_s, *(line.crossfade_s or 0.0 for segment in found.segment for line in segment.track)]
    if any(not 0 <= seconds <= 60 for seconds in fades):
        raise PlaylistError(f"{path}: crossfade_s must be from 0 to 60")
    return found


def write(path: Path, playlist: PlaylistFile) -> None:
    """Write a playlist as a person would. Raises OSError."""
    lines = [f"name = {_text(playlist.name)}", f"crossfade_s = {playlist.crossfade_s:g}"]
    for segment in playlist.segment:
        lines += ["", "[[segment]]", f"name = {_text(segment.name)}", f"until_min = {segment.until_min:g}"]
        lines += ["exact = true"] if segment.exact else []
        for line in segment.track:
            lines += ["", "[[segment.track]]"]
            lines += [f"{key} = {_text(getattr(line, key))}" for key in ("title", "id", "path") if getattr(line, key)]
            lines += ["gapless = true"] if line.gapless else []
            lines += [] if line.crossfade_s is None else [f"crossfade_s = {line.crossfade_s:g}"]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def resolve(
    playlist: PlaylistFile, folder: Path, library: Library, now_us: int = 0
) -> tuple[mu.PlaylistChosen, list[str]]:
    """The playlist as it will be played, and what is missing, changed or not imported, in words.

    What cannot be played is left out. Raises PlaylistError when nothing is left.
    """
    segments, troubles = [], []
    for segment in playlist.segment:
        tracks: list[mu.Track] = []
        for line in segment.track:
            entry = _entry(line, folder, library)
            wrong = quick_check(entry) if entry else f"{_called(line)} is not in the library: import it first"
            if entry is None or wrong:
                troubles.append(f"{segment.name}: {wrong}")
                continue
            title = line.title or entry.title
            tracks.append(mu.Track(entry.id, title, entry.frames, entry.gain_db, line.gapless, line.crossfade_s))
        if not tracks:
            troubles.append(f"{segment.name}: no track of this segment can be played")
        segments.append(mu.Segment(segment.name, segment.until_min, _evened(tracks), segment.exact))
    if not any(segment.tracks for segment in segments):
        raise PlaylistError(f"nothing of the playlist {playlist.name!r} can be played: {'; '.join(troubles)}")
    return mu.PlaylistChosen(playlist.name, playlist.crossfade_s, tuple(segments), now_us), troubles


def choose(name: str, now_us: int = 0) -> tuple[mu.PlaylistChosen, list[str]]:
    """Find, read and resolve against the library of this machine. Raises PlaylistError, LibraryTrouble."""
    path = find(name)
    return resolve(read(path), path.parent, Library(), now_us)


def _entry(line: TrackLine, folder: Path, library: Library) -> Entry | None:
    found = library.by_id(line.id) if line.id else None
    return found or (library.by_path(folder / line.path) if line.path else None)


def _called(line: TrackLine) -> str:
    return line.title or line.path or line.id[:12] or "a track without id and path"


def _evened(tracks: list[mu.Track]) -> tuple[mu.Track, ...]:
    """Tracks that run into each other have one gain, the lowest of theirs: a soft movement stays soft."""
    out: list[mu.Track] = []
    for number, track in enumerate(tracks):
        run = [track]
        for before in range(number, 0, -1):
            if not tracks[before].gapless:
                break
            run.append(tracks[before - 1])
        for after in tracks[number + 1 :]:
            if not after.gapless:
                break
            run.append(after)
        out.append(msgspec.structs.replace(track, gain_db=min(each.gain_db for each in run)))
    return tuple(out)


def _text(value: str) -> str:
    """A TOML string; JSON's escapes are among TOML's."""
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
