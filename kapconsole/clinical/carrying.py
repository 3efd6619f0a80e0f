"""What an earlier visit of the same patient gives to a new one: screening, clearance, consent, weight, contacts.

The bodies keep author and dates, so that expiry goes on counting from the day on which something was answered.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from kapconsole.clinical import events as ce
from kapconsole.clinical.view import EMPTY, CareView, fold
from kapconsole.events import Event

CarriedBody = (
    ce.ScreeningAnswered
    | ce.ScreeningCleared
    | ce.ConsentRecorded
    | ce.WeightRecorded
    | ce.AllergiesRecorded
    | ce.ContactRecorded
)


def carried(events: Iterable[Event], now_us: int) -> list[CarriedBody]:
    """What the end of an earlier session's log hands on, to be recorded in the new one at `now_us`.

    A consent that was withdrawn is not handed on; neither is the ride home, which is of one day.
    """
    care: CareView = EMPTY
    for event in events:
        care = fold(care, event)
    found: list[CarriedBody] = [*care.screening.values()]
    for body in (care.clearance, care.weight, care.allergies):
        if body is not None:
            found.append(body)
    if care.consent is not None and care.withdrawn is None:
        found.append(care.consent)
    found += [contact for what, contact in care.contacts.items() if what != "ride"]
    return [msgspec.structs.replace(body, at_us=now_us) for body in found]
