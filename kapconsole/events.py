"""Every kind of event: the facts of a session, numbered and timed; the schema of the session log.

Two sorts, because they differ by a thousand in number:

- an `Event` is one row of the log with a sequence number: a note, a cuff reading, a device lost;
- a `Measurement` (one numeric) and a `WavePiece` (some samples) are many a second. They are ordered by their time,
  which is unique and only grows, and a second of them is packed into one row (see `rows.py`).

The document `docs/log-schema.md` is generated from the docstrings and fields here.
"""

from __future__ import annotations

import msgspec

from kapconsole.alarms.events import AlarmBody, QuietBody
from kapconsole.bilateral.events import BilateralBody
from kapconsole.clinical.clients.events import CourseBody
from kapconsole.clinical.events import ClinicalBody
from kapconsole.clinical.instruments.events import InstrumentBody
from kapconsole.cues.light.events import LightBody
from kapconsole.cues.music.events import MusicBody
from kapdevices.readings import Metric, Numeric, Quality


class SessionStarted(msgspec.Struct, frozen=True, tag="session-started"):
    """The first event of every log. `subject` is a code or empty, never required to be a name.

    The clock's frame is recorded so that a restarted monitor goes on in the same session time.
    """

    session_id: str
    subject: str
    app_version: str
    boot_id: str
    mono_origin_ns: int
    utc_origin_us: int
    speed: float
    time_zone: str
    simulated: bool = False


class SessionResumed(msgspec.Struct, frozen=True, tag="session-resumed"):
    """Recording went on after the monitor was gone for `gap_s` seconds of session time."""

    gap_s: float
    text: str
    boot_id: str
    mono_origin_ns: int
    speed: float


class SessionClosed(msgspec.Struct, frozen=True, tag="session-closed"):
    """The last event of a log that was closed by a person."""

    reason: str


class ClockChecked(msgspec.Struct, frozen=True, tag="clock-checked"):
    """The wall clock held against session time, once a minute; `step_us` is how far it moved since the last check."""

    wall_utc_us: int
    step_us: int


class DeviceState(msgspec.Struct, frozen=True, tag="device-state"):
    """A link changed: `state` is opening, connected, silent, lost or back. `source` numbers the device in this log.

    `late_after_s`: when a numeric of this device is stale; a device that speaks every ten seconds has more time.
    """

    source: int
    protocol: str
    port: str
    adapter: str
    state: str
    text: str
    late_after_s: float = 5.0


class DeviceSaid(msgspec.Struct, frozen=True, tag="device-said"):
    """A device reported something about itself that is not a measurement."""

    source: int
    code: str
    text: str


class PacketsCounted(msgspec.Struct, frozen=True, tag="packets-counted"):
    """How a link's bytes were understood so far, once a minute: packets good and bad, bytes skipped."""

    source: int
    good: int
    bad: int
    skipped: int


class NibpMeasured(msgspec.Struct, frozen=True, tag="nibp-measured"):
    """One cuff reading in mmHg, pulse in 1/min; None where the device gave none. Never a live value: it has an age.

    `device_time` is the device's own clock as ISO 8601 text, where it sent one; the event's time is ours.
    """

    source: int
    sys_mmhg: float | None
    dia_mmhg: float | None
    mean_mmhg: float | None
    pulse_rate: float | None
    quality: Quality
    text: str
    device_time: str | None = None

    @property
    def valid(self) -> bool:
        """True when systolic and diastolic are there and nothing speaks against them."""
        return self.quality is Quality.GOOD and self.sys_mmhg is not None and self.dia_mmhg is not None


class SpotChecked(msgspec.Struct, frozen=True, tag="spot-checked"):
    """Values that a device measured at another time (spot check or memory); never shown as the present."""

    source: int
    device_time: str | None
    numerics: tuple[Numeric, ...]


class CuffRequested(msgspec.Struct, frozen=True, tag="cuff-requested"):
    """A person asked for a cuff reading and the request was passed to the device."""

    source: int
    patient: str
    initial_mmhg: int


class CuffStopRequested(msgspec.Struct, frozen=True, tag="cuff-stop-requested"):
    """A person asked for the cuff to deflate and the request was passed to the device."""

    source: int


class NoteTaken(msgspec.Struct, frozen=True, tag="note-taken"):
    """A note, stamped when the key went down (`at_us`, session time).

    The stamp comes first, with empty text; words are a later event whose `about` is the sequence number of the stamp.
    Words about a note that has words already are a correction: both stay.
    """

    at_us: int
    text: str
    about: int | None = None


