"""Music, light and stimulation in the states that the screens of the documentation show: bodies of events."""

from __future__ import annotations

from kapconsole import events as ev
from kapconsole.bilateral import events as be
from kapconsole.bilateral.guide import load_screening
from kapconsole.bilateral.presets import load_preset
from kapconsole.cues.light import events as le
from kapconsole.cues.light.sheet import load_sheet
from kapconsole.cues.music import events as mu

MINUTE_US = 60_000_000
ARC = (
    ("opening", 12.0, ("First light",)),
    ("build", 30.0, ("Rising ground", "Slow stair")),
    ("peak", 55.0, ("Low tide, part 1", "Low tide, part 2")),
    ("descent", 75.0, ("Slow water",)),
    ("return", 100.0, ("Home",)),
)


def playlist() -> mu.PlaylistChosen:
    """A playlist of five segments."""
    segments = tuple(
        mu.Segment(name, until, tuple(mu.Track(title, title, 420 * 48_000, -3.0) for title in titles))
        for name, until, titles in ARC
    )
    return mu.PlaylistChosen("Quiet arc", 8.0, segments, 1_000_000)


def music(now_us: int, segment: str = "peak", held: bool = False, output: str = "playing") -> tuple[ev.Body, ...]:
    """Music that plays for four minutes and twelve seconds more."""
    at_us = now_us - 168_000_000
    return (
        playlist(),
        mu.PatientOutput("PulseAudio: headphones", output, "peak at most -6 dBFS", "", at_us),
        mu.SegmentEntered(segment, "time", now_us + 780_000_000, at_us),
        *((mu.SegmentHeld(segment, True, at_us),) if held else ()),
        mu.MusicPlaying(
            "b2", "Low tide, part 2", segment, 0.0, 420.0, now_us + 252_000_000, "next", "Slow water", "descent",
            420.0, at_us,
        ),
    )  # fmt: skip


def light(
    now_us: int, zones: tuple[tuple[str, str, float], ...] = (("room", "Room", 8.0),), why: str = "phase",
    cue: str = "inward", trouble: str = "", settled: bool = True,
) -> tuple[ev.Body, ...]:  # fmt: skip
    """The light at `zones` (id, label, level); `trouble`: what the last zone's lamp does."""
    sheet = load_sheet()
    cues = tuple((one.id, one.name) for one in sheet.light)
    at_us = now_us - 30_000_000
    levels = {name: level for name, _, level in zones}
    targets = tuple(le.LightTarget(name, 8.0) for name in levels)
    bodies: list[ev.Body] = [
        le.LightSheetLoaded(sheet.name, sheet.version, cues, 0),
        le.LightReady(tuple((name, label) for name, label, _ in zones), levels, not zones[1:], "", 0),
        le.LightAsked("phase", cue, cue, targets, 120.0, 60.0, False, at_us),
        le.LightDelivered(levels, {}, settled, now_us - 400_000),
    ]
    if why == "house":
        bodies.append(le.LightAsked("house", "", "House light", targets, 2.0, 2.0, False, now_us - 9_000_000))
    if trouble:
        bodies.append(le.LampTrouble(zones[-1][0], (zones[-1][0],), trouble, now_us - 20_000_000))
    return tuple(bodies)


def allowed(now_us: int) -> tuple[ev.Body, ...]:
    """Integration, the stop signal rehearsed, the screening answered, light allowed on this day."""
    answers: dict[str, bool | None] = {one.key: False for one in load_screening().questions}
    return (
        ev.PhaseEntered(now_us - 600_000_000, "integrate"),
        be.StopSignalRehearsed("raised hand", now_us),
        be.ScreeningAnswered(answers, now_us),
        be.DosingDayOverridden("low dose, alert, wishes light", now_us),
    )


def asked(start_us: int, number: int = 1, preset: str = "desensitization-standard") -> be.SetAsked:
    """A set that begins at `start_us`."""
    plan = load_preset(preset).plan
    plan = be.Plan(**{**{name: getattr(plan, name) for name in plan.__struct_fields__}, "start_us": start_us})
    return be.SetAsked(number, plan, "integrate", 6, start_us - 500_000)


def running(now_us: int, seconds: float = 7.3) -> tuple[ev.Body, ...]:
    """A set that runs since `seconds`."""
    begun = asked(now_us - round(seconds * 1e6))
    return (*allowed(now_us), begun, be.SetBegan(1, begun.plan.channels, "", begun.plan.start_us))


def over(now_us: int, seconds: float = 20.0) -> tuple[ev.Body, ...]:
    """A set that is over since `seconds` and waits for its rating."""
    end_us = now_us - round(seconds * 1e6)
    begun = asked(end_us - 24_800_000)
    done = be.SetDelivered(
        1, "K-0142", "integrate", begun.plan.preset, 1, begun.plan.start_us, end_us, 0, 0, be.StopReason.COUNT, "",
        24.0, 24.0, 48, (), begun.plan.channels, be.Offsets(), 1490, 0, 0, 0, be.ToneTiming(), 0, 0, end_us,
    )  # fmt: skip
    return (*allowed(now_us), begun, be.SetBegan(1, begun.plan.channels, "", begun.plan.start_us), done)
