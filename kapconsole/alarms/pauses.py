"""AUDIO PAUSED and ALARM PAUSED: what is paused until when; a pause in force is never made longer."""

from __future__ import annotations

import msgspec

from kapconsole.alarms.conditions import Condition
from kapconsole.alarms.events import AlarmPaused, AlarmPauseEnded, AudioPaused, AudioPauseEnded


class Pauses(msgspec.Struct, frozen=True):
    """The pauses in force: the audio's, and those of parameters by name."""

    audio: AudioPaused | None = None
    alarms: dict[str, AlarmPaused] = {}

    def covers(self, condition: Condition) -> bool:
        """True while signals of this condition are to be silent."""
        return self.hushes(condition) or condition.parameter in self.alarms

    def hushes(self, condition: Condition) -> bool:
        """True while the audio pause silences this condition; some ignore it."""
        return self.audio is not None and not condition.ignores_audio_pause

    def next_due_us(self) -> int | None:
        """When the next pause is over."""
        ends = [pause.until_us for pause in self.alarms.values()]
        return min([*ends, self.audio.until_us] if self.audio is not None else ends, default=None)

    def over(self, now_us: int) -> tuple[Pauses, list[AudioPauseEnded | AlarmPauseEnded]]:
        """What is left at `now_us`, and the ends of what is not."""
        ended: list[AudioPauseEnded | AlarmPauseEnded] = []
        kept = self
        if self.audio is not None and self.audio.until_us <= now_us:
            kept = kept.without_audio()
            ended.append(AudioPauseEnded(now_us, "time over"))
        for parameter, pause in self.alarms.items():
            if pause.until_us <= now_us:
                kept = kept.without(parameter)
                ended.append(AlarmPauseEnded(parameter, now_us, "time over"))
        return kept, ended

    def with_audio(self, pause: AudioPaused) -> Pauses:
        """With the audio paused."""
        return Pauses(pause, self.alarms)

    def without_audio(self) -> Pauses:
        """With the audio not paused."""
        return Pauses(None, self.alarms)

    def with_alarm(self, pause: AlarmPaused) -> Pauses:
        """With one more parameter paused."""
        return Pauses(self.audio, {**self.alarms, pause.parameter: pause})

    def without(self, parameter: str) -> Pauses:
        """With one parameter not paused."""
        return Pauses(self.audio, {name: pause for name, pause in self.alarms.items() if name != parameter})

    def all_ended(self, at_us: int, why: str) -> list[AudioPauseEnded | AlarmPauseEnded]:
        """The ends of all of them."""
        ended: list[AudioPauseEnded | AlarmPauseEnded] = []
        if self.audio is not None:
            ended.append(AudioPauseEnded(at_us, why))
        return ended + [AlarmPauseEnded(parameter, at_us, why) for parameter in self.alarms]
