"""The command about the room: its set-up as a window for the staff, or in words."""

from __future__ import annotations

import argparse
from typing import Any

from kapconsole.cli.speaking import Failed, say, screen


def add_to(commands: Any) -> None:
    """Add the word `room` to the command line; `commands` are argparse's subparsers."""
    room = commands.add_parser("room", help="set up the room: client's screen, headphones, alarm speaker, light bar")
    room.add_argument("--show", action="store_true", help="print what is set, and open no window")
    room.add_argument("--json", action="store_true", help="the same for programs")
    room.set_defaults(action=set_up)


def set_up(options: argparse.Namespace) -> int:
    """Open the wizard, or print what is set; 1 when a file of the set-up is damaged."""
    if options.show or options.json:
        return _show(options)
    if _in_session():
        raise Failed("a session is running on this machine: end it first (kapconsole room --show works meanwhile)")
    if not screen():
        raise Failed("there is no screen here; kapconsole room --show works without one")
    from kapconsole.roomwizard.process import set_up as open_window

    return open_window(_in_session)


def _in_session() -> bool:
    from kapconsole.launcher import answers, running_session

    running = running_session()
    return running is not None and answers(running)


def _show(options: argparse.Namespace) -> int:
    import msgspec

    from kapconsole.roomwizard.draft import in_force, read_draft
    from kapconsole.roomwizard.facts import facts

    draft, wrong = in_force()
    waiting = read_draft()
    unfinished = waiting is not None and waiting != draft
    found = facts(draft)
    if options.json:
        table = {
            "facts": found,
            "patient_out": draft.patient_out,
            "alarm_out": draft.alarm_out,
            "setup": draft.setup,
            "unfinished": unfinished,
            "wrong": wrong,
        }
        print(msgspec.json.format(msgspec.json.encode(table), indent=2).decode())
    else:
        width = max(len(fact.name) for fact in found)
        for fact in found:
            print(f"{fact.name:<{width}}  {fact.words}")
        if unfinished:
            print("an unfinished set-up is waiting: kapconsole room goes on with it")
    if wrong:
        say(wrong)
    return 1 if wrong else 0
