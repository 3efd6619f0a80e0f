"""Omron's line: the composed examples, what is held back, and the simulated monitor with every fault."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable
from datetime import datetime
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.driver import NotPossible, PacketCounts, StartCuff, StopCuff
from kapdevices.omron_hbp9030 import lines
from kapdevices.omron_hbp9030.driver import OmronDriver
from kapdevices.omron_hbp9030.lines import Result
from kapdevices.omron_hbp9030.simulator import FAULTS, OmronSimulator
from kapdevices.patient import Patient
from kapdevices.readings import NIBP_METRICS, DeviceStatus, Numeric, Quality, Reading

Capture = Callable[[str], bytes]
AT = datetime(2026, 3, 5, 14, 30)
GOOD = b"2026,03,05,14,30,ROOM2               ,0,124,082,071,0\r\n"


def values(readings: list[Reading]) -> list[float | None]:
    return [r.value for r in readings if isinstance(r, Numeric)]


def qualities(readings: list[Reading]) -> list[Quality]:
    return [r.quality for r in readings if isinstance(r, Numeric)]


def codes(readings: list[Reading]) -> list[str]:
    return [r.code for r in readings if isinstance(r, DeviceStatus)]


class TestComposed:
    def test_good(self, capture: Capture) -> None:
        driver = OmronDriver()
        readings = driver.receive(capture("good"), 0.0)
        assert [r.metric for r in readings if isinstance(r, Numeric)] == list(NIBP_METRICS)
        assert values(readings) == [124, 82, None, 71]
        assert qualities(readings) == [Quality.GOOD, Quality.GOOD, Quality.NO_VALUE, Quality.GOOD]
        assert {r.device_time for r in readings if isinstance(r, Numeric)} == {"2026-03-05T14:30"}
        assert codes(readings) == ["cuff-done"]
        assert driver.counts == PacketCounts(good=1)

    def test_error_2(self, capture: Capture) -> None:
        readings = OmronDriver().receive(capture("error-2"), 0.0)
        assert values(readings) == [None] * 4
        assert set(qualities(readings)) == {Quality.MEASUREMENT_FAILED}
        assert codes(readings) == ["cuff-failed"]
        assert "error 2" in next(r.text for r in readings if isinstance(r, DeviceStatus))

    def test_motion_keeps_the_numbers_and_is_not_valid(self, capture: Capture) -> None:
        readings = OmronDriver().receive(capture("motion"), 0.0)
        assert values(readings) == [131, 84, None, 74]
        assert not any(r.valid for r in readings if isinstance(r, Numeric))
        assert Quality.MOTION in qualities(readings)


def test_the_number_of_the_person_is_nowhere() -> None:
    driver = OmronDriver()
    readings = driver.receive(GOOD, 0.0)
    assert "ROOM2" not in repr(readings)
    assert "ROOM2" not in repr([value for value in vars(driver).values() if isinstance(value, Result)])


@pytest.mark.parametrize(
    ("result", "marked"),
    [
        (Result(AT, 0, 59, 40, 70, 0), [True, False, False]),
        (Result(AT, 0, 261, 82, 70, 0), [True, False, False]),
        (Result(AT, 0, 124, 29, 70, 0), [False, True, False]),
        (Result(AT, 0, 124, 82, 181, 0), [False, False, True]),
        (Result(AT, 0, 82, 124, 70, 0), [True, True, False]),
    ],
)
def test_what_cannot_be_measured_is_marked(result: Result, marked: list[bool]) -> None:
    got = qualities(OmronDriver().receive(lines.encode(result), 0.0))
    assert [quality is Quality.OUT_OF_RANGE for quality in (got[0], got[1], got[3])] == marked


@pytest.mark.parametrize(
    "wrong",
    [
        GOOD.replace(b"124", b"12 "),
        GOOD.replace(b"124", b"   "),
        GOOD.replace(b"124", b"-24"),
        GOOD.replace(b",0,124", b",3,124"),
        GOOD.replace(b"03,05", b"02,30"),
        GOOD.replace(b"14,30", b"24,30"),
        GOOD.replace(b"ROOM2 ", b"ROOM2"),
        GOOD.replace(b"ROOM2 ", b"ROO,2 "),
        GOOD.replace(b"2026", b"x026"),
        GOOD.replace(b",0\r", b",0,\r"),
        GOOD[1:],
    ],
)
def test_a_line_that_does_not_fit_is_not_shown(wrong: bytes) -> None:
    driver = OmronDriver()
    assert values(driver.receive(wrong, 0.0)) == []
    assert driver.counts.good == 0
    assert driver.counts.bad + driver.counts.skipped > 0


def test_after_damage_a_line_must_come_twice_and_that_is_said() -> None:
    driver = OmronDriver()
    readings = driver.receive(GOOD[20:] + GOOD, 0.0)
    assert codes(readings) == ["reading-held"]
    assert values(readings) == []
    assert values(driver.receive(GOOD, 1.0)) == [124, 82, None, 71]


def test_a_line_that_is_said_again_is_not_a_new_measurement() -> None:
    driver = OmronDriver()
    assert len(values(driver.receive(GOOD * 3, 0.0))) == 4
    assert len(values(driver.receive(GOOD.replace(b"14,30", b"14,35"), 300.0))) == 4


@pytest.mark.parametrize("other", [b"MMBP203N,2026,124,82\r\n", b"ID,2026,124,82\r\n", b"bp,124,82,71\r\n"])
def test_other_formats_are_named_once(other: bytes) -> None:
    driver = OmronDriver()
    readings = driver.receive(other * 2, 0.0)
    assert codes(readings) == ["wrong-format"]
    assert "format 5" in next(r.text for r in readings if isinstance(r, DeviceStatus))
    assert driver.counts == PacketCounts(bad=2)
    assert values(driver.receive(GOOD, 1.0)) == [124, 82, None, 71]


def test_line_ends_of_all_kinds_and_zeros_at_the_start() -> None:
    body = GOOD[:-2]
    second, third = body.replace(b"14,30", b"14,31"), body.replace(b"14,30", b"14,32")
    readings = OmronDriver().receive(b"\0\0\r\n" + body + b"\r" + second + b"\n\n" + third + b"\r\n", 0.0)
    assert len(values(readings)) == 12


def test_nothing_can_be_started_or_stopped() -> None:
    driver = OmronDriver()
    for command in (StartCuff(), StopCuff()):
        with pytest.raises(NotPossible, match="keys"):
            driver.command(command, 0.0)
    assert {driver.transmit(float(t)) for t in range(100)} == {b""}


results = st.builds(
    Result,
    st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1)).map(lambda at: at.replace(second=0, microsecond=0)),
    st.just(0),
    st.integers(0, 999),
    st.integers(0, 999),
    st.integers(0, 999),
    st.integers(0, 9),
)


@given(results)
def test_encoding_and_decoding_are_inverse(result: Result) -> None:
    assert lines.result(lines.encode(result, "ROOM2")[: lines.LENGTH]) == result


parts = st.lists(
    st.one_of(
        st.binary(max_size=12),
        results.map(lines.encode),
        st.sampled_from([b"\r", b"\n", b"\0", b"bp,", b"MMBP203N", b"I", GOOD[:30], b"ID" + b"x" * 200]),
    ),
    max_size=10,
)


@settings(max_examples=80, deadline=None)
@given(parts, st.integers(0, 2**32))
def test_any_bytes_in_any_pieces(pieces: list[bytes], seed: int) -> None:
    data = b"".join(pieces)
    whole, cut = OmronDriver(), OmronDriver()
    expected = whole.receive(data, 0.0)
    chance, at, readings = random.Random(seed), 0, []
    while at < len(data):
        step = chance.randint(1, 9)
        readings += cut.receive(data[at : at + step], 0.0)
        at += step
    assert readings == expected
    assert cut.counts == whole.counts


def run(simulator: OmronSimulator, seconds: float, step_s: float = 0.05) -> tuple[list[Reading], OmronDriver]:
    driver, readings = OmronDriver(), []
    for k in range(round(seconds / step_s) + 1):
        readings += driver.receive(simulator.transmit(k * step_s), k * step_s)
    return readings, driver


@pytest.mark.parametrize("fault", ["", *FAULTS])
def test_what_is_decoded_is_what_was_meant(fault: str) -> None:
    simulator = OmronSimulator(Patient("steady"), {fault} - {""})
    readings, _ = run(simulator, 60)
    meant = simulator.measured(5.0)
    shown = [r for r in readings if isinstance(r, Numeric) and r.valid]
    if fault in ("", "said-twice", "late-lf", "zeros-at-start"):
        assert [r.value for r in shown] == [meant.systolic, meant.diastolic, meant.pulse_rate]
    elif fault not in ("noise", "byte-loss"):
        expected = {"wrong-format": "wrong-format", "cut-first": "reading-held", "device-error": "cuff-failed"}
        assert shown == []
        assert codes(readings) == [expected[fault]]


@pytest.mark.parametrize("step_s", [0.05, 3.0, 60.0])
def test_one_measurement_every_five_minutes_at_any_step(step_s: float) -> None:
    readings, driver = run(OmronSimulator(Patient("course")), 3600, step_s)
    assert len(values(readings)) == 4 * 12
    assert driver.counts == PacketCounts(good=12)


def test_a_jump_of_time_sends_only_the_newest() -> None:
    simulator = OmronSimulator(Patient("steady"))
    simulator.transmit(0.0)
    assert len(simulator.transmit(36000.0)) == lines.LENGTH + 2


@pytest.mark.parametrize(("scenario", "code"), [("cuff-leak", "cuff-failed"), ("cuff-weak", "cuff-failed")])
def test_scenarios_of_the_cuff(scenario: str, code: str) -> None:
    assert codes(run(OmronSimulator(Patient(scenario)), 60)[0]) == [code]


def test_manifest_names_what_exists() -> None:
    manifest = tomllib.loads((files("kapdevices.omron_hbp9030") / "manifest.toml").read_text(encoding="utf-8"))
    assert set(manifest["faults"]) == set(FAULTS)
    with pytest.raises(ValueError, match="unknown fault"):
        OmronSimulator(Patient(), {"hiccup"})
