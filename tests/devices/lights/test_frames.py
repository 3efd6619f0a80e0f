"""Frames byte for byte as in the room light reference, section 4."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapdevices.lights import artnet, enttec, sacn
from kapdevices.lights.pacing import Pacer

CID = bytes.fromhex("6b617063 6f6e 736f 6c65 000000000001")


def test_sacn_with_three_slots_is_the_accepted_example() -> None:
    frame = sacn.encode(CID, "kapconsole", 1, 1, bytes((1, 2, 3)))
    expected = (
        "0010 0000 4153432d45312e3137000000 7071 00000004 6b617063 6f6e 736f 6c65 000000000001 705b 00000002"
        + b"kapconsole".hex()
        + "00" * 54
        + "64 0000 01 00 0001 700e 02a1 0000 0001 0004 00 01 02 03"
    )
    assert frame == bytes.fromhex(expected)
    assert len(frame) == 129


def test_sacn_with_512_slots_has_the_lengths_of_the_standard() -> None:
    frame = sacn.encode(CID, "kapconsole", 63999, 255, bytes(512))
    assert len(frame) == 638
    assert (frame[16:18], frame[38:40], frame[115:117], frame[123:125]) == (
        b"\x72\x6e",
        b"\x72\x58",
        b"\x72\x0b",
        b"\x02\x01",
    )
    assert frame[113:115] == b"\xf9\xff"


def test_sacn_with_one_slot() -> None:
    assert sacn.encode(CID, "k", 1, 0, b"\x7f")[-4:] == b"\x00\x02\x00\x7f"


def test_sacn_counts_round_and_says_goodbye_three_times() -> None:
    source = sacn.Source(CID, "kapconsole", 1, priority=80)
    sequences = [source.frame(b"\x01")[111] for _ in range(257)]
    assert sequences == [*range(256), 0]
    assert source.frame(b"\x01")[108] == 80
    last = source.goodbye(b"\x05")
    assert [frame[112] for frame in last] == [0x40] * 3
    assert [frame[111] for frame in last] == [2, 3, 4]


def test_a_long_source_name_is_cut_between_letters() -> None:
    frame = sacn.encode(CID, "ä" * 40, 1, 0, b"")
    assert frame[44:108].rstrip(b"\0").decode() == "ä" * 31


@pytest.mark.parametrize(("universe", "priority", "slots"), [(0, 100, 1), (64000, 100, 1), (1, 201, 1), (1, 100, 513)])
def test_sacn_refuses_what_the_format_cannot_say(universe: int, priority: int, slots: int) -> None:
    with pytest.raises(ValueError, match=r"sACN universe|at most 512"):
        sacn.encode(CID, "k", universe, 0, bytes(slots), priority)


def test_the_multicast_group_of_a_universe() -> None:
    assert sacn.multicast_group(7) == "239.255.0.7"
    assert sacn.multicast_group(258) == "239.255.1.2"


def test_art_net_is_the_accepted_example() -> None:
    assert artnet.encode(3, 1, bytes((4, 5))) == bytes.fromhex("4172742d4e657400 0050 000e 01 00 03 00 0002 04 05")


def test_art_net_splits_the_address_fills_up_odd_slots_and_counts_from_1() -> None:
    frame = artnet.encode(0x1234, 9, b"\x01")
    assert frame[14:16] == b"\x34\x12"
    assert frame[16:] == b"\x00\x02\x01\x00"
    source = artnet.Source(0)
    assert [source.frame(b"\0\0")[12] for _ in range(257)] == [*range(1, 256), 1, 2]
    with pytest.raises(ValueError, match="port address"):
        artnet.Source(0x8000)


def test_an_art_net_node_tells_its_name() -> None:
    reply = b"Art-Net\0" + bytes.fromhex("0021") + bytes(34) + b"Stage node".ljust(64, b"\0") + bytes(100)
    assert artnet.node_name(reply) == "Stage node"
    assert artnet.node_name(artnet.POLL) is None
    assert artnet.node_name(artnet.encode(0, 1, bytes(512))) is None


def test_enttec_always_sends_all_512_slots() -> None:
    frame = enttec.encode(bytes((10, 20, 30)))
    assert frame[:8] == bytes.fromhex("7e 06 01 02 00 0a 14 1e")
    assert frame[-1] == 0xE7
    assert len(frame) == 518
    assert enttec.encode(bytes(512)) == bytes.fromhex("7e06010200") + bytes(512) + b"\xe7"


def test_enttec_questions_and_the_serial_number() -> None:
    assert bytes.fromhex("7e0a0000e7") == enttec.ASK_SERIAL_NUMBER
    (answer,) = enttec.Answers().feed(bytes.fromhex("7e0a040078563412e7"))
    assert answer.serial_number == 12345678
    assert enttec.Answer(10, bytes.fromhex("ff563412")).serial_number is None
    assert enttec.Answer(3, bytes(4)).serial_number is None


@given(
    st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=40)), min_size=1, max_size=6),
    st.lists(st.integers(1, 9), min_size=1),
    st.binary(max_size=20).filter(lambda junk: 0x7E not in junk),
)
def test_answers_are_found_in_pieces_with_marks_inside(
    sent: list[tuple[int, bytes]], sizes: list[int], junk: bytes
) -> None:
    stream = junk.join([b"", *(enttec.message(label, data + b"\x7e\xe7") for label, data in sent)])
    answers, found, at, turn = enttec.Answers(), [], 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        found += answers.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert [(answer.label, answer.data) for answer in found] == [(label, data + b"\x7e\xe7") for label, data in sent]


def test_a_torn_message_does_not_hide_the_next_for_ever() -> None:
    answers = enttec.Answers()
    assert answers.feed(bytes.fromhex("7e06f401") + bytes.fromhex("7e0a040078563412e7")) == []
    assert [answer.serial_number for answer in answers.give_up()] == [12345678]


def test_a_change_is_sent_at_once_three_times_and_then_kept_alive() -> None:
    pacer, sent, now_s = Pacer(), [], 100.0
    for _ in range(400):  # 4 s in steps of 10 ms
        if pacer.due(b"\x01", now_s):
            sent.append(round(now_s - 100, 2))
        now_s += 0.01
    assert sent[0] == 0
    assert len([at for at in sent if at < 0.2]) == 3
    gaps = [later - earlier for earlier, later in zip(sent[2:], sent[3:], strict=False)]
    assert all(0.79 <= gap <= 1.0 for gap in gaps)
    assert gaps


def test_a_fade_is_sent_40_times_a_second_at_most() -> None:
    pacer = Pacer()
    count = sum(pacer.due(bytes((at % 250,)), at * 0.001) for at in range(1000))
    assert 38 <= count <= 50
