"""A measurement from command to result against the simulated board, and everything that must never happen."""

from __future__ import annotations

import random
from collections.abc import Collection
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.berrymed_pm6750 import packets
from kapdevices.berrymed_pm6750.driver import Phase, Pm6750Driver
from kapdevices.berrymed_pm6750.packets import Nibp
from kapdevices.berrymed_pm6750.simulator import Pm6750Simulator
from kapdevices.driver import NotPossible, StartCuff, StopCuff
from kapdevices.patient import Patient
from kapdevices.readings import NIBP_METRICS, DeviceStatus, Metric, Numeric, Quality, Reading

STEP_S = 0.05


class Bench:
    """A driver and a simulated board on one fake clock, with everything that was sent and read."""

    def __init__(self, scenario: str = "steady", faults: Collection[str] = (), seed: int = 0) -> None:
        self.board = Pm6750Simulator(Patient(scenario), faults, seed)
        self.driver = Pm6750Driver()
        self.now_s = 0.0
        self.plugged = True
        self.sent: list[tuple[float, bytes]] = []
        self.turns: list[list[Reading]] = []

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.now_s = round(self.now_s + STEP_S, 3)
            data = self.driver.transmit(self.now_s)
            if data:
                self.sent.append((self.now_s, data))
            answer = b""
            if self.plugged:
                self.board.receive(data, self.now_s)
                answer = self.board.transmit(self.now_s)
            self.turns.append(self.driver.receive(answer, self.now_s))

    def start(self) -> None:
        self.driver.command(StartCuff(), self.now_s)

    def stop(self) -> None:
        self.driver.command(StopCuff(), self.now_s)

    def count(self, packet: bytes) -> int:
        return sum(data == packet for _, data in self.sent)

    @property
    def read(self) -> list[Reading]:
        return [reading for turn in self.turns for reading in turn]

    @property
    def codes(self) -> list[str]:
        return [r.code for r in self.read if isinstance(r, DeviceStatus)]

    @property
    def nibp(self) -> list[list[Numeric]]:
        """The NIBP numerics, one list for each turn that gave any."""
        found = [[r for r in turn if isinstance(r, Numeric) and r.metric in NIBP_METRICS] for turn in self.turns]
        return [numerics for numerics in found if numerics]

    @property
    def at_rest(self) -> bool:
        return self.driver.phase is Phase.IDLE and not self.board.inflating


def test_a_measurement_from_command_to_result() -> None:
    bench = Bench()
    bench.run(2)
    bench.start()
    bench.run(60)
    patient, began_s = Patient("steady"), next(t for t, data in bench.sent if data == packets.START)
    (numerics,) = bench.nibp
    assert [n.metric for n in numerics] == [
        Metric.NIBP_SYS,
        Metric.NIBP_DIA,
        Metric.NIBP_MEAN,
        Metric.NIBP_PULSE_RATE,
    ]
    wanted = [round(value(began_s)) for value in (patient.systolic, patient.diastolic, patient.mean)]
    assert [n.value for n in numerics] == [*wanted, None]
    assert all(n.valid for n in numerics[:3])
    assert bench.codes == ["cuff-inflating", "cuff-done"]
    pressures = [r.value for r in bench.read if isinstance(r, Numeric) and r.metric is Metric.CUFF_PRESSURE]
    assert len(pressures) > 40
    assert max(value for value in pressures if value) >= 150
    assert bench.at_rest


def test_settings_right_before_the_start_and_a_stop_after_the_result() -> None:
    bench = Bench()
    bench.run(2)
    bench.start()
    bench.run(60)
    commands = [data for _, data in bench.sent if data not in packets.ENABLE]
    assert commands[:4] == [packets.set_mode("adult"), packets.set_target(160), packets.START, packets.STOP]
    assert set(commands[4:]) <= {packets.STOP}
    assert min(b - a for (a, _), (b, _) in pairwise(bench.sent)) >= 0.049


def test_an_old_result_is_never_shown() -> None:
    bench = Bench(faults={"stale-result"})
    bench.run(5)
    assert bench.nibp == []
    bench.start()
    bench.run(60)
    assert [numerics[0].value for numerics in bench.nibp] == [round(Patient("steady").systolic(5.2))]


RESULT = Nibp(packets.FINISHED, 0, 0, 121, 92, 78)


