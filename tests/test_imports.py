"""What must not be loaded: heavy packages before the command line answers, Qt in what must not stop."""

from __future__ import annotations

import subprocess
import sys

import pytest

QT = {"PySide6", "shiboken6", "PyQt5", "PyQt6", "PySide2", "qtpy"}
HEAVY = {"pyqtgraph", "scipy", "pandas", "matplotlib"}


def loaded_after(code: str) -> set[str]:
    """Top-level packages loaded in a fresh interpreter that ran `code`."""
    ask = "\nimport sys; print('loaded:', *sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code + ask], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("loaded:")[2].split())


def test_the_command_line_answers_without_qt_numpy_or_the_database() -> None:
    loaded = loaded_after("import kapconsole.cli")
    assert not loaded & (QT | HEAVY | {"numpy", "apsw", "sounddevice", "cryptography"})


@pytest.mark.parametrize("process", ["monitor", "annunciator"])
def test_processes_that_must_not_stop_know_no_qt(process: str) -> None:
    every_module = (
        f"import importlib, pkgutil, kapconsole.{process} as package\n"
        "for module in pkgutil.iter_modules(package.__path__, package.__name__ + '.'):\n"
        "    if not module.name.endswith('__main__'): importlib.import_module(module.name)"
    )
    assert not loaded_after(every_module) & (QT | HEAVY)
