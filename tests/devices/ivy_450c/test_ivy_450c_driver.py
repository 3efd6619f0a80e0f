"""What the driver shows and what it holds back: two messages, damage, unknown statuses, the cuff, and the simulator."""

from __future__ import annotations

import random
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.catalog import read_manifest
from kapdevices.driver import NotPossible, StartCuff, StopCuff
from kapdevices.ivy_450c.driver import IvyDriver
from kapdevices.ivy_450c.messages import encode
from kapdevices.ivy_450c.simulator import FAULTS, IvySimulator
from kapdevices.patient import Patient
from kapdevices.readings import NIBP_METRICS, DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray

WAVES = (bytes(200), *([bytes(50)] * 4))


def message(
    *lines: str, hr: str = "1;72;ECG-II-DIAG", spo2: str = "1;97;PR=72 ", nibp: str = "4;121;75;92;80;"
) -> bytes:
    return encode(WAVES, lines or (f"HR={hr};", f"SPO2={spo2};", f"NIBP={nibp};"))


def shown(readings: list[Reading], metric: Metric = Metric.HEART_RATE) -> list[tuple[float | None, Quality]]:
    return [(r.value, r.quality) for r in readings if isinstance(r, Numeric) and r.metric is metric]


def cuffs(readings: list[Reading]) -> list[tuple[float | None, bool, Quality]]:
    found = [r for r in readings if isinstance(r, Numeric) and r.metric in NIBP_METRICS]
    assert [r.metric for r in found] == list(NIBP_METRICS) * (len(found) // 4)
    return [(r.value, r.live, r.quality) for r in found if r.metric is Metric.NIBP_SYS]


def codes(readings: list[Reading]) -> list[str]:
    return [r.code for r in readings if isinstance(r, DeviceStatus)]


@pytest.fixture
def driver() -> IvyDriver:
    return IvyDriver()


def feed(driver: IvyDriver, *parts: bytes) -> list[Reading]:
    return [reading for second, part in enumerate(parts) for reading in driver.receive(part, float(second))]


def test_a_value_needs_two_messages_and_may_move_a_little(driver: IvyDriver) -> None:
    assert shown(feed(driver, message())) == []
    assert shown(driver.receive(message(hr="1;74;ECG-II-DIAG"), 1.0)) == [(74, Quality.GOOD)]


def test_a_jump_is_shown_when_it_was_said_twice(driver: IvyDriver) -> None:
    jump = message(hr="1;130;ECG-II-DIAG")
    assert shown(feed(driver, message(), message(), jump)) == [(72, Quality.GOOD)]
    assert shown(driver.receive(jump, 3.0)) == [(130, Quality.GOOD)]


def test_after_damage_two_messages_must_be_exactly_alike_for_a_minute(driver: IvyDriver) -> None:
    near = message(hr="1;74;ECG-II-DIAG")
    feed(driver, message(), message(), b"\x00" + message())
    assert shown(driver.receive(near, 4.0)) == []
    assert shown(driver.receive(near, 5.0)) == [(74, Quality.GOOD)]
    feed(driver, *[near] * 80)
    assert shown(feed(driver, near, message())) == [(74, Quality.GOOD), (72, Quality.GOOD)]


def test_the_cut_message_at_the_start_is_no_damage(driver: IvyDriver) -> None:
    readings = feed(driver, message()[-252:], message(), message(hr="1;75;ECG-II-DIAG"))
    assert shown(readings) == [(75, Quality.GOOD)]


def test_a_message_confirms_nothing_after_a_silence(driver: IvyDriver) -> None:
    driver.receive(message(), 0.0)
    assert shown(driver.receive(message(), 10.0)) == []


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("1;;ECG-II-DIAG", (None, Quality.NO_VALUE)),
        ("1;---;ECG-II-DIAG", (None, Quality.NO_VALUE)),
        ("1;0;ECG-II-DIAG", (0, Quality.OUT_OF_RANGE)),
        ("1;999;ECG-II-DIAG", (999, Quality.OUT_OF_RANGE)),
        ("1;72;LEAD FAIL", (72, Quality.SENSOR_OFF)),
        ("1;;NO LEADS", (None, Quality.SENSOR_DISCONNECTED)),
        ("2;72;ECG-II-DIAG", (None, Quality.NO_VALUE)),
    ],
)
def test_what_is_no_sure_value_is_not_valid(
    driver: IvyDriver, field: str, expected: tuple[float | None, Quality]
) -> None:
    assert shown(feed(driver, message(hr=field), message(hr=field))) == [expected]


def test_an_unknown_status_is_said_once_and_its_end_too(driver: IvyDriver) -> None:
    other = message(hr="3;72;ECG-II-DIAG")
    assert codes(feed(driver, *[message()] * 2, *[other] * 4, *[message()] * 4)) == ["unknown-status", "usual-status"]


