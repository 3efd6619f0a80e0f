"""Room on the disk: how much a session needs to begin, and the reserve that is given up when the disk fills."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

REFUSE_BELOW_BYTES = 200_000_000
WARN_BELOW_BYTES = 1_000_000_000
BALLAST_BYTES = 50_000_000
"""Three hours of session are about 2 MB, so the reserve outlasts any session."""


def free_bytes(folder: Path) -> int:
    """What the disk under `folder` can still take, in bytes."""
    return shutil.disk_usage(folder).free


def megabytes(size: int) -> str:
    """A size in words."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size // 1_000_000} MB"


class Ballast:
    """A file that only holds space, beside the session file."""

    def __init__(self, log: Path, size: int = BALLAST_BYTES) -> None:
        """`size` 0: no reserve (the demo). Touches nothing yet."""
        self.path = log.with_name(log.name + ".ballast")
        self.size = size

    @property
    def laid(self) -> bool:
        """True while the reserve is there."""
        return self.size > 0 and self.path.exists() and self.path.stat().st_size >= self.size

    def lay(self) -> bool:
        """Take the space. False, leaving nothing behind, when there is not enough."""
        if self.size == 0 or self.laid:
            return self.size > 0
        try:
            with self.path.open("wb") as file:
                _allocate(file.fileno(), self.size)
        except OSError:
            self.release()
            return False
        return True

    def release(self) -> bool:
        """Give the space back. True when there was any."""
        try:
            self.path.unlink()
        except OSError:
            return False
        return True


def _allocate(handle: int, size: int) -> None:
    """Real blocks, not a sparse or compressed nothing."""
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(handle, 0, size)
            return
        except OSError:  # not on every file system
            os.lseek(handle, 0, os.SEEK_SET)
    block = os.urandom(1 << 20)  # a file system that compresses cannot shrink this
    left = size
    while left > 0:
        left -= os.write(handle, block[:left])
