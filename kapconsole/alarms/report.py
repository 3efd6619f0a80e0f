"""The fatigue report of a session, and what other settings would have done: data, a text table, a plot as SVG text.

Figures that the literature uses for alarm burden: alarms per hour by condition, the share acknowledged within 30 s, the
share that a delay suppressed, and the occurrences that other limits would have made or spared.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import msgspec

from kapconsole.alarms import history as hi
from kapconsole.alarms.conditions import CONDITIONS, RANK
from kapconsole.alarms.limits import Preset
from kapconsole.events import Event, StreamItem
from kapconsole.session.words import clock_text

SOON_S = 30.0


class Burden(msgspec.Struct, frozen=True):
    """One condition's share in a session. Shares are 0 to 1, None where there is nothing to share.

    `soon_share`: acknowledged within 30 s, of all. `suppressed_share`: of all true conditions those that went before
    their delay was over. `total_s`: how long the condition was true as an alarm.
    """

    condition: str
    name: str
    count: int
    per_hour: float
    soon_share: float | None
    suppressed: int
    suppressed_share: float | None
    total_s: float


class Fatigue(msgspec.Struct, frozen=True):
    """A session's alarm burden with one preset: `burdens` by condition, those with the most alarms first."""

    preset: str
    hours: float
    count: int
    per_hour: float
    soon_share: float | None
    suppressed: int
    burdens: tuple[Burden, ...]


class Difference(msgspec.Struct, frozen=True):
    """How often a condition alarmed (`was`) and would have alarmed (`would`)."""

    condition: str
    name: str
    was: int
    would: int


class AlarmReport(msgspec.Struct, frozen=True):
    """A session's alarms. `logged` is False for a session from before alarms were logged: then they are computed.

    `what_if` and `differences`: the same session with another preset, where one was asked for.
    """

    logged: bool
    alarms: hi.History
    fatigue: Fatigue
    what_if: hi.History | None = None
    what_if_fatigue: Fatigue | None = None
    differences: tuple[Difference, ...] = ()


def alarms_report(items: Sequence[StreamItem], standard: Preset, what_if: Preset | None = None) -> AlarmReport:
    """The report of a session's items (`history.items_of`). `standard`: for sessions whose log names no preset."""
    end_us, hours = hi.length_us(items), hi.watched_us(items) / 3.6e9
    preset = hi.settings_of((item for item in items if isinstance(item, Event)), standard)
    logged = hi.bodies_of(items)
    alarms = hi.history(logged or hi.replayed(items, preset), preset.name, end_us)
    report = AlarmReport(bool(logged), alarms, fatigue(alarms, hours))
    if what_if is None:
        return report
    would = hi.history(hi.replayed(items, what_if), what_if.name, end_us)
    return msgspec.structs.replace(
        report,
        what_if=would,
        what_if_fatigue=fatigue(would, hours),
        differences=differences(alarms, would),
    )


def fatigue(history: hi.History, hours: float) -> Fatigue:
    """The burden of a history; `hours`: for how long was watched."""
    names = {lasted.condition for lasted in history.occurrences} | {body.condition for body in history.suppressed}
    burdens = [_burden(history, name, hours) for name in names]
    burdens.sort(key=lambda burden: (-burden.count, RANK[burden.condition]))
    count = len(history.occurrences)
    return Fatigue(
        history.preset,
        hours,
        count,
        _per(count, hours),
        _soon(history.occurrences),
        len(history.suppressed),
        tuple(burdens),
    )


def differences(was: hi.History, would: hi.History) -> tuple[Difference, ...]:
    """How often each condition alarmed with one set of settings and with another."""
    before, after = _counts(was), _counts(would)
    names = sorted(before.keys() | after.keys(), key=RANK.__getitem__)
    return tuple(Difference(name, CONDITIONS[name].name, before.get(name, 0), after.get(name, 0)) for name in names)