def test_pulse_rate_is_read_from_the_text_of_spo2(driver: IvyDriver) -> None:
    readings = feed(driver, *[message(spo2="1;;PR=   ")] * 2, *[message(spo2="1;88;PR=151")] * 2)
    assert shown(readings, Metric.PULSE_RATE) == [(None, Quality.NO_VALUE), (151, Quality.GOOD)]
    assert shown(readings, Metric.SPO2) == [(None, Quality.NO_VALUE), (88, Quality.GOOD)]


def test_words_about_a_sensor_mark_its_wave(driver: IvyDriver) -> None:
    readings = feed(driver, message(spo2="1;;SENSOR OFF"))
    quality = {r.metric: r.quality for r in readings if isinstance(r, SampleArray)}
    assert quality == {Metric.ECG: Quality.GOOD, Metric.RESP: Quality.GOOD, Metric.PLETH: Quality.SENSOR_OFF}


class TestCuff:
    NEW, NONE = message(nibp="4;132;80;98;77;"), message(nibp="4;;;;;")

    def test_what_stands_there_at_the_start_is_not_live_and_what_follows_is_given_once(self, driver: IvyDriver) -> None:
        readings = feed(driver, *[message()] * 5, *[self.NEW] * 5)
        assert cuffs(readings) == [(121, False, Quality.GOOD), (132, True, Quality.GOOD)]
        assert codes(readings) == ["cuff-done"]

    def test_the_first_result_after_an_empty_field_is_live(self, driver: IvyDriver) -> None:
        assert cuffs(feed(driver, *[self.NONE] * 3, *[self.NEW] * 3)) == [(132, True, Quality.GOOD)]

    def test_the_same_numbers_after_an_empty_field_are_a_new_result(self, driver: IvyDriver) -> None:
        readings = feed(driver, *[self.NEW] * 3, *[self.NONE] * 3, *[self.NEW] * 3)
        assert cuffs(readings) == [(132, False, Quality.GOOD), (132, True, Quality.GOOD)]

    def test_a_result_said_once_is_none(self, driver: IvyDriver) -> None:
        assert cuffs(feed(driver, *[message()] * 3, self.NEW, *[message()] * 3)) == [(121, False, Quality.GOOD)]

    @pytest.mark.parametrize("field", ["4;75;121;92;80;", "4;121;75;130;80;", "4;350;75;92;80;", "4;121;0;92;80;"])
    def test_pressures_that_cannot_be_are_out_of_range(self, driver: IvyDriver, field: str) -> None:
        ((_, _, quality),) = cuffs(feed(driver, *[message(nibp=field)] * 2))
        assert quality is Quality.OUT_OF_RANGE

    @pytest.mark.parametrize("field", ["4;121;;;;", "5;121;75;92;80;", "4;121;75;92;80;CHECK CUFF", "4;12x;75;92;80;"])
    def test_a_part_of_a_result_or_one_in_doubt_is_none(self, driver: IvyDriver, field: str) -> None:
        assert cuffs(feed(driver, *[message(nibp=field)] * 3)) == []

    def test_no_command_is_known(self, driver: IvyDriver) -> None:
        for command in (StartCuff(), StopCuff()):
            with pytest.raises(NotPossible, match="at the monitor"):
                driver.command(command, 0.0)
        assert driver.transmit(9.0) == driver.farewell() == b""


@pytest.mark.parametrize("at", [*range(9), *range(9, 409, 37), 409, 410, 430, 440, -2, -1])
def test_a_lost_byte_costs_the_message_or_a_line_and_never_makes_a_value(driver: IvyDriver, at: int) -> None:
    whole = message()
    place = at % len(whole)
    readings = feed(driver, *[whole[:place] + whole[place + 1 :]] * 3)
    assert {value for value, _ in shown(readings)} <= {72}
    assert {value for value, _ in shown(readings, Metric.SPO2)} <= {97}


@pytest.mark.parametrize("at", range(9, 409, 23))
def test_a_byte_too_many_among_the_waves_costs_the_message(driver: IvyDriver, at: int) -> None:
    whole = message()
    assert feed(driver, *[whole[:at] + b"A" + whole[at:]] * 3) == []


