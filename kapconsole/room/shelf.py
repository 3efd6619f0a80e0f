"""Music files decoded ahead on a thread of their own, so that mixing never waits for a disk unless it has stalled long.

A file that breaks off, has changed, or is louder than at import is found before it is due, and is told once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from kapconsole.cues.music.events import Track
from kapconsole.cues.music.library import Library, LibraryTrouble, quick_check
from kapconsole.cues.music.plan import RATE_HZ, Placement, Stereo
from kapconsole.cues.music.rendering import gather
from kapconsole.sound.files import PART, MusicFile, Unreadable

log = logging.getLogger("kapconsole.room")

AHEAD = 15 * RATE_HZ
"""This much of every track that plays is decoded ahead."""

PATIENCE_S = 0.5
"""How long the mixing waits for a part that is not there yet, once; then it goes on without."""

Key = tuple[str, int]


class Unsound(msgspec.Struct, frozen=True):
    """A track that cannot be played from its frame `from_frame` on, and why."""

    track: str
    title: str
    from_frame: int
    text: str


class Shelf:
    """Parts of tracks, by the hash of the track and the number of the part."""

    def __init__(self, library: Library | None = None) -> None:
        self.late = 0
        """How often the mixing had to go on without a part."""
        self.arrived: Callable[[], None] = lambda: None
        """Called when a part is there that the mixing has gone on without: it may mix again."""
        self._library = library
        self._parts: dict[Key, Stereo] = {}
        self._wanted: dict[Key, Track] = {}
        self._given_up: set[Key] = set()
        self._files: dict[str, MusicFile] = {}
        self._unsound: dict[str, Unsound] = {}
        self._untold: deque[Unsound] = deque()
        self._condition = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="music-shelf", daemon=True)
        self._thread.start()

    def want(self, placements: tuple[Placement, ...], frame: int) -> None:
        """What will be needed soon: parts under `frame` and ahead of it, and the beginning of what follows."""
        wanted: dict[Key, Track] = {}
        for each in placements:
            first = each.source_at(max(each.start, frame - RATE_HZ))
            last = each.source_at(min(each.end, max(frame, each.start) + AHEAD))
            for number in range(first // PART, max(first, last - 1) // PART + 1):
                wanted[each.track.id, number] = each.track
        with self._condition:
            self._wanted = wanted
            for key in [key for key in self._parts if key not in wanted]:
                del self._parts[key]
            self._condition.notify_all()

    def read(self, track: Track, first: int, count: int) -> Stereo:
        """See `plan.Read`. Zeros for what is not there; never raises."""
        return gather(lambda number: self._part(track, number), first, count)

    def troubles(self) -> list[Unsound]:
        """Tracks found to be unsound since this was asked last."""
        out = []
        while self._untold:
            out.append(self._untold.popleft())
        return out

    def close(self) -> None:
        """End the thread and close all files."""
        with self._condition:
            self._ended = True
            self._condition.notify_all()
        self._thread.join()
        for file in self._files.values():
            file.close()

    def _part(self, track: Track, number: int) -> Stereo:
        key = (track.id, number)
        if key not in self._parts and key not in self._given_up:
            until_s = time.monotonic() + PATIENCE_S
            with self._condition:
                self._wanted.setdefault(key, track)
                self._condition.notify_all()
                while key not in self._parts and track.id not in self._unsound:
                    if not self._condition.wait(until_s - time.monotonic()):
                        self.late += 1
                        self._given_up.add(key)
                        break
        found = self._parts.get(key)
        return np.zeros((PART, 2), np.float32) if found is None else found

    def _run(self) -> None:
        while True:
            with self._condition:
                missing = [key for key in self._wanted if key not in self._parts and self._sound(key)]
                if self._ended:
                    return
                if not missing:
                    self._condition.wait(1.0)
                    continue
                key = missing[0]
                track = self._wanted[key]
            try:
                part = self._load(track, key[1])
            except Unreadable as failed:
                self._spoilt(track, failed.at_frame, str(failed))
            except Exception as failed:  # whatever a decoder makes of a damaged file, the music goes on
                log.exception("%s", track.title)
                self._spoilt(track, key[1] * PART, f"{track.title} cannot be decoded: {failed}")
            else:
                with self._condition:
                    self._parts[key] = part
                    missed = key in self._given_up
                    self._given_up.discard(key)
                    self._condition.notify_all()
                if missed:
                    self.arrived()
                trouble = self._files[track.id].trouble
                if trouble is not None and track.id not in self._unsound:
                    self._spoilt(track, trouble.at_frame, str(trouble))

    def _sound(self, key: Key) -> bool:
        unsound = self._unsound.get(key[0])
        return unsound is None or key[1] * PART < unsound.from_frame

    def _spoilt(self, track: Track, from_frame: int, text: str) -> None:
        unsound = Unsound(track.id, track.title, from_frame, text)
        with self._condition:
            self._unsound[track.id] = unsound
            self._untold.append(unsound)
            self._condition.notify_all()

    def _load(self, track: Track, number: int) -> Stereo:
        if track.id not in self._files:
            try:
                self._library = self._library or Library()
            except LibraryTrouble as trouble:
                raise Unreadable(str(trouble)) from None
            entry = self._library.by_id(track.id)
            if entry is None:
                raise Unreadable(f"{track.title} is not in the library of this machine")
            wrong = quick_check(entry)
            if wrong:
                raise Unreadable(wrong)
            self._files[track.id] = MusicFile(Path(entry.path), entry.peak)
        return self._files[track.id].part(number)
