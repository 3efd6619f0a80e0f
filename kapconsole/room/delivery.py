"""One set under way: on which channels it could be opened, what is asked of it since, its end, and its account."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from kapconsole.bilateral.events import (
    BilateralBody,
    Channel,
    SetAsked,
    SetBegan,
    SetChanged,
    SetDelivered,
    StimulusFault,
    StopAsked,
    StopKind,
    StopReason,
    Timbre,
)
from kapconsole.bilateral.meters import Meters
from kapconsole.bilateral.stimulus import Stimulus
from kapconsole.bilateral.waves import Samples, SoundFileTrouble, read_sound_file
from kapconsole.clock import ClockFrame, SessionClock
from kapconsole.room.display import messages as ms
from kapconsole.room.sinks import RATE_HZ
from kapconsole.room.tones import Output, Tones

CHANGE_LEAD_US = 40_000
"""A change holds from so long after now on: what has been shown and heard by then is as it was."""

ALIVE_S = 0.1
LIVING_S = 1.0
"""A display that says nothing for so long hangs, and is ended."""

FOLLOW_S = 0.5
ACCOUNT_S = 0.4
"""How long the display's account is waited for."""


class Display(Protocol):
    """What of DisplayLink is needed here; see there."""

    @property
    def text(self) -> str: ...
    def send(self, order: ms.ToDisplay) -> bool: ...
    def kill(self) -> None: ...


class BarLights(Protocol):
    """What of BarLink is needed here; see there."""

    text: str

    @property
    def ready(self) -> bool: ...
    @property
    def leds(self) -> int: ...
    def arm(self, stimulus: Stimulus, now_us: Callable[[], int]) -> None: ...
    def change(self, stimulus: Stimulus) -> None: ...
    def black(self) -> tuple[int, int]: ...


class Devices(msgspec.Struct, frozen=True):
    """Where a set is delivered.

    `unheard`: a simulated session counts a set as delivered though there is no output. `sounds`: the clinic's files.
    """

    out: Output
    display: Display
    bar: BarLights
    unheard: bool
    sounds: Path


