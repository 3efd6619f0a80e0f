"""A dosing day to export, as rows and as a file."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from kapconsole.export.recorded import Recorded, read_recorded


def _load_day() -> ModuleType:
    """day.py beside this file."""
    spec = importlib.util.spec_from_file_location("export_day", Path(__file__).with_name("day.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["export_day"] = module
    spec.loader.exec_module(module)
    return module


story = _load_day()


@pytest.fixture
def day() -> ModuleType:
    """The maker of days."""
    return story


@pytest.fixture(scope="session")
def _kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(story.dosing_day(minutes=110).write(tmp_path_factory.mktemp("day") / "one.kaplog"))


@pytest.fixture
def log(_kept: Path, tmp_path: Path) -> Path:
    """A closed dosing day in a folder of the test's own."""
    folder = tmp_path / "sessions"
    folder.mkdir()
    path = folder / "2026-03-05_K-17.kaplog"
    path.write_bytes(_kept.read_bytes())
    return path


@pytest.fixture
def no_passphrase() -> Callable[[], str]:
    def asked() -> str:
        raise AssertionError("no passphrase should be needed")

    return asked


@pytest.fixture
def recorded(log: Path, no_passphrase: Callable[[], str]) -> Recorded:
    """The same, read."""
    return read_recorded(log, no_passphrase)
