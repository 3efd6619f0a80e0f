"""The dose form with everything that the ledger holds, checked while it is typed; the infusion with its countdown."""

from __future__ import annotations

from collections.abc import Sequence

from kapconsole.clinical import doses
from kapconsole.clinical import wishes as ws
from kapconsole.clinical.data import ClinicalData
from kapconsole.clinical.tables import Route
from kapconsole.clinical.view import CareView
from kapconsole.commands import CommandBody
from kapconsole.console.careforms import Field, FormSheet, Values, Wrong, needed, number, pairs
from kapconsole.console.carerows import Page, Row
from kapconsole.console.theme import Look
from kapconsole.session.words import clock_text

CONFIRM = "look again and confirm"
MISSING = "record it with the reason"
"""How the ledger's refusals end that a person may answer in the form."""


class FullDoseSheet(FormSheet):
    """A dose with all of its record. What the ledger wants to be looked at again is asked in the same form."""

    def __init__(self, title: str, look: Look, at_us: int, data: ClinicalData, care: CareView, person: str) -> None:
        self.at_us = at_us
        self.data, self.care = data, care
        self.confirmed = False
        rule = data.routes.doses
        route = care.route
        planned = data.routes.routes.get(route)
        infusion = f"{planned.infusion_min:g}" if planned is not None and planned.infusion_min else ""
        fields = (
            Field("drug", "Drug", choices=pairs(rule.drugs), value=rule.drugs[0] if len(rule.drugs) == 1 else ""),
            Field(
                "route",
                "Route",
                choices=tuple((name, held.label) for name, held in data.routes.routes.items()),
                value=route,
            ),
            Field("amount", "Amount, mg"),
            Field("per_kg", "as ordered, mg/kg", "to check the amount"),
            Field("concentration", "Drawn, mg/mL", "after dilution"),
            Field("volume", "Volume, mL"),
            Field("lot", "Lot"),
            Field("expiry", "Expiry", "2027-01-31"),
            Field("given_by", "Given by", value=person),
            Field("witness", "Witness"),
            Field("site", "Site", "left deltoid"),
            Field("infuse", "Infusion over, min", f"{infusion}; empty: at once" if infusion else "empty: at once"),
            Field("waste", "Waste, mg"),
            Field("waste_witness", "Waste witness"),
            Field("exception", "Reason", "when something is missing and the dose was given all the same"),
        )
        super().__init__(title, "Record", look, fields, self._made, self._about(), columns=2, live=self.check)

    def _about(self) -> str:
        held = self.care.weight
        weight = "no weight is recorded" if held is None else f"weight {held.weight_kg:g} kg of {held.measured_on}"
        count = len(self.care.doses)
        second = f" This is dose {count + 1}; the clock of the first goes on." if count else ""
        return f"{weight}.{second} The time is when the key went down."

    def route(self, values: Values) -> Route | None:
        """The chosen route."""
        return self.data.routes.routes.get(values["route"])

    def wish(self, values: Values) -> ws.RecordDose:
        """What stands in the form as a wish. Raises Wrong."""
        amount_mg = number(values, "amount", "Amount")
        if amount_mg is None:
            raise Wrong("an amount in mg")
        return ws.RecordDose(
            drug=needed(values, "drug", "which drug?"),
            route=needed(values, "route", "which route?"),
            amount_mg=amount_mg,
            mg_per_kg=number(values, "per_kg", "mg/kg"),
            concentration_mg_ml=number(values, "concentration", "Drawn concentration"),
            volume_ml=number(values, "volume", "Volume"),
            lot=values["lot"].strip(),
            expiry=values["expiry"].strip(),
            site=values["site"].strip(),
            given_by=values["given_by"].strip(),
            witness=values["witness"].strip(),
            waste_mg=number(values, "waste", "Waste") or 0.0,
            waste_witness=values["waste_witness"].strip(),
            infuse_over_min=number(values, "infuse", "Infusion"),
            confirmed=self.confirmed,
            exception=values["exception"].strip(),
            at_us=self.at_us,
        )

    def _made(self, values: Values) -> Sequence[CommandBody]:
        return (self.wish(values),)

    def check(self, values: Values) -> str:
        """What there is to say of the numbers while they are typed: mg/kg, what does not fit, what is unusual."""
        try:
            wish = self.wish(values)
        except Wrong:
            return self._started(values)
        route, rule = self.route(values), self.data.routes.doses
        assert route is not None
        weight_kg = None if self.care.weight is None else self.care.weight.weight_kg
        wrong = [*doses.implausible(wish, route, rule, weight_kg), *doses.disagreements(wish, weight_kg, rule)]
        per_kg = doses.mg_per_kg(wish.amount_mg, weight_kg)
        words = [f"{wish.amount_mg:g} mg" + ("" if per_kg is None else f" = {per_kg:.2f} mg/kg")]
        if wish.concentration_mg_ml and wish.volume_ml:
            words.append(f"{wish.concentration_mg_ml * wish.volume_ml:g} mg drawn")
        if wish.infuse_over_min:
            words.append(f"{wish.amount_mg / wish.infuse_over_min:.2f} mg/min")
        unusual = doses.unusual(wish, route, weight_kg)
        if wrong:
            words.append("does not fit: " + "; ".join(wrong))
        elif unusual:
            words.append(unusual)
        return " · ".join(words)

    def _started(self, values: Values) -> str:
        """mg/kg as soon as there is an amount, whatever else is still empty."""
        try:
            amount_mg = number(values, "amount", "Amount")
        except Wrong as words:
            return str(words)
        if amount_mg is None:
            return "nothing is preset: amount, drug and route are chosen each time"
        per_kg = doses.mg_per_kg(amount_mg, None if self.care.weight is None else self.care.weight.weight_kg)
        return f"{amount_mg:g} mg" + ("" if per_kg is None else f" = {per_kg:.2f} mg/kg")

    def refused(self, words: str) -> None:
        super().refused(words)
        if CONFIRM in words:
            self.confirmed = True
            self.wrong.setText(f"{words}: Enter once more records it")
        elif MISSING in words:
            self.edits["exception"].setFocus()

    def _changed(self, *_: object) -> None:
        # Another number is another amount to look at.
        self.confirmed = False
        super()._changed()


