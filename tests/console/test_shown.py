"""What people see: invalid, late and lost look and read differently; troubles are said; a fault is contained."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontInfo, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from kapconsole import events as ev
from kapconsole.console.moment import Moment
from kapconsole.console.palette import NIGHT, PALETTES, contrast
from kapconsole.console.pleth import DELAY_US, SPAN_US
from kapconsole.console.theme import FAMILY, TEXT
from kapconsole.console.view import SessionView
from kapconsole.console.window import ACTIONS
from kapconsole.session.freshness import Freshness
from kapdevices.readings import Metric, Quality

Turn = Callable[[float], None]


def pixels(widget: QWidget) -> np.ndarray:
    """The widget's picture, shape (height, width, 3)."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def amount(picture: np.ndarray, code: str) -> int:
    """How many pixels have the colour."""
    wanted = [int(code[at : at + 2], 16) for at in (1, 3, 5)]
    return int((np.abs(picture.astype(int) - wanted).max(axis=2) < 12).sum())


def test_a_number_looks_and_reads_by_its_freshness(window, feed, later: Turn) -> None:
    tile = window.view.spo2
    seen = {"none": pixels(tile)}
    assert tile.read(feed.moment())[2] == "not connected"
    feed.measure(Metric.SPO2, 97)
    later(1)
    seen["live"] = pixels(tile)
    assert tile.read(feed.moment()) == ("97", Freshness.LIVE, "now · Nonin")
    assert amount(seen["live"], NIGHT.spo2) > 2000
    later(5)
    seen["late"] = pixels(tile)
    assert tile.read(feed.moment()) == ("97", Freshness.LATE, "6 s old")
    assert "late" in tile.spoken(feed.moment())
    feed.measure(Metric.SPO2, 97, Quality.ARTEFACT)
    later(1)
    seen["invalid"] = pixels(tile)
    assert tile.read(feed.moment()) == ("97", Freshness.INVALID, "artefact")
    later(11)
    seen["lost"] = pixels(tile)
    number, freshness, words = tile.read(feed.moment())
    assert freshness is Freshness.LOST
    assert "97" not in number
    assert "no data for 12 s" in words
    assert "no number" in tile.spoken(feed.moment())
    names = list(seen)
    for index, name in enumerate(names):
        for other in names[index + 1 :]:
            assert (seen[name] != seen[other]).any(axis=2).sum() > 500, f"{name} looks like {other}"
    for name in ("late", "invalid", "lost"):
        # Without its title's letters there is next to nothing left in the colour of a live value.
        assert amount(seen[name], NIGHT.spo2) < amount(seen["live"], NIGHT.spo2) / 5, name
        assert amount(seen[name], NIGHT.text) > 25, f"{name} says why in full text colour"


def test_a_pulled_cable_takes_the_number_away_at_once(window, feed, later: Turn) -> None:
    feed.measure(Metric.SPO2, 97)
    feed.measure(Metric.PULSE_RATE, 66)
    later(0.5)
    feed.fact(ev.DeviceState(1, "nonin", "p1", "FT232R", "lost", "cable pulled, trying again"))
    later(0.1)
    for tile in (window.view.spo2, window.view.pulse):
        number, freshness, words = tile.read(feed.moment())
        assert freshness is Freshness.LOST
        assert not any(letter.isdigit() for letter in number)
        assert "cable pulled" in words
    assert ["Nonin: cable pulled" in trouble.text for trouble in window.view.strip.lines(feed.moment())] == [True]
    assert "cable pulled" in window.view.devices.spoken(feed.moment())
    feed.fact(ev.DeviceState(1, "nonin", "p1", "FT232R", "back", ""))
    feed.measure(Metric.SPO2, 96)
    later(0.1)
    assert window.view.spo2.read(feed.moment())[:2] == ("96", Freshness.LIVE)
    assert window.view.strip.lines(feed.moment()) == ()


def test_a_failed_cuff_has_no_number_and_the_last_good_one_has_its_age(window, feed, later: Turn) -> None:
    tile = window.view.nibp
    feed.cuff(138, 86)
    later(125)
    assert tile.read(feed.moment()) == ("138/86", Freshness.LIVE, "2 min ago · SunTech")
    feed.cuff(None, None, Quality.MEASUREMENT_FAILED, "air leak")
    later(3)
    number, freshness, words = tile.read(feed.moment())
    assert freshness is Freshness.INVALID
    assert not any(letter.isdigit() for letter in number)
    assert words == "failed 3 s ago: air leak"
    assert "138/86" not in tile.spoken(feed.moment())
    feed.cuff(120, 80)
    later(31 * 60)
    assert tile.read(feed.moment())[1] is Freshness.LATE


