"""What the tests of the protocol folders share: the captures of the folder of the same name, as bytes."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

import pytest


@pytest.fixture
def capture(request: pytest.FixtureRequest) -> Callable[[str], bytes]:
    """`capture("name")`: the bytes of `name.hex` among the captures of the protocol that the folder is named after."""

    def load(name: str) -> bytes:
        text = (files("kapdevices") / request.path.parent.name / "captures" / f"{name}.hex").read_text(encoding="utf-8")
        return b"".join(bytes.fromhex(line) for line in text.splitlines() if not line.startswith("#"))

    return load
