"""The top line: who, the phases with the present one, the dose clock, the time of day."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from PySide6.QtCore import QRectF

from kapconsole.clock import duration_text, local_time
from kapconsole.console.moment import Moment
from kapconsole.console.painted import RIGHT, Ink, Painted
from kapconsole.console.theme import CLOCK, SMALL, TEXT
from kapconsole.session.phases import PHASES, phase_label
from kapconsole.session.words import clock_text


def dose_clock(moment: Moment) -> tuple[str, str]:
    """(prefix, clock): "T+" and time since the first dose, or words and time since the session began."""
    dose_us = moment.state.dose_us
    if dose_us is None:
        visit = moment.state.care.visit
        words = "no dose yet" if visit is None or visit.visit == "dosing" else "since the start"
        return words, clock_text(moment.now_us)
    return "T+" if moment.now_us >= dose_us else "T", clock_text(moment.now_us - dose_us)


class Header(Painted):
    """Subject, phases, clocks. `phases`: those of the kind of visit, where one was named."""

    phases: Sequence[str] = PHASES

    def who(self, moment: Moment) -> tuple[str, str]:
        """(subject code, the doses so far or what the session is)."""
        session = moment.state.session
        if session is None:
            return "no session", ""
        parts = []
        doses = moment.state.doses
        if doses:
            first = doses[0]
            parts.append(f"{first.drug} {first.amount_mg:g} mg {first.route.upper()}")
            if len(doses) > 1:
                parts.append(f"+{len(doses) - 1}")
        elif moment.state.care.visit is not None:
            parts.append(moment.state.care.visit.label.lower())
        if session.simulated:
            parts.append("simulated")
        return session.subject or "no code", " · ".join(parts)

    def phase_minutes(self, moment: Moment) -> str:
        """How long the present phase has lasted, in whole minutes; empty in the first."""
        if not moment.state.phases:
            return ""
        minutes = (moment.now_us - moment.state.phases[-1].at_us) // 60_000_000
        return duration_text(minutes * 60).removesuffix(" 00 s") if minutes > 0 else ""

    def time_of_day(self, moment: Moment) -> str:
        return local_time(moment.utc_origin_us + moment.now_us)

    def key(self, moment: Moment) -> Hashable:
        return (
            self.who(moment),
            moment.state.phase,
            tuple(self.phases),
            self.phase_minutes(moment),
            dose_clock(moment),
            self.time_of_day(moment),
            moment.state.closed,
        )

    def spoken(self, moment: Moment) -> str:
        code, details = self.who(moment)
        phase = moment.state.phase
        label = phase_label(phase) if phase else "no phase yet"
        return f"{code} {details}, {label}, {' '.join(dose_clock(moment))}, {self.time_of_day(moment)}"

    def paint(self, ink: Ink) -> None:
        assert self.moment is not None
        moment, px, palette = self.moment, self.look.px, self.look.palette
        rect = QRectF(self.rect())
        ink.fill(rect, palette.background)
        middle = rect.height() / 2
        baseline = middle + px(TEXT) * 0.36

        used = ink.text(rect.width(), baseline, self.time_of_day(moment), 20, palette.secondary, side=RIGHT)
        right = rect.width() - used - px(56)
        prefix, clock = dose_clock(moment)
        used = ink.text(right, middle + px(CLOCK) * 0.36, clock, CLOCK, palette.text, True, RIGHT)
        size = CLOCK if prefix.startswith("T") else TEXT
        bold = size == CLOCK
        low = middle + px(CLOCK) * 0.36
        used += ink.text(right - used - px(10), low, prefix, size, palette.text, bold, RIGHT) + px(10)
        right -= used

        code, details = self.who(moment)
        left = ink.fitted(0, baseline, code, rect.width() * 0.13, 20, palette.text, True) + px(12)
        left += ink.fitted(left, baseline, details, rect.width() * 0.16, SMALL, palette.secondary)
        self._paint_phases(ink, left + px(20), right - px(20), middle)

    def _paint_phases(self, ink: Ink, left: float, right: float, middle: float) -> None:
        """All phases where there is room; otherwise the present one with its neighbours."""
        assert self.moment is not None
        px, palette, look = self.look.px, self.look.palette, self.look
        present = self.moment.state.phase
        phases = self.phases
        at = phases.index(present) if present in phases else -1
        minutes = self.phase_minutes(self.moment)
        day = tuple(name for name in phases if name in PHASES)
        days = (day,) if present in day or present is None else ()
        for names in (phases, *days, phases[max(0, at - 1) : at + 2], phases[max(0, at) : at + 1]):
            widths = [look.width(phase_label(name), TEXT, name == present) for name in names]
            extra = look.width(minutes, SMALL) + px(9) if minutes and present in names else 0.0
            gap, pill = px(27), px(16)
            total = sum(widths) + gap * (len(names) - 1) + extra
            if total + 2 * pill <= right - left:
                break
        x = (left + right - total) / 2
        baseline = middle + px(TEXT) * 0.36
        for name, width in zip(names, widths, strict=True):
            if name == present:
                height = px(34)
                box = QRectF(x - pill, middle - height / 2, width + extra + 2 * pill, height)
                ink.panel(box, palette.accent_panel, palette.accent, radius=17)
                ink.text(x, baseline, phase_label(name), TEXT, palette.text, True)
                ink.text(x + width + px(9), baseline, minutes, SMALL, palette.text)
                width += extra
            else:
                passed = phases.index(name) < at
                ink.text(x, baseline, phase_label(name), TEXT, palette.secondary if passed else palette.tertiary)
            x += width + gap