def report_json(report: AlarmReport) -> str:
    """The report for programs."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()


def report_text(report: AlarmReport) -> str:
    """The report for people: occurrences, burden, and what would have alarmed."""
    alarms = report.alarms
    lines = [f"Alarms of this session, preset {alarms.preset}" + ("" if report.logged else " (computed, not logged)")]
    lines += _occurrences(alarms.occurrences)
    lines += ["", *_fatigue(report.fatigue)]
    if report.what_if is not None and report.what_if_fatigue is not None:
        lines += ["", f"Would have alarmed, preset {report.what_if.preset}"]
        lines += _occurrences(report.what_if.occurrences)
        lines += ["", *_fatigue(report.what_if_fatigue), "", "Condition                            was  would have"]
        lines += [f"{diff.condition} {diff.name:<32.32}{diff.was:>5}{diff.would:>12}" for diff in report.differences]
    return "\n".join(lines) + "\n"


def report_svg(report: AlarmReport, width_px: int = 960) -> str:
    """A plot: one lane for each condition, a bar for each occurrence over time; below, what would have alarmed."""
    left_px, lane_px, top_px = 250, 22, 34
    histories = [report.alarms] + ([report.what_if] if report.what_if is not None else [])
    length_s = max(1.0, *(history.length_s for history in histories))
    scale = (width_px - left_px - 20) / length_s
    parts: list[str] = []
    y_px = top_px
    for history in histories:
        parts.append(f'<text x="10" y="{y_px}" class="head">Preset {escape(history.preset)}</text>')
        y_px += lane_px
        for name in sorted(_counts(history), key=RANK.__getitem__):
            own = [lasted for lasted in history.occurrences if lasted.condition == name]
            words = f"{name} {CONDITIONS[name].name} ({len(own)})"
            parts.append(f'<text x="10" y="{y_px + 10}">{escape(words)}</text>')
            parts += [_bar(lasted, left_px, y_px, scale) for lasted in own]
            y_px += lane_px
        y_px += lane_px
    step_s = next((step for step in (60, 300, 600, 1800, 3600) if length_s / step <= 12), 7200)
    for mark in range(int(length_s // step_s) + 1):
        x_px = left_px + mark * step_s * scale
        parts.append(f'<line x1="{x_px:.1f}" x2="{x_px:.1f}" y1="{top_px + 4}" y2="{y_px - lane_px}" class="grid"/>')
        words = clock_text(mark * step_s * 1_000_000)
        parts.append(f'<text x="{x_px:.1f}" y="{y_px}" text-anchor="middle">{words}</text>')
    style = (
        "text{font:12px sans-serif;fill:#222}.head{font-weight:bold}.grid{stroke:#ccc;stroke-width:1}"
        ".high{fill:#222}.medium{fill:#777}.low{fill:#fff;stroke:#777}"
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width_px}" height="{y_px + 12}"><style>{style}</style>'
    return head + '<rect width="100%" height="100%" fill="#fff"/>' + "".join(parts) + "</svg>\n"


def _bar(lasted: hi.Lasted, left_px: int, y_px: int, scale: float) -> str:
    # Priority as how full the bar is: red, yellow and cyan are for alarms alone, and this is a report.
    x_px = left_px + lasted.began_s * scale
    long_px = max(2.0, (lasted.true_s + lasted.lasted_s - lasted.began_s) * scale)
    words = escape(f"{lasted.text}, {lasted.lasted_s:.0f} s")
    return (
        f'<rect x="{x_px:.1f}" y="{y_px}" width="{long_px:.1f}" height="12" class="{lasted.priority}">'
        f"<title>{words}</title></rect>"
    )


def _occurrences(occurrences: Sequence[hi.Lasted]) -> list[str]:
    if not occurrences:
        return ["  no alarms"]
    lines = ["  begin     lasted  priority  acknowledged  ended     alarm"]
    for lasted in occurrences:
        acknowledged = "-" if lasted.acknowledged_after_s is None else f"after {lasted.acknowledged_after_s:.0f} s"
        lines.append(
            f"  {clock_text(round(lasted.began_s * 1e6)):<8}{lasted.lasted_s:>6.0f} s  {lasted.priority:<9} "
            f"{acknowledged:<13} {lasted.how:<9} {lasted.condition} {lasted.text}{_worst(lasted)}"
        )
    return lines


def _worst(lasted: hi.Lasted) -> str:
    return "" if lasted.worst is None else f" (worst {lasted.worst:g})"


def _fatigue(fatigue: Fatigue) -> list[str]:
    lines = [
        f"Burden: {fatigue.count} alarms in {fatigue.hours:.1f} h, {fatigue.per_hour:.1f} an hour; acknowledged within"
        f" 30 s: {_percent(fatigue.soon_share)}; suppressed by delay: {fatigue.suppressed}",
        "  condition                            alarms  per hour  in 30 s  suppressed   total",
    ]
    lines += [
        f"  {burden.condition} {burden.name:<32.32} {burden.count:>6} {burden.per_hour:>9.1f}"
        f" {_percent(burden.soon_share):>8} {_percent(burden.suppressed_share):>11} {burden.total_s:>5.0f} s"
        for burden in fatigue.burdens
    ]
    return lines


def _burden(history: hi.History, name: str, hours: float) -> Burden:
    own = [lasted for lasted in history.occurrences if lasted.condition == name]
    suppressed = sum(body.condition == name for body in history.suppressed)
    whole = len(own) + suppressed
    return Burden(
        name,
        CONDITIONS[name].name,
        len(own),
        _per(len(own), hours),
        _soon(own),
        suppressed,
        suppressed / whole if whole else None,
        sum(lasted.lasted_s for lasted in own),
    )


def _soon(occurrences: Sequence[hi.Lasted]) -> float | None:
    if not occurrences:
        return None
    soon = sum(
        lasted.acknowledged_after_s is not None and lasted.acknowledged_after_s <= SOON_S for lasted in occurrences
    )
    return soon / len(occurrences)


def _counts(history: hi.History) -> dict[str, int]:
    counts: dict[str, int] = {}
    for lasted in history.occurrences:
        counts[lasted.condition] = counts.get(lasted.condition, 0) + 1
    return counts


def _per(count: int, hours: float) -> float:
    return count / hours if hours > 0 else 0.0


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"
