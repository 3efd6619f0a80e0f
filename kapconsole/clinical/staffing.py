"""Who is there and who may do what: roles, staff in the room by route, PINs as Argon2id hashes."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from kapconsole.clinical.tables import Person, Roles, RoleText, Route, Staff

# A PIN is short: what protects it is the wait after wrong ones. The cost keeps one check far below a tenth of a second.
_HASHER = PasswordHasher(time_cost=2, memory_cost=8 * 1024, parallelism=1)
SHORTEST_PIN = 4


def may(table: Roles, held: Collection[str], action: str) -> bool:
    """True when one of the roles `held` may do `action`; nobody may do what the table does not name."""
    entry = table.actions.get(action)
    return entry is not None and any(role in entry.roles for role in held)


def who_may(table: Roles, action: str) -> str:
    """The roles that may, as words: "nurse or prescriber"."""
    entry = table.actions.get(action)
    labels = [] if entry is None else [table.roles[role].label.lower() for role in entry.roles]
    return " or ".join(filter(None, (", ".join(labels[:-1]), *labels[-1:]))) or "nobody"


def staffed(
    route: Route | None, people: Mapping[str, Collection[str]], labels: Mapping[str, RoleText]
) -> tuple[bool, str]:
    """(enough, words): whether the people in the room are those that the route asks for; each person is one."""
    there = ", ".join(f"{name} ({', '.join(roles)})" for name, roles in people.items()) or "nobody has taken a role"
    # Without the nurse's role a dose cannot begin, whatever the route says.
    wanted = {"nurse": 1, **({} if route is None else route.staffing)}
    missing = [
        f"{labels[role].label.lower() if role in labels else role} ({count})"
        for role, count in wanted.items()
        if sum(role in roles for roles in people.values()) < count
    ]
    if route is not None and len(people) < route.people:
        missing.append(f"{route.people} people")
    return not missing, f"{there}; missing: {', '.join(missing)}" if missing else there


def found(staff: Staff, person: str) -> Person | None:
    """Somebody of the staff list by key or by name, whatever the case."""
    wanted = person.strip().casefold()
    return next((held for key, held in staff.staff.items() if wanted in (key.casefold(), held.name.casefold())), None)


def hash_pin(pin: str) -> str:
    """What staff.toml holds of a PIN. Raises ValueError when it is too short or not made of digits."""
    if len(pin) < SHORTEST_PIN or not pin.isdecimal():
        raise ValueError(f"a PIN has {SHORTEST_PIN} digits or more")
    return _HASHER.hash(pin)


def right_pin(person: Person, pin: str) -> bool:
    """True when `pin` is the person's; False when it is not, or when none was set."""
    try:
        return bool(person.pin) and _HASHER.verify(person.pin, pin)
    except (Argon2Error, InvalidHashError):
        return False
