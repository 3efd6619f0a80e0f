"""Who may do what; taking roles, PINs, locks, signatures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kapconsole.clinical import events as ce
from kapconsole.clinical import staffing
from kapconsole.clinical import wishes as ws
from kapconsole.clinical.data import ClinicalData, load
from kapconsole.clinical.engine import ACTIONS, not_permitted
from kapconsole.clinical.evidence import Ask
from kapconsole.clinical.gates import findings
from kapconsole.clinical.wishes import NotPermitted
from kapconsole.refusals import Refused

from .conftest import VisitByHand

PINS = {"ann": "4711", "ben": "90210"}


@pytest.fixture(scope="module")
def with_staff(tmp_path_factory: pytest.TempPathFactory) -> ClinicalData:
    folder: Path = tmp_path_factory.mktemp("site")
    (folder / "staff.toml").write_text(
        f"""
version = 2
[staff.ann]
name = "Ann Nurse"
roles = ["nurse", "therapist"]
pin = "{staffing.hash_pin(PINS["ann"])}"
[staff.ben]
name = "Ben Prescriber"
roles = ["prescriber"]
pin = "{staffing.hash_pin(PINS["ben"])}"
[staff.cleo]
name = "Cleo New"
roles = ["nurse"]
""",
        "utf-8",
    )
    return load(folder)


@pytest.fixture
def clinic(with_staff: ClinicalData, new_visit: Callable[..., VisitByHand]) -> VisitByHand:
    made = new_visit(with_staff)
    made.be("Ann Nurse", "nurse", PINS["ann"])
    return made


@pytest.mark.parametrize(
    ("role", "action", "may"),
    [
        ("therapist", "phase", True),
        ("therapist", "limits", False),
        ("therapist", "alarm-pause", False),
        ("therapist", "dose", False),
        ("nurse", "alarm-acknowledge", True),
        ("nurse", "limits", True),
        ("nurse", "limits-beyond", False),
        ("nurse", "preset", False),
        ("nurse", "clear", False),
        ("prescriber", "clear", True),
        ("supervisor", "comment", True),
        ("supervisor", "note", False),
        ("administrator", "preset", True),
        ("administrator", "dose", False),
        ("administrator", "vitals", False),
        ("nurse", "no such thing", False),
    ],
)
def test_who_may_do_what(role: str, action: str, may: bool) -> None:
    assert staffing.may(load().roles, (role,), action) is may


def test_every_wish_has_its_line_in_the_table_of_roles() -> None:
    assert set(ACTIONS) == set(ws.ClinicalWish.__args__)  # type: ignore[attr-defined]
    assert {action for action in ACTIONS.values() if action} <= set(load().roles.actions)


def test_one_person_switches_between_two_roles_in_sight(clinic: VisitByHand) -> None:
    clinic.do(ws.EnterVitals(resp_rate=14))
    clinic.be("ann", "therapist")  # by the key of the list, and without the PIN that was given at this station
    assert clinic.care.acting["console"].verified
    with pytest.raises(NotPermitted, match="Ann Nurse acts as therapist"):
        clinic.do(ws.EnterVitals(resp_rate=14))
    assert clinic.care.people == {"Ann Nurse": ("nurse", "therapist")}
    assert [body.role for body in clinic.bodies(ce.RoleTaken)] == ["nurse", "therapist"]


def test_another_station_asks_for_the_pin_again(clinic: VisitByHand) -> None:
    with pytest.raises(NotPermitted, match="PIN is needed"):
        clinic.be("Ann Nurse", "therapist", station="nurse station")


def test_nobody_takes_a_role_that_is_not_theirs(clinic: VisitByHand) -> None:
    with pytest.raises(NotPermitted, match="not prescriber"):
        clinic.be("Ann Nurse", "prescriber", PINS["ann"])
    with pytest.raises(NotPermitted, match="not on the staff list"):
        clinic.be("Zoe", "nurse", "1234")
    with pytest.raises(NotPermitted, match="no PIN on the staff list"):
        clinic.be("Cleo New", "nurse", "1234")
    with pytest.raises(Refused, match="no role 'surgeon'"):
        clinic.be("Ann Nurse", "surgeon", PINS["ann"])


def test_wrong_pins_make_a_person_wait(clinic: VisitByHand) -> None:
    for _ in range(3):
        with pytest.raises(NotPermitted, match="wrong"):
            clinic.do(ws.SignOff("session", "0000"))
    with pytest.raises(NotPermitted, match="wait 30 s"):
        clinic.do(ws.SignOff("session", PINS["ann"]))
    clinic.now_us += 31_000_000
    clinic.do(ws.SignOff("session", PINS["ann"]))
    (signed,) = clinic.bodies(ce.SignedOff)
    assert signed.verified


def test_a_lock_leaves_what_safety_needs_and_opens_by_pin(clinic: VisitByHand) -> None:
    clinic.do(ws.Lock("nobody touched it for 5 min"))
    with pytest.raises(NotPermitted, match="locked"):
        clinic.do(ws.EnterVitals(resp_rate=14))
    for action in ("alarm-acknowledge", "stop", "help", "emergency", "symptom", "note"):
        assert not_permitted(clinic.data, clinic.care, "console", action) == ""
    clinic.do(ws.SetIntention("to rest"))
    assert not_permitted(clinic.data, clinic.care, "other", "stop") == ""
    with pytest.raises(NotPermitted, match="unlock it"):
        clinic.be("Ann Nurse", "nurse", PINS["ann"])
    with pytest.raises(NotPermitted, match="needed"):
        clinic.do(ws.Unlock("Ann Nurse", "nurse"))
    clinic.do(ws.Unlock("Ben Prescriber", "prescriber", PINS["ben"]))
    clinic.do(ws.EnterVitals(resp_rate=14))
    assert clinic.care.acting["console"].person == "Ben Prescriber"


def test_the_pin_stands_nowhere(clinic: VisitByHand) -> None:
    wish = ws.SignOff("session", PINS["ann"])
    clinic.do(wish)
    assert PINS["ann"] not in repr(wish)
    assert PINS["ann"] not in repr(clinic.log)
    assert PINS["ann"] not in repr(ws.TakeRole("Ann Nurse", "nurse", PINS["ann"]))


def test_without_a_staff_list_a_signature_is_not_called_verified(visit: VisitByHand) -> None:
    with pytest.raises(NotPermitted, match="needs a name"):
        visit.do(ws.SignOff("session"))
    visit.be("N", "nurse")
    visit.do(ws.SignOff("session"))
    assert not visit.bodies(ce.SignedOff)[0].verified


def test_who_leaves_is_not_counted_as_staff(visit: VisitByHand) -> None:
    visit.be("N", "nurse")
    visit.be("T", "therapist", station="room")
    visit.do(ws.LeaveRole("T"))
    assert visit.care.people == {"N": ("nurse",)}
    assert "room" not in visit.care.acting
    with pytest.raises(Refused, match="does not hold"):
        visit.do(ws.LeaveRole("T"))


def test_two_people_sign_in_place_of_the_nurse(visit: VisitByHand) -> None:
    visit.be("T", "therapist")
    visit.do(ws.SignOff("pre-dose"))
    asked = Ask(visit.data, visit.care, visit.now_us)
    assert not findings(asked, "dose", ("pre-dose-signed",))[0].met
    visit.be("U", "therapist")
    visit.do(ws.SignOff("pre-dose"))
    asked = Ask(visit.data, visit.care, visit.now_us)
    assert findings(asked, "dose", ("pre-dose-signed",))[0].met


@pytest.mark.parametrize("pin", ["", "123", "abcd", "12 34"])
def test_a_pin_that_is_none_gets_no_hash(pin: str) -> None:
    with pytest.raises(ValueError, match="digits"):
        staffing.hash_pin(pin)
