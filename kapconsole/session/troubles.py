"""What is technically wrong right now, in words; the contents of the alarm strip while there are no alarm limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kapconsole.clock import local_time

if TYPE_CHECKING:
    from kapconsole.session.state import State

WORKING = ("starting", "started", "running", "ready", "ok", "up", "back", "ended")
"""States of a process that are no trouble; any other word is shown, so that an unknown one is never hidden."""

VOICE_EXPECTED_AFTER_US = 10_000_000
"""A live session that has not heard of its annunciator after this long has no alarm voice."""

_PROCESS = {"annunciator": "alarm voice", "monitor": "recorder"}
_STANDING = ("annunciator", "keep awake")
_UNSETTLED_AFTER_US = 5_000_000


class Trouble(msgspec.Struct, frozen=True):
    """One thing that is wrong: `about` (recorder, log, a process name, or device:N) and words for a person."""

    about: str
    text: str


def troubles(
    state: State, now_us: int, utc_origin_us: int, *, linked: bool = True, replay: bool = False
) -> tuple[Trouble, ...]:
    """Everything that is wrong at `now_us` (session microseconds), the gravest first."""
    found: list[Trouble] = []
    if state.closed is not None and not replay:
        # Everything is meant to be gone by now.
        return ()
    if not linked:
        found.append(Trouble("recorder", "recorder not reachable: nothing here is current"))
    if state.storage.state != "ok":
        words = state.storage.text or state.storage.state
        found.append(Trouble("log", f"log not safely on disk ({state.storage.state}): {words}"))
    processes = _processes(state, now_us, replay)
    standing = {name for name, process in state.processes.items() if name in _STANDING and process.state != "gone"}
    found.extend(trouble for trouble in processes if trouble.about not in standing)
    found.extend(_devices(state, now_us, utc_origin_us))
    # What stands for the whole session must not hide what has just happened.
    found.extend(trouble for trouble in processes if trouble.about in standing)
    return tuple(found)


def _processes(state: State, now_us: int, replay: bool) -> list[Trouble]:
    found = [
        Trouble(name, f"{_PROCESS.get(name, name)}: {process.text or process.state}")
        for name, process in sorted(state.processes.items())
        if process.state not in WORKING or process.text
    ]
    speed = 1.0 if state.session is None else max(1.0, state.session.speed)
    late = now_us > VOICE_EXPECTED_AFTER_US * speed
    expected = state.session is not None and state.closed is None and late and not replay
    if expected and "annunciator" not in state.processes:
        found.insert(0, Trouble("annunciator", "alarm voice: not heard of in this session"))
    return found


def _devices(state: State, now_us: int, utc_origin_us: int) -> list[Trouble]:
    found = []
    for source, device in sorted(state.devices.items()):
        if device.delivering or (device.state == "opening" and now_us - device.since_us < _UNSETTLED_AFTER_US):
            continue
        since = local_time(utc_origin_us + device.since_us)
        words = device.text or device.state
        # The link's own words often carry the time already.
        when = "" if since in words else f" (since {since})"
        found.append(Trouble(f"device:{source}", f"{state.device_name(source)}: {words}{when}"))
    return found
