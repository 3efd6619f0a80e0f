"""A measurement from command to result against the simulated monitor, and everything that must never happen."""

from __future__ import annotations

import random
from collections.abc import Collection

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.catalog import find
from kapdevices.dinamap import packets
from kapdevices.dinamap.cuff import Phase
from kapdevices.dinamap.driver import DinamapDriver
from kapdevices.dinamap.packets import Nibp
from kapdevices.dinamap.simulator import FAULTS, DinamapSimulator
from kapdevices.driver import NotPossible, StartCuff, StopCuff
from kapdevices.patient import Patient
from kapdevices.readings import NIBP_METRICS, DeviceStatus, Metric, Numeric, Quality, Reading

STEP_S = 0.05
READ_ONLY = {*packets.ASK.values()}


class Bench:
    """A driver and a simulated monitor on one fake clock, with everything that was sent and read."""

    def __init__(self, scenario: str = "steady", faults: Collection[str] = (), seed: int = 0) -> None:
        self.monitor = DinamapSimulator(Patient(scenario), faults, seed)
        self.driver = DinamapDriver()
        self.now_s = 0.0
        self.sent: list[tuple[float, bytes]] = []
        self.read: list[tuple[float, Reading]] = []

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.now_s = round(self.now_s + STEP_S, 3)
            data = self.driver.transmit(self.now_s)
            if data:
                self.sent.append((self.now_s, data))
                self.monitor.receive(data, self.now_s)
            answer = self.monitor.transmit(self.now_s)
            self.read += [(self.now_s, reading) for reading in self.driver.receive(answer, self.now_s)]

    def start(self, patient: str = "adult") -> None:
        self.driver.command(StartCuff(patient), self.now_s)

    def stop(self) -> None:
        self.driver.command(StopCuff(), self.now_s)

    def times(self, data: bytes) -> list[float]:
        return [t for t, sent in self.sent if sent == data]

    @property
    def statuses(self) -> list[DeviceStatus]:
        return [r for _, r in self.read if isinstance(r, DeviceStatus)]

    @property
    def codes(self) -> list[str]:
        return [status.code for status in self.statuses]

    @property
    def numerics(self) -> list[Numeric]:
        return [r for _, r in self.read if isinstance(r, Numeric) and r.metric in NIBP_METRICS]

    def values(self, metric: Metric) -> list[tuple[float, Numeric]]:
        return [(t, r) for t, r in self.read if isinstance(r, Numeric) and r.metric is metric]


def test_a_measurement_from_command_to_result() -> None:
    bench = Bench(faults={"no-oximeter"})
    bench.run(2)
    bench.start()
    bench.run(50)
    patient, (began_s,) = Patient("steady"), bench.times(packets.START)
    expected = [patient.systolic(began_s), patient.diastolic(began_s), patient.mean(began_s)]
    assert [n.value for n in bench.numerics[:3]] == [round(value) for value in expected]
    assert bench.numerics[3].value == round(patient.pulse_rate(began_s + 32))
    assert all(n.valid for n in bench.numerics)
    assert len(bench.numerics) == 4
    assert len({t for t, r in bench.read if r in bench.numerics}) == 1
    assert bench.codes == ["cuff-inflating", "cuff-done"]
    assert bench.driver.cuff.phase is Phase.IDLE


def test_the_start_follows_an_idle_status_and_nothing_but_questions_follows_it() -> None:
    bench = Bench()
    bench.run(3)
    bench.start()
    bench.run(60)
    commands = [data for _, data in bench.sent if data not in READ_ONLY]
    assert commands == [packets.CHECK_FIRST, packets.START]
    assert bench.times(packets.START)[0] - bench.times(packets.CHECK_FIRST)[0] <= 0.3
    gaps = [b - a for (a, _), (b, _) in zip(bench.sent, bench.sent[1:], strict=False)]
    assert min(gaps) >= 0.099