def test_the_cuff_is_seen_working_with_its_live_pressure(window, feed, later: Turn) -> None:
    tile = window.view.nibp
    feed.cuff(138, 86)
    later(90)
    quiet = pixels(tile)
    window.act("cuff")
    later(0.3)
    assert tile.cuff(feed.moment()) == ("cuff requested", None)
    feed.fact(ev.DeviceSaid(2, "cuff-inflating", "inflating"))
    feed.measure(Metric.CUFF_PRESSURE, 142, source=2)
    later(0.3)
    assert tile.cuff(feed.moment()) == ("inflating", 142)
    assert "142 mmHg" in tile.spoken(feed.moment())
    assert (pixels(tile) != quiet).any()
    feed.fact(ev.DeviceSaid(2, "cuff-stopped", "stopped by a person"))
    later(0.3)
    assert tile.cuff(feed.moment()) == ("stopped by a person", None)
    later(61)
    assert tile.cuff(feed.moment()) == ("", None)


def test_the_strip_says_what_is_wrong_and_stays_when_all_is_quiet(window, feed, later: Turn) -> None:
    strip = window.view.strip
    later(1)
    assert strip.lines(feed.moment()) == ()
    assert "bedside monitor" in strip.spoken(feed.moment())
    quiet = pixels(strip)
    feed.fact(ev.ProcessState("annunciator", "gone", "the annunciator is not running"))
    feed.fact(ev.StorageState("failing", "disk full"))
    feed.linked = False
    later(1)
    assert [trouble.about for trouble in strip.lines(feed.moment())] == ["recorder", "log", "annunciator"]
    assert amount(pixels(strip), NIGHT.text) > amount(quiet, NIGHT.text) + 300
    assert strip.geometry().height() > 0


@pytest.mark.logs("view 'Trend' failed")
def test_a_fault_in_one_view_leaves_the_others_and_is_said(window, feed, later: Turn, monkeypatch, caplog) -> None:
    def broken(ink: object) -> None:
        raise ZeroDivisionError("no width")

    feed.measure(Metric.SPO2, 97)
    monkeypatch.setattr(window.view.trend, "paint", broken)
    later(1)
    window.view.trend.update()
    window.grab()
    window.grab()
    later(1)
    assert [record.message for record in caplog.records] == ["view 'Trend' failed"], "logged once"
    assert window.view.spo2.read(feed.moment())[0] == "97"
    assert amount(pixels(window.view.spo2), NIGHT.spo2) > 2000
    assert [trouble.text for trouble in window.view.strip.lines(feed.moment())] == ["view failed: Trend"]
    assert amount(pixels(window.view.trend), NIGHT.text) > 300, "words in its place"


def test_the_screen_reader_is_not_told_more_than_every_five_seconds(window, feed, later: Turn) -> None:
    tile = window.view.spo2
    later(10)
    feed.measure(Metric.SPO2, 97)
    later(5.1)
    told = tile.accessibleDescription()
    assert "97" in told
    feed.measure(Metric.SPO2, 91)
    later(1)
    assert tile.accessibleDescription() == told
    later(4.2)
    assert "91" in tile.accessibleDescription()


def test_quiet_widgets_are_not_repainted(window, feed, later: Turn, monkeypatch) -> None:
    feed.measure(Metric.SPO2, 97)
    later(2.5)
    asked: list[str] = []
    for part in window.view.parts:
        name = part.accessibleName()
        monkeypatch.setattr(part, "update", lambda *_, name=name: asked.append(name))
    for _ in range(10):
        later(0.033)
    assert set(asked) <= {"Pleth", "Session"}, "nothing moves but the pleth, and the clock once a second"


def test_the_sweep_drawn_bit_by_bit_equals_the_sweep_drawn_at_once(qapp, feed) -> None:
    views = [SessionView(ACTIONS) for _ in range(2)]
    for view in views:
        view.resize(1280, 800)
    live, once = views
    for step in range(600):
        feed.clock.advance(1 / 30)
        if step % 3 == 2:
            feed.wave(0.1, Quality.SENSOR_OFF if 300 < step < 400 else Quality.GOOD)
        live.show_moment(feed.moment())
    once.show_moment(feed.moment())
    pictures = [pixels(view.pleth) for view in views]
    assert amount(pictures[1], NIGHT.spo2) > 500
    assert (pictures[0] == pictures[1]).all()
    for view in views:
        view.deleteLater()


