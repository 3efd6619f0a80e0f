"""How this site gets at its session logs: whether they are encrypted, by what, and the keys for writing and reading.

The choice is made once (`kapconsole protect`) and stands in the state folder. Whoever needs a passphrase is given a
function that fetches it, and calls it only when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kapconsole.paths import state_dir
from kapconsole.record import keys
from kapconsole.record.errors import WrongKeyError
from kapconsole.record.ledger import Ledger, read_ledger
from kapconsole.record.reader import LogFile, open_log
from kapconsole.record.verify import VerifyReport, verify

Fetch = Callable[[], str]

_KEYSTORE_FILE = "keystore.chosen"
_ATTEMPTS = keys.Attempts()
"""One count for the whole process: wrong passphrases slow the next try down, whichever file they were for."""


def new_log_key(log: Path, session_id: str, passphrase: Fetch) -> bytes | None:
    """A key for a new session, wrapped beside `log`; None where this site does not encrypt.

    Raises WrongPassphraseError, NoKeyStoreError.
    """
    if keys.passphrase_is_set(state_dir()):
        install = keys.unlock(state_dir(), passphrase(), _ATTEMPTS)
    elif (state_dir() / _KEYSTORE_FILE).exists():
        install = keys.install_key_from_store(keys.SystemKeyStore())
    else:
        return None
    key = keys.new_session_key()
    keys.wrap(log, key, install, session_id)
    return key


def fetch_log_key(log: Path, passphrase: Fetch) -> bytes:
    """The key of an encrypted session, by key store, passphrase or printed recovery key.

    Raises NoSidecarError, WrongKeyError, WrongPassphraseError, NoKeyStoreError.
    """
    if keys.read_sidecar(log).kdf is None:
        try:
            return keys.unwrap(log, keys.install_key_from_store(keys.SystemKeyStore()))
        except (keys.NoKeyStoreError, WrongKeyError):
            return keys.unwrap(log, _recovered(passphrase()))
    words = passphrase()
    try:
        return keys.unwrap(log, _recovered(words))
    except WrongKeyError:
        return keys.unwrap_by_passphrase(log, words, _ATTEMPTS)


def _recovered(words: str) -> keys.InstallKey:
    """The install key of a recovery key that was given in place of the passphrase. Raises WrongKeyError."""
    try:
        return keys.install_key_from_recovery(words)
    except ValueError as trouble:
        raise WrongKeyError(f"This is no recovery key: {trouble}.") from None


def log_key(log: Path, passphrase: Fetch) -> bytes | None:
    """The key with which a session goes on; None for one that is not encrypted. Raises as `fetch_log_key`."""
    return fetch_log_key(log, passphrase) if keys.sidecar_path(log).exists() else None


def open_for_reading(log: Path, passphrase: Fetch) -> LogFile:
    """The session file, its key fetched only if it is encrypted. Raises LogError."""
    return open_log(log, lambda: fetch_log_key(log, passphrase))


def signer() -> keys.InstallSigner:
    """What signs this install's sessions; made on first use."""
    return keys.load_signer(state_dir(), keys.SystemKeyStore())


def ledger() -> Ledger:
    """Where the heads of closed sessions are kept outside their files."""
    return Ledger(ledger_path())


def ledger_path() -> Path:
    """The ledger's file."""
    return state_dir() / "ledger.jsonl"


def check(
    log: Path, passphrase: Fetch, code: str | None = None, progress: Callable[[int, int], None] | None = None
) -> VerifyReport:
    """Verify a session against everything that this install knows of it. Raises LogError.

    A session that this install's ledger names must carry this install's signatures; one from elsewhere is held
    against its own.
    """
    with open_for_reading(log, passphrase) as opened:
        session_id = opened.session_id
        ours = any(anchor.public_key == signer().public_key for anchor in opened.anchors())
    known = ledger_path().exists() and read_ledger(ledger_path()).of(session_id)
    return verify(
        log,
        lambda: fetch_log_key(log, passphrase),
        trusted=[signer().public_key] if known or ours else (),
        ledger=ledger_path() if known else None,
        code=code,
        progress=progress,
    )


def protect(how: str, new_passphrase: Fetch) -> str:
    """Encrypt sessions from now on, by "passphrase" or "keystore", or "off"; what to tell the person.

    Raises NoKeyStoreError.
    """
    chosen = state_dir() / _KEYSTORE_FILE
    if how == "off":
        chosen.unlink(missing_ok=True)
        keys.forget_passphrase(state_dir())
        return "New sessions are written in clear. Those so far stay encrypted."
    if how == "passphrase":
        install = keys.set_passphrase(state_dir(), new_passphrase())
        chosen.unlink(missing_ok=True)
        what = "the site passphrase"
    else:
        install = keys.install_key_from_store(keys.SystemKeyStore())
        chosen.touch(mode=0o600)
        keys.forget_passphrase(state_dir())
        what = "a key in this system's key store"
    return (
        f"New sessions are encrypted with {what}. Sessions so far keep the key of their time.\n"
        "Recovery key, to be printed and kept in a safe; whoever has it can open every session:\n"
        f"    {keys.recovery_text(install)}"
    )


def protection() -> str:
    """How new sessions are protected, in words."""
    if keys.passphrase_is_set(state_dir()):
        return "New sessions are encrypted; the site passphrase opens them."
    if (state_dir() / _KEYSTORE_FILE).exists():
        return "New sessions are encrypted; a key in this system's key store opens them."
    return (
        "New sessions are NOT encrypted. `kapconsole protect passphrase` or `kapconsole protect keystore` changes that."
    )