def test_idle_only_asks_each_value_about_once_a_second() -> None:
    bench = Bench()
    bench.run(30)
    assert {data for _, data in bench.sent} == READ_ONLY
    for code in ("NA", "OA", "RA"):
        assert len(bench.times(packets.ASK[code])) == pytest.approx(29, abs=3)
    assert len(bench.times(packets.ASK["TC"])) == pytest.approx(6, abs=1)
    assert bench.numerics == []
    assert {r.valid for _, r in bench.values(Metric.SPO2)} == {True}


def test_what_is_decoded_is_what_was_meant() -> None:
    bench = Bench("course")
    bench.run(120)
    spo2, pulse = bench.values(Metric.SPO2), bench.values(Metric.PULSE_RATE)
    assert min(len(spo2), len(pulse)) > 100
    assert all(r.valid for _, r in spo2 + pulse)
    for t, r in spo2:
        assert r.value in {bench.monitor.oximeter(t - back / 20).spo2 for back in range(6)}
    for t, r in pulse:
        assert r.value in {bench.monitor.rate(t - back / 20).per_min for back in range(6)}
    ((t, temperature),) = bench.values(Metric.TEMPERATURE)
    assert temperature.value == pytest.approx(36.7, abs=0.3)
    assert not temperature.live
    assert 62 <= t < 68


def test_finger_out_gives_no_values_and_keeps_the_cuffs_rate_apart() -> None:
    bench = Bench("finger-out")
    bench.run(3)
    bench.start()
    bench.run(242)
    out = [r for t, r in bench.values(Metric.SPO2) + bench.values(Metric.PULSE_RATE) if 221.5 < t < 239.5]
    assert {(r.value, r.quality) for r in out} == {(None, Quality.SENSOR_OFF)}
    assert len(bench.numerics) == 4
    assert bench.numerics[3].quality is Quality.NO_VALUE


@pytest.mark.parametrize(
    ("scenario", "fault", "words"),
    [
        ("cuff-leak", "", "pump-up timeout"),
        ("cuff-weak", "", "one pressure took too long"),
        ("steady", "failed", "failed"),
        ("steady", "total-timeout", "took too long"),
        ("steady", "one-pressure-timeout", "one pressure"),
        ("steady", "over-pressure", "over-pressure"),
        ("steady", "zero-values", "no values"),
    ],
)
def test_failures_of_the_cuff_are_said_in_words_without_values(scenario: str, fault: str, words: str) -> None:
    bench = Bench(scenario, {fault} - {""})
    bench.run(1)
    bench.start()
    bench.run(60)
    assert bench.codes == ["cuff-inflating", "cuff-failed"]
    assert words in bench.statuses[-1].text
    assert [(n.value, n.quality) for n in bench.numerics] == [(None, Quality.MEASUREMENT_FAILED)] * 4
    assert bench.times(packets.CANCEL) == []


@pytest.mark.parametrize(
    ("fault", "codes", "valid"),
    [
        ("bad-checksum", ["cuff-inflating", "cuff-done"], True),
        ("slow", ["cuff-inflating", "cuff-done"], True),
        ("noise", ["cuff-inflating", "cuff-done"], True),
        ("byte-loss", ["cuff-inflating", "cuff-done"], True),
        ("oximeter-unplugged", ["cuff-inflating", "cuff-done"], True),
        ("old-reading", ["nibp-in-memory", "cuff-inflating", "cuff-done"], True),
        ("deaf-to-stop", ["cuff-inflating", "cuff-done"], True),
        ("impossible-values", ["cuff-inflating", "cuff-done"], False),
        ("silent", ["cuff-refused"], False),
        ("neonate-hose", ["cuff-refused"], False),
        ("deaf-to-start", ["cuff-failed"], False),
        ("refuses-start", ["cuff-failed"], False),
    ],
)
def test_every_fault_has_its_end(fault: str, codes: list[str], valid: bool) -> None:
    bench = Bench(faults={fault})
    bench.start()
    bench.run(60)
    assert bench.codes == codes
    assert len(bench.times(packets.START)) <= 1
    assert any(n.valid for n in bench.numerics if n.metric is Metric.NIBP_SYS) is valid
    assert bench.driver.cuff.phase is Phase.IDLE
    assert not bench.monitor.running


