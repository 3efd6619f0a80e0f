"""The documents: links lead somewhere, commands exist, and what is generated is current."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
DOCUMENTS = sorted([*TOP.glob("*.md"), *(path for part in ("docs", "devices") for path in (TOP / part).rglob("*.md"))])
LINK = re.compile(r"\]\(([^)\s]+)\)")


def name(path: Path) -> str:
    return path.relative_to(TOP).as_posix()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_within_the_project_lead_somewhere(document: Path) -> None:
    targets = [link.partition("#")[0] for link in LINK.findall(document.read_text("utf-8")) if "://" not in link]
    dead = [target for target in targets if target and not (document.parent / target).exists()]
    assert not dead


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_to_headings_lead_to_one(document: Path) -> None:
    text = document.read_text("utf-8")
    headings = {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).strip().replace(" ", "-")
        for line in text.splitlines()
        if line.startswith("#")
    }
    dead = [link for link in LINK.findall(text) if link.startswith("#") and link[1:] not in headings]
    assert not dead


def test_commands_in_the_documents_exist() -> None:
    """Every `kapconsole WORD` and `start.py WORD` that a document shows is a command of the program."""
    shown = {
        word
        for document in DOCUMENTS
        for word in re.findall(r"(?:\bkapconsole|start\.py) ([a-z]+)\b", code_in(document.read_text("utf-8")))
    }
    done = subprocess.run([sys.executable, "-m", "kapconsole", "--help"], capture_output=True, text=True, timeout=60)
    commands = set(re.findall(r"^    ([a-z]+)(?: |$)", done.stdout, re.MULTILINE))
    assert {"demo", "run", "doctor"} <= commands, done.stdout + done.stderr
    assert not shown - commands - {"test"}


def test_every_page_is_reached_from_the_readme() -> None:
    targets = LINK.findall((TOP / "README.md").read_text("utf-8"))
    linked = {(TOP / target.partition("#")[0]).resolve() for target in targets}
    assert not [name(page) for page in (TOP / "docs").glob("*.md") if page.resolve() not in linked]


@pytest.mark.qt
def test_the_page_of_keys_is_that_of_the_windows() -> None:
    script = TOP / "docs" / "keys.py"
    done = subprocess.run(
        [sys.executable, "-c", f"import runpy; print(runpy.run_path({str(script)!r})['document'](), end='')"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    page = (TOP / "docs" / "keys.md").read_text("utf-8")
    assert page == done.stdout, "the keys have changed: run python docs/keys.py"
    assert "Take one cuff reading" in page


def code_in(text: str) -> str:
    """Code blocks and code spans of a Markdown text: prose may say what the program does in any words.

    A span with a backslash is a string of bytes, not a command.
    """
    blocks = re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL)
    return "\n".join(blocks + re.findall(r"`([^`\n\\]+)`", text))
