"""A session to write, with and without a key, and the keys that sign it."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kapconsole.record.writer import SessionLog


def _load_story() -> ModuleType:
    """story.py beside this file; the child that is killed imports it too, as a plain script."""
    spec = importlib.util.spec_from_file_location("record_story", Path(__file__).with_name("story.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Story = _load_story().Story


class TestSigner:
    """A signing key of the test's own."""

    __test__ = False

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.public_key = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


@pytest.fixture
def story() -> object:
    """A story that has begun."""
    told = Story()
    told.begin()
    return told


@pytest.fixture
def signer() -> TestSigner:
    return TestSigner()


@pytest.fixture
def other_signer() -> TestSigner:
    """Somebody else's key."""
    return TestSigner()


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    folder = tmp_path / "sessions"
    folder.mkdir()
    return folder / "one.kaplog"


@pytest.fixture(params=["plain", "encrypted"])
def key(request: pytest.FixtureRequest) -> bytes | None:
    """No key, then a key: most of what holds for a log holds with and without encryption."""
    return None if request.param == "plain" else os.urandom(32)


@pytest.fixture
def closed_log(log_path: Path, story: object, signer: TestSigner) -> Callable[..., Path]:
    """Makes a closed, signed session of five minutes, an anchor each minute."""

    def make(key: bytes | None = None, keeper: object = None) -> Path:
        log = SessionLog.create(log_path, key, story.rows[:1], signer=signer, ballast_bytes=0)
        for minute in range(5):
            log.write(story.seconds(minute * 60, minute * 60 + 60))
        log.close(keeper)
        return log_path

    return make
