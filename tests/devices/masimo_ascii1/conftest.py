"""Captures of the Masimo folder as bytes."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

import pytest


@pytest.fixture
def capture() -> Callable[[str], bytes]:
    def load(name: str) -> bytes:
        text = (files("kapdevices.masimo_ascii1") / "captures" / f"{name}.hex").read_text(encoding="utf-8")
        return b"".join(bytes.fromhex(line) for line in text.splitlines() if not line.startswith("#"))

    return load
