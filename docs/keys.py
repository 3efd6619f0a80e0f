"""Writes docs/keys.md from the very actions of the windows: `python docs/keys.py`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kapconsole.console.keys import Action
from kapconsole.console.window import ACTIONS, MORE_KEYS
from kapconsole.replay.clients.window import EVERY_ACTION as CLIENTS
from kapconsole.replay.keymap import EVERY_ACTION as REPLAY

TARGET = Path(__file__).with_name("keys.md")
PARTS: tuple[tuple[str, str, tuple[Action, ...]], ...] = (
    ("The console", "`kapconsole demo`, `kapconsole run`, `kapconsole console`", (*ACTIONS, *MORE_KEYS)),
    ("Replay", "`kapconsole replay FILE.kaplog`; no key of this window touches the session", tuple(REPLAY)),
    ("Clients", "the window with sessions by client", tuple(CLIENTS)),
)


def document() -> str:
    """The page: a table for each window, in the order of the window's own sheet of keys."""
    lines = [
        "# All keys",
        "",
        "This page is generated: `python docs/keys.py`. The same list opens in each window with `?`.",
    ]
    for title, where, actions in PARTS:
        lines += ["", f"## {title}", "", f"{where[:1].upper()}{where[1:]}.", "", "| key | what it does |", "|---|---|"]
        lines += _rows(actions)
    return "\n".join(lines) + "\n"


def _rows(actions: Iterable[Action]) -> list[str]:
    return [f"| {_cell(action.key)} | {_plain(action.name)} |" for action in actions]


def _cell(key: str) -> str:
    return f"`{_plain(key)}`" if key else ""


def _plain(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    TARGET.write_text(document(), "utf-8")