def test_what_the_monitor_starts_itself_is_shown_and_left_alone() -> None:
    bench = Bench(faults={"own-cycle"})
    bench.run(50)
    assert bench.codes == ["cuff-inflating"]
    with pytest.raises(NotPossible, match="under way"):
        bench.start()
    bench.run(35)
    assert bench.codes == ["cuff-inflating", "cuff-done"]
    assert len(bench.numerics) == 4
    assert {data for _, data in bench.sent} == READ_ONLY


def test_a_monitor_that_has_just_begun_itself_is_not_told_to_start() -> None:
    bench = Bench()
    bench.run(2)
    bench.start()
    bench.monitor.receive(packets.START, bench.now_s)
    bench.run(5)
    assert bench.codes == ["cuff-busy", "cuff-inflating"]
    assert bench.times(packets.START) == []


def test_a_hundred_and_eighty_seconds_are_the_end() -> None:
    bench = Bench(faults={"never-ends"})
    bench.start()
    bench.run(179)
    assert bench.times(packets.CANCEL) == []
    bench.run(6)
    assert "180 s" in next(s.text for s in bench.statuses if s.code == "cuff-failed")
    assert not bench.monitor.running


def test_a_monitor_that_falls_silent_during_a_measurement_is_told_to_stop() -> None:
    bench = Bench()
    bench.start()
    bench.run(5)
    bench.monitor = DinamapSimulator(Patient("steady"), {"silent"})
    bench.run(20)
    assert "no longer answers" in next(s.text for s in bench.statuses if s.code == "cuff-failed")
    assert bench.times(packets.CANCEL)


@pytest.mark.parametrize("fault", ["", "slow"])
def test_a_stop_goes_out_at_once_and_is_reported(fault: str) -> None:
    bench = Bench(faults={fault} - {""})
    bench.start()
    bench.run(8)
    bench.stop()
    asked_s = bench.now_s
    bench.run(12)
    assert bench.times(packets.CANCEL)[0] - asked_s <= 0.11
    assert bench.codes == ["cuff-inflating", "cuff-stopped"]
    assert [(n.value, n.quality) for n in bench.numerics] == [(None, Quality.STOPPED)] * 4
    assert not bench.monitor.running
    assert bench.driver.cuff.phase is Phase.IDLE


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 25.0])
def test_nothing_is_started_after_a_stop(after_s: float) -> None:
    bench = Bench()
    bench.run(2)
    bench.start()
    bench.run(after_s)
    bench.stop()
    before = bench.times(packets.START)
    bench.run(60)
    assert bench.times(packets.START) == before
    assert bench.times(packets.CANCEL)
    assert not bench.monitor.running
    assert not any(n.valid for n in bench.numerics)


def test_a_stop_that_is_not_obeyed_is_repeated_and_said() -> None:
    bench = Bench(faults={"deaf-to-stop"})
    bench.start()
    bench.run(5)
    bench.stop()
    bench.run(8)
    assert len(bench.times(packets.CANCEL)) == 3
    assert not bench.monitor.running
    assert bench.codes[-1] == "cuff-stopped"

    silent = Bench(faults={"silent"})
    silent.stop()
    silent.run(30)
    assert len(silent.times(packets.CANCEL)) == 20
    assert "does not answer the stop" in silent.statuses[0].text
    assert silent.driver.cuff.phase is Phase.IDLE


def test_a_stop_at_the_monitor_is_no_new_reading() -> None:
    bench = Bench(faults={"old-reading"})
    bench.start()
    bench.run(5)
    bench.monitor.receive(packets.CANCEL, bench.now_s)
    bench.run(8)
    assert bench.codes == ["nibp-in-memory", "cuff-inflating", "cuff-failed"]
    assert {n.value for n in bench.numerics} == {None}


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


@pytest.mark.parametrize(("patient", "hose", "starts"), [("adult", 0, 1), ("paediatric", 1, 1), ("adult", 2, 0),
                                                         ("neonatal", 1, 0), ("neonatal", 2, 1)])  # fmt: skip
