"""Every protocol's bytes, against the vectors of the bilateral reference, section 9; and back again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.lightbars.frames import BarProtocol, awa_check, encode, frame_size, line_seconds
from kapdevices.lightbars.unpack import Unpacker

THREE = bytes.fromhex("000000 FF7800 000000")


@pytest.mark.parametrize(
    ("leds", "header"),
    [
        (30, "41 64 61 00 1D 48"),
        (58, "41 64 61 00 39 6C"),
        (60, "41 64 61 00 3B 6E"),
        (80, "41 64 61 00 4F 1A"),
        (85, "41 64 61 00 54 01"),
        (144, "41 64 61 00 8F DA"),
        (256, "41 64 61 00 FF AA"),
        (300, "41 64 61 01 2B 7F"),
    ],
)
def test_adalight_headers(leds: int, header: str) -> None:
    assert encode(BarProtocol.ADALIGHT, bytes(3 * leds))[:6] == bytes.fromhex(header)


@pytest.mark.parametrize(
    ("protocol", "frame"),
    [
        (BarProtocol.ADALIGHT, "41 64 61 00 02 57 00 00 00 FF 78 00 00 00 00"),
        (BarProtocol.AWA, "41 77 61 00 02 57 00 00 00 FF 78 00 00 00 00 78 5A 96"),
        (BarProtocol.TPM2, "C9 DA 00 09 00 00 00 FF 78 00 00 00 00 36"),
    ],
)
def test_three_leds_of_which_one_is_lit(protocol: BarProtocol, frame: str) -> None:
    assert encode(protocol, THREE) == bytes.fromhex(frame)


def test_awa_2_checks_its_calibration_bytes_too() -> None:
    frame = encode(BarProtocol.AWA_2, THREE, bytes((255, 200, 190, 180)))
    assert frame[:6] == bytes.fromhex("41 77 41 00 02 57")
    assert frame[15:19] == bytes((255, 200, 190, 180))
    assert frame[19:] == awa_check(frame[6:19])


def test_awa_never_ends_with_an_a_that_could_begin_a_header() -> None:
    assert awa_check(b"\x41")[2] == 0xAA


def test_tpm2_is_refused_where_wled_would_take_pixels_for_commands() -> None:
    assert len(encode(BarProtocol.TPM2, bytes(3 * 85))) == frame_size(BarProtocol.TPM2, 85)
    with pytest.raises(ValueError, match="85"):
        encode(BarProtocol.TPM2, bytes(3 * 86))


@pytest.mark.parametrize("picture", [b"", b"\0\0", bytes(3 * 1025)])
def test_what_is_no_picture_is_refused(picture: bytes) -> None:
    with pytest.raises(ValueError, match=r"LEDs|picture"):
        encode(BarProtocol.ADALIGHT, picture)


def test_time_on_the_line_is_that_of_the_reference() -> None:
    assert line_seconds(BarProtocol.ADALIGHT, 60, 115200) == pytest.approx(0.0162, abs=1e-4)
    assert line_seconds(BarProtocol.ADALIGHT, 80, 460800) == pytest.approx(0.0053, abs=1e-4)


@settings(deadline=None)
@given(
    st.sampled_from(BarProtocol),
    st.lists(st.binary(min_size=9, max_size=9), min_size=1, max_size=6),
    st.binary(max_size=8).filter(lambda noise: not set(noise) & {0x41, 0xC9}),
    st.integers(1, 40),
)
def test_pictures_are_found_again_in_any_pieces_and_behind_noise(
    protocol: BarProtocol, pictures: list[bytes], noise: bytes, step: int
) -> None:
    line = noise + b"".join(encode(protocol, picture) for picture in pictures)
    unpacker = Unpacker(protocol)
    found: list[bytes] = []
    others = b""
    for at in range(0, len(line), step):
        unpacked = unpacker.feed(line[at : at + step])
        found += unpacked.pictures
        others += unpacked.others
        assert not unpacked.bad
    assert found == pictures
    assert others == noise


@settings(deadline=None)
@given(st.binary(min_size=9, max_size=9), st.integers(6, 17), st.integers(1, 255))
def test_awa_shows_no_damaged_frame(picture: bytes, place: int, change: int) -> None:
    frame = bytearray(encode(BarProtocol.AWA, picture))
    frame[place] ^= change
    unpacked = Unpacker(BarProtocol.AWA).feed(bytes(frame) + bytes(64))
    # Sums modulo 255 take 00 and FF for one another: the only change that they do not see.
    if unpacked.pictures:
        assert {frame[place], frame[place] ^ change} == {0x00, 0xFF}
    else:
        assert unpacked.bad >= 1
