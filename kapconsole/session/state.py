"""State: the fold of a session's events up to some moment; never changed in any other way."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from kapconsole import events as ev
from kapconsole.bilateral import view as bilateral_view
from kapconsole.bilateral.view import BilateralView
from kapconsole.clinical import view as care_view
from kapconsole.clinical.clients.events import CourseChosen
from kapconsole.clinical.instruments import view as forms_view
from kapconsole.clinical.instruments.view import InstrumentsView
from kapconsole.clinical.view import CareView
from kapconsole.cues.light import view as light_view
from kapconsole.cues.light.view import LightView
from kapconsole.cues.music import view as music_view
from kapconsole.cues.music.view import MusicView
from kapconsole.session.words import device_names
from kapdevices.readings import Metric, Quality

if TYPE_CHECKING:
    from collections.abc import Iterable


class DeviceView(msgspec.Struct, frozen=True):
    """One device as last heard of. `since_us` is when it entered `state` (opening, connected, silent, lost, back)."""

    source: int
    protocol: str
    port: str
    adapter: str
    state: str
    text: str
    since_us: int
    said: str = ""
    good: int = 0
    bad: int = 0
    skipped: int = 0
    late_after_s: float = 5.0

    @property
    def delivering(self) -> bool:
        """True while the device sends what it should."""
        return self.state in ("connected", "back")


class Latest(msgspec.Struct, frozen=True):
    """The newest numeric of one metric from one source, with the moment it arrived."""

    mono_us: int
    value: float | None
    quality: Quality

    @property
    def valid(self) -> bool:
        """True when there is a number and nothing speaks against it."""
        return self.value is not None and self.quality is Quality.GOOD


class NibpView(msgspec.Struct, frozen=True):
    """A cuff reading and when it arrived."""

    mono_us: int
    reading: ev.NibpMeasured


class NoteView(msgspec.Struct, frozen=True):
    """A note: when its key went down, its present words, and how often the words were corrected."""

    seq: int
    at_us: int
    text: str
    corrections: int = 0


class MarkView(msgspec.Struct, frozen=True):
    """A one-tap mark."""

    at_us: int
    label: str


class PhaseView(msgspec.Struct, frozen=True):
    """A phase and since when."""

    at_us: int
    phase: str


class CuffView(msgspec.Struct, frozen=True):
    """What the cuff of `source` is doing: idle, requested, inflating, stopping; with the device's last words."""

    doing: str = "idle"
    source: int | None = None
    since_us: int = 0
    text: str = ""


class State(msgspec.Struct, frozen=True):
    """Everything that is known at one moment. Mappings are never changed in place."""

    seq: int = 0
    mono_us: int = 0
    session: ev.SessionStarted | None = None
    resumed: tuple[tuple[int, float], ...] = ()
    closed: str | None = None
    phases: tuple[PhaseView, ...] = ()
    doses: tuple[ev.DoseGiven, ...] = ()
    devices: dict[int, DeviceView] = {}
    latest: dict[tuple[int, Metric], Latest] = {}
    nibp: tuple[NibpView, ...] = ()
    notes: tuple[NoteView, ...] = ()
    marks: tuple[MarkView, ...] = ()
    cuff: CuffView = CuffView()
    feeds: dict[Metric, int] = {}
    first_valid: dict[Metric, int] = {}
    processes: dict[str, ev.ProcessState] = {}
    storage: ev.StorageState = ev.StorageState("ok", "")
    care: CareView = CareView()
    light: LightView = LightView()
    music: MusicView = MusicView()
    sets: BilateralView = BilateralView()
    forms: InstrumentsView = InstrumentsView()
    course: str = ""

    @property
    def phase(self) -> str | None:
        """The present phase, or None before the first."""
        return self.phases[-1].phase if self.phases else None

    @property
    def dose_us(self) -> int | None:
        """The zero of "minutes since dose": the first dose, or None."""
        return min(dose.at_us for dose in self.doses) if self.doses else None

    def feeding(self, metric: Metric) -> int | None:
        """Which device feeds `metric`: the one a person chose, else the first that gave a valid value, else any."""
        sources = [source for source, of in self.latest if of is metric]
        return self.feeds.get(metric, self.first_valid.get(metric, min(sources, default=None)))

    def newest(self, metric: Metric) -> tuple[int, Latest] | None:
        """(source, value) of a metric from the device that feeds it, or None when that never gave one."""
        source = self.feeding(metric)
        if source is None or (source, metric) not in self.latest:
            return None
        return source, self.latest[source, metric]

    def device_name(self, source: int | None) -> str:
        """A device of this session as people call it; empty when there is none of that number."""
        if source not in self.devices:
            return ""
        return device_names({number: device.protocol for number, device in self.devices.items()})[source]

    def newest_nibp(self) -> NibpView | None:
        """The newest cuff reading of the chosen cuff monitor; of any while none was chosen."""
        chosen = self.feeds.get(Metric.NIBP_SYS)
        return next((view for view in reversed(self.nibp) if chosen in (None, view.reading.source)), None)


