"""The music in the room process: what is asked goes to the player, its plan to the patient's output, and what was
heard back to the monitor."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from math import isinf
from typing import Any

import numpy as np
from msgspec.structs import replace

from kapconsole import events as ev
from kapconsole.clock import SessionClock, duration_text
from kapconsole.cues.music import events as mu
from kapconsole.cues.music.plan import RATE_HZ, Envelope, Piece, Stereo, curve, render, turned
from kapconsole.cues.music.player import START_DB, Player, Saved, Times
from kapconsole.cues.music.wishes import NotPossible
from kapconsole.room.calibration import ceiling, read_calibration
from kapconsole.room.keeping import RESTARTS, Keeper
from kapconsole.room.patient_out import PatientOut
from kapconsole.room.shelf import Shelf
from kapconsole.wire import Did, Do, Message, Welcome

log = logging.getLogger("kapconsole.room")

LEAD = RATE_HZ // 10
"""A wish takes effect so long after the first frame that could still be changed: the mixing needs its time."""

PLANNED = 60 * RATE_HZ
KEEP_EVERY_S = 1.0
ALONE_S = 1800.0
ALONE_FADE_S = 60.0
"""Without a monitor for half an hour the music fades out over a minute."""

GOODBYE_S = 1.5
CEILING_S = 2.0
AWAY_S = 60.0
"""Music that was away for longer does not begin again by itself."""
UNTOLD = 500


class Music:
    """Fed with messages and time by the room's loop; `close` ends its threads but not the output."""

    def __init__(
        self, out: PatientOut, clock: SessionClock, keeper: Keeper, tell: Callable[[Message], bool], shelf: Shelf
    ) -> None:
        """Goes on where another process of this session broke off. `tell`: whether it reached the monitor."""
        self.player: Player | None = None
        self._out = out
        self._clock = clock
        self._keeper = keeper
        self._tell = tell
        self._shelf = shelf
        self._untold: deque[mu.MusicBody] = deque(maxlen=UNTOLD)
        self._dose_us: int | None = None
        self._kept_s = self._lost_s = -1e9
        self._alone = False
        self._faults = (0, 0, 0)
        self._state = ""
        self._calibration, wrong = read_calibration(out.name)
        self._ceiling = ceiling(self._calibration, None)
        self._limit: Envelope = (Piece(0, 0, self._ceiling.music_db, self._ceiling.music_db),)
        if wrong:
            self._trouble("level", "", wrong)
        deaths = keeper.began(time.monotonic_ns())
        if keeper.kept.playlist is not None and keeper.kept.saved is not None:
            self._again(keeper.kept.playlist, keeper.kept.saved, deaths)
        shelf.arrived = out.changed
        out.start(self._render)

    # -- the room's loop --------------------------------------------------------------------------------------------

    def take(self, message: Message | None, now_s: float) -> None:
        """A message of the monitor; None: contact was lost."""
        if message is None:
            self._lost_s = now_s
            self._alone = True
            return
        self._alone = False
        if isinstance(message, Welcome) and message.frame != self._clock.frame:
            self._use_clock(SessionClock(message.frame))
        if not isinstance(message, Do):
            return
        body: object = message.body
        match body:
            case mu.PlaylistChosen():
                self._choose(body)
            case mu.MusicAsked():
                self._ask(body)
            case ev.DoseGiven(at_us=at_us):
                self._dose_us = at_us if self._dose_us is None else self._dose_us
                if self.player is not None:
                    self.player.set_dose(self._dose_us, self._frame())
                    self._replan()
            case _:
                pass

    def turn(self, now_s: float) -> None:
        """Several times a second."""
        self._look_at_output()
        if self.player is not None:
            for unsound in self._shelf.troubles():
                self.player.unsound(unsound.track, unsound.from_frame, self._frame())
                self._trouble("track", unsound.title, unsound.text)
                self._replan()
            if self._alone and now_s - self._lost_s > ALONE_S and self.player.state == "playing":
                self.player.quiet("alone", ALONE_FADE_S, self._frame())
                self._out.changed()
            self._extend()
            heard = self._out.heard()
            self._untold.extend(self.player.heard(heard, self._out.frames.us_at))
            if now_s - self._kept_s >= KEEP_EVERY_S:
                self._kept_s = now_s
                self._keep(heard)
        self._look_at_faults()
        while self._untold and self._tell(Did(self._untold[0])):
            self._untold.popleft()

    def fade_out(self) -> float:
        """The session is over: fade to silence. Seconds until it is reached."""
        if self.player is None or self.player.state != "playing":
            return 0.0
        self.player.quiet("end", GOODBYE_S, self._frame())
        self._out.changed()
        return GOODBYE_S + 0.3

    def close(self) -> None:
        """Call when the output is closed."""
        self._shelf.close()

    def _use_clock(self, clock: SessionClock) -> None:
        """The monitor's zero of session time is the one that counts."""
        later_us = clock.now_us() - self._clock.now_us()
        self._clock = clock
        self._out.use_clock(clock)
        self._untold = deque((_moved(body, later_us) for body in self._untold), maxlen=UNTOLD)
        if self.player is not None:
            self.player.set_times(self._times(), self._frame())
            self._replan()

    # -- what is asked ----------------------------------------------------------------------------------------------

    def _choose(self, chosen: mu.PlaylistChosen) -> None:
        if self.player is not None:
            if self.player.state in ("playing", "paused") or self.player.playlist == chosen:
                return  # said again to a room that knows it, or too late
        self.player = self._new_player(chosen)

    def _new_player(self, chosen: mu.PlaylistChosen) -> Player:
        player = Player(chosen, self._times(), START_DB if self.player is None else self.player.volume_db)
        if self._dose_us is not None:
            player.set_dose(self._dose_us, self._frame())
        return player

    def _ask(self, asked: mu.MusicAsked) -> None:
        if self.player is None:
            self._trouble("playlist", "", "no playlist has been chosen for this session")
            return
        try:
            self.player.ask(asked, self._frame())
        except NotPossible as refused:
            self._trouble("playlist", "", f"{asked.act}: {refused}")
            return
        self._replan()
        self._kept_s = -1e9

    def _again(self, playlist: mu.PlaylistChosen, saved: Saved, deaths: int) -> None:
        self._dose_us = saved.dose_us
        if deaths >= RESTARTS and saved.state == "playing":
            self.player = self._new_player(playlist)
            self._trouble(
                "restarts", "", f"the room process has died {deaths} times within 5 minutes: the music stays off"
            )
            self._untold.append(mu.MusicEnded("restarts", self._clock.now_us()))
            return
        away_s = self._keeper.away_s(time.monotonic_ns())
        if away_s > AWAY_S and saved.state == "playing":
            # Whoever continues a session much later decides whether there is to be music.
            saved = replace(saved, state="paused")
            how_long = "a restart of the machine" if isinf(away_s) else duration_text(away_s)
            self._trouble("restarts", "", f"the music was away for {how_long}: resume brings it back")
            self._untold.append(mu.MusicFaded("pause", 0.0, saved.volume_db, self._clock.now_us()))
        self.player = Player.again(playlist, saved, self._times(), self._out.earliest() + LEAD)
        self._extend()

    # -- the plan ---------------------------------------------------------------------------------------------------

    def _times(self) -> Times:
        """Frames to session time, near enough for targets in minutes; the exact map is the output's."""
        return Times(self._out.frames.us_at(0), self._clock.frame.speed)

    def _frame(self) -> int:
        return self._out.earliest() + LEAD

    def _extend(self) -> None:
        assert self.player is not None
        written = self._out.written()
        self.player.extend(max(written, self._frame()), written + PLANNED)
        self._shelf.want(self.player.plan.placements, self._out.heard())

    def _replan(self) -> None:
        """After a change: what follows is placed before the mixing renders it again."""
        assert self.player is not None
        self.player.extend(self._frame(), self._out.written() + PLANNED)
        self._shelf.want(self.player.plan.placements, self._out.heard())
        self._out.changed()

    def _render(self, first: int, count: int) -> Stereo:
        """On the mixing thread: the plan is frozen, whichever one it is just now."""
        player = self.player
        if player is None:
            return np.zeros((count, 2), np.float32)
        limit = curve(self._limit, first, count).astype(np.float32)[:, np.newaxis]
        return render(player.plan, self._shelf.read, first, count) * limit

    # -- what is told -----------------------------------------------------------------------------------------------

    def _look_at_output(self) -> None:
        state = self._out.state
        found = ceiling(self._calibration, state.volume)
        self._out.tones_peak_dbfs = found.tones_dbfs
        if found.music_db != self._ceiling.music_db:
            frame = self._frame()
            self._limit = turned(self._limit, frame, found.music_db, round(CEILING_S * RATE_HZ))
            self._out.changed()
        self._ceiling = found
        text = state.text or found.text
        told = f"{state.name} {state.state} {found.words} {text}"
        if told != self._state:
            self._state = told
            self._untold.append(mu.PatientOutput(state.name, state.state, found.words, text, self._clock.now_us()))

    def _look_at_faults(self) -> None:
        before, self._faults = self._faults, (self._out.gaps, self._shelf.late, self._out.guarded)
        for now, then, what, words in (
            (self._out.gaps, before[0], "gap", "the sound broke off for a moment: this machine is too busy"),
            (self._shelf.late, before[1], "gap", "a music file came too late from its disk"),
            (self._out.guarded, before[2], "level", "the sound was held back at -1 dBFS"),
        ):
            if now > then:
                self._trouble(what, "", words)

    def _trouble(self, what: str, track: str, text: str) -> None:
        log.warning("music: %s%s", text, f" ({track})" if track else "")
        self._untold.append(mu.MusicTrouble(what, track, text, self._clock.now_us()))

    def _keep(self, heard: int) -> None:
        assert self.player is not None
        try:
            self._keeper.keep(self.player.playlist, self.player.saved(heard), time.monotonic_ns())
        except OSError as trouble:
            log.warning("the music's position cannot be kept: %s", trouble)


def _moved(body: Any, later_us: int) -> Any:
    """The same of a moment that is counted otherwise."""
    moved = {
        name: getattr(body, name) + later_us for name in ("at_us", "ends_us") if getattr(body, name, None) is not None
    }
    return replace(body, **moved)
