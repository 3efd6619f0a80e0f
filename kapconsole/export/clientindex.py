"""The index over all sessions on disk: found sessions, the file that keeps their digests, and its key.

The index is as secret as what it is made of: where the site encrypts, so is the index, with a key of its own that is
wrapped like a session's. In an index in clear no digest of an encrypted session is kept; it is read anew each time.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from kapconsole.clinical.clients.entry import SessionEntry, digest
from kapconsole.clinical.clients.index import Index, Unread, refreshed
from kapconsole.paths import data_dir
from kapconsole.record.access import Fetch, fetch_log_key, new_log_key
from kapconsole.record.errors import LogError
from kapconsole.record.keys import sidecar_path
from kapconsole.record.reader import open_log

SUFFIX = ".kaplog"
INDEX_ID = "index of clients"
_MAGIC = b"kapindex1\n"
_NONCE_BYTES = 12

Progress = Callable[[int, int], None]


def index_path() -> Path:
    """Where the index is kept."""
    return data_dir() / "clients.index"


def current_index(
    folder: Path, passphrase: Fetch, progress: Progress | None = None, *, rebuild: bool = False
) -> tuple[Index, list[str]]:
    """The index over every session in `folder`, brought up to date, and what could not be done in words.

    `rebuild`: read every session anew. The index file is a convenience: where it cannot be read or written the
    sessions are read, and that is said. Raises LogError where the passphrase is needed and wrong.
    """
    path, said = index_path(), []
    held, key = Index(), None
    if rebuild:
        _remove(path)
    elif path.exists():
        try:
            key = _key(path, passphrase)
            held = _read(path, key)
        except (OSError, ValueError) as trouble:
            said.append(f"the index could not be used and is made anew ({trouble})")
            _remove(path)
            key = None
    index = refreshed(
        held, session_files(folder), lambda file, stamp: read_entry(Path(file), stamp, passphrase), progress
    )
    try:
        if key is None:  # also when the site began to encrypt after the index was made
            key = new_log_key(path, INDEX_ID, passphrase)
        kept = index if key is not None else _without_encrypted(index)
        _write(path, kept, key)
    except OSError as trouble:
        said.append(
            f"the index could not be kept ({trouble.strerror or trouble}); the next look reads the sessions again"
        )
    return index, said


def forget_index() -> None:
    """Remove the index and its key; it is made anew when it is asked for."""
    _remove(index_path())


def session_files(folder: Path) -> dict[str, tuple[int, ...]]:
    """Every session file in `folder` with its stamp: size and time of the file, size of its `-wal`."""
    found: dict[str, tuple[int, ...]] = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        wal = path.with_name(path.name + "-wal")
        try:
            status = path.stat()
            found[str(path)] = (status.st_size, status.st_mtime_ns, wal.stat().st_size if wal.exists() else 0)
        except OSError:
            continue
    return found


def read_entry(path: Path, stamp: tuple[int, ...], passphrase: Fetch) -> SessionEntry | Unread:
    """The digest of one session file, or why it cannot be read."""
    try:
        with open_log(path, lambda: fetch_log_key(path, passphrase)) as log:
            return digest(
                log.rows(),
                file=str(path),
                stamp=stamp,
                closed=log.closed,
                encrypted=log.encrypted,
                head_code=log.head.code if log.head else "",
                warnings=log.warnings,
            )
    except (LogError, OSError, msgspec.DecodeError) as trouble:
        return Unread(str(path), str(trouble))


def _without_encrypted(index: Index) -> Index:
    return msgspec.structs.replace(index, entries=tuple(entry for entry in index.entries if not entry.encrypted))


def _key(path: Path, passphrase: Fetch) -> bytes | None:
    return fetch_log_key(path, passphrase) if sidecar_path(path).exists() else None


def _read(path: Path, key: bytes | None) -> Index:
    raw = path.read_bytes()
    if not raw.startswith(_MAGIC):
        raise ValueError("it is damaged")
    raw = raw[len(_MAGIC) :]
    if key is not None:
        try:
            raw = ChaCha20Poly1305(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _MAGIC)
        except InvalidTag:
            raise ValueError("it is damaged") from None
    try:
        return msgspec.json.decode(raw, type=Index)
    except msgspec.DecodeError:
        raise ValueError("it is damaged, or of another version") from None


def _write(path: Path, index: Index, key: bytes | None) -> None:
    raw = msgspec.json.encode(index)
    if key is not None:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        raw = nonce + ChaCha20Poly1305(key).encrypt(nonce, raw, _MAGIC)
    handle, name = tempfile.mkstemp(prefix=".clients-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_MAGIC + raw)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    sidecar_path(path).unlink(missing_ok=True)
