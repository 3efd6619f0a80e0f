"""An append-only file of signed lines: each carries the hash of all before it and this install's signature.

One JSON object a line. What a line says is text that the caller made; for an encrypted session it is sealed with a key
derived from the session's own (ChaCha20-Poly1305), since words about a person must not lie beside it in clear. A line
that was changed, moved, taken out of the middle or brought from another file is found at its place. A tail that was
cut off is not: who must know that keeps the head elsewhere (see `heads.py`).
"""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from kapconsole.record.chain import Signer
from kapconsole.record.database import sync_folder
from kapconsole.record.errors import LogWriteError
from kapconsole.record.lock import WriterLock

_NONCE_BYTES = 12


class SignedLine(msgspec.Struct, frozen=True):
    """One line. `said`: the text, or base64 of nonce and sealed text where `sealed`; the rest is hexadecimal."""

    number: int
    sealed: bool
    said: str
    hash: str
    public_key: str
    signature: str


class Told(msgspec.Struct, frozen=True):
    """One line that could be read: its number and hash, what it says, and the public key that signed it."""

    number: int
    hash: str
    text: str
    public_key: str


class SignedState(msgspec.Struct, frozen=True):
    """What a file holds, and what is wrong with it, in words."""

    lines: tuple[Told, ...] = ()
    problems: tuple[str, ...] = ()


class SignedFile:
    """The file at `path`; it need not exist yet. `purpose` binds its lines to what they are about.

    `key`: the session's 32 bytes when its file is encrypted; lines are then sealed. None: in clear.
    """

    def __init__(self, path: Path, purpose: str, key: bytes | None = None) -> None:
        self.path = path
        self._purpose = purpose.encode()
        self._seal = None
        if key is not None:
            self._seal = ChaCha20Poly1305(hashlib.sha256(b"kapconsole signed lines 1\n" + key).digest())

    def append(self, text: str, signer: Signer) -> Told:
        """Add a line, durably. Raises LogWriteError, LogBusyError."""
        try:
            lock = WriterLock(self.path)
        except OSError as error:
            raise LogWriteError(f"{self.path} cannot be written ({error.strerror or error}).") from error
        try:
            return self._append(text, signer)
        except OSError as error:
            raise LogWriteError(f"{self.path} cannot be written ({error.strerror or error}).") from error
        finally:
            lock.release(remove=False)

    def _append(self, text: str, signer: Signer) -> Told:
        is_new = not self.path.exists()
        kept = [] if is_new else _lines(self.path.read_bytes())
        last = next((line for line in reversed(kept) if isinstance(line, SignedLine)), None)
        number = last.number + 1 if last else 1
        said = text if self._seal is None else self._sealed(text, number)
        digest = self._digest(last.hash if last else "", number, self._seal is not None, said)
        line = SignedLine(
            number, self._seal is not None, said, digest.hex(), signer.public_key.hex(), signer.sign(digest).hex()
        )
        data = msgspec.json.encode(line) + b"\n"
        with self.path.open("a+b") as file:
            if not is_new and file.seek(0, os.SEEK_END) > 0:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    data = b"\n" + data  # a power cut tore the last line; it stays as it is
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync_folder(self.path.parent)
        return Told(number, line.hash, text, line.public_key)

    def read(self) -> SignedState:
        """Every line that can be read, and what was done to the others. Raises LogWriteError when none can be."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return SignedState()
        except OSError as error:
            raise LogWriteError(f"{self.path} cannot be read ({error.strerror or error}).") from error
        name = self.path.name
        told: list[Told] = []
        problems: list[str] = []
        previous, expected = "", 1
        for place, line in enumerate(_lines(data), 1):
            if line is None:
                problems.append(f"Line {place} of {name} is torn or unreadable.")
                continue
            digest = self._digest(previous, line.number, line.sealed, line.said)
            if line.number != expected or line.hash != digest.hex():
                problems.append(f"Line {place} of {name} was changed, or a line before it is missing.")
            elif not _genuine(line):
                problems.append(f"The signature of line {place} of {name} is not genuine.")
            text = self._opened(line)
            if text is None:
                problems.append(f"Line {place} of {name} is sealed and cannot be opened with this session's key.")
            else:
                told.append(Told(line.number, line.hash, text, line.public_key))
            previous, expected = line.hash, line.number + 1
        return SignedState(tuple(told), tuple(problems))

    def _digest(self, previous: str, number: int, sealed: bool, said: str) -> bytes:
        fields = msgspec.json.encode((previous, number, sealed, said))
        return hashlib.sha256(b"kapconsole signed line 1\n" + self._purpose + b"\n" + fields).digest()

    def _sealed(self, text: str, number: int) -> str:
        assert self._seal is not None
        nonce = os.urandom(_NONCE_BYTES)
        return base64.b64encode(nonce + self._seal.encrypt(nonce, text.encode(), self._bound(number))).decode()

    def _opened(self, line: SignedLine) -> str | None:
        if not line.sealed:
            return line.said
        if self._seal is None:
            return None
        try:
            data = base64.b64decode(line.said, validate=True)
            return self._seal.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], self._bound(line.number)).decode()
        except (InvalidTag, ValueError):
            return None

    def _bound(self, number: int) -> bytes:
        return self._purpose + b"\n" + str(number).encode()


def _lines(data: bytes) -> list[SignedLine | None]:
    """The lines of a file; None for one that is no such line."""
    found: list[SignedLine | None] = []
    for raw in data.splitlines():
        if not raw:
            continue
        try:
            found.append(msgspec.json.decode(raw, type=SignedLine))
        except (msgspec.DecodeError, UnicodeDecodeError):
            found.append(None)
    return found


def _genuine(line: SignedLine) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(line.public_key))
        key.verify(bytes.fromhex(line.signature), bytes.fromhex(line.hash))
    except (InvalidSignature, ValueError):
        return False
    # Capitals would be the same bytes: not as it was written, all the same.
    return (line.public_key + line.signature) == (line.public_key + line.signature).lower()
