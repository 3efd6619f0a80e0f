"""The resynchronising loop: nothing lost, nothing twice, the same in any pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kapdevices.framing import BAD, MORE, NOT_HERE, Framer


def toy_test(buffer: bytearray, at: int, locked: bool) -> int:
    """`AA len data CHK`: marker, number of data bytes below 8, sum. The marker may occur in the data."""
    if buffer[at] != 0xAA:
        return NOT_HERE
    if len(buffer) - at < 2:
        return MORE
    length = buffer[at + 1] + 3
    if length > 10:
        return NOT_HERE
    if len(buffer) - at < length:
        return MORE
    return length if sum(buffer[at : at + length - 1]) & 0xFF == buffer[at + length - 1] else BAD


def toy(data: bytes) -> bytes:
    body = bytes((0xAA, len(data))) + data
    return body + bytes((sum(body) & 0xFF,))


def test_packet_hidden_behind_a_false_start_is_found() -> None:
    framer = Framer(toy_test)
    wanted = toy(b"\xaa\x01")
    found = framer.feed(b"\xaa\x05" + wanted + b"\x00\x00\x00")
    assert [packet.data for packet in found] == [wanted]
    assert framer.counts.bad == 1
    assert found[0].damage_at == 1


def test_one_byte_is_dropped_at_a_time() -> None:
    framer = Framer(toy_test)
    assert [p.data for p in framer.feed(b"\xaa" + toy(b"\x01\x02"))] == [toy(b"\x01\x02")]
    assert framer.counts.skipped == 1


def test_giving_up_frees_what_waits_behind_an_incomplete_packet() -> None:
    framer = Framer(toy_test)
    assert framer.feed(b"\xaa\x07" + toy(b"\x01")) == []
    assert framer.waiting
    assert [packet.data for packet in framer.give_up()] == [toy(b"\x01")]
    assert framer.waiting == 0


def test_a_test_that_never_has_enough_cannot_fill_the_memory() -> None:
    framer = Framer(lambda buffer, at, locked: MORE, limit=64)
    for _ in range(100):
        framer.feed(bytes(50))
    assert framer.waiting < 64
    assert framer.counts.skipped == 5000 - framer.waiting


def test_locked_means_directly_behind_a_packet() -> None:
    seen: list[bool] = []

    def test(buffer: bytearray, at: int, locked: bool) -> int:
        seen.append(locked)
        return 1 if buffer[at] == 1 else NOT_HERE

    Framer(test).feed(b"\x01\x01\x00\x01\x01")
    assert seen == [False, True, True, False, True]


def test_damage_is_known_for_each_packet_apart() -> None:
    framer = Framer(toy_test)
    first, second = framer.feed(toy(b"\x01") + b"\x00" + toy(b"\x02"))
    assert first.damage_at is None
    assert not first.damaged_within(1000)
    assert second.damaged_within(1)
    assert second.offset == first.end + 1


pieces = st.lists(
    st.one_of(st.binary(max_size=12), st.binary(max_size=7).map(toy), st.sampled_from([b"\xaa", b"\xaa\x03"])),
    max_size=30,
)


@given(pieces, st.randoms(use_true_random=False))
def test_any_cut_gives_the_same_packets_and_every_byte_is_accounted_for(parts: list[bytes], cut: object) -> None:
    data = b"".join(parts)
    whole, cut_up = Framer(toy_test), Framer(toy_test)
    expected = whole.feed(data)
    found, at = [], 0
    while at < len(data):
        step = cut.randint(1, 5)  # type: ignore[attr-defined]
        found += cut_up.feed(data[at : at + step])
        at += step
    assert found == expected
    assert cut_up.counts == whole.counts
    assert sum(len(p.data) for p in expected) + whole.counts.skipped + whole.waiting == len(data)
