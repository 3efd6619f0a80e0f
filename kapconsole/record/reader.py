"""Reads a session file, also while it is being written; says in words what is not as it should be.

Each read opens the file anew and reads in one short transaction: a reader that stays in one lets the `-wal` grow and
makes commits slow, and an open connection would keep the writer from closing the file tidily.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import apsw
import msgspec

from kapconsole.record.chain import Anchor, Head
from kapconsole.record.database import (
    MAGIC,
    check_format,
    connect,
    file_head,
    hashed_rows,
    looks_encrypted,
    reading,
    sound,
)
from kapconsole.record.errors import KeyNeededError, LogDamagedError, NewerFormatError, NoSuchLogError, NotALogError
from kapconsole.record.lock import is_being_written
from kapconsole.record.wal import inspect_wal
from kapconsole.rows import METRIC_CODES, QUALITY_CODES, Row

_COLUMNS = "seq, mono_us, utc_us, kind, actor, body"


class LogFile:
    """A session file that can be read. Holds no connection between calls; `open_log` makes one.

    `meta` is the file's own table; `closed` says whether a person closed the session, with `head` the end of its
    chain; `live` whether a writer holds it just now (as of `refresh`); `warnings` are sentences for the screen.
    `lost_commits` counts commits behind a damaged place in the `-wal` of a session that was not closed, `cut_bytes`
    what a closed file is too short by.
    """

    def __init__(self, path: Path, key: bytes | None) -> None:
        """Use `open_log`."""
        self.path = path
        self.encrypted = key is not None
        self.meta: dict[str, str] = {}
        self.live = False
        self.warnings: tuple[str, ...] = ()
        self.lost_commits = 0
        self.cut_bytes = 0
        self._key = key
        self._source = path  # what is really opened: the file, or a copy of it from a read-only folder
        self._immutable = False
        self._release: Callable[[], object] = lambda: None

    @property
    def closed(self) -> bool:
        """True when a person closed the session: nothing will be added."""
        return "closed" in self.meta

    @property
    def head(self) -> Head | None:
        """Where the chain of a closed session ends."""
        return msgspec.json.decode(self.meta["closed"], type=Head) if self.closed else None

    @property
    def session_id(self) -> str:
        """The session's id."""
        return self.meta.get("session_id", "")

    @property
    def size_bytes(self) -> int:
        """The file's size, its `-wal` included."""
        wal = _beside(self.path, "-wal")
        return self.path.stat().st_size + (wal.stat().st_size if wal.exists() else 0)

    def rows(self) -> list[Row]:
        """Everything, in order of `seq`. Raises LogDamagedError."""
        return self.rows_after(0)

    def rows_after(self, seq: int, limit: int = -1) -> list[Row]:
        """Rows that follow `seq`, at most `limit` of them (all when negative). Raises LogDamagedError."""
        return self._select(f"SELECT {_COLUMNS} FROM rec WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))

    def search(self, text: str) -> list[Row]:
        """Rows that hold words beginning with every word of `text`, in order; accents and case do not matter."""
        words = "".join(letter if letter.isalnum() else " " for letter in text).split()
        if not words:
            return []
        query = " ".join(f'"{word}"*' for word in words)
        sql = f"SELECT {_COLUMNS} FROM rec WHERE seq IN (SELECT rowid FROM fts WHERE fts MATCH ?) ORDER BY seq"
        return self._select(sql, (query,))

    def hashed_rows(self) -> list[tuple[Row, bytes]]:
        """Every row with its stored hash, in order of `seq`. Raises LogDamagedError."""
        with self.connection() as db:
            return hashed_rows(db)

    def anchors(self) -> list[Anchor]:
        """The signatures, in order of `seq`. Raises LogDamagedError."""
        with self.connection() as db:
            return [Anchor(*record) for record in db.execute("SELECT * FROM anchor ORDER BY seq")]

    def refresh(self) -> None:
        """Look again whether the file is being written or was closed."""
        self.live = is_being_written(self.path)
        with self.connection() as db:
            self.meta = dict(db.execute("SELECT key, value FROM meta"))

    @contextmanager
    def connection(self) -> Iterator[apsw.Connection]:
        """A read-only connection for one short read; SQLite's errors come out as LogError."""
        with reading(self.path, self.encrypted):
            db = connect(self._source, self._key, read_only=True, immutable=self._immutable)
            try:
                yield db
            finally:
                db.close(True)

    def close(self) -> None:
        """Remove the private copy, if one was needed."""
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _select(self, sql: str, values: tuple[int | str, ...]) -> list[Row]:
        found: list[tuple[Any, ...]] = []
        try:
            with self.connection() as db:
                found.extend(db.execute(sql, values))
                return [Row(*record) for record in sound(found)]
        except LogDamagedError as error:
            raise LogDamagedError(f"{error} {len(found)} rows could be read before the damage.", len(found)) from error

    def _settle(self) -> None:
        """Find the way to open the file that works where it lies: normal, as immutable, or from a copy."""
        wal = _beside(self.path, "-wal")
        if not self._opens():
            # SQLite needs to write a -shm beside a file in WAL mode. Nothing changes on a read-only medium; but with
            # a -wal the file alone is not the whole session.
            if wal.exists() and wal.stat().st_size > 0:
                self._copy(wal)
            else:
                self._immutable = True
        with self.connection() as db:
            check_format(db, self.path)
            self.meta = dict(db.execute("SELECT key, value FROM meta"))
            if self.closed and not (wal.exists() and wal.stat().st_size):  # pages may still stand in the -wal
                whole = db.pragma("page_count") * db.pragma("page_size")
                self.cut_bytes = max(0, whole - self._source.stat().st_size)
        self._check_codes()
        self.warnings = tuple(self._doubts(wal))

    def _opens(self) -> bool:
        try:
            connection = connect(self.path, self._key, read_only=True)
        except apsw.CantOpenError:
            return False
        try:
            connection.pragma("schema_version")
        except (apsw.CantOpenError, apsw.ReadOnlyError):
            return False
        except apsw.Error:
            return True  # something else is wrong with it, and is put into words later
        finally:
            connection.close(True)
        return True

    def _copy(self, wal: Path) -> None:
        folder = Path(tempfile.mkdtemp(prefix="kapconsole-"))
        # Not TemporaryDirectory: it warns when it is left to the garbage collector, and that is what we do.
        self._release = weakref.finalize(self, shutil.rmtree, folder, True)
        self._source = folder / self.path.name
        shutil.copyfile(self.path, self._source)
        shutil.copyfile(wal, _beside(self._source, "-wal"))

    def _check_codes(self) -> None:
        for name, codes in (("metric_codes", METRIC_CODES), ("quality_codes", QUALITY_CODES)):
            known = [code.value for code in codes]
            stored = json.loads(self.meta.get(name, "[]"))
            if stored != known[: len(stored)]:
                raise NewerFormatError(
                    f"{self.path.name} holds measurements of a kind that this kapconsole does not know."
                    " A newer kapconsole opens it."
                )

    def _doubts(self, wal: Path) -> Iterator[str]:
        if "recovered" in self.meta:
            yield f"This is what could be saved of a damaged session. {self.meta['recovered']}"
        if self.closed and self.cut_bytes:
            yield f"The file is cut short by {self.cut_bytes} bytes. What can be read of it is shown."
        if self.closed or self.live:
            return
        yield "The session was not closed: there is no close record, and its end cannot be proved."
        # SQLite makes an empty one beside a file that has lost its own.
        if not wal.exists() or wal.stat().st_size == 0:
            if "recovered" not in self.meta:
                yield (
                    f"{wal.name} is missing. It belongs to a session that was not closed; if it was not copied along,"
                    " up to several minutes before the end are missing."
                )
            return
        state = inspect_wal(wal)
        if state.lost_commits > 1:
            self.lost_commits = state.lost_commits
            yield (
                f"{wal.name} is damaged: the last {state.lost_commits} commits, about as many seconds, cannot be read."
            )
        elif state.torn:
            yield (
                f"The end of {wal.name} is torn, as after a kill or a power cut. What was acknowledged before is"
                " there; at most the last second is missing."
            )


def open_log(path: Path, key: bytes | Callable[[], bytes] | None = None) -> LogFile:
    """Open a session file for reading.

    `key`: the session's 32 bytes, or something that fetches them, which is only called when the file is encrypted (and
    may raise its own errors). Raises NoSuchLogError, NotALogError, KeyNeededError, WrongKeyError, LogDamagedError,
    NewerFormatError, all with a sentence for the screen.
    """
    if not path.is_file():
        raise NoSuchLogError(f"There is no file {path}.")
    head = file_head(path)
    encrypted = looks_encrypted(head)
    if not encrypted and not head.startswith(MAGIC):
        raise NotALogError(f"{path.name} is not a session file.")
    if encrypted and key is None:
        raise KeyNeededError(f"{path.name} is encrypted and needs its key.")
    fetched = (key() if callable(key) else key) if encrypted else None
    log = LogFile(path, fetched)
    log.live = is_being_written(path)
    log._settle()
    return log


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
