"""The small tile of sedation: the newest score in words, how old it is, and what a person is asked for now."""

from __future__ import annotations

from collections.abc import Hashable

import msgspec
from PySide6.QtCore import QRectF, Qt

from kapconsole.clinical.effects import sedation_level
from kapconsole.clinical.view import CareView
from kapconsole.clock import local_time
from kapconsole.console.moment import Moment
from kapconsole.console.painted import RIGHT, Ink, Painted
from kapconsole.console.theme import HEADING, SMALL, TEXT
from kapconsole.session.words import age_text

SHORT = {5: "awake to name", 4: "slow to name", 3: "loud name", 2: "gentle shake", 1: "pain only", 0: "no answer"}
"""MOAA/S in two words; the whole wording stands in the form."""


def shown(care: CareView) -> bool:
    """True where sedation is looked at: a kind of visit was named, or it was scored once."""
    return care.visit is not None or bool(care.sedation)


class SedationShown(msgspec.Struct, frozen=True):
    """The score in words, the line below, and whether a person is asked to look now."""

    score: str
    below: str
    asked: bool = False


class SedationTile(Painted):
    """Under the next cuff."""

    def read(self, moment: Moment) -> SedationShown:
        """What stands on it."""
        care = moment.state.care
        newest = care.sedation[-1] if care.sedation else None
        due = care.prompts.get("sedation")
        below = "O scores it"
        if due is not None:
            face = local_time(moment.utc_origin_us + due.at_us)
            below = f"whispered name due since {face} · O"
        if newest is None:
            return SedationShown("not scored", below, due is not None)
        short = SHORT.get(newest.score, "") if newest.scale == "MOAA/S" else newest.scale
        if due is None:
            below = age_text((moment.now_us - newest.at_us) / 1e6)
            how = f" · {newest.how}" if newest.how else ""
            level = sedation_level(newest)
            below += how if level == "expected" else f" · look again within {newest.recheck_min:g} min"
        before = care.last_dose_us is not None and newest.at_us <= care.last_dose_us
        if before and due is None:
            below = f"before the dose, {age_text((moment.now_us - newest.at_us) / 1e6)} · O scores it"
        return SedationShown(f"{newest.score} · {short}" if short else str(newest.score), below, due is not None)

    def key(self, moment: Moment) -> Hashable:
        return self.read(moment)

    def spoken(self, moment: Moment) -> str:
        now = self.read(moment)
        return f"Sedation {now.score}, {now.below}"

    def paint(self, ink: Ink) -> None:
        assert self.moment is not None
        now, px, palette = self.read(self.moment), self.look.px, self.look.palette
        rect = QRectF(self.rect())
        ink.fill(rect, palette.background)
        ink.panel(rect, palette.panel, palette.tertiary if now.asked else None)
        x = px(20)
        if now.asked:
            x += ink.triangle(x, px(34), 16, palette.text) + px(8)
        x += ink.text(x, px(34), "Sedation", TEXT, palette.text if now.asked else palette.secondary) + px(14)
        known = now.score != "not scored"
        room = rect.width() - px(20) - x
        words = self.look.metrics(HEADING, known).elidedText(now.score, Qt.TextElideMode.ElideRight, room)
        code = palette.text if known else palette.secondary
        ink.text(rect.width() - px(20), px(34), words, HEADING, code, known, RIGHT)
        ink.fitted(px(20), rect.height() - px(14), now.below, rect.width() - px(40), SMALL, palette.secondary)
