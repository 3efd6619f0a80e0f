"""olad for the tests of this folder; they are left out with the reason where it cannot run."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("light_olad", Path(__file__).parent / "olad.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["light_olad"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def peer() -> ModuleType:
    """The module `olad`, where it can run."""
    module = _load()
    if words := module.missing():
        pytest.skip(words)
    return module


@pytest.fixture(scope="module")
def olad(peer: ModuleType) -> Iterator[Any]:
    """A running olad without a widget: sACN universes 1, 7 and 2, Art-Net port address 3 as universe 3."""
    with peer.running() as made:
        made.patch("E1.31", 1, port=0)
        made.patch("E1.31", 7, port=1)
        made.patch("E1.31", 2, port=2)
        made.patch("ArtNet", 3, port=0)
        yield made
