"""start.py as people meet it: first and second start, two at once, an install cut short, words for what is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in for uv is a shell script")

TOP = Path(__file__).parent.parent

# Stands in for uv: notes what it was asked, installs "kapconsole" as one file that shows words and folder, and fails
# or dies where the test wants it to.
UV = """#!/bin/sh
echo "$*" >> "$NOTES"
case "$FAULT" in
    offline) echo "error: Failed to resolve host"; exit 2 ;;
    killed) kill -9 $PPID; exit 1 ;;
esac
case "$*" in *" -e "*)
    for packages in "$TREE"/.venv/lib/python*/site-packages; do cp "$TREE/kapconsole.py" "$packages/"; done ;;
esac
"""
PROGRAM = "import os, sys; print(*sys.argv[1:], os.getcwd(), sep='|'); sys.exit(7)"


class Tree:
    """A checkout with start.py in a folder with a space in its name, and a stand-in for uv."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "my tree"
        (self.root / "kapconsole").mkdir(parents=True)
        for name in ("start.py", "kapconsole/libraries.py"):
            shutil.copy(TOP / name, self.root / name)
        (self.root / "kapconsole/__init__.py").touch()
        (self.root / "kapconsole.py").write_text(PROGRAM)
        (self.root / "requirements.lock").touch()
        (self.root / "pyproject.toml").touch()
        self.tools = folder / "bin"
        self.tools.mkdir()
        (self.tools / "uv").write_text(UV)
        (self.tools / "uv").chmod(0o755)
        self.notes = folder / "notes"
        self.notes.touch()

    def command(self, *words: str) -> list[str]:
        return [sys.executable, str(self.root / "start.py"), *words]

    def environment(self, fault: str = "") -> dict[str, str]:
        own = {"NOTES": str(self.notes), "TREE": str(self.root), "FAULT": fault}
        return {**os.environ, **own, "PATH": f"{self.tools}:/usr/bin:/bin"}

    def start(self, *words: str, fault: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words), env=self.environment(fault), cwd=cwd, capture_output=True, text=True, timeout=60
        )

    def installs(self) -> int:
        return self.notes.read_text().count("--require-hashes")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_first_start_installs_and_hands_words_folder_and_exit_code_over(tree: Tree, tmp_path: Path) -> None:
    done = tree.start("demo", "two words", cwd=tmp_path)
    assert done.stdout.strip() == f"demo|two words|{tmp_path}"
    assert done.returncode == 7
    assert "requirements.lock" in done.stderr
    assert tree.installs() == 1


def test_second_start_installs_nothing_and_is_quick(tree: Tree) -> None:
    tree.start("demo")
    program = [str(tree.root / ".venv/bin/python"), "-m", "kapconsole"]
    extra_s = []
    for _ in range(3):
        began_s = time.perf_counter()
        second = tree.start("demo")
        middle_s = time.perf_counter()
        subprocess.run(program, capture_output=True)
        extra_s.append(2 * middle_s - began_s - time.perf_counter())
    assert tree.installs() == 1
    assert "install" not in second.stderr
    assert min(extra_s) < 0.5


def test_a_changed_lock_is_installed(tree: Tree) -> None:
    tree.start("demo")
    (tree.root / "requirements.lock").write_text("# newer\n")
    assert tree.start("demo").returncode == 7
    assert tree.installs() == 2


def test_an_install_cut_short_heals_at_the_next_start(tree: Tree) -> None:
    assert tree.start("demo", fault="killed").returncode == -9
    left_behind = tree.root / ".venv" / "half-installed"
    left_behind.touch()
    assert tree.start("demo").returncode == 7
    assert not left_behind.exists(), "the half-made environment was kept"


def test_a_failed_install_says_what_to_do_and_keeps_what_was_there(tree: Tree) -> None:
    tree.start("demo")
    (tree.root / "requirements.lock").write_text("# newer\n")
    kept = tree.root / ".venv" / "kept"
    kept.touch()
    failed = tree.start("demo", fault="offline")
    assert failed.returncode == 1
    assert "Failed to resolve host" in failed.stderr
    assert "offline" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert tree.start("demo").returncode == 7
    assert kept.exists()


@pytest.mark.parametrize("broken", ["bin/python", "pyvenv.cfg"])
def test_a_broken_environment_is_made_again(tree: Tree, broken: str) -> None:
    tree.start("demo")
    (tree.root / ".venv" / broken).unlink()
    assert tree.start("demo").returncode == 7


def test_a_moved_checkout_is_installed_again(tree: Tree, tmp_path: Path) -> None:
    tree.start("demo")
    tree.root = tree.root.rename(tmp_path / "elsewhere")
    assert tree.start("demo").returncode == 7
    assert tree.installs() == 2


def test_two_first_starts_at_once_install_once(tree: Tree) -> None:
    both = [
        subprocess.Popen(
            tree.command("demo"), env=tree.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [one.communicate(timeout=60) for one in both]
    assert [one.returncode for one in both] == [7, 7], said
    assert tree.installs() == 1


def test_alone_it_tells_its_uses_and_installs_nothing(tree: Tree) -> None:
    done = tree.start()
    assert "start.py demo" in done.stdout
    assert done.returncode == 0
    assert not (tree.root / ".venv").exists()


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_checkout_gives_words(tree: Tree) -> None:
    tree.root.chmod(0o500)
    (tree.root / "start.py").chmod(0o400)
    done = tree.start("demo")
    tree.root.chmod(0o700)
    assert done.returncode == 1
    assert "copy this folder" in done.stderr


def test_an_unfit_python_is_refused_in_words(tmp_path: Path) -> None:
    # The check stands before anything that an older Python could not read; here it meets a newer version's number.
    source = (TOP / "start.py").read_text()
    pretended = source.replace("import sys\n", "import sys\nsys.version_info = (3, 10, 1)\n", 1)
    script = tmp_path / "start.py"
    script.write_text(pretended)
    done = subprocess.run([sys.executable, script, "demo"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "needs Python 3.11 to 3.14; this is 3.10" in done.stderr