def test_lost_pleth_sweeps_away_and_says_so(window, feed, later: Turn) -> None:
    pleth = window.view.pleth
    for _ in range(30):
        feed.clock.advance(1 / 3)
        feed.wave(1 / 3)
        window.poll()
    assert amount(pixels(pleth), NIGHT.spo2) > 500
    for _ in range(60):
        later((SPAN_US + DELAY_US) / 60e6)
    assert amount(pixels(pleth), NIGHT.spo2) == 0
    assert "no pleth for 8 s" in pleth.spoken(feed.moment())


def test_untrusted_pleth_is_ticks_on_the_floor_not_a_curve(window, feed, later: Turn) -> None:
    later(1)
    for _ in range(20):
        feed.clock.advance(0.5)
        feed.wave(0.5, Quality.SENSOR_OFF)
        window.poll()
    picture = pixels(window.view.pleth)
    assert amount(picture, NIGHT.spo2) == 0
    assert amount(picture, NIGHT.secondary) > 300


def test_a_short_fall_shows_in_the_trend(window, feed, later: Turn) -> None:
    def fill(seconds: int, value: float) -> None:
        for _ in range(seconds):
            feed.clock.advance(1)
            feed.measure(Metric.SPO2, value)

    fill(600, 98)
    fill(3, 82)
    fill(600, 98)
    window.poll()
    upper, _ = window.view.trend.panes(feed.moment())
    picture = pixels(window.view.trend)
    y = round(upper.y(84))
    assert amount(picture[y - 2 : y + 2], NIGHT.spo2) > 0


@pytest.mark.parametrize("palette", PALETTES.values(), ids=lambda palette: palette.name)
def test_contrast(palette) -> None:
    for role in ("text", "spo2", "pulse", "nibp"):
        assert contrast(getattr(palette, role), palette.panel) >= 7, role
    for role in ("secondary", "tertiary"):
        for ground in (palette.panel, palette.background):
            assert contrast(getattr(palette, role), ground) >= 4.5, role
    assert contrast(palette.text, palette.accent_panel) >= 7
    assert contrast(palette.text, palette.raised) >= 7
    assert contrast(palette.accent, palette.panel) >= 3


@pytest.mark.parametrize("palette", PALETTES.values(), ids=lambda palette: palette.name)
def test_alarm_colours_are_for_alarms_alone(palette) -> None:
    from PySide6.QtGui import QColor

    for role in ("text", "secondary", "tertiary", "spo2", "pulse", "nibp", "accent", "accent_panel", "line"):
        colour = QColor(getattr(palette, role))
        vivid = colour.hsvSaturationF() > 0.45 and palette.name != "day"
        assert not vivid, f"{role} is as vivid as an alarm"
        if palette.name == "day":
            hue = colour.hsvHue()
            assert not (colour.hsvSaturationF() > 0.75 and (hue < 20 or hue > 340 or 45 < hue < 65 or 170 < hue < 200))


def test_no_moment_of_an_empty_session_breaks_a_view(qapp, feed) -> None:
    from kapconsole.session.state import EMPTY
    from kapconsole.session.timeline import Timeline

    view = SessionView(ACTIONS)
    for size in ((1280, 800), (400, 300), (3000, 500)):
        view.resize(*size)
        view.show_moment(Moment(EMPTY, Timeline(), 0, 0, linked=False))
        view.grab()
        assert [part.accessibleName() for part in view.parts if part.fault] == []
    view.deleteLater()


def test_another_palette_changes_every_part(window, feed, later: Turn) -> None:
    later(1)
    shown = [part for part in window.view.parts if part.isVisible()]
    before = [pixels(part) for part in shown]
    window.view.set_palette(PALETTES["day"])
    for part, picture in zip(shown, before, strict=True):
        # The client display in small stays as dark as the one that it shows.
        enough = 0.6 if part is window.view.stimulation else 0.9
        assert (pixels(part) != picture).any(axis=2).mean() > enough, part.accessibleName()


def test_a_failed_view_comes_back_when_tapped(window, feed, later: Turn, monkeypatch) -> None:
    later(1)
    trend = window.view.trend
    trend.fault = "broken"
    window.view.show_now()
    assert [trouble.about for trouble in window.view.strip.lines(feed.moment())] == ["view"]
    QTest.mouseClick(trend, Qt.MouseButton.LeftButton)
    assert trend.fault is None
    assert window.view.strip.lines(feed.moment()) == ()


def test_the_bundled_font_is_used_and_its_digits_have_one_width(window) -> None:
    look = window.view.look
    font = look.font(TEXT)
    assert QFontInfo(font).family() == FAMILY
    for bold in (False, True):
        assert len({look.width(digit, TEXT, bold) for digit in "0123456789"}) == 1
    assert look.font(1).pixelSize() >= 11, "nothing is written smaller, however small the window"