class MarkSet(msgspec.Struct, frozen=True, tag="mark-set"):
    """A one-tap mark at `at_us`; `label` is the key's number or a short word."""

    at_us: int
    label: str


class PhaseEntered(msgspec.Struct, frozen=True, tag="phase-entered"):
    """A person marked that the session is in another phase since `at_us`."""

    at_us: int
    phase: str


class DoseGiven(msgspec.Struct, frozen=True, tag="dose-given"):
    """A dose was recorded as given at `at_us`. The first one is the zero of "minutes since dose"."""

    at_us: int
    drug: str
    route: str
    amount_mg: float


class CueRequested(msgspec.Struct, frozen=True, tag="cue-requested"):
    """A person asked the room for a cue."""

    cue: str


class CueDelivered(msgspec.Struct, frozen=True, tag="cue-delivered"):
    """What the room did about a cue: `done` or not, and why in words."""

    cue: str
    done: bool
    text: str


class FeedChosen(msgspec.Struct, frozen=True, tag="feed-chosen"):
    """A person chose which device feeds a metric on the screens. All devices go on being recorded."""

    metric: Metric
    source: int


class CaptureChanged(msgspec.Struct, frozen=True, tag="capture-changed"):
    """The raw bytes of a device began or ceased to be kept in a file beside the log; `text` names it, or says why."""

    source: int
    on: bool
    text: str


class CommandRefused(msgspec.Struct, frozen=True, tag="command-refused"):
    """A command was not carried out, and why."""

    command: str
    reason: str


class ProcessState(msgspec.Struct, frozen=True, tag="process-state"):
    """A process of kapconsole came, went or came back."""

    process: str
    state: str
    text: str


class SignalSounded(msgspec.Struct, frozen=True, tag="signal-sounded"):
    """What the annunciator sounded: `what` is low, medium, high, failure or test.

    `at_us`: session time at which its first sample left for the loudspeaker. `output`: where. `ok`: false for what
    could not be heard, and `text` says why; for a test, whether it was found in what the output played. `occurrences`:
    of which alarms. `again`: a burst repeated for the same ones.
    """

    what: str
    at_us: int
    output: str
    ok: bool
    text: str
    occurrences: tuple[int, ...]
    again: bool


class StorageState(msgspec.Struct, frozen=True, tag="storage-state"):
    """The session log's disk: ok, low, slow or failing."""

    state: str
    text: str


Body = (
    SessionStarted
    | SessionResumed
    | SessionClosed
    | ClockChecked
    | DeviceState
    | DeviceSaid
    | PacketsCounted
    | NibpMeasured
    | SpotChecked
    | CuffRequested
    | CuffStopRequested
    | NoteTaken
    | MarkSet
    | PhaseEntered
    | DoseGiven
    | CueRequested
    | CueDelivered
    | FeedChosen
    | CaptureChanged
    | CommandRefused
    | ProcessState
    | SignalSounded
    | StorageState
    | AlarmBody
    | QuietBody
    | ClinicalBody
    | InstrumentBody
    | CourseBody
    | LightBody
    | MusicBody
    | BilateralBody
)
"""Every kind of event body. The tag is the `kind` column of the log."""


class Event(msgspec.Struct, frozen=True, tag="event", array_like=True):
    """One numbered fact. `mono_us` is session time, `utc_us` the same by the anchor, `actor` who or what did it."""

    seq: int
    mono_us: int
    utc_us: int
    actor: str
    body: Body


class Measurement(msgspec.Struct, frozen=True, tag="measurement", array_like=True):
    """One numeric from one source at one moment. Unit: `kapdevices.readings.UNITS[metric]`; None when not given."""

    mono_us: int
    source: int
    metric: Metric
    value: float | None
    quality: Quality

    @property
    def valid(self) -> bool:
        """True when there is a number and nothing speaks against it."""
        return self.value is not None and self.quality is Quality.GOOD


class WavePiece(msgspec.Struct, frozen=True, tag="wave", array_like=True):
    """Samples of one waveform, evenly spread over `span_us` from `start_us` on (session time).

    `samples`: little-endian unsigned integers of `width` bytes each, 0 to `full_scale`, device units.
    """

    start_us: int
    span_us: int
    source: int
    metric: Metric
    quality: Quality
    full_scale: int
    width: int
    samples: bytes

    @property
    def count(self) -> int:
        """Number of samples."""
        return len(self.samples) // self.width


StreamItem = Event | Measurement | WavePiece


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One record of the session log. `seq` counts from 1 without gaps; `kind` is an event's tag, numerics or wave."""

    seq: int
    mono_us: int
    utc_us: int
    kind: str
    actor: str
    body: bytes
