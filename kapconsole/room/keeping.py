"""Where the music stands, kept every second: a room process that was killed goes on from there."""

from __future__ import annotations

from pathlib import Path

import msgspec

from kapconsole.cues.music.events import PlaylistChosen
from kapconsole.cues.music.player import Saved

RESTARTS = 3
WITHIN_US = 300_000_000
"""As many deaths within five minutes, and the music stays silent until a person asks for it."""


class Kept(msgspec.Struct, frozen=True):
    """The file. `started_us`: session times at which a room process began and has not ended well.

    `kept_us`: session time of `saved`.
    """

    session_id: str
    started_us: tuple[int, ...] = ()
    playlist: PlaylistChosen | None = None
    saved: Saved | None = None
    kept_us: int = 0


class Keeper:
    """One file, replaced at once, for one session."""

    def __init__(self, file: Path, session_id: str) -> None:
        self._file = file
        self.kept = Kept(session_id)
        try:
            found = msgspec.json.decode(file.read_bytes(), type=Kept)
        except (OSError, msgspec.MsgspecError):
            return
        if found.session_id == session_id:
            self.kept = found

    def began(self, now_us: int) -> int:
        """Note that a process begins; how many have died within the last five minutes."""
        recent = tuple(at_us for at_us in self.kept.started_us if now_us - at_us < WITHIN_US)
        self._write(msgspec.structs.replace(self.kept, started_us=(*recent, now_us)))
        return len(recent)

    def keep(self, playlist: PlaylistChosen | None, saved: Saved | None, now_us: int) -> None:
        """Write down where the music stands. Raises OSError."""
        self._write(msgspec.structs.replace(self.kept, playlist=playlist, saved=saved, kept_us=now_us))

    def ended_well(self) -> None:
        """This process ends because it should: it is no death."""
        self._write(msgspec.structs.replace(self.kept, started_us=self.kept.started_us[:-1]))

    def forget(self) -> None:
        """The session is closed."""
        self._file.unlink(missing_ok=True)

    def _write(self, kept: Kept) -> None:
        self.kept = kept
        fresh = self._file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(kept))
        fresh.replace(self._file)
