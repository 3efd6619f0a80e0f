"""The sound of a set on the patient's output: placed by the card's own measure of time, and measured by it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from kapconsole.bilateral.events import Channel, Pan, SetAsked
from kapconsole.bilateral.sources import PulseSource, ToneSource, onset_s
from kapconsole.bilateral.stimulus import Stimulus
from kapconsole.room.frames import FrameMap
from kapconsole.room.patient_out import OutState, Source
from kapconsole.room.sinks import RATE_HZ, Samples

TACTILE_FIRST = 2
"""Channels 3 and 4 of the output, counted from 0."""

MOST_OFF = RATE_HZ // 2000
"""Tones that the card's measure puts half a millisecond off are placed anew."""

SMOOTHED = 0.1
"""The share of one look: single readings of a card jump by milliseconds on a busy machine."""

SILENT_SHARE = 0.05
"""So much of a pass before an onset nothing sounds, wherever in the pass the tone is: 40 % at most is tone."""

ANCHORS = 16
"""As many are kept: what is heard was placed seconds ago."""

AFRESH_S = 0.2
"""What is placed anew lies so far behind what has been mixed: nothing of it is mixed again."""


class Output(Protocol):
    """What of PatientOut is needed here; see there."""

    name: str
    frames: FrameMap
    gaps: int
    state: OutState

    def heard(self) -> int: ...
    def earliest(self) -> int: ...
    def written(self) -> int: ...
    def changed(self) -> None: ...
    def add(self, source: Source, peak_dbfs: float = ..., first_channel: int = ...) -> None: ...
    def stop_now(self) -> int: ...
    @property
    def has_tactile(self) -> bool: ...


class Anchor(NamedTuple):
    """From frame `since` on the set's first moment counts as frame `start`, and a second has `true_hz` frames."""

    since: int
    start: int
    true_hz: float


Make = Callable[[Stimulus, int, float], ToneSource | PulseSource]


class Placed:
    """A source whose stimulus and anchors one thread may replace while others mix it."""

    def __init__(self, make: Make, stimulus: Stimulus, anchor: Anchor) -> None:
        self._make = make
        self._stimulus = stimulus
        self._pieces: tuple[tuple[Anchor, ToneSource | PulseSource], ...] = ()
        self._use((anchor,))

    @property
    def anchor(self) -> Anchor:
        """The newest."""
        return self._pieces[-1][0]

    def change(self, stimulus: Stimulus) -> None:
        """The set is another one from now on; what lay in the past stays as it was, since a stimulus leaves it so."""
        self._stimulus = stimulus
        self._use(tuple(anchor for anchor, _ in self._pieces))

    def place(self, anchor: Anchor) -> None:
        """Count by another anchor from its frame on, where nothing sounds."""
        self._use((*(held for held, _ in self._pieces[1 - ANCHORS :]), anchor))

    def onset(self, number: int) -> int | None:
        """The frame at which the tone or pulse of pass `number` begins; None where it has none."""
        for anchor, source in reversed(self._pieces):
            frame = source.onset_frame(number)
            if frame is None or frame >= anchor.since:
                return frame
        return None

    def render(self, first_frame: int, frames: int) -> Samples:
        """See Source."""
        out = np.zeros((frames, 2), np.float32)
        pieces = self._pieces
        for number, (anchor, source) in enumerate(pieces):
            begin = max(first_frame, anchor.since) if number else first_frame
            following = pieces[number + 1 :]
            end = min(first_frame + frames, following[0][0].since) if following else first_frame + frames
            if begin < end:
                out[begin - first_frame : end - first_frame] = source.render(begin, end - begin)
        return out

    def _use(self, anchors: tuple[Anchor, ...]) -> None:
        # One assignment: whoever mixes sees all of it or nothing.
        self._pieces = tuple((each, self._make(self._stimulus, each.start, each.true_hz)) for each in anchors)