@pytest.mark.parametrize("reports", [[160], [20, 30, 36]])
def test_an_end_after_a_measurement_that_was_hardly_seen_is_a_failure(reports: list[int]) -> None:
    run = b"".join(packets.encode_nibp(Nibp(packets.MEASURING, 0, cuff)) for cuff in reports)
    readings = Pm6750Driver().receive(run + packets.encode_nibp(RESULT), 0.0)
    assert [r.code for r in readings if isinstance(r, DeviceStatus)] == ["cuff-inflating", "cuff-failed"]
    assert not any(r.valid for r in readings if isinstance(r, Numeric) and r.metric in NIBP_METRICS)


def test_on_a_damaged_line_a_result_must_come_twice_alike() -> None:
    driver = Pm6750Driver()
    measuring = packets.encode_nibp(Nibp(packets.MEASURING, 0, 160))
    other = Nibp(packets.FINISHED, 0, 0, 125, 92, 78)
    driver.receive(measuring * 3 + b"\x00", 0.0)
    said = b"".join(packets.encode_nibp(nibp) for nibp in (RESULT, other))
    assert driver.receive(said, 0.5) == []
    values = [r.value for r in driver.receive(packets.encode_nibp(other), 1.0) if isinstance(r, Numeric)]
    assert values == [125, 78, 92, None]


@pytest.mark.parametrize(
    ("scenario", "faults", "words"),
    [
        ("cuff-leak", (), "loose"),
        ("cuff-weak", (), "oscillation"),
        ("steady", ("over-pressure",), "above 300"),
        ("steady", ("interference",), "moved"),
        ("steady", ("took-too-long",), "took too long"),
        ("steady", ("board-error",), "error in the board"),
        ("steady", ("zero-values",), "no values"),
        ("steady", ("never-ends",), "longer than 90 s"),
        ("steady", ("reports-stop",), "stopped reporting"),
    ],
)
def test_every_failure_is_said_in_words_once_with_a_stop(scenario: str, faults: tuple[str, ...], words: str) -> None:
    bench = Bench(scenario, faults)
    bench.run(2)
    bench.start()
    bench.run(100 if "never-ends" in faults else 50)
    assert bench.codes == ["cuff-inflating", "cuff-failed"]
    assert words in next(r.text for r in bench.read if isinstance(r, DeviceStatus) and r.code == "cuff-failed")
    (numerics,) = bench.nibp
    assert [(n.value, n.quality) for n in numerics] == [(None, Quality.MEASUREMENT_FAILED)] * 4
    assert bench.count(packets.START) == 1
    assert bench.count(packets.STOP) >= 1
    assert bench.at_rest


def test_over_pressure_is_stopped_within_a_report() -> None:
    bench = Bench(faults={"over-pressure"})
    bench.run(2)
    bench.start()
    bench.run(15)
    stopped_s = next(t for t, data in bench.sent if data == packets.STOP)
    started_s = next(t for t, data in bench.sent if data == packets.START)
    assert stopped_s - started_s < 300 / 40 + 0.7


@pytest.mark.parametrize(("fault", "seed"), [("noise", 1), ("byte-loss", 2), ("bad-checksum", 0)])
def test_on_a_damaged_line_a_result_is_right_or_absent(fault: str, seed: int) -> None:
    bench = Bench(faults={fault}, seed=seed)
    bench.run(3)
    bench.start()
    bench.run(50)
    assert bench.codes in (["cuff-inflating", "cuff-done"], ["cuff-inflating", "cuff-failed"])
    for numerics in bench.nibp:
        assert numerics[0].value in (None, round(Patient("steady").systolic(3.1)))
    assert bench.at_rest


def test_a_stop_goes_out_at_once_and_is_reported() -> None:
    bench = Bench()
    bench.run(2)
    bench.start()
    bench.run(5)
    bench.stop()
    asked_s = bench.now_s
    bench.run(5)
    assert next(t for t, data in bench.sent if data == packets.STOP) - asked_s <= 0.1
    assert bench.codes == ["cuff-inflating", "cuff-stopped"]
    (numerics,) = bench.nibp
    assert [(n.value, n.quality) for n in numerics] == [(None, Quality.STOPPED)] * 4
    assert bench.at_rest


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.1, 0.15, 0.2, 0.5, 1.0, 2.0, 25.0])
def test_nothing_is_started_after_a_stop(after_s: float) -> None:
    bench = Bench()
    bench.run(2)
    bench.start()
    bench.run(after_s)
    bench.stop()
    before = bench.count(packets.START)
    bench.run(12)
    assert bench.count(packets.START) == before
    assert bench.count(packets.STOP) >= 1
    assert bench.at_rest
    assert not any(n.valid for numerics in bench.nibp for n in numerics)


def test_a_stop_that_is_not_obeyed_is_repeated() -> None:
    bench = Bench(faults={"deaf-to-stop"})
    bench.run(2)
    bench.start()
    bench.run(5)
    bench.stop()
    bench.run(5)
    assert bench.count(packets.STOP) >= 3
    assert bench.at_rest
    assert bench.codes[-1] == "cuff-stopped"


