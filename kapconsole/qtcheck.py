"""Refuses the one build of Qt for Python that would end the console in the middle of a session."""

from __future__ import annotations

import importlib.metadata
import re
import sys


def refuse_broken_qt(version: str = "", python: tuple[int, int] = sys.version_info[:2]) -> str | None:
    """Words for why this pair must not run, or None where it may. `version` is that of PySide6, "" the one installed.

    WORKAROUND for PySide6 6.12.0 on Python before 3.12: each call into Qt that returns nothing loses a reference to
    None, and after some thousands of calls (42 s of a small window at 60 Hz) the interpreter aborts with
    "none_dealloc: deallocating None". From 3.12 on None cannot be lost. Measured; 6.11.3 is sound, and a later 6.12
    is believed sound until tests/test_refcount.py says otherwise. Remove when 6.12.0 is out of use.
    """
    version = version or importlib.metadata.version("PySide6-Essentials")
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:3])
    if numbers != (6, 12, 0) or python >= (3, 12):
        return None
    return (
        f"PySide6 {version} breaks on Python {python[0]}.{python[1]}: after about a minute the console would vanish. "
        "Install an earlier one: pip install 'PySide6-Essentials>=6.11.3,<6.12' 'shiboken6<6.12', "
        "or use Python 3.12 or newer."
    )
