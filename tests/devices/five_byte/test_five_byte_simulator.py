"""The simulated oximeter: true pace of both makers, the driver reads back what it meant, and its memory."""

from __future__ import annotations

from collections.abc import Collection
from importlib.resources import files

import pytest

from kapdevices.catalog import read_manifest
from kapdevices.five_byte.driver import FORMATS, FiveByteDriver
from kapdevices.five_byte.packets import ASK_STORED, BACK_TO_LIVE
from kapdevices.five_byte.simulator import FAULTS, FiveByteSimulator
from kapdevices.patient import Patient
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray


class Bench:
    """A driver and a simulated oximeter on one fake clock, with everything that was sent and read."""

    def __init__(
        self, patient: Patient, format: str = "contec", faults: Collection[str] = (), start_s: float = 0.0
    ) -> None:
        self.device = FiveByteSimulator(patient, format, faults)
        self.driver = FiveByteDriver(format)
        self.now_s = start_s
        self.sent: list[bytes] = []
        self.read: list[tuple[float, Reading]] = []

    def run(self, seconds: float, step_s: float = 0.05) -> None:
        for _ in range(round(seconds / step_s)):
            self.now_s = round(self.now_s + step_s, 4)
            if data := self.driver.transmit(self.now_s):
                self.sent.append(data)
                self.device.receive(data, self.now_s)
            self.read += [(self.now_s, r) for r in self.driver.receive(self.device.transmit(self.now_s), self.now_s)]

    def numerics(self, metric: Metric = Metric.SPO2) -> list[tuple[float, Numeric]]:
        return [(t, r) for t, r in self.read if isinstance(r, Numeric) and r.metric is metric]

    @property
    def codes(self) -> list[str]:
        return [r.code for _, r in self.read if isinstance(r, DeviceStatus)]


@pytest.mark.parametrize("format", ["contec", "berry"])
@pytest.mark.parametrize("fault", ["", *FAULTS])
def test_what_is_decoded_is_what_was_meant(format: str, fault: str) -> None:
    bench = Bench(Patient("course", dose_at_s=10), format, {fault} - {""})
    bench.run(40)
    good = 0
    for metric, field in ((Metric.SPO2, "spo2"), (Metric.PULSE_RATE, "pulse_rate")):
        for t_s, reading in bench.numerics(metric):
            if reading.valid:
                near = {getattr(bench.device.said(max(0.0, t_s - back / 5)), field) for back in range(8)}
                assert reading.value in near
                good += 1
    assert good > 100


@pytest.mark.parametrize(("format", "rate_hz", "full_scale"), [("contec", 60, 127), ("berry", 100, 100)])
def test_pleth_arrives_complete_and_unchanged(format: str, rate_hz: int, full_scale: int) -> None:
    bench, patient = Bench(Patient("steady"), format), Patient("steady")
    bench.run(20)
    samples = [s for _, r in bench.read if isinstance(r, SampleArray) for s in r.samples]
    assert samples == [round(full_scale * patient.pleth(0.05 + k / rate_hz)) for k in range(len(samples))]
    assert len(samples) >= 19.9 * rate_hz


@pytest.mark.parametrize("step_s", [0.01, 0.05, 1.0, 1.9])
def test_sixty_packets_a_second_at_any_step_and_two_seconds_after_a_jump(step_s: float) -> None:
    device = FiveByteSimulator(Patient("steady"))
    total = sum(len(device.transmit(100 + k * step_s)) for k in range(int(38 / step_s) + 1))
    assert total / 5 == pytest.approx(38 * 60, abs=60 * step_s + 2)
    assert len(device.transmit(9000.0)) == 2 * 300


@pytest.mark.parametrize("format", ["contec", "berry"])
def test_finger_out_is_said_at_once_and_over_when_it_is_back(format: str) -> None:
    bench = Bench(Patient("finger-out"), format, start_s=210.0)
    bench.run(35)
    away = [(t, r) for t, r in bench.numerics() if 220.2 < t < 240]
    assert {(r.value, r.quality) for _, r in away} == {(None, Quality.SENSOR_OFF)}
    assert away[0][0] < 220.8
    assert bench.numerics()[-1][1].valid


def test_motion_is_searching() -> None:
    bench = Bench(Patient("motion"), start_s=70.0)
    bench.run(18)
    assert {r.quality for t, r in bench.numerics() if t > 79} == {Quality.SEARCHING}


@pytest.mark.parametrize("fault", ["", "live-cuts-in", "one-bad-transfer"])
def test_the_memory_is_read_whole_and_the_device_sent_back_to_live(fault: str) -> None:
    bench = Bench(Patient("steady"), "stored", {fault} - {""})
    bench.run(25)
    stored = [r for _, r in bench.numerics() if not r.live]
    assert [r.value for r in stored] == [spo2 or None for spo2, _ in bench.device.record]
    assert [stored[0].device_time, stored[-1].device_time] == ["T22:30:00", "T22:32:59"]
    assert bench.codes == ["download-done"]
    # nothing protects a stored value, so two transfers must be alike, also after one that was damaged
    assert bench.sent == [ASK_STORED, BACK_TO_LIVE] * (3 if fault == "one-bad-transfer" else 2)
    assert bench.numerics()[-1][1].live
    assert bench.numerics()[-1][1].valid


def test_an_empty_memory_ends_in_words() -> None:
    bench = Bench(Patient("steady"), "stored")
    bench.device.record = ()
    bench.run(40)
    assert bench.codes == ["download-failed"]
    assert len(bench.sent) == 8
    assert bench.sent[-1] == BACK_TO_LIVE


@pytest.mark.parametrize("fault", ["noise", "byte-loss"])
def test_a_damaged_line_gives_no_stored_value_that_was_not_stored(fault: str) -> None:
    bench = Bench(Patient("steady"), "stored", {fault})
    bench.run(60)
    assert [r for _, r in bench.numerics() if not r.live] == []
    assert bench.codes == ["download-failed"]


def test_unknown_faults_and_formats_are_refused() -> None:
    for format, faults in (("df2", ()), ("contec", ("hiccup",))):
        with pytest.raises(ValueError, match="unknown fault or format"):
            FiveByteSimulator(Patient(), format, faults)


def test_manifest_names_what_exists() -> None:
    text = (files("kapdevices.five_byte") / "manifest.toml").read_text(encoding="utf-8")
    manifest = read_manifest(text, "five_byte")
    assert manifest.formats == FORMATS
    assert set(manifest.faults) == set(FAULTS)
