"""What bilateral stimulation writes into the session log, and the plan of a set; free of the rest of kapconsole.

A pass is one edge to the other, a cycle is two passes; `rate_cps` is full cycles a second (left, right, left).
`at_us`, `start_us` and `stop_us` are session time in microseconds. Sections named are those of the bilateral reference.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Channel(StrEnum):
    """Where a set is perceived."""

    LIGHT = "light"
    BAR = "bar"
    AUDIO = "audio"
    TACTILE = "tactile"


class Path(StrEnum):
    """The line that the light follows."""

    HORIZONTAL = "horizontal"
    VERTICAL = "vertical"
    DIAGONAL_UP = "diagonal-up"
    DIAGONAL_DOWN = "diagonal-down"
    INFINITY = "infinity"
    ARC = "arc"


class Profile(StrEnum):
    """How the light moves along it: sine, constant speed, or constant speed with eased edges."""

    SINE = "sine"
    LINEAR = "linear"
    EASED = "eased"


class Timbre(StrEnum):
    """What a tone sounds like; FILE is a sound file of the clinic."""

    SINE = "sine"
    TRIANGLE = "triangle"
    SOFT_DRUM = "soft-drum"
    CHIME = "chime"
    CLICK = "click"
    WOOD = "wood"
    FILE = "file"


class Pan(StrEnum):
    """One ear alone, mostly one ear, or a steady tone that moves with the light."""

    HARD = "hard"
    SEVENTY = "70"
    CONTINUOUS = "continuous"


class SoundAt(StrEnum):
    """When in a pass the tone begins."""

    EDGE = "edge"
    MIDLINE = "midline"
    OFF_PHASE = "off-phase"


class PulseAt(StrEnum):
    """When in a pass the tactile pulse begins."""

    EDGE = "edge"
    MIDLINE = "midline"


class StopKind(StrEnum):
    """The two stops: at the end of this pass, or dark and silent within 100 ms."""

    FINISH_PASS = "finish-pass"
    STOP_NOW = "stop-now"


class StopReason(StrEnum):
    """Why a set ended (section 4.4)."""

    COUNT = "count"
    TIME = "time"
    FINISH_PASS = "finish_pass"
    STOP_NOW = "stop_now"
    CLIENT_SIGNAL = "client_signal"
    DEVICE_FAULT = "device_fault"
    HEARTBEAT_LOST = "heartbeat_lost"


Rgb = tuple[int, int, int]


class Motion(msgspec.Struct, frozen=True):
    """Where the light goes. `sweep_deg`: whole visual angle from edge to edge; `edge_dwell_ms` is part of the pass."""

    path: Path = Path.HORIZONTAL
    profile: Profile = Profile.SINE
    sweep_deg: float = 25.0
    edge_dwell_ms: float = 0.0
    ramp_in_cycles: int = 1


class Light(msgspec.Struct, frozen=True):
    """What the light looks like: diameter in degrees of visual angle, sRGB colours, fade at start and soft end."""

    dot_deg: float = 1.5
    dot_rgb: Rgb = (200, 214, 255)
    background_rgb: Rgb = (6, 6, 8)
    luminance_ramp_ms: float = 300.0


class Sound(msgspec.Struct, frozen=True):
    """The tones. `level_dbfs` is their peak, `ceiling_dbfs` what no sample passes; above -12 only when calibrated.

    `seed` makes the off-phase moments; `file` names the sound of the timbre FILE.
    """

    timbre: Timbre = Timbre.SINE
    tone_hz: float = 250.0
    tone_ms: float = 80.0
    attack_ms: float = 8.0
    release_ms: float = 30.0
    pan: Pan = Pan.HARD
    at: SoundAt = SoundAt.EDGE
    level_dbfs: float = -30.0
    ceiling_dbfs: float = -12.0
    calibrated: bool = False
    seed: int = 1
    file: str = ""


class Tactile(msgspec.Struct, frozen=True):
    """The pulses: a burst of `burst_hz` with `level_percent` of full scale."""

    pulse_ms: float = 100.0
    level_percent: float = 40.0
    at: PulseAt = PulseAt.MIDLINE
    burst_hz: float = 120.0


class Screen(msgspec.Struct, frozen=True):
    """The client display as calibrated: visible size in mm and pixels, and how far the eyes are from it in mm."""

    width_mm: float
    height_mm: float
    width_px: int
    height_px: int
    distance_mm: float


class Bar(msgspec.Struct, frozen=True):
    """The light bar. `led_cap`: highest value of one colour of one LED; `mid_offset_mm`: its middle, to the right.

    `spot_leds`: how many LEDs the spot is spread over.
    """

    leds: int = 60
    length_mm: float = 1000.0
    distance_mm: float = 1000.0
    reversed: bool = False
    mid_offset_mm: float = 0.0
    led_cap: int = 96
    gamma: float = 2.2
    spot_leds: int = 4


class Offsets(msgspec.Struct, frozen=True):
    """How much later than the pattern each sink is given its part, in ms; from the room's calibration."""

    audio_ms: float = 0.0
    screen_ms: float = 0.0
    bar_ms: float = 0.0
    tactile_ms: float = 0.0


