"""Opening the SQLite file under a session: key first, encryption proven, errors put into words."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw

from kapconsole.record import schema
from kapconsole.record.errors import (
    LogDamagedError,
    LogError,
    LogFullError,
    LogWriteError,
    NewerFormatError,
    NotALogError,
    WrongKeyError,
)
from kapconsole.rows import Row

MAGIC = b"SQLite format 3\x00"
KEY_BYTES = 32
_SYSTEM_VFS = "win32" if sys.platform == "win32" else "unix"

# Plain apsw installs the same module and takes its place without a word; it ignores the key and writes in clear.
if not hasattr(apsw, "mc_version"):
    raise ImportError("apsw without encryption is installed: remove `apsw`, then reinstall `apsw-sqlite3mc`")


def connect(
    path: Path, key: bytes | None, *, read_only: bool = False, immutable: bool = False, vfs: str | None = None
) -> apsw.Connection:
    """A connection with the key set before anything else. `key`: 32 raw bytes, or None for a plain file.

    `immutable` is for a medium that cannot change while it is read. Raises apsw.CantOpenError.
    """
    if key is not None and len(key) != KEY_BYTES:
        raise ValueError(f"a session key has {KEY_BYTES} bytes")
    flags = apsw.SQLITE_OPEN_URI | (apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE)
    plain = path.absolute().as_posix()
    uri = f"file:{'' if plain.startswith('/') else '/'}{quote(plain)}" + ("?immutable=1" if immutable else "")
    connection = apsw.Connection(uri, flags=flags, vfs=vfs)
    try:
        if key is not None:
            connection.pragma("cipher", "chacha20")
            connection.pragma("key", f"raw:{key.hex()}")
        # Nothing of a session may land in a temporary file in clear.
        connection.pragma("temp_store", "MEMORY")
        connection.set_busy_timeout(2000)
    except BaseException:
        connection.close(True)
        raise
    return connection


def file_head(path: Path) -> bytes:
    """The first 24 bytes of the file, fewer when it is shorter.

    Through SQLite's own file layer: on POSIX systems an ordinary open and close of a database file would drop the
    locks that a writer in the same process holds on it (sqlite.org, "How To Corrupt An SQLite Database File", 2.2).
    """
    if path.stat().st_size == 0:
        return b""
    flags = [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READONLY, 0]
    handle = apsw.VFSFile(_SYSTEM_VFS, str(path.absolute()), flags)
    try:
        return bytes(handle.xRead(min(24, handle.xFileSize()), 0))
    finally:
        handle.xClose()


def looks_encrypted(head: bytes) -> bool:
    """True when the head is that of an encrypted database: random salt, then SQLite's header fields in clear."""
    return len(head) == 24 and not head.startswith(MAGIC) and head[21:24] == b"\x40\x20\x20"


def in_wal_mode(head: bytes) -> bool:
    """True when the database may have a `-wal` file that belongs to it. In clear in an encrypted file too."""
    return head[18:20] == b"\x02\x02"


def check_format(db: apsw.Connection, path: Path) -> None:
    """Raise NotALogError or NewerFormatError when `db` is no session file that this version can read."""
    if db.pragma("application_id") != schema.APPLICATION_ID:
        raise NotALogError(f"{path.name} is not a session file.")
    version = db.pragma("user_version")
    if version > schema.FORMAT_VERSION:
        raise NewerFormatError(
            f"{path.name} has format {version}; this kapconsole reads up to format {schema.FORMAT_VERSION}."
            " A newer kapconsole opens it."
        )


def hashed_rows(db: apsw.Connection) -> list[tuple[Row, bytes]]:
    """Every row with its stored hash, in order of `seq`. Raises apsw.CorruptError."""
    records = sound(list(db.execute("SELECT seq, mono_us, utc_us, kind, actor, body, hash FROM rec ORDER BY seq")))
    return [(Row(*record[:6]), record[6]) for record in records]


def sound(records: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """`records` of `rec`, when their columns hold what they must; SQLite reads half a page of zeros without a word.

    Raises apsw.CorruptError.
    """
    for column, kind in zip(zip(*records, strict=True), (int, int, int, str, str, bytes, bytes), strict=False):
        if not set(map(type, column)) <= {kind}:
            raise apsw.CorruptError("a row holds what it cannot hold")
    return records


@contextmanager
def reading(path: Path, encrypted: bool = False) -> Iterator[None]:
    """Turn SQLite's errors while reading `path` into ours."""
    try:
        yield
    except apsw.NotADBError as error:
        if encrypted:
            raise WrongKeyError(
                f"{path.name} is encrypted and this key does not open it, or its beginning is damaged."
            ) from error
        raise NotALogError(f"{path.name} is not a session file.") from error
    except (apsw.CorruptError, apsw.IOError, apsw.FormatError, apsw.SQLError) as error:
        raise LogDamagedError(
            f"{path.name} is damaged ({error}). The rest of it can be saved: kapconsole recover."
        ) from error
    except apsw.Error as error:
        raise LogError(f"{path.name} cannot be read ({error}).") from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn SQLite's errors while writing `path` into ours."""
    try:
        yield
    except apsw.FullError as error:
        raise LogFullError(f"The disk is full: {path.name} cannot grow.") from error
    except apsw.Error as error:
        raise LogWriteError(f"{path.name} cannot be written ({error}).") from error
    except OSError as error:
        raise LogWriteError(f"{path.name} cannot be written ({error.strerror or error}).") from error


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable. Nothing to do on Windows, where NTFS journals them."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Make a file's content durable."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
