"""Frames, requests and the worked examples, by provenance: real records, bytes of the manual, composed groups."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapdevices.driver import PacketCounts
from kapdevices.framing import Framer
from kapdevices.readings import Metric, Numeric, Quality, SampleArray
from kapdevices.s5_dri import frames, numerics, requests, waves
from kapdevices.s5_dri.driver import S5Driver

Capture = Callable[[str], bytes]

REQUEST_10_S = "7E 31" + " 00" * 20 + " FF" + " 00" * 18 + " 01 0A 00 0E 00 00 00 00 00 49 7E"
"""Numbers every 10 s, all classes."""


class TestReal:
    def test_numbers(self, capture: Capture) -> None:
        driver = S5Driver()
        readings = driver.receive(capture("numerics-real"), 0.0)
        assert {(r.metric, r.value, r.quality) for r in readings if isinstance(r, Numeric)} == {
            (Metric.SPO2, None, Quality.NO_VALUE),
            (Metric.PULSE_RATE, None, Quality.NO_VALUE),
            (Metric.PERFUSION_INDEX, None, Quality.NO_VALUE),
            (Metric.HEART_RATE, 0, Quality.OUT_OF_RANGE),
            (Metric.ETCO2, 0, Quality.GOOD),
            (Metric.RESP_RATE, 0, Quality.GOOD),
            (Metric.TEMPERATURE, 18, Quality.GOOD),
        }
        assert driver.counts == PacketCounts(good=1)

    def test_record(self, capture: Capture) -> None:
        record = frames.parse(capture("numerics-real"))
        assert record is not None
        assert (record.level, record.plug, record.time_s, record.main) == (8, 35588, 1251973827, frames.NUMERICS)
        assert [(part.type, len(part.data)) for part in record.parts] == [(1, 278)] * 4
        basic = record.parts[0].data
        assert [numerics.is_basic(part.data) for part in record.parts] == [True, False, False, False]
        assert struct.unpack_from("<3h", basic, 26) == (900, 90, 486)
        assert struct.unpack_from("<h", basic, 148) == (7551,)
        assert struct.unpack_from("<h", basic, 156) == (2943,)
        cuff = numerics.nibp(basic)
        assert cuff is not None
        assert (cuff.measuring, cuff.old, cuff.systolic) == (False, True, None)

    def test_waves(self, capture: Capture) -> None:
        ecg, pleth = S5Driver().receive(capture("waves-real"), 0.0)
        assert isinstance(ecg, SampleArray)
        assert isinstance(pleth, SampleArray)
        assert (ecg.metric, ecg.rate_hz, len(ecg.samples), ecg.quality) == (Metric.ECG, 300, 60, Quality.GOOD)
        assert ecg.samples[0] - ecg.full_scale // 2 == -177
        assert (pleth.metric, pleth.rate_hz, len(pleth.samples)) == (Metric.PLETH, 100, 20)
        assert [sample - pleth.full_scale // 2 for sample in pleth.samples[:3]] == [-360, -376, -400]
        record = frames.parse(capture("waves-real"))
        assert record is not None
        assert [part.type for part in record.parts] == [1, 2, 3, 4, 5, 6, 7, 8]
        assert struct.unpack_from("<H", record.parts[1].data, 2)[0] & waves.LEAD_OFF


class TestManual:
    def test_requests(self) -> None:
        assert requests.numerics(10, classes=0x0E) == bytes.fromhex(REQUEST_10_S)
        assert requests.numerics(0, classes=0x0E).endswith(bytes.fromhex("01 00 00 0E 00 00 00 00 00 3F 7E"))
        minute = requests.numerics(60, classes=0x0E, kind=3)
        assert minute.endswith(bytes.fromhex("03 3C 00 0E 00 00 00 00 00 7D 5D 7E"))
        ecg = requests.waves((1,))
        assert len(ecg) == 75
        assert ecg[41:53] == bytes.fromhex("00 00 00 00 01 FF FF FF FF FF FF FF")

    @pytest.mark.parametrize("interval_s", [-1, 0, 5, 60])
    def test_a_request_is_read_as_it_was_meant(self, interval_s: int) -> None:
        record = frames.parse(requests.numerics(interval_s))
        assert record is not None
        assert requests.read(record) == requests.NumericsRequest(1, interval_s, 0)


class TestComposed:
    def test_groups(self) -> None:
        basic = bytearray(numerics.BYTES)
        basic[76:90] = bytes.fromhex("03 00 00 00 00 00 70 30 78 1E B8 24 48 00")
        basic[122:136] = bytes.fromhex("03 00 00 00 00 00 E4 25 48 00 FA 00 01 80")
        assert numerics.nibp(bytes(basic)) == numerics.Nibp(False, False, False, 124, 78, 94, 72)
        assert numerics.vitals(bytes(basic)) == [
            Numeric(Metric.SPO2, 97.0),
            Numeric(Metric.PULSE_RATE, 72.0),
            Numeric(Metric.PERFUSION_INDEX, 2.5),
        ]


@pytest.mark.parametrize(
    ("raw", "quality"),
    [
        (-32767, Quality.NO_VALUE),
        (-32766, Quality.NOT_UPDATED),
        (-32765, Quality.NO_VALUE),
        (-32764, Quality.OUT_OF_RANGE),
        (-32763, Quality.OUT_OF_RANGE),
        (-32762, Quality.CALIBRATING),
        (-32001, Quality.NO_VALUE),
    ],
)
def test_codes_are_no_numbers(raw: int, quality: Quality) -> None:
    basic = bytearray(numerics.BYTES)
    struct.pack_into("<IH2h", basic, 122, 3, 0, raw, 72)
    assert numerics.vitals(bytes(basic))[0] == Numeric(Metric.SPO2, None, quality)


def test_an_inactive_group_gives_no_number() -> None:
    basic = bytearray(numerics.BYTES)
    struct.pack_into("<IH2h", basic, 122, 1, 0, 9700, 72)
    assert {(n.value, n.quality) for n in numerics.vitals(bytes(basic))} == {(None, Quality.NO_VALUE)}


def test_samples_are_cut_where_they_are_codes() -> None:
    pieces = waves.samples(waves.part(8, [-5, 7, -32767, -32766, -32766, 30_000, 1]))
    assert [(piece.samples, piece.quality) for piece in pieces] == [
        ((1995, 2007), Quality.GOOD),
        ((0,), Quality.NO_VALUE),
        ((0, 0), Quality.NOT_UPDATED),
        ((4000,), Quality.OUT_OF_RANGE),
        ((2001,), Quality.GOOD),
    ]
    assert [p.quality for p in waves.samples(waves.part(1, [1, 2], waves.LEAD_OFF))] == [Quality.SENSOR_OFF]


def test_a_part_that_ends_early_gives_nothing() -> None:
    whole = waves.part(8, [1, 2, 3])
    assert waves.samples(frames.Part(8, whole.data[:-1])) == []
    assert waves.samples(frames.Part(8, b"\x01")) == []
    assert waves.samples(frames.Part(4, whole.data)) == []


@given(st.binary(max_size=200))
def test_escaping_and_back(body: bytes) -> None:
    record = frames.header(frames.HEADER_BYTES + len(body), 4, [(0, 1)], level=10) + body
    packet = frames.frame(record)
    assert packet.count(frames.FLAG) == 2
    assert frames.record_bytes(packet[1:-1]) == record


@given(st.binary(max_size=30))
def test_an_escape_that_is_none_is_refused(junk: bytes) -> None:
    packet = requests.numerics()
    assert frames.record_bytes(packet[1:-1] + b"\x7d") == b""
    assert frames.record_bytes(packet[1:9] + b"\x7d\x7d" + junk + packet[9:-1]) == b""


def test_a_list_of_parts_that_cannot_be_is_unusable() -> None:
    backwards = frames.header(frames.HEADER_BYTES + 8, 0, [(4, 1), (2, 1)], level=10) + bytes(8)
    outside = frames.header(frames.HEADER_BYTES + 8, 0, [(9, 1)], level=10) + bytes(8)
    for record in (backwards, outside):
        driver = S5Driver()
        assert driver.receive(frames.frame(record), 0.0) == []
        assert driver.counts == PacketCounts(bad=1)


def test_flags_may_be_shared_or_fill_time() -> None:
    one = requests.numerics()
    framer = Framer(frames.frame_test, limit=frames.LONGEST_FRAME)
    packets = framer.feed(one + one[1:] + b"\x7e\x7e" + one)
    assert [len(packet.data) for packet in packets] == [len(one), len(one) - 1, 1, 1, len(one)]
    assert framer.counts.skipped == 0