class Delivery:
    """See the module. Nothing of it begins before its plan says, after its end, or by itself."""

    def __init__(
        self,
        asked: SetAsked,
        devices: Devices,
        frame: ClockFrame,
        refusal: str = "",
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open what can be opened; `told` says what could not. `refusal`: why it may not begin at all, in words.

        `frame`: the session's clock.
        """
        self.told: list[BilateralBody] = []
        """What is to be recorded, in order; whoever records takes it out."""
        self.over = False
        """True when its account is in `told`."""
        self._asked, self._devices, self._now_s, self._frame = asked, devices, now_s, frame
        self._clock = SessionClock(frame, lambda: round(now_s() * 1e9))
        self._meters = Meters()
        self._reason: StopReason | None = None
        self._text = ""
        self._began = self._finishing = False
        self._account_until_s: float | None = None
        self._alive_s = self._followed_s = -1e9
        self._refused: list[str] = []
        self._lit = False
        self._shown: bool | None = None
        self._living_s = now_s()
        self._file, self._unreadable = _sound_file(asked, devices.sounds)
        channels = self._opened(asked.plan.channels)
        plan = msgspec.structs.replace(asked.plan, channels=channels or asked.plan.channels)
        self._given = msgspec.structs.replace(asked, plan=plan)
        self._stimulus = Stimulus(plan)
        self._tones = Tones(devices.out, asked, self._stimulus, self._file)
        late_us = self.now_us() - plan.start_us
        if not refusal and late_us > 0:
            refusal = f"it came {late_us / 1e6:.1f} s too late"
        if refusal:
            self._fault(asked.plan.channels[0], f"the set was not begun: {refusal}")
        if refusal or not channels:
            self.stop(StopReason.DEVICE_FAULT, "not begun: " + (refusal or "; ".join(self._refused)))
        else:
            self._shown = devices.display.send(self._given) if not devices.display.text else False
            self._open(channels)

    @property
    def set_id(self) -> int:
        """Which set."""
        return self._asked.set_id

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Those that are switched on."""
        return () if self._ending else self._stimulus.switched[-1][1]

    def now_us(self) -> int:
        """Session time."""
        return self._clock.now_us()

    # -- what is asked --------------------------------------------------------------------------------------------

    def change(self, asked: SetChanged) -> None:
        """Rate, sweep, level, channels; nothing of it after a stop of either kind."""
        if self._ending or self._finishing or asked.set_id != self.set_id:
            return
        at_us = max(asked.at_us, self.now_us() + CHANGE_LEAD_US + self._tones.lead_us())
        channels = asked.channels
        if channels is not None:
            here = self.channels
            opened = self._opened(tuple(each for each in channels if each not in here))
            channels = tuple(each for each in channels if each in here or each in opened)
            if not channels:
                self.stop(StopReason.DEVICE_FAULT, "; ".join(self._refused))
                return
        change = msgspec.structs.replace(asked, channels=channels, at_us=at_us)
        self._stimulus = self._stimulus.changed(change)
        self._devices.display.send(change)
        self._tones.change(self._stimulus)
        self._devices.bar.change(self._stimulus)
        if channels is not None:
            self._open(channels)

    def finish(self, reason: StopReason | None, text: str) -> None:
        """End with the pass that is under way; said again it changes nothing. `reason` None: as it was asked."""
        if self._ending or self._finishing:
            return
        self._finishing = True
        self._reason, self._text = self._reason or reason, self._text or text
        stop = StopAsked(self.set_id, StopKind.FINISH_PASS, text, self.now_us() + self._tones.lead_us())
        self._stimulus = self._stimulus.ended(stop)
        self._devices.display.send(stop)
        self._devices.bar.change(self._stimulus)
        self._tones.change(self._stimulus)

    def stop(self, reason: StopReason, text: str) -> None:
        """Dark and silent now, whatever else was asked."""
        if self._ending:
            return
        stop = StopAsked(self.set_id, StopKind.STOP_NOW, text, self.now_us())
        self._devices.display.send(stop)
        self._end()
        self._stimulus = self._stimulus.ended(stop)
        self._reason, self._text = self._reason or reason, self._text or text

    # -- what the display says ------------------------------------------------------------------------------------

    def heard(self, report: ms.Shown | ms.Living | ms.Signalled) -> None:
        """The display's account, its sign of life, or its own stop."""
        if report.set_id != self.set_id:
            return
        match report:
            case ms.Living():
                self._living_s = self._now_s()
            case ms.Shown(frames=frames, dropped=dropped, dropped_run=run):
                self._meters.frames_shown, self._meters.frames_dropped = frames, dropped
                self._meters.longest_run = run
                self._lit = False
            case ms.Signalled(why=why, fault=True):
                self._fault(Channel.LIGHT, why)
                self.stop(StopReason.DEVICE_FAULT, why)
            case ms.Signalled(why=why):
                self.stop(StopReason.CLIENT_SIGNAL, why)

    def display_died(self, why: str) -> None:
        """Its process is gone: the light is."""
        self._shown = False
        if self._lit and not self._ending:
            self._fault(Channel.LIGHT, why)
            self.stop(StopReason.DEVICE_FAULT, why)
        self._lit = False

    def lost(self, channel: Channel, why: str) -> None:
        """A device is gone: where the set uses it, it ends."""
        if channel in self.channels:
            self._fault(channel, why)
            self.stop(StopReason.DEVICE_FAULT, why)

    # -- time -----------------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Many times a second."""
        now_s, now_us = self._now_s(), self.now_us()
        if not self._ending:
            self._watch(now_s)
        if not self._ending and not self._began and now_us >= self._asked.plan.start_us:
            self._began = True
            text = "; ".join(self._refused)
            self.told.append(SetBegan(self.set_id, self._given.plan.channels, text, self._asked.plan.start_us))
        self._measure(now_s)
        if not self._ending and now_us >= self._stimulus.over_us:
            self._end()
        if self._account_until_s is not None and not self.over:
            if not self._lit or now_s >= self._account_until_s:
                self.give_account()

    def _watch(self, now_s: float) -> None:
        devices = self._devices
        if now_s - self._alive_s >= ALIVE_S:
            self._alive_s = now_s
            if self._shown:
                devices.display.send(ms.Alive())
        if self._lit and now_s - self._living_s > LIVING_S:
            devices.display.kill()
            self.display_died("the client display does not answer")
        for channel in (Channel.AUDIO, Channel.TACTILE):
            if channel in self.channels and (why := self._soundless()):
                self.lost(channel, why)

    def _measure(self, now_s: float) -> None:
        self._meters.audio_underflows += self._tones.gaps()
        if not self._ending and now_s - self._followed_s >= FOLLOW_S:
            self._followed_s = now_s
            self._tones.follow()
        for late_ms in self._tones.late_ms() if not self._ending else ():
            self._meters.tone(late_ms)

    def give_account(self) -> None:
        """Its account now, without that of the display; nothing where it was given already."""
        if not self.over:
            self.over = True
            self.told.append(self._account(self.now_us()))

    # -- channels -------------------------------------------------------------------------------------------------

    def _opened(self, channels: tuple[Channel, ...]) -> tuple[Channel, ...]:
        """Those that can be opened; the others are told."""
        self._refused = []
        opened = []
        for channel in channels:
            why = self._refusal(channel)
            if why:
                self._fault(channel, why)
                self._refused.append(f"{channel} is not delivered: {why}")
            else:
                opened.append(channel)
        return tuple(opened)

    def _refusal(self, channel: Channel) -> str:
        devices, plan = self._devices, self._asked.plan
        match channel:
            case Channel.LIGHT:
                return devices.display.text or ("the client display was started anew" if self._shown is False else "")
            case Channel.BAR:
                wrong = plan.bar is not None and plan.bar.leds != devices.bar.leds
                return ("" if devices.bar.ready else devices.bar.text) or ("room.toml was changed" if wrong else "")
            case Channel.AUDIO:
                return self._soundless() or self._unreadable
            case Channel.TACTILE:
                why = "" if devices.out.has_tactile else "the patient's output has no third and fourth channel in use"
                return self._soundless() or why

    def _soundless(self) -> str:
        state = self._devices.out.state
        if state.state == "playing" or (state.state == "none" and self._devices.unheard):
            return ""
        return state.text or f"the patient's output {state.name!r} is {state.state}"

    def _open(self, channels: tuple[Channel, ...]) -> None:
        self._tones.begin(channels)
        if Channel.BAR in channels:
            self._devices.bar.arm(self._stimulus, self.now_us)
        if Channel.LIGHT in channels and not self._lit:
            self._lit, self._living_s = True, self._now_s()

    # -- the end --------------------------------------------------------------------------------------------------

    @property
    def _ending(self) -> bool:
        return self._account_until_s is not None

    def _end(self) -> None:
        """What is lit is put out, what sounds is taken out; then the display's account is waited for."""
        self._account_until_s = self._now_s() + ACCOUNT_S
        self._meters.bar_frames_sent, self._meters.bar_frames_skipped = self._devices.bar.black()
        for late_ms in self._tones.late_ms():
            self._meters.tone(late_ms)
        self._devices.out.stop_now()

    def _fault(self, channel: Channel, text: str) -> None:
        self.told.append(StimulusFault(self.set_id, channel, text, self.now_us()))

    def _account(self, now_us: int) -> SetDelivered:
        zero_us = self._frame.utc_origin_us
        record = self._meters.record(
            self._asked, self._stimulus, lambda at_us: zero_us + at_us, now_us, self._reason, self._text
        )
        return record if self._began else msgspec.structs.replace(record, channels=())


def not_begun(asked: SetAsked, frame: ClockFrame, now_us: int, reason: StopReason, text: str) -> SetDelivered:
    """The account of a set of which nothing was delivered."""
    stopped = Stimulus(asked.plan).ended(StopAsked(asked.set_id, StopKind.STOP_NOW, text, asked.plan.start_us))
    record = Meters().record(asked, stopped, lambda at_us: frame.utc_origin_us + at_us, now_us, reason, text)
    return msgspec.structs.replace(record, channels=(), passes_delivered=0, cycles_delivered=0.0)


def _sound_file(asked: SetAsked, folder: Path) -> tuple[Samples | None, str]:
    """The clinic's own tone, and why it cannot be used in words."""
    sound = asked.plan.sound
    if sound.timbre is not Timbre.FILE:
        return None, ""
    try:
        return read_sound_file(folder / sound.file, RATE_HZ), ""
    except SoundFileTrouble as trouble:
        return None, str(trouble)
