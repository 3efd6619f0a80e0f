"""A measurement from command to result against the simulated module, and everything that must never happen."""

from __future__ import annotations

import random
from collections.abc import Collection
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.driver import NotPossible, StartCuff, StopCuff
from kapdevices.patient import Patient
from kapdevices.readings import NIBP_METRICS, DeviceStatus, Metric, Numeric, Quality, Reading
from kapdevices.suntech import packets
from kapdevices.suntech.driver import Phase, SuntechDriver
from kapdevices.suntech.simulator import FAULTS, SuntechSimulator

START = packets.start("adult")
STEP_S = 0.05


class Bench:
    """A driver and a simulated module on one fake clock, with everything that was sent and read."""

    def __init__(self, scenario: str = "steady", faults: Collection[str] = (), seed: int = 0) -> None:
        self.module = SuntechSimulator(Patient(scenario), faults, seed)
        self.driver = SuntechDriver()
        self.now_s = 0.0
        self.sent: list[tuple[float, bytes]] = []
        self.read: list[tuple[float, Reading]] = []

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.now_s = round(self.now_s + STEP_S, 3)
            data = self.driver.transmit(self.now_s)
            if data:
                self.sent.append((self.now_s, data))
                self.module.receive(data, self.now_s)
            answer = self.module.transmit(self.now_s)
            self.read += [(self.now_s, reading) for reading in self.driver.receive(answer, self.now_s)]

    def start(self) -> None:
        self.driver.command(StartCuff(), self.now_s)

    def stop(self) -> None:
        self.driver.command(StopCuff(), self.now_s)

    @property
    def starts(self) -> int:
        return sum(data == START for _, data in self.sent)

    @property
    def codes(self) -> list[str]:
        return [r.code for _, r in self.read if isinstance(r, DeviceStatus)]

    @property
    def numerics(self) -> list[Numeric]:
        return [r for _, r in self.read if isinstance(r, Numeric) and r.metric in NIBP_METRICS]

    @property
    def pressures(self) -> list[float]:
        cuff = [r for _, r in self.read if isinstance(r, Numeric) and r.metric is Metric.CUFF_PRESSURE]
        return [r.value for r in cuff if r.value is not None]


def test_a_measurement_from_command_to_result() -> None:
    bench = Bench()
    bench.run(2)
    bench.start()
    bench.run(60)
    patient, began_s = Patient("steady"), next(t for t, data in bench.sent if data == START)
    expected = [patient.systolic, patient.diastolic, patient.mean, patient.pulse_rate]
    assert [n.value for n in bench.numerics] == [round(value(began_s)) for value in expected]
    assert all(n.valid for n in bench.numerics)
    assert bench.codes == ["cuff-inflating", "cuff-done"]
    assert max(bench.pressures) >= 150
    assert len(bench.pressures) > 80
    assert bench.driver.phase is Phase.IDLE


def test_set_inflation_then_start_and_at_least_100_ms_between_commands() -> None:
    bench = Bench()
    bench.start()
    bench.run(40)
    commands = [data for _, data in bench.sent if data != packets.GET_PRESSURE]
    assert commands == [packets.set_inflation(160), START, packets.GET_RESULT, packets.GET_RESULT]
    gaps = [b - a for (a, _), (b, _) in pairwise(bench.sent)]
    assert min(gaps) >= 0.1


def test_idle_only_reads_the_pressure_every_two_seconds() -> None:
    bench = Bench()
    bench.run(21)
    assert {data for _, data in bench.sent} == {packets.GET_PRESSURE}
    assert len(bench.sent) in (10, 11)
    assert bench.read == []
    assert bench.driver.counts.good >= 10


@pytest.mark.parametrize(("scenario", "words"), [("cuff-leak", "leak"), ("cuff-weak", "weak or no oscillation")])
def test_failures_of_the_cuff_are_said_in_words_without_values(scenario: str, words: str) -> None:
    bench = Bench(scenario)
    bench.start()
    bench.run(60)
    assert bench.codes == ["cuff-inflating", "cuff-failed"]
    assert any(isinstance(r, DeviceStatus) and words in r.text for _, r in bench.read)
    assert [(n.value, n.quality) for n in bench.numerics] == [(None, Quality.MEASUREMENT_FAILED)] * 4


