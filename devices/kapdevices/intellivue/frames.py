"""Frames of the IntelliVue serial line: delimiters, escapes and the frame check sequence. Pure functions over bytes.

`C0`, then `11 01`, the length of the payload (2 bytes, big endian), payload and check (low byte first), escaped, then
`C1`. C0, C1 and 7D inside become 7D and the byte XOR 20, in header and check as well. Sources: vinod898/JVSCapture,
xeonfusion/VSCaptureMP, part-cw/LNhealth. JVSCapture escapes the payload only, which fails for some checks.
"""

from __future__ import annotations

from binascii import crc_hqx

from kapdevices.framing import BAD, MORE, NOT_HERE

BEGIN, END = 0xC0, 0xC1
HEAD = b"\x11\x01"
MAX_PAYLOAD = 2048
"""Longer than any message: monitor and host agree on 1456 bytes at most."""
MAX_FRAME = 2 * (MAX_PAYLOAD + 6) + 2


_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def fcs(data: bytes) -> int:
    """Frame check sequence: CRC-16, polynomial 1021 reflected, from FFFF, complemented."""
    # the library's CRC has the same polynomial in the other order of bits
    high, low = crc_hqx(data.translate(_MIRRORED), 0xFFFF).to_bytes(2, "big").translate(_MIRRORED)
    return (low << 8 | high) ^ 0xFFFF


def frame(payload: bytes) -> bytes:
    """The frame of a payload of at most 65535 bytes."""
    body = HEAD + len(payload).to_bytes(2, "big") + payload
    body += fcs(body).to_bytes(2, "little")
    escaped = body.replace(b"\x7d", b"\x7d\x5d").replace(b"\xc0", b"\x7d\xe0").replace(b"\xc1", b"\x7d\xe1")
    return bytes((BEGIN,)) + escaped + bytes((END,))


def payload(data: bytes) -> bytes | None:
    """The payload of a whole frame; None when anything about it is wrong."""
    first, *escaped = data[1:-1].split(b"\x7d")
    if not all(escaped):
        return None
    body = first + b"".join(bytes((piece[0] ^ 0x20,)) + piece[1:] for piece in escaped)
    if len(body) < 6 or body[:2] != HEAD or int.from_bytes(body[2:4], "big") != len(body) - 6:
        return None
    return body[4:-2] if fcs(body[:-2]) == int.from_bytes(body[-2:], "little") else None


def frame_test(buffer: bytearray, at: int, locked: bool) -> int:
    """Frame test. Escaping keeps C1 out of a frame, so the first one found is its end or a later frame's."""
    if buffer[at] != BEGIN:
        return NOT_HERE
    end = buffer.find(END, at, at + MAX_FRAME)
    if end < 0:
        return MORE if len(buffer) - at < MAX_FRAME else BAD
    return end + 1 - at if payload(bytes(buffer[at : end + 1])) is not None else BAD
