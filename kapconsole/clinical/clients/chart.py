"""Scores over sessions as one SVG drawing: a strip for each instrument on one axis of time, dosing days marked.

Black and grey alone: the drawing is printed, and colours are for alarms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from html import escape

from kapconsole.clinical.clients.page import ClientPage, ScoreSeries
from kapconsole.clinical.instruments.model import Instrument

LEFT_PX, RIGHT_PX, TOP_PX, STRIP_PX, GAP_PX = 110, 190, 64, 104, 44
_STYLE = (
    "text{font:12px 'DejaVu Sans',sans-serif;fill:#222}.head{font-size:16px;font-weight:bold}.name{font-weight:bold}"
    ".small{font-size:10px;fill:#555}.grid{stroke:#ddd;stroke-width:1}.dose{stroke:#888;stroke-width:1;"
    "stroke-dasharray:3 3}.axis{stroke:#888;stroke-width:1}.line{fill:none;stroke:#222;stroke-width:1.5}.dot{fill:#222}"
    ".halo{stroke:#fff;stroke-width:3;fill:#fff}"
)


def chart_svg(page: ClientPage, instruments: Mapping[str, Instrument], width_px: int = 960) -> str:
    """The drawing as SVG text."""
    drawn = [series for series in page.scores if _values(series)]
    days = [*page.days, *(point.day for series in drawn for point in series.points)] or [date(2000, 1, 1)]
    first, last = min(days), max(days)
    length = max(1, (last - first).days)
    plot_px = width_px - LEFT_PX - RIGHT_PX

    def x(day: date) -> float:
        return LEFT_PX + plot_px * (day - first).days / length

    height_px = TOP_PX + max(1, len(drawn)) * (STRIP_PX + GAP_PX) + 30
    bottom_px = height_px - 40
    parts = [f'<text x="20" y="28" class="head">{escape(page.code)}: scores over sessions</text>']
    doses = [
        (day, number)
        for number, (entry, day) in enumerate(zip(page.sessions, page.days, strict=True), 1)
        if entry.doses
    ]
    shown_px = -99.0
    for day, number in doses:
        parts.append(f'<line x1="{x(day):.1f}" x2="{x(day):.1f}" y1="{TOP_PX - 8}" y2="{bottom_px}" class="dose">')
        parts.append(f"<title>session {number}, dose on {day}</title></line>")
        if x(day) - shown_px >= 18:
            shown_px = x(day)
            parts.append(f'<text x="{x(day):.1f}" y="{TOP_PX - 12}" class="small" text-anchor="middle">{number}</text>')
    parts.append(f'<text x="20" y="{TOP_PX - 12}" class="small">session, dose</text>')
    for place, series in enumerate(drawn):
        parts += _strip(series, instruments.get(series.instrument), TOP_PX + place * (STRIP_PX + GAP_PX), x, width_px)
    if not drawn:
        parts.append(f'<text x="20" y="{TOP_PX + 30}">No scores yet.</text>')
    parts += _dates(first, last, x, bottom_px)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width_px}" height="{height_px}" role="img">'
    head += f"<style>{_STYLE}</style><title>{escape(page.code)}: scores over sessions</title>"
    return head + '<rect width="100%" height="100%" fill="#fff"/>' + "".join(parts) + "</svg>\n"


def _strip(
    series: ScoreSeries, instrument: Instrument | None, top_px: int, x: Callable[[date], float], width_px: int
) -> list[str]:
    values = _values(series)
    low, high = min(values), max(values)
    if instrument is not None and instrument.maximum > instrument.minimum:
        low, high = instrument.minimum, instrument.maximum
    span = max(1e-9, high - low)

    def y(value: float) -> float:
        return top_px + STRIP_PX * (1 - (value - low) / span)

    right_px = width_px - RIGHT_PX
    parts = [f'<text x="20" y="{top_px + 14}" class="name">{escape(series.name)}</text>']
    parts += [
        f'<text x="{LEFT_PX - 8}" y="{y(value) + 4:.1f}" class="small" text-anchor="end">{value:g}</text>'
        for value in (low, high)
    ]
    parts.append(f'<line x1="{LEFT_PX}" x2="{LEFT_PX}" y1="{top_px}" y2="{top_px + STRIP_PX}" class="axis"/>')
    for band in instrument.bands if instrument else ():
        parts.append(
            f'<line x1="{LEFT_PX}" x2="{right_px}" y1="{y(band.start):.1f}" y2="{y(band.start):.1f}" class="grid"/>'
        )
        middle_px = (y(band.start) + y(band.end)) / 2
        if y(band.start) - y(band.end) >= 8:
            parts.append(f'<text x="{right_px + 8}" y="{middle_px + 4:.1f}" class="small">{escape(band.label)}</text>')
    if instrument is not None and instrument.band_source:
        words = escape(f"bands: {instrument.band_source}")
        parts.append(f'<text x="{LEFT_PX}" y="{top_px + STRIP_PX + 15}" class="small">{words}</text>')
    dots = [(x(point.day), y(point.total), point) for point in series.points if point.total is not None]
    joined = " ".join(f"{px:.1f},{py:.1f}" for px, py, _ in dots)
    parts.append(f'<polyline points="{joined}" class="line"/>')
    shown_px = -99.0
    for px, py, point in dots:
        words = escape(f"{series.name} {point.total:g} on {point.day}")
        parts.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3.5" class="dot"><title>{words}</title></circle>')
        if px - shown_px >= 22:
            shown_px = px
            above = py - 8 if py - top_px > 14 else py + 16
            at = f'x="{px:.1f}" y="{above:.1f}" text-anchor="middle"'
            # Twice, since not every program that shows SVG knows paint-order.
            parts.append(f'<text {at} class="halo">{point.total:g}</text><text {at}>{point.total:g}</text>')
    return parts


def _dates(first: date, last: date, x: Callable[[date], float], bottom_px: int) -> list[str]:
    length = max(1, (last - first).days)
    step = next((step for step in (1, 2, 7, 14, 30, 61, 91, 182, 365) if length / step <= 8), 730)
    days = [first + timedelta(count) for count in range(0, length + 1, step)] if last > first else [first]
    return [
        f'<text x="{x(day):.1f}" y="{bottom_px + 22}" class="small" text-anchor="middle">{day.isoformat()}</text>'
        for day in days
    ]


def _values(series: ScoreSeries) -> list[float]:
    return [point.total for point in series.points if point.total is not None]