FOREIGN = {
    "contec v7": bytes.fromhex("01 E0 C0 BC B0 C8 E1 FF FF") * 400,
    "masimo line": b"03/14/26 10:11:12 SN=0000093112 SPO2=098% BPM=097 PI=03.80% ALARM=0000\r\n" * 60,
    "all ones": b"\xff" * 4000,
    "any bytes": random.Random(2).randbytes(60000),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_bytes_give_no_reading(driver: IvyDriver, name: str) -> None:
    assert driver.receive(FOREIGN[name], 0.0) == []


line = st.builds(
    "{}={};{};{};".format,
    st.sampled_from(["HR", "RR", "SPO2", "T1", "XX"]),
    st.integers(0, 9),
    st.sampled_from(["", "0", "72", "72 ", "999", "x"]),
    st.sampled_from(["", "PR=80 ", "PR=", "SENSOR OFF", "a;b"]),
)
parts = st.lists(
    st.one_of(
        st.binary(max_size=30),
        st.builds(lambda lines: message(*lines), st.lists(line, min_size=1, max_size=4)),
        st.builds(lambda at, byte: message()[:at] + byte + message()[at:], st.integers(0, 460), st.binary(max_size=2)),
        st.sampled_from([message(), message(), message(nibp="4;132;80;98;77;")]),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(parts, st.integers(1, 300), st.integers(0, 2**32))
def test_any_bytes_in_any_pieces(pieces: list[bytes], most: int, seed: int) -> None:
    data = b"".join(pieces)
    whole, cut = IvyDriver(), IvyDriver()
    expected = whole.receive(data, 0.0)
    chance, at, readings = random.Random(seed), 0, []
    while at < len(data):
        step = chance.randint(1, most)
        readings += cut.receive(data[at : at + step], 0.0)
        at += step
    assert readings == expected
    assert cut.counts == whole.counts


def run(simulator: IvySimulator, seconds: float, start_s: float = 0.0) -> list[tuple[float, Reading]]:
    driver, out = IvyDriver(), []
    for turn in range(round(seconds / 0.1)):
        now_s = start_s + turn * 0.1
        out += [(now_s, reading) for reading in driver.receive(simulator.transmit(now_s), now_s)]
    return out


class TestSimulator:
    @pytest.mark.parametrize("fault", ["", *FAULTS])
    def test_what_is_decoded_is_what_was_meant(self, fault: str) -> None:
        patient = Patient("course", dose_at_s=10)
        simulator = IvySimulator(patient, {fault} - {""})
        good = 0
        for t_s, reading in run(simulator, 60):
            if not isinstance(reading, Numeric) or not reading.valid:
                continue
            near = [max(0.0, t_s - back / 4) for back in range(10)]
            if reading.metric is Metric.SPO2:
                assert reading.value in {round(patient.spo2(at)) for at in near}
            elif reading.metric in (Metric.HEART_RATE, Metric.PULSE_RATE):
                rates = [simulator.rate(at) for at in near]
                assert min(rates) <= reading.value <= max(rates)  # type: ignore[operator]
            good += 1
        assert (good > 10) is (fault != "blank")

    def test_waves_arrive_complete_and_unchanged(self) -> None:
        patient = Patient("steady")
        pieces = [r for _, r in run(IvySimulator(patient), 10) if isinstance(r, SampleArray)]
        pleth = [s for r in pieces if r.metric is Metric.PLETH for s in r.samples]
        assert len(pleth) >= 9 * 50
        assert pleth == [round(255 * patient.pleth(-1 + k / 50)) for k in range(len(pleth))]
        assert {len(r.samples) / r.rate_hz for r in pieces} == {1.0}

    @pytest.mark.parametrize("step_s", [0.01, 0.25, 1.0, 1.9])
    def test_a_message_a_second_at_any_step_and_never_cut_after_a_jump(self, step_s: float) -> None:
        simulator, driver = IvySimulator(Patient("steady")), IvyDriver()
        for turn in range(int(60 / step_s) + 1):
            driver.receive(simulator.transmit(turn * step_s), turn * step_s)
        assert driver.counts.good == pytest.approx(60, abs=2)
        driver.receive(simulator.transmit(9000.0) + simulator.transmit(9001.0), 9001.0)
        assert driver.counts.skipped == driver.counts.bad == 0

    def test_finger_out_and_motion_are_not_valid(self) -> None:
        away = [r for t, r in run(IvySimulator(Patient("finger-out")), 25, 215.0) if t > 223 and isinstance(r, Numeric)]
        assert {r.quality for r in away if r.metric is Metric.SPO2} == {Quality.SENSOR_OFF}
        assert {r.value for r in away if r.metric is Metric.SPO2} == {None}
        assert all(r.valid for r in away if r.metric is Metric.HEART_RATE)
        moving = [r for t, r in run(IvySimulator(Patient("motion")), 19, 70.0) if t > 82 and isinstance(r, Numeric)]
        assert {r.quality for r in moving if r.metric is Metric.SPO2} == {Quality.ARTEFACT}

    @pytest.mark.parametrize(("fault", "live"), [("", [False, True]), ("equal-cuff", [False, True]), ("blank", [])])
    def test_the_monitors_own_measurement_is_seen_once(self, fault: str, live: list[bool]) -> None:
        readings = [r for _, r in run(IvySimulator(Patient("steady"), {fault} - {""}), 100, 260.0)]
        assert [at for _, at, _ in cuffs(readings)] == live

    def test_unknown_faults_are_refused(self) -> None:
        with pytest.raises(ValueError, match="unknown fault"):
            IvySimulator(Patient(), ["hiccup"])

    def test_manifest_names_what_exists(self) -> None:
        text = (files("kapdevices.ivy_450c") / "manifest.toml").read_text(encoding="utf-8")
        assert set(read_manifest(text, "ivy_450c").faults) == set(FAULTS)
