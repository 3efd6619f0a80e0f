"""The chain of hashes over the rows, the signatures that anchor it, and the head code that leaves the file."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kapconsole.rows import Row

GENESIS = hashlib.sha256(b"kapconsole session log 1\n").digest()
"""What stands before the first row."""
ANCHOR_EVERY_US = 60_000_000

_NUMBERS = struct.Struct(">qqq")
_LENGTH = struct.Struct(">I")
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Base32 without I, L, O and U, which are misread on paper (Crockford's alphabet)."""


class Signer(Protocol):
    """An Ed25519 key that signs. `public_key` is 32 raw bytes."""

    @property
    def public_key(self) -> bytes: ...

    def sign(self, message: bytes) -> bytes: ...


class Anchor(msgspec.Struct, frozen=True):
    """A signature over the chain up to row `seq`; `utc_us` is that row's time."""

    seq: int
    hash: bytes
    utc_us: int
    public_key: bytes
    signature: bytes


class Head(msgspec.Struct, frozen=True):
    """Where a closed session's chain ends. Kept outside the file, it proves that nothing was cut off or rewritten.

    `hash`, `public_key` and `signature` are hexadecimal; the last two are empty when the log was not signed.
    """

    session_id: str
    seq: int
    hash: str
    utc_us: int
    public_key: str = ""
    signature: str = ""

    @property
    def code(self) -> str:
        """The first 100 bits of the hash for people: four groups of five, "2F7QX-..."."""
        return head_code(bytes.fromhex(self.hash))


def link(previous: bytes, row: Row) -> bytes:
    """The hash of `row` in a chain that stood at `previous`."""
    kind = row.kind.encode()
    actor = row.actor.encode()
    return hashlib.sha256(
        b"".join(
            (
                previous,
                _NUMBERS.pack(row.seq, row.mono_us, row.utc_us),
                _LENGTH.pack(len(kind)),
                kind,
                _LENGTH.pack(len(actor)),
                actor,
                _LENGTH.pack(len(row.body)),
                row.body,
            )
        )
    ).digest()


def base32(data: bytes) -> str:
    """`data` as base32 letters, most significant bit first, padded with zero bits."""
    bits = len(data) * 8
    letters = -(-bits // 5)
    number = int.from_bytes(data, "big") << (letters * 5 - bits)
    return "".join(_LETTERS[number >> (5 * place) & 31] for place in range(letters - 1, -1, -1))


def unbase32(text: str, size: int) -> bytes:
    """The `size` bytes of base32 letters; lower case, I, L and O are read as meant. Raises ValueError."""
    meant = text.upper().translate(str.maketrans("ILO", "110"))
    letters = -(-size * 8 // 5)
    if len(meant) != letters or any(letter not in _LETTERS for letter in meant):
        raise ValueError(f"expected {letters} letters and digits")
    number = 0
    for letter in meant:
        number = number << 5 | _LETTERS.index(letter)
    spare = letters * 5 - size * 8
    if number & ((1 << spare) - 1):
        raise ValueError("the last letter does not fit")
    return (number >> spare).to_bytes(size, "big")


def grouped(letters: str, size: int) -> str:
    """`letters` in groups of `size`, joined by hyphens."""
    return "-".join(letters[start : start + size] for start in range(0, len(letters), size))


def head_code(digest: bytes) -> str:
    """A hash as four groups of five letters: short enough to write down, too long to hit by trying."""
    return grouped(base32(digest)[:20], 5)


CODE_LETTERS = 20


def read_code(text: str) -> str:
    """A head code as a person typed it, in its own spelling: "2f7qx 0..." is read as "2F7QX-0...".

    Lower case, other separators, and I, L and O for 1 and 0 are read as meant. Raises ValueError with words for what
    cannot be a head code: a letter that is not used, too many or too few.
    """
    meant = "".join(text.upper().split()).translate(str.maketrans("ILO", "110", "-–—_.,:"))
    wrong = sorted({letter for letter in meant if letter not in _LETTERS})
    if wrong:
        shown = ", ".join(repr(letter) for letter in wrong)
        raise ValueError(f"a head code has no {shown}: it was mistyped or misread")
    if len(meant) != CODE_LETTERS:
        raise ValueError(f"a head code has {CODE_LETTERS} letters and digits, this has {len(meant)}: it was mistyped")
    return grouped(meant, 5)


def anchored(seq: int, digest: bytes, utc_us: int) -> bytes:
    """The bytes that an anchor's signature covers."""
    return b"kapconsole anchor 1\n" + struct.pack(">qq", seq, utc_us) + digest


def sign_anchor(signer: Signer, seq: int, digest: bytes, utc_us: int) -> Anchor:
    """A signature over the chain that stands at `digest` after row `seq`."""
    return Anchor(seq, digest, utc_us, signer.public_key, signer.sign(anchored(seq, digest, utc_us)))


def anchor_holds(anchor: Anchor) -> bool:
    """True when the signature was made by the key that the anchor names, over what it says."""
    try:
        key = Ed25519PublicKey.from_public_bytes(anchor.public_key)
        key.verify(anchor.signature, anchored(anchor.seq, anchor.hash, anchor.utc_us))
    except (InvalidSignature, ValueError):
        return False
    return True


class Break(msgspec.Struct, frozen=True):
    """A place where the chain does not hold, in words."""

    seq: int
    text: str


def walk(hashed: Iterable[tuple[Row, bytes]], step: Callable[[int], None] | None = None) -> list[Break]:
    """Every break in the chain of `hashed` rows, in order of `seq`. `step` hears the number of rows done.

    After a break the walk goes on from the stored hash, so that one changed row is one finding (and, where a row is
    missing, the row after it cannot be checked, which is said once).
    """
    breaks: list[Break] = []
    previous, expected = GENESIS, 1
    for count, (row, stored) in enumerate(hashed, 1):
        if row.seq != expected:
            last = row.seq - 1
            which = f"Row {expected} is missing" if last == expected else f"Rows {expected} to {last} are missing"
            breaks.append(Break(expected, f"{which}; row {row.seq} cannot be checked."))
        elif link(previous, row) != stored:
            breaks.append(Break(row.seq, f"Row {row.seq} ({row.kind}) was changed after it was written."))
        previous, expected = stored, row.seq + 1
        if step is not None and count % 1000 == 0:
            step(count)
    return breaks