def infusion_page(care: CareView, now_us: int, peak_min: float = 0.0) -> Page:
    """The infusion as it stands: what was given, how long it has to run, what may be done at the pump."""
    held = doses.infusion(care.infusion, now_us)
    if held is None:
        return Page((), "no infusion was recorded in this session")
    note = infusion_words(care, now_us)
    if peak_min:
        note += f" · highest pressure expected {peak_min:g} min after the start"
    if held.state == "stopped":
        return Page((), note)
    rows = []
    if held.state == "running":
        rows = [Row("pause", "Pause", key="1"), Row("rate", "Other rate", "in mg/min", key="2")]
    else:
        rows = [Row("resume", "Go on", f"at {held.rate_mg_min:.2f} mg/min, or another rate", key="1")]
    rows.append(Row("stop", "Stop", "with the total that the pump says", key="3"))
    return Page(tuple(rows), note)


def infusion_words(care: CareView, now_us: int) -> str:
    """ "running · 21.4 of 35 mg · 0:15:32 to go"."""
    held = doses.infusion(care.infusion, now_us)
    if held is None:
        return ""
    left = "" if held.left_s is None else f" · {clock_text(round(held.left_s * 1e6))} to go"
    return f"infusion {held.state} · {held.given_mg:.1f} of {held.planned_mg:g} mg{left}"


def infusion_form(look: Look, care: CareView, what: str, at_us: int) -> FormSheet:
    """Something done at the pump, at `at_us`."""
    titles = {"pause": "Pause the infusion", "resume": "Go on with the infusion", "rate": "Another rate"}
    fields = [Field("given", "Total at the pump, mg", "empty: as computed"), Field("text", "Words")]
    if what in ("rate", "resume"):
        fields.insert(0, Field("rate", "Rate, mg/min", "" if what == "rate" else "empty: as before"))

    def make(values: Values) -> Sequence[CommandBody]:
        rate = number(values, "rate", "Rate") if "rate" in values else None
        if what == "rate" and rate is None:
            raise Wrong("which rate, in mg/min?")
        given = number(values, "given", "Total")
        return (ws.ChangeInfusion(what, rate, given, values["text"].strip(), at_us),)

    note = infusion_words(care, at_us)
    return FormSheet(titles.get(what, "Stop the infusion"), "Record", look, fields, make, note)


def correction_form(look: Look, care: CareView) -> FormSheet:
    """A field of a dose record was wrong: the first record stays, this is a new entry."""
    known = [(f"{dose.at_us}", f"dose {place}") for place, dose in enumerate(care.doses, 1) if dose.record is not None]

    def make(values: Values) -> Sequence[CommandBody]:
        at_us = int(needed(values, "dose", "which dose?"))
        field = needed(values, "field", "which field?")
        return (ws.CorrectDose(at_us, field, values["after"].strip(), needed(values, "reason", "why?")),)

    fields = (
        Field("dose", "Dose", choices=tuple(known), value=known[-1][0] if known else ""),
        Field("field", "Field", ", ".join(doses.CORRECTABLE)),
        Field("after", "Should be"),
        Field("reason", "Reason"),
    )
    note = "the time cannot be corrected: the clock stands on it. Fields: " + ", ".join(doses.CORRECTABLE)
    return FormSheet("Correct a dose record", "Correct", look, fields, make, note)
