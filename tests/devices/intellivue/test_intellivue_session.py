"""Driver and simulated monitor together: association, its ends, pressures, waves, damage, jumps of time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import pytest

from kapdevices.catalog import catalog
from kapdevices.driver import NotPossible, StartCuff, StopCuff
from kapdevices.intellivue import frames, messages
from kapdevices.intellivue.driver import IntellivueDriver
from kapdevices.intellivue.nibp import NibpKeeper
from kapdevices.intellivue.session import Phase
from kapdevices.intellivue.simulator import EPOCH, FAULTS, FIRST_PRESSURE_S, SENSORS, IntellivueSimulator
from kapdevices.patient import RESPIRATION_HZ, Patient
from kapdevices.readings import NIBP_METRICS, DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray

STEP_S = 0.05


class Bench:
    """A driver and a simulated monitor on one fake clock."""

    def __init__(self, scenario: str = "steady", faults: Collection[str] = (), attached: Collection[str] = SENSORS):
        self.patient = Patient(scenario)
        self.monitor = IntellivueSimulator(self.patient, faults, 0, attached)
        self.driver = IntellivueDriver()
        self.now_s = 0.0
        self.plugged = True
        self.sent: list[tuple[float, bytes]] = []
        self.turns: list[tuple[float, list[Reading]]] = []

    def run(self, seconds: float, speed: float = 1.0) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.now_s = round(self.now_s + STEP_S, 3)
            data = self.driver.transmit(self.now_s)
            if data:
                payload = frames.payload(data)
                assert payload is not None
                self.sent.append((self.now_s, payload))
            self.monitor.receive(data if self.plugged else b"", speed * self.now_s)
            answer = self.monitor.transmit(speed * self.now_s)
            self.turns.append((self.now_s, self.driver.receive(answer if self.plugged else b"", self.now_s)))

    def count(self, message: bytes) -> int:
        return sum(payload == message for _, payload in self.sent)

    @property
    def read(self) -> list[tuple[float, Reading]]:
        return [(t_s, reading) for t_s, turn in self.turns for reading in turn]

    @property
    def codes(self) -> list[str]:
        return [r.code for _, r in self.read if isinstance(r, DeviceStatus)]

    def numerics(self, metric: Metric) -> list[tuple[float, Numeric]]:
        return [(t_s, r) for t_s, r in self.read if isinstance(r, Numeric) and r.metric is metric]

    @property
    def nibp(self) -> list[list[Numeric]]:
        """The NIBP numerics, one list for each turn that gave any."""
        found = [[r for r in turn if isinstance(r, Numeric) and r.metric in NIBP_METRICS] for _, turn in self.turns]
        return [numerics for numerics in found if numerics]


def test_values_are_the_patients() -> None:
    bench = Bench()
    bench.run(25)
    for metric, value in (
        (Metric.SPO2, bench.patient.spo2),
        (Metric.PULSE_RATE, bench.patient.pulse_rate),
        (Metric.HEART_RATE, bench.patient.pulse_rate),
    ):
        said = bench.numerics(metric)
        assert len(said) >= 22
        for t_s, numeric in said:
            assert numeric.valid
            assert numeric.value is not None
            assert abs(numeric.value - value(t_s)) < 1
    assert {n.value for _, n in bench.numerics(Metric.TEMPERATURE)} == {37.1}
    assert {n.value for _, n in bench.numerics(Metric.PERFUSION_INDEX)} == {2.5}
    assert {n.value for _, n in bench.numerics(Metric.RESP_RATE)} == {round(60 * RESPIRATION_HZ)}
    assert bench.codes[0] == "associated"


def test_waves_at_their_rates_and_the_pleth_sample_by_sample() -> None:
    bench = Bench()
    bench.run(10)
    pieces = [r for _, r in bench.read if isinstance(r, SampleArray)]
    pleth = [sample for p in pieces if p.metric is Metric.PLETH for sample in p.samples]
    assert len(pleth) == pytest.approx(125 * 9.5, abs=70)
    assert sum(len(p.samples) for p in pieces if p.metric is Metric.ECG) == 2 * len(pleth)
    asked_s = next(t_s for t_s, payload in bench.sent if payload == messages.POLL_WAVES)
    assert pleth == [
        round(4095 * bench.patient.pleth(asked_s + 0.256 * (k // 32) + k % 32 / 125)) for k in range(len(pleth))
    ]
    assert {p.full_scale for p in pieces} == {4095, 16383}


def test_what_is_sent_is_association_answer_and_polls_and_nothing_else() -> None:
    bench = Bench(attached=("spo2",))
    bench.run(310)
    kinds = [messages.ASSOCIATE, messages.mds_result(1), messages.POLL_NUMERICS, messages.POLL_WAVES]
    assert {payload for _, payload in bench.sent} == set(kinds)
    assert [bench.count(kind) for kind in kinds] == [1, 1, bench.count(messages.POLL_NUMERICS), 2]
    assert bench.count(messages.POLL_NUMERICS) == pytest.approx(308, abs=3)
    times = [t_s for t_s, _ in bench.sent]
    assert min(b - a for a, b in zip(times, times[1:], strict=False)) >= 0.099


def test_each_pressure_is_given_once_with_the_monitors_time() -> None:
    bench = Bench(attached=("spo2",))
    bench.run(FIRST_PRESSURE_S + 305)
    assert len(bench.nibp) == 2
    for numerics, at_s in zip(bench.nibp, (FIRST_PRESSURE_S, FIRST_PRESSURE_S + 300), strict=True):
        patient = bench.patient
        wanted = [f(at_s) for f in (patient.systolic, patient.diastolic, patient.mean, patient.pulse_rate)]
        assert [n.metric for n in numerics] == list(NIBP_METRICS)
        assert [n.value for n in numerics] == [round(value) for value in wanted]
        assert all(n.valid and n.live for n in numerics)
        assert {n.device_time for n in numerics} == {(EPOCH + timedelta(seconds=at_s)).isoformat()}
    assert bench.codes == ["associated", "nibp-measuring", "cuff-done", "nibp-measuring", "cuff-done"]


def test_kilopascal_is_shown_as_mmhg() -> None:
    bench = Bench(faults={"kilopascal"})
    bench.run(FIRST_PRESSURE_S + 5)
    (numerics,) = bench.nibp
    assert numerics[0].value == pytest.approx(bench.patient.systolic(FIRST_PRESSURE_S), abs=0.5)


@pytest.mark.parametrize("scenario", ["cuff-leak", "cuff-weak"])
def test_a_measurement_without_values_is_a_failure(scenario: str) -> None:
    bench = Bench(scenario)
    bench.run(FIRST_PRESSURE_S + 5)
    (numerics,) = bench.nibp
    assert [(n.value, n.quality) for n in numerics] == [(None, Quality.MEASUREMENT_FAILED)] * 4
    assert bench.codes == ["associated", "nibp-measuring", "cuff-failed"]


def test_an_old_pressure_is_said_and_not_shown() -> None:
    bench = Bench(faults={"old-pressure"})
    bench.run(20)
    assert bench.nibp == []
    assert bench.codes.count("nibp-from-before") == 1
    bench.run(20)
    assert len(bench.nibp) == 1


def test_objects_that_come_and_go_make_no_pressure_twice() -> None:
    bench = Bench(faults={"object-missing"})
    bench.run(90)
    assert len(bench.nibp) == 1
    assert all(n.valid for n in bench.nibp[0])


def test_a_refusal_is_said_once_and_asked_again() -> None:
    bench = Bench(faults={"refuse-first"})
    bench.run(20)
    assert bench.codes[:2] == ["association-refused", "associated"]
    assert bench.codes.count("association-refused") == 1
    assert bench.numerics(Metric.SPO2)


def test_an_abort_is_said_and_a_new_association_begins_without_the_old_pressure_again() -> None:
    bench = Bench(faults={"abort"})
    bench.run(100)
    assert bench.codes.count("association-ended") == 4
    assert bench.codes.count("associated") == 5
    assert len(bench.nibp) == 1
    gaps = [t_s for t_s, _ in bench.numerics(Metric.SPO2)]
    assert max(b - a for a, b in zip(gaps, gaps[1:], strict=False)) < 4


def test_a_monitor_that_fell_silent_is_asked_anew_with_a_release_before() -> None:
    bench = Bench()
    bench.run(5)
    bench.plugged = False
    bench.run(15)
    assert bench.codes == ["associated", "association-lost"]
    assert bench.driver.phase is Phase.ASSOCIATING
    order = [payload for _, payload in bench.sent if payload in (messages.RELEASE_REQUEST, messages.ASSOCIATE)]
    assert order[1:3] == [messages.RELEASE_REQUEST, messages.ASSOCIATE]
    bench.plugged = True
    bench.run(15)
    assert bench.codes.count("associated") == 2
    assert bench.driver.phase is Phase.POLLING


def test_an_association_left_over_is_released_before_a_new_one() -> None:
    bench = Bench()
    bench.run(5)
    bench.driver = IntellivueDriver()
    bench.run(25)
    assert bench.driver.phase is Phase.POLLING


def test_a_silent_monitor_is_asked_every_four_seconds() -> None:
    bench = Bench(faults={"silent"})
    bench.run(40)
    assert 8 <= bench.count(messages.ASSOCIATE) <= 11
    assert bench.count(messages.RELEASE_REQUEST) >= 2
    assert bench.count(messages.POLL_NUMERICS) == 0
    assert bench.read == []


def test_finger_out_and_motion() -> None:
    out = Bench("finger-out", attached=("spo2",))
    out.now_s = 215.0
    out.run(15)
    said = [(n.value is None, n.quality) for _, n in out.numerics(Metric.SPO2)]
    assert list(dict.fromkeys(said)) == [(False, Quality.GOOD), (True, Quality.NO_VALUE)]
    moved = Bench("motion")
    moved.now_s = 75.0
    moved.run(8)
    assert {n.quality for _, n in moved.numerics(Metric.SPO2)} == {Quality.GOOD, Quality.ARTEFACT}


def test_without_sensors_nothing_is_valid() -> None:
    bench = Bench(attached=())
    bench.run(10)
    assert bench.numerics(Metric.SPO2)
    assert not any(r.valid for _, r in bench.read if isinstance(r, Numeric))
    assert {r.quality for _, r in bench.read if isinstance(r, SampleArray)} == {Quality.NO_VALUE}


@pytest.mark.parametrize("fault", ["noise", "byte-loss", "bad-fcs"])
def test_on_a_damaged_line_no_number_is_wrong(fault: str) -> None:
    bench = Bench(faults={fault})
    bench.run(60)
    said = bench.numerics(Metric.SPO2)
    assert len(said) > 25
    assert bench.driver.counts.bad > 3
    for t_s, numeric in said:
        assert numeric.value is not None
        assert abs(numeric.value - bench.patient.spo2(t_s)) < 1
    assert len(bench.nibp) == 1
    assert bench.nibp[0][0].value == round(bench.patient.systolic(FIRST_PRESSURE_S))


def test_a_jump_of_time_brings_the_present_and_not_the_past() -> None:
    bench = Bench()
    bench.run(5)
    late = bench.monitor.transmit(300.0)
    assert 1000 < len(late) < 8000
    assert len(bench.monitor.transmit(1e6)) < 100  # only the abort of an association without polls


def test_sixty_times_faster_the_numbers_still_come() -> None:
    bench = Bench()
    bench.run(16, speed=60)
    assert len(bench.numerics(Metric.SPO2)) > 11
    assert len(bench.nibp) >= 3
    assert bench.codes.count("associated") == 1


def test_the_cuff_cannot_be_worked_and_farewell_releases() -> None:
    driver = IntellivueDriver()
    for command in (StartCuff(), StopCuff()):
        with pytest.raises(NotPossible, match="monitor's own keys"):
            driver.command(command, 0.0)
    assert driver.farewell() == b""
    driver.transmit(0.0)
    assert frames.payload(driver.farewell()) == messages.RELEASE_REQUEST


class TestPressures:
    """The keeper by itself: what is new, what is old, which pulse rate belongs to it."""

    AT = EPOCH

    def seal(
        self, keeper: NibpKeeper, sys: float | None, stamp_s: float | None, pulse: bool = True, age: float | None = None
    ) -> list[Reading]:
        stamp = None if stamp_s is None else self.AT + timedelta(seconds=stamp_s)
        for metric, value in ((Metric.NIBP_SYS, sys), (Metric.NIBP_DIA, 80.0), (Metric.NIBP_MEAN, 95.0)):
            keeper.add(Numeric(metric, None if sys is None else value, Quality.GOOD), stamp, measuring=False)
        if pulse:
            keeper.add(Numeric(Metric.NIBP_PULSE_RATE, 70.0), stamp, measuring=False)
        return keeper.seal(lambda _: age)

    def settled(self) -> NibpKeeper:
        keeper = NibpKeeper()
        for _ in range(5):
            keeper.seal(lambda _: None)
        return keeper

    @pytest.mark.parametrize(("age", "shown"), [(60, True), (121, False), (-60, False), (None, False)])
    def test_at_the_beginning_age_decides(self, age: float | None, shown: bool) -> None:
        readings = self.seal(NibpKeeper(), 120.0, 0, age=age)
        assert any(isinstance(r, Numeric) for r in readings) is shown

    def test_replies_that_lost_parts_do_not_make_an_old_pressure_a_new_one(self) -> None:
        keeper = NibpKeeper()
        for _ in range(5):
            keeper.seal(lambda _: None, whole=False)
        readings = self.seal(keeper, 120.0, 0, age=9999)
        assert [r.code for r in readings if isinstance(r, DeviceStatus)] == ["nibp-from-before"]
        assert len(readings) == 1

    def test_later_every_new_one_counts_whatever_the_clocks_say(self) -> None:
        keeper = self.settled()
        assert len(self.seal(keeper, 120.0, 0, age=9999)) == 5
        assert self.seal(keeper, 120.0, 0) == []
        assert len(self.seal(keeper, 120.0, 300)) == 5
        assert len(self.seal(keeper, 125.0, None)) == 5
        assert self.seal(keeper, 125.0, None) == []

    def test_a_pulse_rate_may_come_later_or_not_at_all(self) -> None:
        keeper = self.settled()
        assert self.seal(keeper, 120.0, 0, pulse=False) == []
        assert Numeric(Metric.NIBP_PULSE_RATE, 70.0, device_time=self.AT.isoformat()) in self.seal(keeper, 120.0, 0)
        for _ in range(2):
            assert self.seal(keeper, 130.0, 300, pulse=False) == []
        late = self.seal(keeper, 130.0, 300, pulse=False)
        assert [r.value for r in late if isinstance(r, Numeric)] == [130.0, 80.0, 95.0, None]

    def test_the_pulse_rate_of_another_measurement_is_not_taken(self) -> None:
        keeper = self.settled()
        keeper.add(Numeric(Metric.NIBP_PULSE_RATE, 70.0), self.AT - timedelta(minutes=5), measuring=False)
        readings = self.seal(keeper, 120.0, 0, pulse=False)
        assert [r.value for r in readings if isinstance(r, Numeric)] == [120.0, 80.0, 95.0, None]

    def test_values_that_are_withdrawn_are_no_failure_and_no_news_when_they_return(self) -> None:
        keeper = self.settled()
        self.seal(keeper, 120.0, 0)
        assert self.seal(keeper, None, 0) == []
        assert self.seal(keeper, 120.0, 0) == []
        assert [r.code for r in self.seal(keeper, None, 300) if isinstance(r, DeviceStatus)] == ["cuff-failed"]

    def test_pressures_that_cannot_be_are_not_valid(self) -> None:
        readings = self.seal(self.settled(), 70.0, 0)
        assert [r.quality for r in readings if isinstance(r, Numeric)] == [Quality.OUT_OF_RANGE] * 3 + [Quality.GOOD]

    def test_measuring_is_said_when_it_begins(self) -> None:
        keeper = NibpKeeper()
        part = Numeric(Metric.NIBP_SYS, None, Quality.NO_VALUE)
        said = [len(keeper.add(part, None, measuring)) for measuring in (False, True, True, False, True)]
        assert said == [0, 1, 0, 0, 1]


def test_manifest_names_what_exists() -> None:
    assert set(catalog()["intellivue"].faults) == set(FAULTS)


def test_unknown_faults_and_sensors_are_refused() -> None:
    for wrong in ({"faults": ["hiccup"]}, {"attached": ["eeg"]}):
        with pytest.raises(ValueError, match="unknown fault or sensor"):
            IntellivueSimulator(Patient(), **wrong)