@pytest.mark.parametrize(
    ("fault", "codes", "valid"),
    [
        ("lost-ack", ["cuff-inflating", "cuff-done"], True),
        ("lost-done", ["cuff-inflating", "cuff-done"], True),
        ("noise", ["cuff-inflating", "cuff-done"], True),
        ("busy", ["cuff-busy"], False),
        ("asleep", ["cuff-refused"], False),
        ("silent", ["cuff-refused"], False),
        ("zero-values", ["cuff-inflating", "cuff-failed"], False),
        ("results-differ", ["cuff-inflating", "cuff-failed"], False),
        ("over-pressure", ["cuff-inflating", "cuff-failed"], False),
        ("deaf-to-stop", ["cuff-inflating", "cuff-done"], True),
    ],
)
def test_every_fault_has_its_end(fault: str, codes: list[str], valid: bool) -> None:
    bench = Bench(faults={fault})
    bench.start()
    bench.run(60)
    assert bench.codes == codes
    assert bench.starts <= 1
    assert any(n.valid for n in bench.numerics) is valid
    assert bench.driver.phase is Phase.IDLE
    assert bench.module.pressure_mmhg(bench.now_s) == 0


def test_every_simulated_fault_is_tested() -> None:
    import tomllib
    from importlib.resources import files

    manifest = tomllib.loads((files("kapdevices.suntech") / "manifest.toml").read_text(encoding="utf-8"))
    assert set(manifest["faults"]) == set(FAULTS)
    assert manifest["commands"] == ["start-cuff", "stop-cuff"]


def test_over_pressure_is_stopped_within_a_poll() -> None:
    bench = Bench(faults={"over-pressure"})
    bench.start()
    bench.run(15)
    aborted_s = next(t for t, data in bench.sent if data == packets.ABORT)
    above_s = next(t for t, r in bench.read if isinstance(r, Numeric) and r.value is not None and r.value > 300)
    assert aborted_s - above_s <= 0.1


def test_180_seconds_are_the_end() -> None:
    bench = Bench(faults={"never-ends"})
    bench.start()
    bench.run(179)
    assert packets.ABORT not in [data for _, data in bench.sent]
    bench.run(6)
    assert packets.ABORT in [data for _, data in bench.sent]
    assert "180 s" in next(r.text for _, r in bench.read if isinstance(r, DeviceStatus) and r.code == "cuff-failed")
    assert bench.module.pressure_mmhg(bench.now_s) == 0


def test_a_stop_goes_out_at_once_and_is_reported() -> None:
    bench = Bench()
    bench.start()
    bench.run(5)
    bench.stop()
    asked_s = bench.now_s
    bench.run(5)
    aborted_s = next(t for t, data in bench.sent if data == packets.ABORT)
    assert aborted_s - asked_s <= 0.1
    assert bench.codes == ["cuff-inflating", "cuff-stopped"]
    assert [(n.value, n.quality) for n in bench.numerics] == [(None, Quality.STOPPED)] * 4
    assert bench.module.pressure_mmhg(bench.now_s) == 0


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 25.0])
def test_nothing_is_started_after_a_stop(after_s: float) -> None:
    bench = Bench()
    bench.start()
    bench.run(after_s)
    bench.stop()
    before = bench.starts
    bench.run(60)
    assert bench.starts == before
    assert packets.ABORT in [data for _, data in bench.sent]
    assert bench.module.pressure_mmhg(bench.now_s) == 0
    assert not any(n.valid for n in bench.numerics)


def test_a_stop_that_is_not_answered_is_repeated_and_said() -> None:
    bench = Bench(faults={"deaf-to-stop"})
    bench.start()
    bench.run(5)
    bench.stop()
    bench.run(5)
    assert bench.module.pressure_mmhg(bench.now_s) == 0
    assert bench.codes[-1] == "cuff-stopped"

    silent = Bench(faults={"silent"})
    silent.stop()
    silent.run(5)
    assert sum(data == packets.ABORT for _, data in silent.sent) >= 8
    assert "does not answer the stop" in next(r.text for _, r in silent.read if isinstance(r, DeviceStatus))


def test_setting_waits_half_a_second_after_a_stop() -> None:
    bench = Bench()
    bench.run(1)
    bench.stop()
    while bench.driver.phase is not Phase.IDLE:
        bench.run(STEP_S)
    bench.start()
    bench.run(2)
    times = {data: t for t, data in bench.sent}
    assert times[packets.set_inflation(160)] - times[packets.ABORT] >= 0.5