class Tones:
    """Tones and pulses of one set on an output. `late_ms` gives each tone's onset against the pattern, once heard."""

    def __init__(
        self,
        out: Output,
        asked: SetAsked,
        stimulus: Stimulus,
        file: Samples | None,
    ) -> None:
        """`file`: the samples of the timbre FILE."""
        self._out = out
        self._start_us = asked.plan.start_us
        self._stimulus = stimulus
        self._ceiling_dbfs = asked.plan.sound.ceiling_dbfs
        self._file = file
        self._placed: dict[Channel, Placed] = {}
        self._judged = 0
        self._off: dict[Channel, float] = {}
        self._gaps = out.gaps

    def begin(self, channels: tuple[Channel, ...]) -> None:
        """Put the sound of these channels in its place. Once for each: what is switched off is silent."""
        start, true_hz = self._measure()
        for channel in (Channel.AUDIO, Channel.TACTILE):
            if channel not in channels or channel in self._placed:
                continue
            placed = Placed(
                self._tones if channel is Channel.AUDIO else self._pulses, self._stimulus, Anchor(0, start, true_hz)
            )
            self._placed[channel] = placed
            if channel is Channel.AUDIO:
                self._out.add(placed, self._ceiling_dbfs)
            else:
                self._out.add(placed, 0.0, TACTILE_FIRST)

    def change(self, stimulus: Stimulus) -> None:
        """The set is another one from now on."""
        self._stimulus = stimulus
        for placed in self._placed.values():
            placed.change(stimulus)
        if self._placed:
            self._out.changed()

    def follow(self) -> None:
        """Twice a second: where the card's clock has drifted, the tones to come are placed anew."""
        plan, pattern = self._stimulus.plan, self._stimulus.pattern
        start, true_hz = self._measure()
        for channel, placed in self._placed.items():
            tones = channel is Channel.AUDIO
            if tones and plan.sound.pan is Pan.CONTINUOUS:
                continue  # a steady tone has no onset, and would click
            held = placed.anchor
            offset_s = (plan.offsets.audio_ms if tones else plan.offsets.tactile_ms) / 1000
            from_s = (self._out.written() - held.start) / held.true_hz - offset_s + AFRESH_S
            number = max(0, pattern.under_way(from_s) + 1)
            at = plan.sound.at if tones else plan.tactile.at
            silent_s = onset_s(self._stimulus, at, number) - SILENT_SHARE * pattern.pass_s(number) + offset_s
            since = round(held.start + silent_s * held.true_hz)
            off = self._off.get(channel, 0.0)
            off += SMOOTHED * (start + silent_s * true_hz - since - off)
            if abs(off) > MOST_OFF:
                placed.place(Anchor(since, round(since + off - silent_s * true_hz), true_hz))
                off = 0.0
            self._off[channel] = off

    def late_ms(self) -> list[float]:
        """How late each tone began that has been heard since, by the card's measure now; negative: early."""
        placed = self._placed.get(Channel.AUDIO)
        if placed is None:
            return []
        heard, found = self._out.heard(), []
        pattern, plan = self._stimulus.pattern, self._stimulus.plan
        while pattern.last_edge is None or self._judged < pattern.last_edge:
            onset = onset_s(self._stimulus, plan.sound.at, self._judged)
            meant_us = self._start_us + 1e6 * onset + 1000 * plan.offsets.audio_ms
            if self._out.frames.frame_at(round(meant_us)) + MOST_OFF > heard:
                break
            frame = placed.onset(self._judged)
            if frame is not None:
                found.append((self._out.frames.us_at(frame) - meant_us) / 1000)
            self._judged += 1
        return found

    def gaps(self) -> int:
        """How often the output ran dry since this was asked last."""
        before, self._gaps = self._gaps, self._out.gaps
        return self._gaps - before if self._placed else 0

    def lead_us(self) -> int:
        """How far ahead of what is heard the sound cannot be changed any more."""
        return (self._out.earliest() - self._out.heard()) * 1_000_000 // RATE_HZ if self._placed else 0

    def _measure(self) -> tuple[int, float]:
        frames, start = self._out.frames, self._start_us
        return frames.frame_at(start), (frames.frame_at(start + 60_000_000) - frames.frame_at(start)) / 60

    def _tones(self, stimulus: Stimulus, start: int, true_hz: float) -> ToneSource:
        return ToneSource(stimulus, RATE_HZ, start, true_hz, self._file)

    def _pulses(self, stimulus: Stimulus, start: int, true_hz: float) -> PulseSource:
        return PulseSource(stimulus, RATE_HZ, start, true_hz)