EMPTY = State()


def fold(state: State, item: ev.StreamItem) -> State:
    """The state after one more item. Waveforms change nothing here; views keep their samples."""
    if isinstance(item, ev.Measurement):
        latest = Latest(item.mono_us, item.value, item.quality)
        first_valid = state.first_valid
        if latest.valid and item.metric not in first_valid:
            first_valid = {**first_valid, item.metric: item.source}
        return replace(
            state,
            mono_us=item.mono_us,
            latest={**state.latest, (item.source, item.metric): latest},
            first_valid=first_valid,
        )
    if isinstance(item, ev.Event):
        return replace(
            _fold_event(state, item),
            seq=item.seq,
            mono_us=item.mono_us,
            care=care_view.fold(state.care, item),
            light=light_view.fold(state.light, item),
            music=music_view.fold(state.music, item),
            sets=bilateral_view.fold(state.sets, item),
            forms=forms_view.fold(state.forms, item),
        )
    return state


def fold_all(items: Iterable[ev.StreamItem], state: State = EMPTY) -> State:
    """The state after all of `items`."""
    return reduce(fold, items, state)


def _fold_event(state: State, event: ev.Event) -> State:
    match event.body:
        case ev.SessionStarted() as started:
            return replace(state, session=started)
        case ev.SessionResumed(gap_s=gap_s):
            # Whatever a device or a cuff was doing when the recorder died is not known any more.
            return replace(
                state,
                resumed=(*state.resumed, (event.mono_us, gap_s)),
                cuff=CuffView(),
                devices={
                    source: replace(device, state="lost", text="recorder restarted", since_us=event.mono_us, said="")
                    for source, device in state.devices.items()
                },
            )
        case ev.SessionClosed(reason=reason):
            return replace(state, closed=reason)
        case ev.DeviceState() | ev.DeviceSaid() | ev.PacketsCounted():
            return _fold_device(state, event)
        case ev.NibpMeasured() as reading:
            return replace(state, nibp=(*state.nibp, NibpView(event.mono_us, reading)), cuff=CuffView())
        case ev.CuffRequested(source=source):
            return replace(state, cuff=CuffView("requested", source, event.mono_us, "cuff requested"))
        case ev.CuffStopRequested(source=source):
            return replace(state, cuff=CuffView("stopping", source, event.mono_us, "stop requested"))
        case ev.NoteTaken() as note:
            return replace(state, notes=_with_note(state.notes, event.seq, note))
        case ev.MarkSet(at_us=at_us, label=label):
            return replace(state, marks=(*state.marks, MarkView(at_us, label)))
        case ev.PhaseEntered(at_us=at_us, phase=phase):
            return replace(state, phases=(*state.phases, PhaseView(at_us, phase)))
        case ev.DoseGiven() as dose:
            return replace(state, doses=(*state.doses, dose))
        case ev.FeedChosen(metric=metric, source=source):
            return replace(state, feeds={**state.feeds, metric: source})
        case ev.ProcessState() as process:
            return replace(state, processes={**state.processes, process.process: process})
        case CourseChosen(course=course):
            return replace(state, course=course)
        case ev.StorageState() as storage:
            return replace(state, storage=storage)
        case _:
            return state


_CUFF_DOING = {"cuff-inflating": "inflating"}


def _fold_device(state: State, event: ev.Event) -> State:
    body = event.body
    assert isinstance(body, ev.DeviceState | ev.DeviceSaid | ev.PacketsCounted)
    held = state.devices.get(body.source)
    cuff = state.cuff
    if isinstance(body, ev.DeviceState):
        device = DeviceView(
            source=body.source,
            protocol=body.protocol,
            port=body.port,
            adapter=body.adapter,
            state=body.state,
            text=body.text,
            since_us=event.mono_us,
            said=held.said if held else "",
            good=held.good if held else 0,
            bad=held.bad if held else 0,
            skipped=held.skipped if held else 0,
            late_after_s=body.late_after_s,
        )
        if body.state == "lost" and body.source == cuff.source:
            cuff = CuffView("idle", body.source, event.mono_us, "cuff monitor lost")
    elif held is None:
        return state
    elif isinstance(body, ev.DeviceSaid):
        device = replace(held, said=body.text)
        if body.code.startswith("cuff-"):
            cuff = CuffView(_CUFF_DOING.get(body.code, "idle"), body.source, event.mono_us, body.text)
    else:
        device = replace(held, good=body.good, bad=body.bad, skipped=body.skipped)
    return replace(state, devices={**state.devices, body.source: device}, cuff=cuff)


def _with_note(notes: tuple[NoteView, ...], seq: int, note: ev.NoteTaken) -> tuple[NoteView, ...]:
    if note.about is None:
        return (*notes, NoteView(seq, note.at_us, note.text))
    return tuple(
        replace(old, text=note.text, corrections=old.corrections + bool(old.text)) if old.seq == note.about else old
        for old in notes
    )
