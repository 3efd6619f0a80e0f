"""Keys come from the key store or a passphrase, never from the file; and they come back from paper."""

from __future__ import annotations

import stat
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapconsole.record import keys
from kapconsole.record.chain import base32, unbase32
from kapconsole.record.errors import WrongKeyError
from kapconsole.record.keys import Attempts, InstallKey, Kdf, NoKeyStoreError, NoSidecarError, WrongPassphraseError
from kapconsole.record.reader import open_log
from kapconsole.record.writer import SessionLog

LIGHT = Kdf("00112233445566778899aabbccddeeff", time_cost=1, memory_kib=8, parallelism=1)


class Shelf:
    """A key store in memory."""

    def __init__(self) -> None:
        self.secrets: dict[str, bytes] = {}

    def get(self, name):
        return self.secrets.get(name)

    def set(self, name, secret):
        self.secrets[name] = secret


class NoShelf:
    """A system without a key store."""

    def get(self, name):
        raise NoKeyStoreError("none")

    def set(self, name, secret):
        raise NoKeyStoreError("none")


class FakeTime:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_session_opens_with_the_key_wrapped_beside_it(log_path, story):
    install = keys.install_key_from_store(Shelf())
    session_key = keys.new_session_key()
    keys.wrap(log_path, session_key, install, "3f1c")
    SessionLog.create(log_path, session_key, story.rows, ballast_bytes=0).close()
    with open_log(log_path, lambda: keys.unwrap(log_path, install)) as file:
        assert file.rows() == story.rows
    sidecar = keys.sidecar_path(log_path).read_bytes()
    for secret in (session_key, install.key):
        assert secret not in sidecar
        assert secret.hex().encode() not in sidecar


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_keys_in_files_are_readable_by_their_owner_alone(log_path, tmp_path):
    keys.wrap(log_path, bytes(32), InstallKey(bytes(32), "key store"), "3f1c")
    keys.load_signer(tmp_path, None)
    keys.set_passphrase(tmp_path, "open sesame", LIGHT)
    files = [keys.sidecar_path(log_path), tmp_path / "signing.key", tmp_path / "passphrase.json"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in files] == [0o600] * 3


def test_the_install_key_stays_the_same(log_path):
    shelf = Shelf()
    assert keys.install_key_from_store(shelf) == keys.install_key_from_store(shelf)


def test_a_passphrase_opens_a_session_anywhere(log_path, tmp_path):
    """The parameters stand with the wrapped key: another machine needs nothing but the two files and the words."""
    install = keys.set_passphrase(tmp_path, "open sesame", LIGHT)
    session_key = keys.new_session_key()
    keys.wrap(log_path, session_key, install, "3f1c")
    assert keys.read_sidecar(log_path).kdf == LIGHT
    assert keys.unwrap_by_passphrase(log_path, "open sesame", Attempts()) == session_key
    with pytest.raises(WrongPassphraseError, match=r"^Wrong passphrase\.$"):
        keys.unwrap_by_passphrase(log_path, "open says me", Attempts())


def test_the_passphrase_is_checked_before_the_first_session(tmp_path):
    assert not keys.passphrase_is_set(tmp_path)
    with pytest.raises(NoSidecarError, match="No passphrase has been set"):
        keys.unlock(tmp_path, "open sesame", Attempts())
    install = keys.set_passphrase(tmp_path, "open sesame", LIGHT)
    assert keys.passphrase_is_set(tmp_path)
    assert keys.unlock(tmp_path, "open sesame", Attempts()) == install
    with pytest.raises(WrongPassphraseError):
        keys.unlock(tmp_path, "", Attempts())
    assert install.key.hex() not in (tmp_path / "passphrase.json").read_text()
    keys.forget_passphrase(tmp_path)
    assert not keys.passphrase_is_set(tmp_path)


def test_five_wrong_passphrases_then_a_delay_that_grows(tmp_path):
    keys.set_passphrase(tmp_path, "open sesame", LIGHT)
    time = FakeTime()
    attempts = Attempts(time)

    def tried(passphrase: str) -> float:
        with pytest.raises(WrongPassphraseError) as caught:
            keys.unlock(tmp_path, passphrase, attempts)
        return caught.value.wait_s

    assert [tried("wrong") for _ in range(5)] == [0, 0, 0, 0, 5]
    time.now_s += 4.0
    assert tried("open sesame") == pytest.approx(1.0)  # not even the right one is looked at
    time.now_s += 1.0
    assert tried("wrong") == 10
    time.now_s += 10
    delays = []
    for _ in range(8):
        delays.append(tried("wrong"))
        time.now_s += delays[-1]
    assert delays == [20, 40, 80, 160, 300, 300, 300, 300]
    assert keys.unlock(tmp_path, "open sesame", attempts).by == "passphrase"
    assert tried("wrong") == 0