def test_a_cuff_that_goes_on_in_spite_of_stops_is_said_and_stopped_on() -> None:
    driver, sent, readings = Pm6750Driver(), [], []
    driver.command(StopCuff(), 0.0)
    for turn in range(400):
        now_s = turn * STEP_S
        sent.append(driver.transmit(now_s))
        report = packets.encode_nibp(Nibp(packets.MEASURING, 0, 120)) if turn % 10 == 0 else b""
        readings += driver.receive(report, now_s)
    said = [r.text for r in readings if isinstance(r, DeviceStatus)]
    assert said == ["the board does not obey the stop: look at the cuff and take it off"]
    assert sent.count(packets.STOP) >= 39


def test_a_stop_into_silence_is_said() -> None:
    bench = Bench()
    bench.run(2)
    bench.start()
    bench.run(5)
    bench.plugged = False
    bench.stop()
    bench.run(5)
    assert bench.codes == ["cuff-inflating", "cuff-failed"]
    assert "does not answer the stop" in [r.text for r in bench.read if isinstance(r, DeviceStatus)][-1]


def test_a_board_that_says_nothing_gets_no_start_and_the_start_is_not_kept() -> None:
    bench = Bench()
    bench.plugged = False
    bench.start()
    bench.run(4)
    assert bench.codes == ["cuff-refused"]
    bench.plugged = True
    bench.run(10)
    assert bench.count(packets.START) == 0
    bench.start()
    bench.run(1)
    assert bench.count(packets.START) == 1


def test_a_start_that_is_not_taken_up_is_given_up_with_a_stop() -> None:
    driver, sent, readings = Pm6750Driver(), [], []
    alive = packets.packet(packets.SPO2, b"\x00\x61\x48")
    driver.receive(alive, 0.0)
    driver.command(StartCuff(), 0.0)
    for turn in range(1, 300):
        now_s = turn * STEP_S
        sent.append(driver.transmit(now_s))
        readings += driver.receive(alive if turn % 20 == 0 else b"", now_s)
    assert sent.count(packets.START) == 1
    assert packets.STOP in sent
    assert [r.text for r in readings if isinstance(r, DeviceStatus)] == ["the board did not take up the start"]


def test_a_start_is_refused_while_one_runs_and_for_a_minute_after() -> None:
    bench = Bench()
    bench.run(2)
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
    assert bench.count(packets.START) == 2


@pytest.mark.parametrize(
    "command", [StartCuff(initial_mmhg=300), StartCuff(initial_mmhg=20), StartCuff("neonatal"), StartCuff("cat")]
)
def test_impossible_starts_are_refused_in_words(command: StartCuff) -> None:
    driver = Pm6750Driver()
    with pytest.raises(NotPossible, match=r"mmHg|unknown"):
        driver.command(command, 0.0)
    assert driver.phase is Phase.IDLE


@pytest.mark.parametrize(("patient", "mode"), [("adult", 1), ("paediatric", 2), ("neonatal", 3)])
def test_the_kind_of_patient_is_told_to_the_board(patient: str, mode: int) -> None:
    bench = Bench()
    bench.run(2)
    bench.driver.command(StartCuff(patient, 120), bench.now_s)
    bench.run(1)
    assert bench.board.modes == [mode]
    assert bench.board.starts == 1


def test_farewell_is_the_stop() -> None:
    assert Pm6750Driver().farewell() == packets.STOP


events = st.lists(
    st.one_of(
        st.sampled_from(["start", "stop", "wait", "wait"]),
        st.binary(max_size=6),
        st.builds(
            Nibp, st.integers(0, 11), st.just(0), st.sampled_from([0, 60, 160, 320]), *[st.integers(0, 200)] * 3
        ).map(packets.encode_nibp),
        st.just(packets.packet(packets.SPO2, b"\x00\x61\x48")),
    ),
    max_size=60,
)


@settings(deadline=None)
@given(events, st.integers(0, 2**32))
def test_whatever_the_board_says_starts_never_outnumber_commands_and_a_stop_always_goes_out(
    script: list[str | bytes], seed: int
) -> None:
    driver, chance, now_s = Pm6750Driver(), random.Random(seed), 0.0
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
            if sent == packets.START:
                starts += 1
                assert now_s - last_start_s >= 60
                last_start_s = now_s
            if sent == packets.STOP:
                stop_due_s = None
            assert stop_due_s is None or now_s - stop_due_s < 0.2
    assert starts <= allowed
