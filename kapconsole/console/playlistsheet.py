"""The music's form: the arc with its times and tracks, other playlists of the site, volume, fades and silence."""

from __future__ import annotations

from collections.abc import Sequence

from kapconsole.console.keys import Action
from kapconsole.console.rowsheet import Row, RowSheet
from kapconsole.console.theme import Look
from kapconsole.cues.music.plan import RATE_HZ
from kapconsole.cues.music.view import MusicView
from kapconsole.session.words import stamp_text

MUSIC_WAYS = (
    Action("softer", "−", "softer", "Music 1.5 dB softer"),
    Action("louder", "+", "louder", "Music 1.5 dB louder, never above the ceiling"),
    Action("skip", "S", "next track", "Crossfade to the next track of this segment"),
    Action("fade", "F", "fade 30 s", "Fade to silence over half a minute"),
    Action("silence", "U", "silence", "Silence at once"),
    Action("playlists", "L", "playlists", "Choose among the playlists of this site, and back to the arc"),
)
PLAYLIST, SEGMENT = "playlist ", "segment "


class MusicSheet(RowSheet):
    """Enter begins at the chosen segment, or takes the chosen playlist. `names`: the playlists of the site."""

    def __init__(self, look: Look, music: MusicView, names: Sequence[str]) -> None:
        self.music = music
        self.names = tuple(names)
        self.choosing = music.playlist is None
        super().__init__("Music", "Begin here", look, MUSIC_WAYS, 6)
        self.asked.connect(self._way)
        self.put_view(music)

    def put_view(self, music: MusicView) -> None:
        """How the music stands now."""
        self.music = music
        present = "" if music.segment is None else music.segment.segment
        if self.choosing:
            chosen = "" if music.playlist is None else music.playlist.name
            rows = [Row(PLAYLIST + name, name, "", name == chosen) for name in self.names]
        else:
            rows = []
            start = 0.0
            for segment in () if music.playlist is None else music.playlist.segments:
                span = f"{start:g} to {segment.until_min:g} min"
                here = segment.name == present and music.state in ("playing", "paused", "faded")
                exact = ", on the dot" if segment.exact else ""
                rows.append(Row(SEGMENT + segment.name, segment.name, f"{span}{exact}", here))
                start = segment.until_min
        self.put(rows, SEGMENT + present)
        self.keep_button.setText("Take this playlist · Enter" if self.choosing else "Begin here · Enter")
        self.turned()

    def turned(self) -> None:
        row = self.row()
        lines: list[str] = []
        if self.choosing:
            lines.append("playlists of this site" if self.names else "no playlist in the folder of this site")
            lines.append("files elsewhere: kapconsole send playlist FILE")
        elif row is not None:
            segment = self.music.segment_named(row.key.removeprefix(SEGMENT))
            for track in () if segment is None else segment.tracks:
                length = stamp_text(round(track.frames / RATE_HZ * 1e6))
                fade = " · runs on without a gap" if track.gapless else ""
                playing = self.music.playing is not None and self.music.playing.track == track.id
                lines.append(f"{'▸ ' if playing else ''}{track.title}  {length}{fade}")
            if segment is not None and not segment.tracks:
                lines.append("no track of it can be played")
        if self.music.volume_db is not None:
            lines += ["", f"volume {self.music.volume_db:+.1f} dB".replace("-", "−")]
        output = self.music.output
        if output is not None:
            lines.append(f"{output.name or 'no output'}: {output.state}")
            lines += [words for words in (output.ceiling, output.text) if words]
        lines += [f"{trouble.track}: {trouble.text}".removeprefix(": ") for trouble in self.music.troubles[-3:]]
        self.said.setText("\n".join(lines))

    def _way(self, name: str) -> None:
        if name == "playlists":
            self.choosing = not self.choosing or self.music.playlist is None
            self.put_view(self.music)
            if self.model.rows:
                self.list.setCurrentIndex(self.model.index(0))
