"""What tests of the room's panels put into a session: music, light, and a person who may have sets."""

from __future__ import annotations

from kapconsole import commands as cm
from kapconsole import events as ev
from kapconsole.bilateral import wishes as bw
from kapconsole.bilateral.events import Channel, Offsets, SetAsked, SetBegan, SetDelivered, StopReason, ToneTiming
from kapconsole.bilateral.guide import load_screening
from kapconsole.bilateral.presets import load_preset
from kapconsole.console.setfacts import Choice
from kapconsole.cues.light import events as le
from kapconsole.cues.music import events as mu

ARC = (("opening", 12.0), ("build", 30.0), ("peak", 55.0), ("descent", 75.0), ("return", 100.0))


def playlist() -> mu.PlaylistChosen:
    """Five segments with two tracks of four minutes each."""
    segments = tuple(
        mu.Segment(name, until, tuple(mu.Track(f"{name}{n}", f"{name} {n}", 240 * 48_000, -3.0) for n in (1, 2)))
        for name, until in ARC
    )
    return mu.PlaylistChosen("Quiet arc", 8.0, segments, 0)


def play(feed, segment: str = "peak", left_s: float = 100.0) -> None:
    """Music of `segment` is heard for `left_s` more."""
    now_us = feed.clock.now_us()
    feed.fact(playlist())
    feed.fact(mu.PatientOutput("headphones", "playing", "", "", now_us))
    feed.fact(mu.SegmentEntered(segment, "play", None, now_us))
    ends_us = now_us + round(left_s * 1e6)
    title = f"{segment} 1"
    feed.fact(mu.MusicPlaying("t", title, segment, 0.0, left_s, ends_us, "play", "peak 2", segment, 240.0, now_us))


def lamps(feed, level: float = 8.0) -> None:
    """A ceiling and a path light, in the cue "inward"."""
    now_us = feed.clock.now_us()
    feed.fact(le.LightSheetLoaded("s", 1, (("onset", "Onset"), ("inward", "Inward"), ("emerge", "Emergence")), 0))
    levels = {"ceiling": level, "path": 10.0}
    feed.fact(le.LightReady((("ceiling", "Ceiling"), ("path", "Path")), levels, False, "", now_us))
    targets = tuple(le.LightTarget(name, value) for name, value in levels.items())
    feed.fact(le.LightAsked("phase", "inward", "Inward", targets, 60, 60, False, now_us))
    feed.fact(le.LightDelivered(levels, {}, True, now_us))


def allow(feed) -> None:
    """Integration, the stop signal rehearsed and every question answered with no."""
    feed.send(cm.Phase("integrate"))
    feed.send(bw.RehearseStop())
    feed.send(bw.AnswerScreening({one.key: False for one in load_screening().questions}))
    feed.sent.clear()


def choose(window, name: str = "desensitization-standard") -> Choice:
    """What Space starts."""
    made = Choice(load_preset(name))
    window.view.stimulation.choice = made
    window.view.show_now()
    return made


def begun(feed) -> SetAsked:
    """The room says that it delivers the set that was asked for."""
    running = feed.moment().state.sets.running
    assert running is not None
    asked = running.asked
    feed.fact(SetBegan(asked.set_id, asked.plan.channels, "", asked.plan.start_us))
    return asked


def delivered(feed, cycles: float = 24.0) -> None:
    """The set is over, as the room tells."""
    running = feed.moment().state.sets.running
    assert running is not None
    asked, now_us = running.asked, feed.clock.now_us()
    feed.fact(
        SetDelivered(
            asked.set_id, "", "integrate", asked.plan.preset, 1, asked.plan.start_us, now_us, 0, 0, StopReason.COUNT,
            "", 24.0, cycles, round(2 * cycles), (), (Channel.LIGHT,), Offsets(), 0, 0, 0, 0, ToneTiming(), 0, 0,
            now_us,
        )
    )  # fmt: skip


def gone(feed, process: str) -> None:
    """A worker died."""
    feed.fact(ev.ProcessState(process, "gone", ""))
