"""The simulated oximeter over a perfect cable: session, keep-alive, pace, faults, and its memory."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from importlib.resources import files

import pytest

from kapdevices.catalog import read_manifest
from kapdevices.contec_v7 import packets
from kapdevices.contec_v7.driver import FORMATS, ContecV7Driver
from kapdevices.contec_v7.packets import command
from kapdevices.contec_v7.simulator import FAULTS, ContecV7Simulator
from kapdevices.patient import Patient
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray


class Bench:
    """A driver and a simulated oximeter on one fake clock, with everything that was sent and read."""

    def __init__(
        self, patient: Patient, format: str = "live", faults: Collection[str] = (), start_s: float = 0.0
    ) -> None:
        self.device = ContecV7Simulator(patient, format, faults)
        self.driver = ContecV7Driver(format)
        self.now_s = start_s
        self.sent: list[tuple[float, int]] = []
        self.read: list[tuple[float, Reading]] = []

    def run(self, seconds: float, step_s: float = 0.05, host: bool = True, device_speed: float = 1.0) -> None:
        for _ in range(round(seconds / step_s)):
            self.now_s = round(self.now_s + step_s, 4)
            device_s = self.now_s * device_speed
            if host and (data := self.driver.transmit(self.now_s)):
                assert len(data) == 9
                self.sent.append((self.now_s, packets.payload(data)[0]))
                self.device.receive(data, device_s)
            self.read += [(self.now_s, r) for r in self.driver.receive(self.device.transmit(device_s), self.now_s)]

    def numerics(self, metric: Metric = Metric.SPO2) -> list[tuple[float, Numeric]]:
        return [(t, r) for t, r in self.read if isinstance(r, Numeric) and r.metric is metric]

    @property
    def samples(self) -> list[int]:
        return [s for _, r in self.read if isinstance(r, SampleArray) for s in r.samples]

    @property
    def codes(self) -> list[str]:
        return [r.code for _, r in self.read if isinstance(r, DeviceStatus)]


def test_the_session_stops_greets_starts_and_keeps_alive() -> None:
    bench = Bench(Patient("steady"))
    bench.run(60)
    assert [code for _, code in bench.sent[:5]] == [0xA7, 0xA2, 0xA0, 0xA8, 0xA1]
    assert {code for _, code in bench.sent[5:]} == {packets.KEEP_ALIVE}
    gaps = [b - a for (a, _), (b, _) in zip(bench.sent, bench.sent[1:], strict=False)]
    assert max(gaps) <= 5
    assert bench.device.starts == 1
    assert bench.codes == ["device-model"]
    assert bench.driver.counts.skipped == 0


def test_the_device_is_silent_until_asked_and_after_thirty_seconds_without_a_host() -> None:
    device = ContecV7Simulator(Patient("steady"))
    assert not any(device.transmit(k / 20) for k in range(100))
    device.receive(command(packets.START_LIVE), 5.0)
    last_s = max(k / 20 for k in range(100, 1000) if device.transmit(k / 20))
    assert 34 < last_s < 36


def test_a_stream_that_runs_already_is_only_kept_alive() -> None:
    bench = Bench(Patient("steady"))
    bench.device.receive(command(packets.START_LIVE), 0.0)
    bench.run(20)
    assert {code for _, code in bench.sent} == {packets.KEEP_ALIVE}


def test_a_stream_that_ends_is_started_again_within_two_seconds() -> None:
    bench = Bench(Patient("steady"), faults={"stream-stops"})
    bench.run(60)
    times = [t for t, r in bench.read if isinstance(r, SampleArray)]
    assert bench.device.starts == 3
    assert max(b - a for a, b in zip(times, times[1:], strict=False)) < 2


def test_nothing_that_is_ever_sent_changes_the_device() -> None:
    for format in FORMATS:
        for faults in ((), ("deaf",), ("wrong-speed",)):
            bench = Bench(Patient("steady"), format, faults)
            bench.run(20)
            assert {code for _, code in bench.sent} <= {*range(0xA0, 0xA9), 0xAD, 0xAF}


@pytest.mark.parametrize("fault", ["", *FAULTS])
def test_what_is_decoded_is_what_was_meant(fault: str) -> None:
    bench = Bench(Patient("course", dose_at_s=10), faults={fault} - {""})
    bench.run(40)
    good = 0
    for metric, field in (
        (Metric.SPO2, "spo2"),
        (Metric.PULSE_RATE, "pulse_rate"),
        (Metric.PERFUSION_INDEX, "perfusion"),
    ):
        for t_s, reading in bench.numerics(metric):
            if reading.valid:
                near = [bench.device.said(max(0.0, t_s - back / 5)) for back in range(8)]
                scale = 100 if metric is Metric.PERFUSION_INDEX else 1
                assert reading.value in {getattr(one, field) / scale for one in near}
                good += 1
    assert (good > 100) is (fault != "wrong-speed")


def test_pleth_arrives_complete_and_unchanged() -> None:
    bench, patient = Bench(Patient("steady")), Patient("steady")
    bench.run(20)
    began_s = next(t for t, code in bench.sent if code == packets.START_LIVE)
    assert bench.samples == [round(127 * patient.pleth(began_s + k / 60)) for k in range(len(bench.samples))]
    assert len(bench.samples) >= 19 * 60


@pytest.mark.parametrize("step_s", [0.01, 0.05, 1.0, 1.9])
def test_sixty_packets_a_second_at_any_step(step_s: float) -> None:
    device = ContecV7Simulator(Patient("steady"))
    device.receive(command(packets.START_LIVE), 100.0)
    total = sum(len(device.transmit(100 + k * step_s)) for k in range(int(25 / step_s) + 1))
    assert total / 9 == pytest.approx(25 * 60, abs=60 * step_s + 2)


def test_time_that_runs_sixty_times_faster_or_jumps_does_not_end_the_stream() -> None:
    bench = Bench(Patient("steady"))
    bench.run(10, step_s=0.01, device_speed=60)
    assert bench.device.starts == 1
    assert len(bench.samples) > 60 * 60 * 9
    late = bench.device.transmit(9000.0)
    assert 1.9 * 540 < len(late) <= 2 * 540


def test_finger_out_is_said_at_once_and_over_when_it_is_back() -> None:
    bench = Bench(Patient("finger-out"), start_s=200.0)
    bench.run(45)
    away = [(t, r) for t, r in bench.numerics() if 220.2 < t < 240]
    assert {(r.value, r.quality) for _, r in away} == {(None, Quality.SENSOR_OFF)}
    assert away[0][0] < 220.8
    assert bench.numerics()[-1][1].valid


def test_the_first_second_is_searching_and_motion_is_too() -> None:
    bench = Bench(Patient("motion"), start_s=60.0)
    bench.run(28)
    assert bench.numerics()[0][1].quality is Quality.SEARCHING
    assert {r.quality for t, r in bench.numerics() if t > 79} == {Quality.SEARCHING}


def test_a_device_that_switches_itself_off_says_goodbye_and_gives_no_number() -> None:
    bench = Bench(Patient("finger-out"), faults={"goes-off"}, start_s=215.0)
    bench.run(40)
    assert bench.codes[-1] == "device-off"
    assert not [r for t, r in bench.read if t > 231 and isinstance(r, Numeric)]


@pytest.mark.parametrize("faults", [(), ("no-pi",), ("glued",), ("one-bad-transfer",)])
def test_stored_records_are_read_whole_with_their_times(faults: tuple[str, ...]) -> None:
    bench = Bench(Patient("steady"), "stored", faults)
    bench.run(30)
    expected: list[tuple[str, float | None]] = []
    for number, record in enumerate(bench.device.records):
        for second, (spo2, _, _) in enumerate(record):
            at: datetime = bench.device.recorded_at(number) + timedelta(seconds=second)
            expected.append((at.isoformat(), spo2 or None))
    found = [r for _, r in bench.numerics()]
    assert [(r.device_time, r.value) for r in found] == expected
    assert not any(r.live for r in found)
    assert bench.codes == ["download-done"]
    assert bench.samples == []


@pytest.mark.parametrize("fault", ["noise", "byte-loss"])
def test_a_damaged_line_leaves_records_out_and_says_so(fault: str) -> None:
    bench = Bench(Patient("steady"), "stored", {fault})
    bench.run(60)
    assert bench.numerics() == []
    assert "record-damaged" in bench.codes or "download-failed" in bench.codes


def test_a_device_that_does_not_answer_ends_the_download_in_words() -> None:
    bench = Bench(Patient("steady"), "stored", {"deaf"})
    bench.run(20)
    assert bench.codes == ["download-failed"]


def test_unknown_faults_and_formats_are_refused() -> None:
    for format, faults in (("df2", ()), ("live", ("hiccup",))):
        with pytest.raises(ValueError, match="unknown fault or format"):
            ContecV7Simulator(Patient(), format, faults)


def test_manifest_names_what_exists() -> None:
    text = (files("kapdevices.contec_v7") / "manifest.toml").read_text(encoding="utf-8")
    manifest = read_manifest(text, "contec_v7")
    assert manifest.formats == FORMATS
    assert set(manifest.faults) == set(FAULTS)
