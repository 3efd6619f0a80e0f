"""What the driver shows and what it holds back: validity, indexing from SYNC, damage, recognition."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.driver import NotPossible, StartCuff
from kapdevices.nonin import commands
from kapdevices.nonin.driver import FORMATS, NoninDriver
from kapdevices.nonin.simulator import df2_frame, df7_frame, packet_floats
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray


def packet(
    hr: int = 72,
    spo2: int = 97,
    status: int = 0x80,
    timer: int = 0,
    format: str = "df2",
    held: tuple[int, int] | None = None,
) -> bytes:
    """One packet; `held` are display values that differ from the recorded ones."""
    frame = df2_frame if format == "df2" else df7_frame
    floats = packet_floats(hr, spo2, *(held or (hr, spo2)), timer)
    return b"".join(frame(status | (k == 0), 100 + k, floats[k]) for k in range(25))


def shown(readings: list[Reading], metric: Metric = Metric.SPO2) -> list[tuple[float | None, Quality]]:
    return [(r.value, r.quality) for r in readings if isinstance(r, Numeric) and r.metric is metric]


def codes(readings: list[Reading]) -> list[str]:
    return [r.code for r in readings if isinstance(r, DeviceStatus)]


@pytest.fixture
def driver() -> NoninDriver:
    return NoninDriver("df2")


def test_pleth_comes_with_the_frame_and_not_with_the_packet(driver: NoninDriver) -> None:
    data = packet()
    driver.receive(data[:10], 0.0)
    (piece,) = driver.receive(data[10:15], 0.0)
    assert isinstance(piece, SampleArray)
    assert piece.samples == (102,)
    assert (piece.metric, piece.full_scale, piece.rate_hz) == (Metric.PLETH, 255, 75.0)


def test_first_whole_packet_of_a_clean_line_is_believed(driver: NoninDriver) -> None:
    assert shown(driver.receive(packet(), 0.0)) == [(97, Quality.GOOD)]


def test_each_later_packet_is_believed_when_the_next_sync_follows(driver: NoninDriver) -> None:
    readings = driver.receive(packet(spo2=97) + packet(spo2=95) + packet(spo2=93), 0.0)
    assert shown(readings) == [(97, Quality.GOOD), (95, Quality.GOOD)]


@pytest.mark.parametrize(
    ("bits", "quality"),
    [
        (0x08, Quality.SENSOR_OFF),
        (0x10, Quality.OUT_OF_TRACK),
        (0x20, Quality.ARTEFACT),
        (0x40, Quality.SENSOR_DISCONNECTED),
        (0x04, Quality.LOW_PERFUSION),
    ],
)
def test_status_bits_become_quality_of_numbers_and_pleth(driver: NoninDriver, bits: int, quality: Quality) -> None:
    readings = driver.receive(packet(status=0x80 | bits), 0.0)
    assert shown(readings) == [(97, quality)]
    assert {r.quality for r in readings if isinstance(r, SampleArray)} == {quality}


def test_held_numbers_keep_their_value_and_are_marked_as_soon_as_the_finger_leaves(driver: NoninDriver) -> None:
    driver.receive(packet(), 0.0)
    readings = driver.receive(packet(511, 127, 0x88, held=(72, 97)) * 2, 0.4)
    assert shown(readings)[-1] == (97, Quality.SENSOR_OFF)
    assert shown(readings, Metric.PULSE_RATE)[-1] == (72, Quality.SENSOR_OFF)


def test_missing_marks_are_no_numbers(driver: NoninDriver) -> None:
    readings = driver.receive(packet(511, 127), 0.0)
    assert shown(readings) == [(None, Quality.NO_VALUE)]
    assert shown(readings, Metric.PULSE_RATE) == [(None, Quality.NO_VALUE)]


def test_values_outside_the_documented_range_are_never_good(driver: NoninDriver) -> None:
    readings = driver.receive(packet(hr=400, spo2=120) * 4, 0.0)
    assert {quality for _, quality in shown(readings) + shown(readings, Metric.PULSE_RATE)} == {Quality.OUT_OF_RANGE}


def test_pleth_is_cut_where_quality_changes_and_perfusion_is_held(driver: NoninDriver) -> None:
    good, low = 0x80, 0x84
    data = b"".join(df2_frame(s, 1, 0) for s in [good] * 4 + [low] * 12 + [good] * 40 + [0x82] * 12 + [good] * 4)
    pieces = [r for r in driver.receive(data, 0.0) if isinstance(r, SampleArray)]
    assert [(len(p.samples), p.quality) for p in pieces] == [
        (4, Quality.GOOD),
        (52, Quality.LOW_PERFUSION),
        (16, Quality.GOOD),
    ]


def test_a_packet_cut_short_by_early_sync_is_dropped_and_not_mixed(driver: NoninDriver) -> None:
    driver.receive(packet(spo2=97), 0.0)
    readings = driver.receive(packet(spo2=90)[: 17 * 5] + packet(spo2=96) + packet(spo2=96), 0.3)
    assert shown(readings) == [(96, Quality.GOOD)]


def test_late_sync_leaves_the_packet_unproven(driver: NoninDriver) -> None:
    late = df2_frame(0x80, 1, 0)
    same = driver.receive((packet(spo2=97) + late) * 3, 0.0)
    assert shown(same) == [(97, Quality.GOOD)] * 3
    assert shown(driver.receive(packet(spo2=90) + late + packet(spo2=91) + late, 1.0)) == []


@pytest.mark.parametrize("lost", range(1, 60, 4))
def test_frames_lost_without_any_sign_never_put_a_value_in_a_wrong_place(driver: NoninDriver, lost: int) -> None:
    stream = packet(72, 97) + packet(72, 97) + packet(140, 88) + packet(72, 97) * 3
    for first in range(25, 60):
        fresh = NoninDriver("df2")
        readings = fresh.receive(stream[: first * 5] + stream[(first + lost) * 5 :], 0.0)
        assert {value for value, _ in shown(readings)} <= {97, 88}
        assert {value for value, _ in shown(readings, Metric.PULSE_RATE)} <= {72, 140}


def test_a_packet_is_not_continued_after_a_silence(driver: NoninDriver) -> None:
    driver.receive(packet(spo2=97) * 2, 0.0)
    driver.receive(packet(spo2=90)[:40], 0.2)
    assert shown(driver.receive(packet(spo2=85)[40:] + packet(spo2=85)[:5], 60.0)) == []


def test_checksum_failure_is_counted_and_not_shown(driver: NoninDriver) -> None:
    data = bytearray(packet(spo2=97))
    data[8 * 5 + 3] = 50
    readings = driver.receive(bytes(data), 0.0)
    assert shown(readings) == []
    assert driver.counts.bad == 1
    assert driver.counts.skipped == 5
    assert driver.counts.good == 24


def test_after_damage_a_value_must_be_said_twice(driver: NoninDriver) -> None:
    driver.receive(packet(spo2=97) * 2, 0.0)
    readings = driver.receive(b"\x00" + packet(spo2=94) + packet(spo2=94) + packet(spo2=93) + packet(spo2=92), 0.5)
    assert shown(readings) == [(94, Quality.GOOD)]


def test_ten_clean_seconds_end_the_doubt(driver: NoninDriver) -> None:
    driver.receive(b"\x00" + packet(spo2=97) * 31, 0.0)
    assert shown(driver.receive(packet(spo2=96) + packet(spo2=95), 11.0))[-1] == (96, Quality.GOOD)


def test_answers_between_frames_are_no_damage(driver: NoninDriver) -> None:
    answer = bytes.fromhex("06 15 02F206320C1F0E1E0F03")
    data = packet()
    readings = driver.receive(data[:50] + answer + data[50:] + packet()[:30] + b"\x06" + packet()[30:], 0.0)
    assert shown(readings) == [(97, Quality.GOOD)]
    assert driver.counts.skipped == driver.counts.bad == 0
    assert driver.counts.good == 50
    assert codes(readings) == ["command-refused", "device-clock"]


def test_battery_is_reported_on_change_only(driver: NoninDriver) -> None:
    low = bytearray(packet())
    low[7 * 5 + 3], low[7 * 5 + 4] = 1, low[7 * 5 + 4] + 1
    readings = driver.receive(bytes(low) * 3 + packet() * 3, 0.0)
    assert codes(readings) == ["low-battery", "battery-good"]


def test_a_timer_that_jumps_is_said_once(driver: NoninDriver) -> None:
    times = [*range(100, 110), *range(3, 9)]
    readings = driver.receive(b"".join(packet(timer=t) for t in times), 0.0)
    assert codes(readings) == ["device-clock-jumped"]
    assert (
        codes(NoninDriver("df2").receive(b"".join(packet(timer=t) for t in range(16380, 16384)) + packet() * 3, 0))
        == []
    )


def test_df8_must_say_it_twice_and_after_damage_three_times() -> None:
    driver = NoninDriver("df8")
    frame, other = bytes.fromhex("80486100"), bytes.fromhex("80485A00")
    assert driver.receive(frame, 0.0) == []
    assert shown(driver.receive(frame, 1.0)) == [(97, Quality.GOOD)]
    assert shown(driver.receive(other, 2.0)) == []
    assert shown(driver.receive(b"\x00" + other, 3.0)) == []
    assert shown(driver.receive(other, 4.0)) == []
    assert shown(driver.receive(other, 5.0)) == [(90, Quality.GOOD)]


def test_df8_flag_in_one_of_two_frames_is_enough() -> None:
    driver = NoninDriver("df8")
    assert shown(driver.receive(bytes.fromhex("80486100 80486108"), 0.0)) == [(97, Quality.SENSOR_OFF)]


def test_df13_after_damage_needs_the_same_spot_check_twice(capture: object) -> None:
    check = capture("df13")[:22]  # type: ignore[operator]
    driver = NoninDriver("df13")
    assert shown(driver.receive(b"\xff" + check, 0.0)) == []
    assert shown(driver.receive(check, 1.0)) == [(97, Quality.GOOD)]


def test_nothing_is_sent_unless_a_format_is_asked_for() -> None:
    silent = NoninDriver()
    assert [silent.transmit(t / 10) for t in range(100)] == [b""] * 100
    assert silent.farewell() == b""


def test_a_format_that_is_asked_for_is_asked_three_times_at_most() -> None:
    driver = NoninDriver("df2")
    sent = [data for t in range(200) if (data := driver.transmit(t / 20))]
    assert sent == [commands.set_format("df2")] * 3
    answered = NoninDriver("df2")
    answered.transmit(0.0)
    answered.receive(packet(), 0.5)
    assert answered.transmit(5.0) == b""


def test_no_cuff_and_no_other_formats() -> None:
    with pytest.raises(NotPossible, match="no cuff"):
        NoninDriver().command(StartCuff(), 0.0)
    with pytest.raises(ValueError, match="unknown Nonin data format"):
        NoninDriver("df1")


def test_recognition_gives_also_what_came_before_it_was_sure() -> None:
    driver = NoninDriver()
    readings = driver.receive(packet(), 0.0)
    assert driver.format == "df2"
    assert codes(readings) == ["format-recognised"]
    assert sum(len(r.samples) for r in readings if isinstance(r, SampleArray)) == 25
    assert shown(readings) == [(97, Quality.GOOD)]


def test_another_device_on_the_line_is_recognised_anew() -> None:
    driver = NoninDriver()
    driver.receive(packet() * 3, 0.0)
    readings = driver.receive(packet(format="df7") * 20, 5.0)
    assert driver.format == "df7"
    assert codes(readings) == ["format-lost", "format-recognised"]
    assert shown(readings)[-1] == (97, Quality.GOOD)


FOREIGN = {
    "five-byte stream": bytes.fromhex("C5 30 20 48 61 85 32 20 48 61") * 400,
    "contec v7": bytes.fromhex("01 E0 C0 BC B0 C8 E1 FF FF") * 400,
    "masimo line": b"03/14/26 10:11:12 SN=0000093112 SPO2=098% BPM=097 PI=03.80% ALARM=0000\r\n" * 60,
    "suntech": bytes.fromhex("3E 05 02 01 BA 3E 04 4B 73") * 400,
    "zeros": bytes(4000),
    "all ones": b"\xff" * 4000,
    "wrong speed": bytes(random.Random(1).choice((0x00, 0x80, 0xE0, 0xF8, 0xFE, 0xFF)) for _ in range(20000)),
    "any bytes": random.Random(2).randbytes(60000),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_bytes_give_no_reading(name: str) -> None:
    driver = NoninDriver()
    assert driver.receive(FOREIGN[name], 0.0) == []
    assert driver.format is None


@pytest.mark.parametrize(("asked", "sent"), [("df2", "df7"), ("df7", "df2"), ("df8", "df2"), ("df8", "df7")])
def test_a_wrongly_chosen_format_shows_nothing(asked: str, sent: str) -> None:
    readings = NoninDriver(asked).receive(b"".join(packet(60 + k, 90 + k, format=sent) for k in range(9)) * 30, 0.0)
    assert readings == []


chunks = st.lists(
    st.one_of(
        st.binary(max_size=30),
        st.builds(packet, st.integers(18, 321), st.integers(0, 100), st.sampled_from([0x80, 0x88, 0xA0, 0x84])),
        st.builds(lambda hr: packet(hr, format="df7"), st.integers(18, 321)),
        st.sampled_from([b"\x06", b"\x15", bytes.fromhex("02F206320C1F0E1E0F03"), bytes.fromhex("80486100") * 6]),
    ),
    max_size=8,
)


def merged(readings: list[Reading]) -> list[object]:
    """Numerics and statuses in order, and all samples: what must not depend on how the bytes were cut."""
    samples = [(s, r.quality) for r in readings if isinstance(r, SampleArray) for s in r.samples]
    return [[r for r in readings if not isinstance(r, SampleArray)], samples]


@settings(max_examples=60, deadline=None)
@given(chunks, st.sampled_from([None, *FORMATS]), st.integers(1, 40), st.integers(0, 2**32))
def test_any_bytes_in_any_pieces(parts: list[bytes], format: str | None, most: int, seed: int) -> None:
    data = b"".join(parts)
    whole, cut = NoninDriver(format), NoninDriver(format)
    expected = whole.receive(data, 0.0)
    chance, at, readings = random.Random(seed), 0, []
    while at < len(data):
        step = chance.randint(1, most)
        readings += cut.receive(data[at : at + step], 0.0)
        at += step
    assert merged(readings) == merged(expected)
    assert cut.counts == whole.counts
