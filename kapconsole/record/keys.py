"""Keys: a random one for each session, the install key that wraps it, the passphrase and the paper it comes back from.

A session's key never stands in its file; its wrapped form stands beside it in `NAME.kaplog.key`. Deleting that file
(and its copies) destroys the session. The install key is either random, in the system's key store, or derived from the
site's passphrase with Argon2id; the parameters stand with the wrapped key, so that they can grow.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from kapconsole.record.chain import base32, grouped, unbase32
from kapconsole.record.database import KEY_BYTES, sync_folder
from kapconsole.record.errors import LogError, WrongKeyError

SERVICE = "kapconsole"
INSTALL_KEY = "install key"
SIGNING_KEY = "signing key"
FREE_TRIES = 5
LONGEST_DELAY_S = 300.0
_PASSPHRASE_FILE = "passphrase.json"
_SIGNING_FILE = "signing.key"
_CHECK_BYTES = 3


class NoKeyStoreError(LogError):
    """The system has no key store that can be used: a passphrase it must be."""


class NoSidecarError(LogError):
    """The file with the wrapped key is not beside the session file, or cannot be understood."""


class WrongPassphraseError(LogError):
    """Not the passphrase. The next try is allowed after `wait_s` seconds."""

    def __init__(self, text: str, wait_s: float = 0.0) -> None:
        super().__init__(text)
        self.wait_s = wait_s


class Kdf(msgspec.Struct, frozen=True):
    """Argon2id parameters with the salt (hexadecimal). The defaults take a quarter of a second on a small machine."""

    salt: str
    time_cost: int = 3
    memory_kib: int = 65536
    parallelism: int = 4


class InstallKey(msgspec.Struct, frozen=True):
    """The key that wraps session keys; `by` says where it comes from: key store, passphrase or recovery key."""

    key: bytes
    by: str
    kdf: Kdf | None = None

    @property
    def key_id(self) -> str:
        """A short name of the key that gives nothing of it away."""
        return hashlib.sha256(b"kapconsole key id\n" + self.key).hexdigest()[:16]


class Sidecar(msgspec.Struct, frozen=True):
    """`NAME.kaplog.key`: a session key, encrypted by an install key. Bytes are hexadecimal."""

    format: int
    session_id: str
    by: str
    key_id: str
    kdf: Kdf | None
    nonce: str
    wrapped: str


class KeyStore(Protocol):
    """Where small secrets live. `get` gives None when there is none of that name; both raise NoKeyStoreError."""

    def get(self, name: str) -> bytes | None: ...

    def set(self, name: str, secret: bytes) -> None: ...


class SystemKeyStore:
    """The system's own: Secret Service, Keychain or Credential Manager, through keyring."""

    def get(self, name: str) -> bytes | None:
        """The secret of that name."""
        import keyring  # slow to import, and not needed where a passphrase is used
        from keyring.errors import KeyringError

        try:
            text = keyring.get_password(SERVICE, name)
        except KeyringError as error:
            raise _no_key_store(error) from error
        return None if text is None else bytes.fromhex(text)

    def set(self, name: str, secret: bytes) -> None:
        """Keep the secret under that name."""
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(SERVICE, name, secret.hex())
        except KeyringError as error:
            raise _no_key_store(error) from error


