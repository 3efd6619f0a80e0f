"""Decoding to text: times, hexadecimal input, captures, writers, and memory that does not grow."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapdevices.capture import CaptureHeader, CaptureWriter
from kapdevices.catalog import find
from kapdevices.decode import (
    PIECE_BYTES,
    DecodedLine,
    decode,
    read_chunks,
    read_hex,
    write_csv,
    write_jsonl,
    write_plain,
)
from kapdevices.driver import DeviceCommand, PacketCounts
from kapdevices.patient import Patient
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray


class WaveDriver:
    """Bytes below 128 are pleth samples at 50 Hz of one call together; above are SpO2; 255 is "low battery"."""

    def __init__(self) -> None:
        self.counts = PacketCounts()
        self.times_s: list[float] = []

    def receive(self, data: bytes, now_s: float) -> list[Reading]:
        self.times_s.append(now_s)
        readings: list[Reading] = []
        samples = tuple(byte for byte in data if byte < 128)
        if samples:
            readings.append(SampleArray(Metric.PLETH, 50.0, samples, 127))
        for byte in data:
            if byte == 255:
                readings.append(DeviceStatus("low-battery", "the battery is low"))
            elif byte == 254:
                readings.append(Numeric(Metric.SPO2, None, Quality.SENSOR_OFF))
            elif byte >= 128:
                readings.append(Numeric(Metric.SPO2, float(byte - 100)))
        return readings

    def transmit(self, now_s: float) -> bytes:
        return b""

    def command(self, command: DeviceCommand, now_s: float) -> None: ...

    def farewell(self) -> bytes:
        return b""


def test_plain_bytes_are_timed_by_their_samples():
    lines = list(decode([(None, bytes(range(20)) + b"\xc5")], WaveDriver()))
    samples = [line for line in lines if line.metric == "pleth"]
    assert [line.t_s for line in samples] == pytest.approx([index / 50 for index in range(20)])
    assert [line.value for line in samples] == list(range(20))
    assert lines[-1] == DecodedLine(pytest.approx(0.4), "spo2", 97.0, "%", True, "")


def test_plain_bytes_without_a_waveform_have_no_time_and_say_so():
    assert [line.t_s for line in decode([(None, b"\xc5\xc4")], WaveDriver())] == [None, None]


def test_a_capture_gives_its_own_times_and_only_what_was_received(tmp_path: Path):
    writer = CaptureWriter(tmp_path / "c", CaptureHeader())
    for mono_us, direction, data in (
        (9_000_000, "w", b"\xc0"),
        (9_500_000, "r", b"\x01\x02\x03"),
        (10_000_000, "r", b"\xc5"),
    ):
        writer.write(mono_us, direction, data)
    writer.close()
    with (tmp_path / "c").open("rb") as stream:
        lines = list(decode(read_chunks(stream), WaveDriver()))
    assert [(line.t_s, line.value) for line in lines] == [
        (pytest.approx(0.46), 1.0),
        (pytest.approx(0.48), 2.0),
        (pytest.approx(0.50), 3.0),
        (pytest.approx(1.0), 97.0),
    ]


def chunked(*chunks: tuple[float, bytes]) -> list[DecodedLine]:
    return list(decode(chunks, WaveDriver()))


@given(
    st.lists(
        st.tuples(st.floats(0, 3), st.binary(max_size=40).map(lambda data: bytes(byte % 200 for byte in data))),
        max_size=20,
    )
)
def test_lines_of_a_capture_come_in_the_order_of_their_times(steps: list[tuple[float, bytes]]):
    chunks, now_s = [], 0.0
    for step_s, data in steps:
        now_s += step_s
        chunks.append((now_s, data))
    lines = chunked(*chunks)
    times = [line.t_s for line in lines]
    assert times == sorted(times)
    # Nothing is lost, and a waveform's samples keep their order.
    assert [line.value for line in lines if line.metric == "pleth"] == [
        byte for _, data in chunks for byte in data if byte < 128
    ]
    assert len(lines) == sum(len(data) for _, data in chunks)


def test_samples_that_a_packet_brings_stand_before_what_came_with_it_and_before():
    lines = chunked((0.0, b"\xc5"), (0.2, b"\x01" * 25 + b"\xc6"))
    assert [line.metric for line in lines[:16]] == ["pleth"] * 14 + ["spo2", "pleth"]
    assert lines[0].t_s == pytest.approx(0.2 - 24 / 50)
    assert (lines[-1].metric, lines[-1].t_s) == ("spo2", 0.2)


def test_bytes_that_waited_in_the_computer_are_laid_out_as_they_were_measured():
    """Two seconds of 50 Hz in one piece: one waveform of two seconds, not many that end at the same moment."""
    lines = chunked((0.0, b"\x01"), (2.0, bytes(range(100))))
    assert [line.t_s for line in lines[1:]] == pytest.approx([2.0 - (99 - index) / 50 for index in range(100)])


def test_a_torn_capture_is_decoded_up_to_the_tear_and_it_is_said(tmp_path: Path):
    writer = CaptureWriter(tmp_path / "c", CaptureHeader())
    writer.write(0, "r", b"\xc5")
    writer.write(1, "r", b"\xc6\xc7")
    writer.close()
    said: list[str] = []
    lines = list(decode(read_chunks(io.BytesIO((tmp_path / "c").read_bytes()[:-1]), say=said.append), WaveDriver()))
    assert [line.value for line in lines] == [97.0]
    assert len(said) == 1
    assert "ends inside a record" in said[0]


def test_hexadecimal_text_is_read_as_people_write_it():
    text = "# a comment\n01 81,43\n\n0x00 0xC5 0x7   # five\n018143\n\taa,BB"
    assert b"".join(read_hex(text.splitlines())) == bytes.fromhex("018143 00c507 018143 aabb")


@pytest.mark.parametrize("wrong", ["0g", "123", "7", "0x", "01 81; 43"])
def test_what_is_not_hexadecimal_is_refused_with_its_line(wrong: str):
    with pytest.raises(ValueError, match=r"^line 3: "):
        list(read_hex(["# comment", "01 02", wrong]))


@given(st.binary(max_size=300), st.integers(1, 20))
def test_hexadecimal_and_plain_input_give_the_same_bytes(data: bytes, width: int):
    lines = [data[at : at + width].hex(" ") for at in range(0, len(data), width)]
    text = "# by hand\n" + "\n".join(lines)
    assert b"".join(piece for _, piece in read_chunks(io.BytesIO(text.encode()))) == data
    assert b"".join(piece for _, piece in read_chunks(io.BytesIO(data), "raw")) == data


@pytest.mark.parametrize("data", [b"\x01\x81\x43\x00\xc5", b"03/05/26 14:30:15 SN=0001 SPO2=097%\r\n", b""])
def test_what_a_device_sends_is_not_taken_for_hexadecimal(data: bytes):
    assert b"".join(piece for _, piece in read_chunks(io.BytesIO(data))) == data


def test_input_of_any_length_is_decoded_in_constant_memory():
    taken = 0

    def endless() -> Iterator[tuple[float | None, bytes]]:
        nonlocal taken
        while True:
            taken += 1
            yield None, bytes(65536)

    lines = decode(endless(), WaveDriver())
    for _ in range(100_000):
        next(lines)
    assert taken == 2


def test_the_driver_sees_time_pass_on_input_without_times():
    driver = WaveDriver()
    list(decode([(None, bytes(960))], driver, line_rate_hz=960.0))
    assert driver.times_s[-1] == pytest.approx(1.0)
    assert len(driver.times_s) == 960 / PIECE_BYTES


LINES = list(decode([(0.5, b"\xc5\xfe\xff")], WaveDriver()))


def test_csv_has_names_and_leaves_empty_what_is_not_given():
    out = io.StringIO()
    write_csv(LINES, out)
    assert list(csv.reader(io.StringIO(out.getvalue()))) == [
        ["t_s", "metric", "value", "unit", "valid", "detail"],
        ["0.500000", "spo2", "97", "%", "true", ""],
        ["0.500000", "spo2", "", "%", "false", "sensor off"],
        ["0.500000", "status", "", "", "false", "low-battery: the battery is low"],
    ]


def test_json_lines_have_null_for_what_is_not_given():
    out = io.StringIO()
    write_jsonl(LINES, out)
    objects = [json.loads(line) for line in out.getvalue().splitlines()]
    assert objects[0] == {"t_s": 0.5, "metric": "spo2", "value": 97.0, "unit": "%", "valid": True, "detail": ""}
    assert (objects[1]["value"], objects[1]["detail"]) == (None, "sensor off")


def test_plain_text_shows_dashes_and_never_zero_for_no_value():
    out = io.StringIO()
    write_plain(LINES, out)
    words = [line.split() for line in out.getvalue().splitlines()]
    assert words == [
        ["0.500000", "spo2", "97", "%"],
        ["0.500000", "spo2", "--", "%", "sensor", "off"],
        ["0.500000", "status", "low-battery:", "the", "battery", "is", "low"],
    ]


def test_a_simulated_oximeter_is_decoded_on_the_time_of_its_own_samples():
    nonin = find("nonin")
    simulator, driver = nonin.make_simulator(Patient("steady"), "df2"), nonin.make_driver()
    data = b"".join(simulator.transmit(turn / 100) for turn in range(3001))
    lines = list(decode(read_chunks(io.BytesIO(data), "raw"), driver))
    last_s = [line.t_s for line in lines if line.metric == "spo2"][-1]
    assert last_s == pytest.approx(30.0, abs=1.0)
    assert driver.counts.bad == 0
