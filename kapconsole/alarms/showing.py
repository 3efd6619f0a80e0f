"""The status of the alarm system, made from its parts; changes nothing."""

from __future__ import annotations

from kapconsole.alarms.conditions import CONDITIONS, PARAMETERS, SECOND_US, mark
from kapconsole.alarms.detection import Detector
from kapconsole.alarms.events import OccurrenceState, Priority
from kapconsole.alarms.limits import Preset, Settings, Timing, differences, doubts, flat
from kapconsole.alarms.occurrence import Occurrence
from kapconsole.alarms.occurrences import NOTE_US, Occurrences
from kapconsole.alarms.status import AlarmStatus, ParameterStatus, ShownAlarm

_LIMITS = {
    "spo2": ("spo2.low", None),
    "pulse_rate": ("pulse_rate.low", "pulse_rate.high"),
    "resp_rate": ("resp_rate.low", "resp_rate.high"),
    "nibp": ("bp.low_sys", "bp.caution_sys"),
}


def status_of(
    preset: Preset, settings: Settings, detector: Detector, occurrences: Occurrences, now_us: int
) -> AlarmStatus:
    """Everything that is to be shown and sounded at `now_us`."""
    shown = list(occurrences.shown())
    sounding = [held for held in shown if held.sounds]
    burst = max((held.priority for held in sounding), key=lambda priority: priority.rank, default=None)
    audio = occurrences.pauses.audio
    baseline = detector.nibp.baseline
    return AlarmStatus(
        at_us=now_us,
        alarms=tuple(_alarm(held, occurrences, settings.timing, detector.dosed, now_us) for held in shown),
        burst=burst,
        louder_db=_louder_db(sounding, settings.timing, now_us),
        audio_paused_s=None if audio is None else _left_s(audio.until_us, now_us),
        parameters=tuple(_parameter(name, settings, occurrences, shown, now_us) for name in PARAMETERS),
        notes=tuple(text for at_us, text in occurrences.notes if 0 <= now_us - at_us < NOTE_US),
        preset=preset.name,
        settings=flat(settings),
        changed=tuple(name for name, _, _ in differences(preset.settings, settings)),
        warnings=doubts(settings),
        baseline=None if baseline is None else (baseline.sys_mmhg, baseline.dia_mmhg, baseline.readings),
        reading_due_us=min((due.due_us for due in detector.nibp.dues), default=None),
        held_s=_left_s(detector.held_us(), now_us),
    )


def _alarm(held: Occurrence, occurrences: Occurrences, timing: Timing, dosed: bool, now_us: int) -> ShownAlarm:
    condition = CONDITIONS[held.condition]
    remind_us = occurrences.remind_us(held, timing, dosed) if held.state is OccurrenceState.ACKED else None
    return ShownAlarm(
        occurrence=held.number,
        condition=held.condition,
        about=held.about,
        kind=condition.kind,
        priority=held.priority,
        state=held.state,
        mark=mark(condition, held.priority),
        text=f"{held.text} (now unknown)" if held.unknown else held.text,
        value=held.value,
        limit=held.limit,
        worst=held.worst,
        unknown=held.unknown,
        since_us=held.since_us,
        sounding=held.sounds,
        reminder_s=None if remind_us is None else _left_s(remind_us, now_us),
    )


def _parameter(
    name: str, settings: Settings, occurrences: Occurrences, shown: list[Occurrence], now_us: int
) -> ParameterStatus:
    values = flat(settings)
    low, high = _LIMITS[name]
    own = [held.priority for held in shown if CONDITIONS[held.condition].parameter == name]
    pause = occurrences.pauses.alarms.get(name)
    audio = occurrences.pauses.audio
    return ParameterStatus(
        parameter=name,
        priority=max(own, key=lambda priority: priority.rank, default=None),
        low=values[low],
        high=None if high is None else values[high],
        audio_paused_s=None if audio is None else _left_s(audio.until_us, now_us),
        alarm_paused_s=None if pause is None else _left_s(pause.until_us, now_us),
        reason="" if pause is None else pause.reason,
    )


def _louder_db(sounding: list[Occurrence], timing: Timing, now_us: int) -> float:
    """A HIGH that nobody acknowledges grows louder, step by step, up to the site's most."""
    since = [
        held.active_us for held in sounding if held.priority is Priority.HIGH and held.state is OccurrenceState.ACTIVE
    ]
    if not since:
        return 0.0
    steps = (now_us - min(since)) // round(timing.louder_each_s * SECOND_US)
    return min(timing.louder_most_db, max(0, steps) * timing.louder_db)


def _left_s(until_us: int, now_us: int) -> float:
    return max(0, until_us - now_us) / SECOND_US