def test_a_start_is_refused_while_one_runs() -> None:
    bench = Bench()
    bench.start()
    bench.run(3)
    with pytest.raises(NotPossible, match="under way"):
        bench.start()
    bench.stop()
    bench.run(20)
    bench.start()
    bench.run(3)
    assert bench.starts == 2


@pytest.mark.parametrize(
    "command", [StartCuff(initial_mmhg=290), StartCuff(initial_mmhg=20), StartCuff("neonatal"), StartCuff("cat")]
)
def test_impossible_starts_are_refused_in_words(command: StartCuff) -> None:
    driver = SuntechDriver()
    with pytest.raises(NotPossible, match=r"mmHg|unknown"):
        driver.command(command, 0.0)
    assert driver.phase is Phase.IDLE


def test_an_old_start_is_not_sent_when_the_line_comes_back() -> None:
    driver = SuntechDriver()
    driver.command(StartCuff(), 0.0)
    assert driver.transmit(0.05) == packets.set_inflation(160)
    driver.receive(packets.answer("K"), 10.0)
    sent = [driver.transmit(10 + k * STEP_S) for k in range(100)]
    assert START not in sent
    assert [r.code for r in driver.receive(b"", 16.0) if isinstance(r, DeviceStatus)] == ["cuff-refused"]


def test_a_cuff_that_never_fills_is_given_up_with_an_abort() -> None:
    driver = SuntechDriver()
    driver.command(StartCuff(), 0.0)
    sent, readings = [], []
    for k in range(1, 400):
        now_s = k * STEP_S
        data = driver.transmit(now_s)
        sent.append(data)
        answer = {packets.set_inflation(160): packets.answer("K"), packets.GET_PRESSURE: packets.pressure(0)}
        readings += driver.receive(answer.get(data, b""), now_s)
    assert sent.count(START) == 1
    assert packets.ABORT in sent
    said = [reading for reading in readings if isinstance(reading, DeviceStatus)]
    assert said[0] == DeviceStatus("cuff-failed", "the module did not answer the start and the cuff does not fill")


def test_an_abort_at_the_module_is_said() -> None:
    bench = Bench()
    bench.start()
    bench.run(5)
    bench.module.receive(packets.ABORT, bench.now_s)
    bench.run(2)
    assert bench.codes == ["cuff-inflating", "cuff-stopped"]
    assert {n.quality for n in bench.numerics} == {Quality.STOPPED}


def test_farewell_is_the_abort() -> None:
    assert SuntechDriver().farewell() == packets.ABORT


events = st.lists(
    st.one_of(
        st.sampled_from(["start", "stop", "wait", "wait", "wait"]),
        st.binary(max_size=6),
        st.sampled_from([*map(packets.answer, packets.ANSWERS), packets.pressure(0), packets.pressure(80)]),
        st.integers(0, 320).map(packets.pressure),
    ),
    max_size=60,
)


@settings(deadline=None)
@given(events, st.integers(0, 2**32))
def test_whatever_the_module_says_starts_never_outnumber_commands_and_a_stop_always_goes_out(
    script: list[str | bytes], seed: int
) -> None:
    driver, chance, now_s = SuntechDriver(), random.Random(seed), 0.0
    allowed, starts, last_start_s, stop_due_s = 0, 0, -1e9, None
    for event in script:
        if event == "start":
            try:
                driver.command(StartCuff(), now_s)
                allowed += 1
            except NotPossible:
                pass
        elif event == "stop":
            driver.command(StopCuff(), now_s)
            allowed = starts
            stop_due_s = now_s
        elif isinstance(event, bytes):
            driver.receive(event, now_s)
        for _ in range(chance.choice([1, 1, 3, 40])):
            now_s += STEP_S
            sent = driver.transmit(now_s)
            if sent == START:
                starts += 1
                assert now_s - last_start_s >= 60
                last_start_s = now_s
            if sent == packets.ABORT:
                stop_due_s = None
            assert stop_due_s is None or now_s - stop_due_s < 0.2
    assert starts <= allowed


@pytest.mark.parametrize(("mmhg", "quality"), [(300, Quality.GOOD), (301, Quality.OUT_OF_RANGE)])
def test_a_pressure_that_no_cuff_can_have_is_not_valid(mmhg: int, quality: Quality) -> None:
    readings = SuntechDriver().receive(packets.pressure(mmhg), 0.0)
    shown = [r for r in readings if isinstance(r, Numeric) and r.metric is Metric.CUFF_PRESSURE]
    assert [(r.value, r.quality) for r in shown] == [(mmhg, quality)]