def test_the_kind_of_patient_must_fit_the_hose(patient: str, hose: int, starts: int) -> None:
    driver = DinamapDriver()
    driver.command(StartCuff(patient), 0.0)
    assert driver.transmit(0.0) == packets.CHECK_FIRST
    driver.receive(packets.nibp_line(Nibp(1, hose, False, None, 0, 0, 0)), 0.1)
    sent = [driver.transmit(0.1 + k * STEP_S) for k in range(10)]
    assert sent.count(packets.START) == starts
    with pytest.raises(NotPossible, match="unknown kind"):
        DinamapDriver().command(StartCuff("cat"), 0.0)


def test_an_old_start_is_not_sent_when_the_line_comes_back() -> None:
    driver = DinamapDriver()
    driver.command(StartCuff(), 0.0)
    assert driver.transmit(0.05) == packets.CHECK_FIRST
    driver.receive(packets.nibp_line(Nibp(1, 1, False, None, 0, 0, 0)), 10.0)
    sent = [driver.transmit(10 + k * STEP_S) for k in range(100)]
    assert packets.START not in sent
    codes = [r.code for r in driver.receive(b"", 16.0) if isinstance(r, DeviceStatus)]
    assert codes in (["cuff-refused"], [])


def test_an_idle_status_from_before_the_command_does_not_start_the_cuff() -> None:
    driver = DinamapDriver()
    assert driver.transmit(0.0) == packets.ASK["NA"]
    driver.command(StartCuff(), 0.05)
    driver.receive(packets.nibp_line(Nibp(1, 1, False, None, 0, 0, 0)), 0.1)
    assert driver.transmit(0.15) == packets.CHECK_FIRST


def test_a_part_that_never_answers_is_hardly_asked() -> None:
    bench = Bench(faults={"no-oximeter"})
    bench.run(60)
    assert len(bench.times(packets.ASK["OA"])) <= 6
    assert len(bench.times(packets.ASK["NA"])) > 40


def test_sixty_times_faster_than_life_a_result_is_still_found() -> None:
    driver, monitor, codes = DinamapDriver(), DinamapSimulator(Patient("steady")), []
    for k in range(400):
        now_s = k * STEP_S
        if k == 60:
            driver.command(StartCuff(), now_s)
        if sent := driver.transmit(now_s):
            monitor.receive(sent, now_s * 60)
        readings = driver.receive(monitor.transmit(now_s * 60), now_s)
        codes += [r.code for r in readings if isinstance(r, DeviceStatus)]
    assert codes[-1] == "cuff-done"
    assert "cuff-failed" not in codes


def test_farewell_is_the_cancel_and_every_fault_is_in_the_manifest() -> None:
    assert DinamapDriver().farewell() == packets.CANCEL
    assert set(find("dinamap").faults) == set(FAULTS)
    with pytest.raises(ValueError, match="unknown fault"):
        DinamapSimulator(Patient(), {"hiccup"})


events = st.lists(
    st.one_of(
        st.sampled_from(["start", "stop", "wait", "wait", "wait"]),
        st.binary(max_size=6),
        st.sampled_from([packets.line("NC"), packets.line("ND"), packets.line("NK1"), packets.line("RA3070")]),
        st.builds(
            lambda state, age_s, mmhg: packets.nibp_line(Nibp(state, 1, False, age_s, mmhg, 80, 95)),
            st.sampled_from([0, 0, 1, 1, 3, 7]),
            st.sampled_from([None, 0, 3, 100]),
            st.integers(90, 180),
        ),
    ),
    max_size=50,
)


@settings(max_examples=80, deadline=None)
@given(events, st.integers(0, 2**32))
def test_whatever_the_monitor_says_starts_never_outnumber_commands_and_a_stop_always_goes_out(
    script: list[str | bytes], seed: int
) -> None:
    driver, chance, now_s = DinamapDriver(), random.Random(seed), 0.0
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
            if sent == packets.CANCEL:
                stop_due_s = None
            assert stop_due_s is None or now_s - stop_due_s < 0.2
    assert starts <= allowed