def test_the_default_cost_is_what_was_decided():
    kdf = keys.new_kdf()
    assert (kdf.time_cost, kdf.memory_kib, kdf.parallelism) == (3, 64 * 1024, 4)
    assert kdf.salt != keys.new_kdf().salt


def test_an_empty_passphrase_is_refused(tmp_path):
    with pytest.raises(ValueError, match="empty"):
        keys.set_passphrase(tmp_path, "")


def test_another_installs_key_says_what_would_open_it(log_path):
    keys.wrap(log_path, bytes(32), InstallKey(b"a" * 32, "key store"), "3f1c")
    with pytest.raises(WrongKeyError, match="printed recovery key"):
        keys.unwrap(log_path, InstallKey(b"b" * 32, "key store"))
    with pytest.raises(NoSidecarError, match="not with a passphrase"):
        keys.unwrap_by_passphrase(log_path, "open sesame", Attempts())


def test_a_missing_or_spoilt_sidecar_is_said(log_path):
    install = InstallKey(bytes(32), "key store")
    with pytest.raises(NoSidecarError, match=r"one\.kaplog\.key is missing"):
        keys.unwrap(log_path, install)
    keys.sidecar_path(log_path).write_text("{")
    with pytest.raises(NoSidecarError, match="cannot be read"):
        keys.unwrap(log_path, install)


@pytest.mark.parametrize("field", ["session_id", "nonce", "wrapped"])
def test_a_changed_sidecar_is_refused(log_path, field):
    install = InstallKey(bytes(32), "key store")
    keys.wrap(log_path, bytes(32), install, "3f1c")
    sidecar = keys.read_sidecar(log_path)
    text = getattr(sidecar, field)
    changed = msgspec.structs.replace(sidecar, **{field: ("0" if text[0] != "0" else "1") + text[1:]})
    keys.sidecar_path(log_path).write_bytes(msgspec.json.encode(changed))
    with pytest.raises(WrongKeyError, match="was changed or belongs to another session"):
        keys.unwrap(log_path, install)


def test_the_recovery_key_opens_every_session(log_path, tmp_path):
    for install in (keys.install_key_from_store(Shelf()), keys.set_passphrase(tmp_path, "open sesame", LIGHT)):
        session_key = keys.new_session_key()
        keys.wrap(log_path, session_key, install, "3f1c")
        paper = keys.recovery_text(install)
        assert len(paper.split("-")) == 14
        typed = paper.lower().replace("-", " ").replace("0", "o").replace("1", "l")
        assert keys.unwrap(log_path, keys.install_key_from_recovery(typed)) == session_key


@given(st.binary(min_size=32, max_size=32), st.integers(0, 55), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_a_misread_letter_of_the_recovery_key_is_noticed(key, place, letter):
    letters = keys.recovery_text(InstallKey(key, "key store")).replace("-", "")
    wrong = letters[:place] + letter + letters[place + 1 :]
    if wrong == letters:
        assert keys.install_key_from_recovery(wrong).key == key
    else:
        with pytest.raises(ValueError, match="misread"):
            keys.install_key_from_recovery(wrong)


@pytest.mark.parametrize("text", ["", "ABCD", "U" * 56, "A" * 57])
def test_a_recovery_key_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="expected 56 letters and digits"):
        keys.install_key_from_recovery(text)


@given(st.binary(max_size=40))
def test_base32_comes_back(data):
    assert unbase32(base32(data), len(data)) == data


def test_no_key_store_names_the_passphrase(monkeypatch):
    import keyring
    from keyring.backends import fail

    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())
    try:
        for attempt in (keys.SystemKeyStore().get, lambda name: keys.SystemKeyStore().set(name, b"x")):
            with pytest.raises(NoKeyStoreError, match="Set a site passphrase instead"):
                attempt(keys.INSTALL_KEY)
    finally:
        keyring.set_keyring(before)


def test_the_signing_key_says_where_it_is_kept(tmp_path):
    shelf = Shelf()
    signer = keys.load_signer(tmp_path, shelf)
    assert signer.where == "The signing key is in the system's key store."
    assert keys.load_signer(tmp_path, shelf).public_key == signer.public_key
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("store", [None, NoShelf()])
def test_without_a_key_store_the_signing_key_is_in_a_file(tmp_path, store):
    signer = keys.load_signer(tmp_path, store)
    assert str(tmp_path / "signing.key") in signer.where
    assert keys.load_signer(tmp_path, store).public_key == signer.public_key
    # A key store that turns up later does not change who signs.
    assert keys.load_signer(tmp_path, Shelf()).public_key == signer.public_key
