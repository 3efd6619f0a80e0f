"""Where the music stands, kept every second: a room process that was killed goes on from there."""

from __future__ import annotations

from pathlib import Path

import msgspec

from kapconsole.cues.music.events import PlaylistChosen
from kapconsole.cues.music.player import Saved

RESTARTS = 3
WITHIN_NS = 300_000_000_000
"""As many deaths within five minutes, and the music stays silent until a person asks for it."""


class Kept(msgspec.Struct, frozen=True):
    """The file. Its times are the machine's monotonic clock, nanoseconds, within the boot that `boot` names.

    `started_ns`: when room processes began that have not ended well. `kept_ns`: when `saved` was true.
    """

    session_id: str
    boot: str = ""
    started_ns: tuple[int, ...] = ()
    playlist: PlaylistChosen | None = None
    saved: Saved | None = None
    kept_ns: int = 0


class Keeper:
    """One file, replaced at once, for one session."""

    def __init__(self, file: Path, session_id: str, boot: str = "") -> None:
        """`boot`: see `kapconsole.clock.boot_id`."""
        self._file = file
        self.kept = Kept(session_id, boot)
        try:
            found = msgspec.json.decode(file.read_bytes(), type=Kept)
        except (OSError, msgspec.MsgspecError):
            return
        if found.session_id == session_id:
            self.kept = found if found.boot == boot else Kept(session_id, boot, (), found.playlist, found.saved)

    def began(self, now_ns: int) -> int:
        """Note that a process begins; how many have died within the last five minutes."""
        recent = tuple(at_ns for at_ns in self.kept.started_ns if now_ns - at_ns < WITHIN_NS)
        self._write(msgspec.structs.replace(self.kept, started_ns=(*recent, now_ns)))
        return len(recent)

    def keep(self, playlist: PlaylistChosen | None, saved: Saved | None, now_ns: int) -> None:
        """Write down where the music stands. Raises OSError."""
        self._write(msgspec.structs.replace(self.kept, playlist=playlist, saved=saved, kept_ns=now_ns))

    def away_s(self, now_ns: int) -> float:
        """How long nobody has kept anything, seconds; without end after the machine was restarted."""
        return (now_ns - self.kept.kept_ns) / 1e9 if self.kept.kept_ns else float("inf")

    def ended_well(self) -> None:
        """This process ends because it should: it is no death."""
        self._write(msgspec.structs.replace(self.kept, started_ns=self.kept.started_ns[:-1]))

    def forget(self) -> None:
        """The session is closed."""
        self._file.unlink(missing_ok=True)

    def _write(self, kept: Kept) -> None:
        self.kept = kept
        fresh = self._file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(kept))
        fresh.replace(self._file)
