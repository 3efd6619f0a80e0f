"""A measurement from command to result against the simulated monitor, and everything that must never happen."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Collection
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.aandd_tm2655 import packets
from kapdevices.aandd_tm2655.driver import AanddDriver, Phase
from kapdevices.aandd_tm2655.simulator import BEFORE, FAULTS, AanddSimulator
from kapdevices.driver import NotPossible, StartCuff, StopCuff
from kapdevices.patient import Patient
from kapdevices.readings import DeviceStatus, Numeric, Quality, Reading

STEP_S = 0.05


class Bench:
    """A driver and a simulated monitor on one fake clock, with everything that was sent and read."""

    def __init__(self, scenario: str = "steady", faults: Collection[str] = (), seed: int = 0) -> None:
        self.monitor = AanddSimulator(Patient(scenario), faults, seed)
        self.driver = AanddDriver()
        self.now_s = 0.0
        self.sent: list[tuple[float, bytes]] = []
        self.read: list[Reading] = []

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.now_s = round(self.now_s + STEP_S, 3)
            if data := self.driver.transmit(self.now_s):
                self.sent.append((self.now_s, data))
                self.monitor.receive(data, self.now_s)
            self.read += self.driver.receive(self.monitor.transmit(self.now_s), self.now_s)

    def start(self) -> None:
        self.driver.command(StartCuff(), self.now_s)

    def stop(self) -> None:
        self.driver.command(StopCuff(), self.now_s)

    def times(self, packet: bytes) -> list[float]:
        return [t for t, data in self.sent if data == packet]

    @property
    def codes(self) -> list[str]:
        return [r.code for r in self.read if isinstance(r, DeviceStatus)]

    @property
    def numerics(self) -> list[Numeric]:
        return [r for r in self.read if isinstance(r, Numeric)]


@pytest.mark.parametrize("faults", [(), ("no-report",), ("other-check",)])
def test_a_measurement_from_command_to_result(faults: tuple[str, ...]) -> None:
    bench = Bench(faults=faults)
    bench.run(7)
    bench.start()
    bench.run(70)
    meant = bench.monitor.measured(bench.times(packets.START)[0])
    assert [n.value for n in bench.numerics] == [meant.systolic, meant.diastolic, meant.mean, meant.pulse_rate]
    assert all(n.valid for n in bench.numerics)
    assert {n.device_time for n in bench.numerics} == {meant.at.isoformat(timespec="minutes")}
    assert bench.codes == ["cuff-inflating", "cuff-done"]
    assert bench.driver.phase is Phase.IDLE
    assert bench.monitor.starts == 1


def test_the_monitors_memory_is_not_shown() -> None:
    bench = Bench()
    bench.run(30)
    assert bench.read == []
    assert bench.driver.counts.good >= 10
    assert {data for _, data in bench.sent} == {packets.LAST_RESULT}
    assert len(bench.sent) == 6


def test_a_measurement_started_at_the_monitor_is_shown() -> None:
    bench = Bench()
    bench.run(10)
    bench.monitor.receive(packets.START, bench.now_s)
    bench.run(50)
    assert len(bench.numerics) == 4
    assert bench.codes == ["cuff-done"]
    assert bench.times(packets.START) == []


@pytest.mark.parametrize(
    ("scenario", "faults", "words"),
    [("cuff-leak", (), "too slowly"), ("cuff-weak", (), "no pulse"), ("steady", ("arm-moved",), "moved")],
)
def test_failures_are_said_in_words_without_values(scenario: str, faults: tuple[str, ...], words: str) -> None:
    bench = Bench(scenario, faults)
    bench.start()
    bench.run(60)
    assert bench.codes == ["cuff-inflating", "cuff-failed"]
    assert any(isinstance(r, DeviceStatus) and words in r.text for r in bench.read)
    assert [(n.value, n.quality) for n in bench.numerics] == [(None, Quality.MEASUREMENT_FAILED)] * 4


@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        ("lost-ack", ["cuff-failed"]),
        ("silent", ["cuff-failed", "cuff-failed"]),
        ("deaf-to-stop", ["cuff-inflating", "cuff-done"]),
        ("zero-values", ["cuff-inflating", "cuff-failed"]),
        ("never-ends", ["cuff-inflating", "cuff-failed"]),
    ],
)
def test_every_fault_has_its_end(fault: str, codes: list[str]) -> None:
    bench = Bench(faults={fault})
    bench.run(6)
    bench.start()
    bench.run(220)
    assert bench.codes == codes
    assert len(bench.times(packets.START)) == 1
    assert bench.driver.phase is Phase.IDLE
    assert bench.monitor.pressure_mmhg(bench.now_s) == 0
    assert (packets.STOP in {data for _, data in bench.sent}) is (fault in ("lost-ack", "silent", "never-ends"))


@pytest.mark.parametrize("seed", range(6))
def test_noise_ends_well_too(seed: int) -> None:
    bench = Bench(faults={"noise"}, seed=seed)
    bench.run(6)
    bench.start()
    bench.run(220)
    started = bench.times(packets.START)
    meant = bench.monitor.measured(started[0])
    true = {meant.systolic, meant.mean, meant.diastolic, meant.pulse_rate}
    true |= {BEFORE.systolic, BEFORE.mean, BEFORE.diastolic, BEFORE.pulse_rate}
    assert len(started) == 1
    assert {n.value for n in bench.numerics if n.valid} <= true
    assert bench.driver.phase is Phase.IDLE


def test_180_seconds_are_the_end() -> None:
    bench = Bench(faults={"never-ends"})
    bench.start()
    bench.run(179)
    assert bench.times(packets.STOP) == []
    bench.run(5)
    assert len(bench.times(packets.STOP)) == 2
    assert "180 s" in next(r.text for r in bench.read if isinstance(r, DeviceStatus) and r.code == "cuff-failed")
    assert bench.monitor.pressure_mmhg(bench.now_s) == 0


def test_a_running_measurement_is_not_asked_for_45_seconds() -> None:
    bench = Bench(faults={"never-ends"})
    bench.run(6)
    bench.start()
    bench.run(60)
    started_s = bench.times(packets.START)[0]
    assert min(t for t in bench.times(packets.LAST_RESULT) if t > started_s) - started_s >= 45


def test_a_stop_goes_out_at_once_and_until_two_are_acknowledged() -> None:
    bench = Bench()
    bench.start()
    bench.run(5)
    asked_s = bench.now_s
    bench.stop()
    bench.run(10)
    stops = bench.times(packets.STOP)
    assert stops[0] - asked_s <= 0.1
    assert len(stops) == 2
    assert bench.codes == ["cuff-inflating", "cuff-stopped"]
    assert [(n.value, n.quality) for n in bench.numerics] == [(None, Quality.STOPPED)] * 4
    assert bench.monitor.pressure_mmhg(bench.now_s) == 0


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 31.9, 32.1])
def test_nothing_is_started_after_a_stop(after_s: float) -> None:
    bench = Bench()
    bench.run(6)
    bench.start()
    bench.run(after_s)
    bench.stop()
    before = len(bench.times(packets.START))
    bench.run(60)
    assert len(bench.times(packets.START)) == before
    assert bench.times(packets.STOP)
    assert bench.monitor.pressure_mmhg(bench.now_s) == 0


def test_a_stop_that_is_not_answered_is_repeated_and_said() -> None:
    bench = Bench(faults={"deaf-to-stop"})
    bench.start()
    bench.run(5)
    bench.stop()
    bench.run(12)
    assert bench.monitor.pressure_mmhg(bench.now_s) == 0
    assert bench.codes[-1] == "cuff-stopped"

    silent = Bench(faults={"silent"})
    silent.stop()
    silent.run(30)
    assert len(silent.times(packets.STOP)) == 20
    assert silent.codes == ["cuff-failed"]
    assert "own stop key" in next(r.text for r in silent.read if isinstance(r, DeviceStatus))
    assert silent.driver.phase is Phase.IDLE


def test_a_start_is_refused_while_one_runs_and_for_a_minute_after() -> None:
    bench = Bench()
    bench.start()
    bench.run(3)
    with pytest.raises(NotPossible, match="under way"):
        bench.start()
    bench.stop()
    bench.run(20)
    with pytest.raises(NotPossible, match="less than a minute"):
        bench.start()
    bench.run(40)
    bench.start()
    bench.run(3)
    assert len(bench.times(packets.START)) == 2


def test_children_are_refused() -> None:
    with pytest.raises(NotPossible, match="adults"):
        AanddDriver().command(StartCuff("neonatal"), 0.0)


def test_a_late_start_is_not_sent() -> None:
    driver = AanddDriver()
    driver.transmit(0.0)
    driver.command(StartCuff(), 0.0)
    assert packets.START not in [driver.transmit(10 + k * STEP_S) for k in range(100)]
    assert [r.code for r in driver.receive(b"", 16.0) if isinstance(r, DeviceStatus)] == ["cuff-refused"]


def test_farewell_is_the_stop() -> None:
    assert AanddDriver().farewell() == packets.STOP


def test_manifest_names_what_exists() -> None:
    manifest = tomllib.loads((files("kapdevices.aandd_tm2655") / "manifest.toml").read_text(encoding="utf-8"))
    assert set(manifest["faults"]) == set(FAULTS)
    with pytest.raises(ValueError, match="unknown fault"):
        AanddSimulator(Patient(), {"hiccup"})


events = st.lists(
    st.one_of(
        st.sampled_from(["start", "stop", "wait", "wait", "wait"]),
        st.binary(max_size=6),
        st.sampled_from([packets.ACKNOWLEDGED, b"\x06", packets.encode_result(BEFORE)]),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(events, st.integers(0, 2**32))
def test_whatever_the_monitor_says_starts_never_outnumber_commands_and_a_stop_always_goes_out(
    script: list[str | bytes], seed: int
) -> None:
    driver, chance, now_s = AanddDriver(), random.Random(seed), 0.0
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
        for _ in range(chance.choice([1, 1, 3, 40, 400])):
            now_s += STEP_S
            sent = driver.transmit(now_s)
            if sent == packets.START:
                starts += 1
                assert now_s - last_start_s >= 60
                last_start_s = now_s
            if sent == packets.STOP:
                stop_due_s = None
            assert stop_due_s is None or now_s - stop_due_s < 0.2
    assert starts <= allowed