class Plan(msgspec.Struct, frozen=True):
    """A set, whole: what is asked of the room. Ends after `cycles`, or after `seconds`, or (both None) by a person."""

    preset: str
    version: int
    rate_cps: float
    channels: tuple[Channel, ...]
    cycles: int | None = None
    seconds: float | None = None
    motion: Motion = Motion()
    light: Light = Light()
    sound: Sound = Sound()
    tactile: Tactile = Tactile()
    screen: Screen | None = None
    bar: Bar | None = None
    offsets: Offsets = Offsets()
    start_us: int = 0


class SetAsked(msgspec.Struct, frozen=True, tag="bilateral-set-asked"):
    """A person asked for a set; it begins at `plan.start_us`. `phase` is the session's. `set_id` counts from 1."""

    set_id: int
    plan: Plan
    phase: str
    sud_before: int | None
    at_us: int


class SetBegan(msgspec.Struct, frozen=True, tag="bilateral-set-began"):
    """The room delivers the set since `at_us`, on `channels` (those that could be opened)."""

    set_id: int
    channels: tuple[Channel, ...]
    text: str
    at_us: int


class SetChanged(msgspec.Struct, frozen=True, tag="bilateral-set-changed"):
    """A person changed the running set; None: as before. Rate, sweep and level hold from the next edge on."""

    set_id: int
    rate_cps: float | None
    sweep_deg: float | None
    channels: tuple[Channel, ...] | None
    level_dbfs: float | None
    at_us: int


class StopAsked(msgspec.Struct, frozen=True, tag="bilateral-stop-asked"):
    """The running set is to end. `why` in words: by a person, HIGH alarm, phase."""

    set_id: int
    kind: StopKind
    why: str
    at_us: int


class ToneTiming(msgspec.Struct, frozen=True):
    """Tone onsets against the pattern, in ms: how many, mean, standard deviation, largest; positive is late."""

    count: int = 0
    mean_ms: float = 0.0
    sd_ms: float = 0.0
    max_ms: float = 0.0


class SetDelivered(msgspec.Struct, frozen=True, tag="bilateral-set-delivered"):
    """What was delivered of a set (section 4.4). `cycles_delivered` None: not known, the room was gone.

    `rate_trace`: (session microseconds, cycles/s) from then on. `frames_dropped_run`: the longest run of lost frames.
    """

    set_id: int
    client: str
    phase: str
    preset: str
    version: int
    start_us: int
    stop_us: int
    start_utc_us: int
    stop_utc_us: int
    reason: StopReason
    text: str
    cycles_asked: float | None
    cycles_delivered: float | None
    passes_delivered: int | None
    rate_trace: tuple[tuple[int, float], ...]
    channels: tuple[Channel, ...]
    offsets: Offsets
    frames_shown: int
    frames_dropped: int
    frames_dropped_run: int
    audio_underflows: int
    tone_timing: ToneTiming
    bar_frames_sent: int
    bar_frames_skipped: int
    at_us: int


class SetRated(msgspec.Struct, frozen=True, tag="bilateral-set-rated"):
    """What the therapist entered about a set; None and empty: not entered. A later one adds to the earlier.

    SUD 0 to 10, VOC 1 to 7.
    """

    set_id: int
    sud_before: int | None
    sud_after: int | None
    voc: int | None
    body_note: str
    therapist_note: str
    at_us: int


class StimulusFault(msgspec.Struct, frozen=True, tag="bilateral-stimulus-fault"):
    """A device of the stimulation failed. `set_id` 0: outside of a set."""

    set_id: int
    channel: Channel
    text: str
    at_us: int


class ScreeningAnswered(msgspec.Struct, frozen=True, tag="bilateral-screening-answered"):
    """The answers before the first visual set, by the question's key: True is yes, None is not known."""

    answers: dict[str, bool | None]
    at_us: int


class StopSignalRehearsed(msgspec.Struct, frozen=True, tag="bilateral-stop-signal-rehearsed"):
    """The client's stop signal was agreed and tried; `signal` in words."""

    signal: str
    at_us: int


class FastRateConfirmed(msgspec.Struct, frozen=True, tag="bilateral-fast-rate-confirmed"):
    """A person confirmed, for this session, rates above 1.5 cycles/s and presets of high load."""

    at_us: int


class DosingDayOverridden(msgspec.Struct, frozen=True, tag="bilateral-dosing-day-overridden"):
    """A person allowed light and bar on a dosing day, with a reason, for this session."""

    reason: str
    at_us: int


class GuideMoved(msgspec.Struct, frozen=True, tag="bilateral-guide-moved"):
    """A person moved the guide to a step."""

    guide: str
    step: str
    at_us: int


BilateralBody = (
    SetAsked
    | SetBegan
    | SetChanged
    | StopAsked
    | SetDelivered
    | SetRated
    | StimulusFault
    | ScreeningAnswered
    | StopSignalRehearsed
    | FastRateConfirmed
    | DosingDayOverridden
    | GuideMoved
)
"""Every kind of body of bilateral stimulation. SetAsked, SetChanged and StopAsked are passed on to the room."""
