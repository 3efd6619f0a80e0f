"""A stretch of the music into a file, exactly as it is delivered when nobody steers: the same plan, the same frames."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from kapconsole.cues.music import events as mu
from kapconsole.cues.music.library import Library
from kapconsole.cues.music.plan import RATE_HZ, Placement, Plan, Stereo, render
from kapconsole.cues.music.player import Player, Times
from kapconsole.sound.files import PART, MusicFile, Unreadable

LONGEST_MIN = 600
STEP = 10 * RATE_HZ
BLOCK = RATE_HZ
KEPT_PARTS = 4


def whole_plan(chosen: mu.PlaylistChosen) -> tuple[Plan, int]:
    """All placements when the music begins with the dose and nobody steers, and the frame at which it is over."""
    player = Player(chosen, Times(0), volume_db=0.0)
    player.ask(mu.MusicAsked("play", 0), 0)
    player.set_dose(0, 0)
    placements: dict[tuple[int, int, int], Placement] = {}
    frame = 0
    while player.state == "playing" and frame < LONGEST_MIN * 60 * RATE_HZ:
        player.extend(frame, frame + 2 * STEP)
        placements.update({(each.start, each.segment, each.index): each for each in player.plan.placements})
        player.heard(frame, lambda at: at)
        frame += STEP
    ordered = tuple(sorted(placements.values(), key=lambda each: each.start))
    return Plan(ordered, player.plan.presence, player.plan.volume), max(each.end for each in ordered)


class Files:
    """The tracks of a playlist, read as needed. Raises Unreadable on what cannot be."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._open: dict[str, MusicFile] = {}
        self._parts: dict[tuple[str, int], Stereo] = {}

    def read(self, track: mu.Track, first: int, count: int) -> Stereo:
        """See `plan.Read`."""
        return gather(lambda number: self._part(track, number), first, count)

    def close(self) -> None:
        """Close all files."""
        for file in self._open.values():
            file.close()

    def _part(self, track: mu.Track, number: int) -> Stereo:
        key = (track.id, number)
        if key not in self._parts:
            if track.id not in self._open:
                entry = self._library.by_id(track.id)
                if entry is None:
                    raise Unreadable(f"{track.title} is not in the library")
                self._open[track.id] = MusicFile(Path(entry.path), entry.peak)
            while len(self._parts) >= KEPT_PARTS:
                del self._parts[next(iter(self._parts))]
            self._parts[key] = self._open[track.id].part(number)
        return self._parts[key]


def gather(part: Callable[[int], Stereo], first: int, count: int) -> Stereo:
    """A stretch of a track from its parts; zeros beyond its end."""
    import numpy as np

    out = np.zeros((count, 2), np.float32)
    at = first
    while at < first + count:
        number, skip = divmod(at, PART)
        found = part(number)[skip : skip + first + count - at]
        if not len(found):
            break
        out[at - first : at - first + len(found)] = found
        at += len(found)
    return out


def rendered(chosen: mu.PlaylistChosen, library: Library, first: int, count: int) -> Iterator[Stereo]:
    """The frames, a second at a time. Raises Unreadable."""
    plan, _ = whole_plan(chosen)
    with contextlib.closing(Files(library)) as files:
        for begin in range(first, first + count, BLOCK):
            yield render(plan, files.read, begin, min(BLOCK, first + count - begin))