class Attempts:
    """Counts wrong passphrases: five are free, then each costs a delay that doubles, up to five minutes."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._failed = 0
        self._blocked_until_s = 0.0

    @property
    def wait_s(self) -> float:
        """Seconds until the next try is allowed; 0 now."""
        return max(0.0, self._blocked_until_s - self._monotonic()) if self._failed >= FREE_TRIES else 0.0

    def check(self) -> None:
        """Raise WrongPassphraseError while a delay runs; a try in that time does not even look at the passphrase."""
        if self.wait_s > 0:
            raise WrongPassphraseError(f"Too many wrong passphrases. Try again in {self.wait_s:.0f} s.", self.wait_s)

    def failed(self) -> WrongPassphraseError:
        """Count a wrong one; the error to raise."""
        self._failed += 1
        if self._failed >= FREE_TRIES:
            delay_s = min(LONGEST_DELAY_S, 5.0 * 2 ** (self._failed - FREE_TRIES))
            self._blocked_until_s = self._monotonic() + delay_s
            return WrongPassphraseError(f"Wrong passphrase. Try again in {delay_s:.0f} s.", delay_s)
        return WrongPassphraseError("Wrong passphrase.")

    def succeeded(self) -> None:
        """Forget the wrong ones."""
        self._failed = 0


def new_session_key() -> bytes:
    """A random key for one session, 32 bytes."""
    return os.urandom(KEY_BYTES)


def install_key_from_store(store: KeyStore) -> InstallKey:
    """The install key from the key store, made there on first use. Raises NoKeyStoreError."""
    key = store.get(INSTALL_KEY)
    if key is None:
        key = os.urandom(KEY_BYTES)
        store.set(INSTALL_KEY, key)
    return InstallKey(key, "key store")


def new_kdf() -> Kdf:
    """The default cost with a fresh salt."""
    return Kdf(os.urandom(16).hex())


def derive(passphrase: str, kdf: Kdf) -> InstallKey:
    """The install key of a passphrase: Argon2id by `kdf`."""
    key = hash_secret_raw(
        passphrase.encode(),
        bytes.fromhex(kdf.salt),
        time_cost=kdf.time_cost,
        memory_cost=kdf.memory_kib,
        parallelism=kdf.parallelism,
        hash_len=KEY_BYTES,
        type=Type.ID,
    )
    return InstallKey(key, "passphrase", kdf)


def passphrase_is_set(state_folder: Path) -> bool:
    """True when this install uses a passphrase."""
    return (state_folder / _PASSPHRASE_FILE).exists()


def set_passphrase(state_folder: Path, passphrase: str, kdf: Kdf | None = None) -> InstallKey:
    """Make `passphrase` the site's. Sessions so far stay with the key they were wrapped by until `wrap` is called anew.

    Raises ValueError for an empty passphrase.
    """
    if not passphrase:
        raise ValueError("a passphrase cannot be empty")
    install = derive(passphrase, kdf or new_kdf())
    # Enough to tell a wrong passphrase before the first session: the key under its own name, nothing of the key.
    _write_private(state_folder / _PASSPHRASE_FILE, msgspec.json.encode({"kdf": install.kdf, "key_id": install.key_id}))
    return install


def forget_passphrase(state_folder: Path) -> None:
    """New sessions do not use the passphrase any more; those so far are still opened by it."""
    (state_folder / _PASSPHRASE_FILE).unlink(missing_ok=True)


def unlock(state_folder: Path, passphrase: str, attempts: Attempts) -> InstallKey:
    """The install key by the site's passphrase; at console start, so that no recording waits for it.

    Raises WrongPassphraseError, also without trying while a delay runs; NoSidecarError when no passphrase was set.
    """
    attempts.check()
    try:
        stored = msgspec.json.decode((state_folder / _PASSPHRASE_FILE).read_bytes())
        kdf, key_id = msgspec.convert(stored["kdf"], Kdf), stored["key_id"]
    except FileNotFoundError:
        raise NoSidecarError("No passphrase has been set on this machine.") from None
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise NoSidecarError(f"{state_folder / _PASSPHRASE_FILE} cannot be understood ({error}).") from error
    install = derive(passphrase, kdf)
    if install.key_id != key_id:
        raise attempts.failed()
    attempts.succeeded()
    return install


def sidecar_path(log: Path) -> Path:
    """Where the wrapped key of a session file stands."""
    return log.with_name(log.name + ".key")


def wrap(log: Path, session_key: bytes, install: InstallKey, session_id: str) -> None:
    """Write the sidecar of `log`, durably and readable by its owner alone; replaces one that is there."""
    by = "key store" if install.kdf is None else "passphrase"
    bare = Sidecar(1, session_id, by, install.key_id, install.kdf, os.urandom(12).hex(), "")
    wrapped = ChaCha20Poly1305(install.key).encrypt(bytes.fromhex(bare.nonce), session_key, _bound(bare))
    _write_private(sidecar_path(log), msgspec.json.encode(msgspec.structs.replace(bare, wrapped=wrapped.hex())))


def unwrap(log: Path, install: InstallKey) -> bytes:
    """The session key of `log`. Raises NoSidecarError, WrongKeyError."""
    sidecar = read_sidecar(log)
    if sidecar.key_id != install.key_id:
        raise WrongKeyError(
            f"{log.name} was encrypted on another machine, or under another passphrase. The passphrase or the printed"
            " recovery key of that time opens it."
        )
    try:
        nonce, wrapped = bytes.fromhex(sidecar.nonce), bytes.fromhex(sidecar.wrapped)
        return ChaCha20Poly1305(install.key).decrypt(nonce, wrapped, _bound(sidecar))
    except (InvalidTag, ValueError):
        raise WrongKeyError(f"{sidecar_path(log).name} was changed or belongs to another session.") from None


def unwrap_by_passphrase(log: Path, passphrase: str, attempts: Attempts) -> bytes:
    """The session key of `log` by the passphrase of its time. Raises NoSidecarError, WrongPassphraseError."""
    attempts.check()
    sidecar = read_sidecar(log)
    if sidecar.kdf is None:
        raise NoSidecarError(
            f"{log.name} was encrypted with a key from the key store of the machine that recorded it, not with a"
            " passphrase. That machine or its printed recovery key opens it."
        )
    install = derive(passphrase, sidecar.kdf)
    if install.key_id != sidecar.key_id:
        raise attempts.failed()
    attempts.succeeded()
    return unwrap(log, install)


def read_sidecar(log: Path) -> Sidecar:
    """What stands in the sidecar of `log`. Raises NoSidecarError."""
    path = sidecar_path(log)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Sidecar)
    except FileNotFoundError:
        raise NoSidecarError(f"{path.name} is missing; without it {log.name} cannot be opened.") from None
    except (OSError, msgspec.DecodeError) as error:
        raise NoSidecarError(f"{path.name} cannot be read ({error}).") from error


def recovery_text(install: InstallKey) -> str:
    """The install key for paper: 14 groups of four letters and digits. Who has it can open every session."""
    return grouped(base32(install.key + _check(install.key)), 4)


def install_key_from_recovery(text: str) -> InstallKey:
    """The install key from paper; case, blanks and hyphens do not matter. Raises ValueError when it was misread.

    `store.set(INSTALL_KEY, install.key)` makes it the key of a new machine.
    """
    letters = "".join(letter for letter in text if letter.isalnum())
    data = unbase32(letters, KEY_BYTES + _CHECK_BYTES)
    key = data[:KEY_BYTES]
    if data[KEY_BYTES:] != _check(key):
        raise ValueError("a letter of the recovery key was misread")
    return InstallKey(key, "recovery key")


class InstallSigner:
    """Signs anchors with this install's Ed25519 key. `where` says in words where the key is kept."""

    def __init__(self, secret: bytes, where: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self.where = where
        self.public_key = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self._key.sign(message)


def load_signer(state_folder: Path, store: KeyStore | None) -> InstallSigner:
    """This install's signing key, made on first use: in the key store, else in a file of the state folder."""
    path = state_folder / _SIGNING_FILE
    if store is not None and not path.exists():
        try:
            secret = store.get(SIGNING_KEY)
            if secret is None:
                secret = os.urandom(KEY_BYTES)
                store.set(SIGNING_KEY, secret)
            return InstallSigner(secret, "The signing key is in the system's key store.")
        except NoKeyStoreError:
            pass
    if not path.exists():
        _write_private(path, os.urandom(KEY_BYTES).hex().encode())
    return InstallSigner(
        bytes.fromhex(path.read_text()),
        f"The signing key is in the file {path}, readable by its owner alone, because no key store was used.",
    )


def _bound(sidecar: Sidecar) -> bytes:
    """What the wrapped key is bound to: everything in the sidecar but itself."""
    return msgspec.json.encode(msgspec.structs.replace(sidecar, wrapped=""))


def _check(key: bytes) -> bytes:
    return hashlib.sha256(b"kapconsole recovery\n" + key).digest()[:_CHECK_BYTES]


def _no_key_store(error: Exception) -> NoKeyStoreError:
    return NoKeyStoreError(
        f"This system has no key store that can be used ({type(error).__name__}). Set a site passphrase instead: it"
        " protects the sessions in its place."
    )


def _write_private(path: Path, data: bytes) -> None:
    """Replace a small file durably, readable by its owner alone from the first moment on."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)
