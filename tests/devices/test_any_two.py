"""Two devices side by side, through real links on real lines: both deliver, and neither disturbs the other."""

import sys
from functools import partial

import pytest

from kapdevices.catalog import find
from kapdevices.driver import StartCuff
from kapdevices.link import Link, LinkFault, LinkPhase, LinkReadings, LinkRefused, LinkReport, LinkState
from kapdevices.patient import Patient
from kapdevices.ports import Port, open_port
from kapdevices.readings import Metric, Numeric, SampleArray
from kapdevices.simulate import SimulatorHost

posix = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
TURN_S = 0.05


class AtOnce:
    """A port that never waits: the test's clock goes on by itself."""

    def __init__(self, port: Port) -> None:
        self.port = port
        self.name, self.adapter = port.name, port.adapter

    def read(self, timeout_s: float) -> bytes:
        return self.port.read(0.0)

    def write(self, data: bytes) -> None:
        self.port.write(data)

    def close(self) -> None:
        self.port.close()


class Bedside:
    """One patient, several simulated devices, a link for each, and one clock that the test turns."""

    def __init__(self, *protocols: str) -> None:
        self.now_s = 0.0
        patient = Patient("steady")
        self.hosts: dict[str, SimulatorHost] = {}
        self.links: dict[str, Link] = {}
        self.reports: dict[str, list[LinkReport]] = {}
        for protocol in protocols:
            manifest = find(protocol)
            host = SimulatorHost(manifest.make_simulator(patient), now_s=lambda: self.now_s)
            self.hosts[protocol], self.reports[protocol] = host, []
            self.links[protocol] = Link(
                protocol,
                host.address,
                manifest.make_driver,
                self.reports[protocol].append,
                lambda: round(self.now_s * 1e6),
                lambda: self.now_s,
                quiet_s=manifest.quiet_s,
                present=list,
                opener=partial(self.open, protocol),
            )

    def open(self, protocol: str, path: str) -> Port:
        return AtOnce(open_port(self.hosts[protocol].address, find(protocol).line(), list))

    def run(self, for_s: float) -> None:
        for _ in range(round(for_s / TURN_S)):
            self.now_s += TURN_S
            for protocol, host in self.hosts.items():
                host.turn()
                self.links[protocol].step()

    def close(self) -> None:
        for protocol, link in self.links.items():
            link.close()
            self.hosts[protocol].close()

    def values(self, protocol: str, since_s: float = 0.0) -> dict[Metric, list[float]]:
        found: dict[Metric, list[float]] = {}
        for report in self.reports[protocol]:
            if isinstance(report, LinkReadings) and report.mono_us >= since_s * 1e6:
                for one in report.readings:
                    if isinstance(one, Numeric) and one.valid and one.value is not None:
                        found.setdefault(one.metric, []).append(one.value)
                    elif isinstance(one, SampleArray):
                        found.setdefault(one.metric, []).extend(one.samples)
        return found

    def phases(self, protocol: str) -> list[LinkPhase]:
        return [report.state for report in self.reports[protocol] if isinstance(report, LinkState)]

    def trouble(self, protocol: str) -> list[LinkReport]:
        return [one for one in self.reports[protocol] if isinstance(one, LinkFault | LinkRefused)]


@posix
@pytest.mark.parametrize("monitor", ["dinamap", "berrymed_pm6750"])
def test_a_monitor_with_a_cuff_beside_an_oximeter(monitor: str) -> None:
    bed = Bedside(monitor, "nonin")
    try:
        bed.run(5)
        bed.links[monitor].command(StartCuff())
        bed.run(60)
    finally:
        bed.close()
    pressed, seen = bed.values(monitor), bed.values("nonin")
    assert len(pressed[Metric.NIBP_SYS]) == len(pressed[Metric.NIBP_DIA]) == 1
    assert len(pressed[Metric.SPO2]) >= 50
    # the oximeter's 75 samples and 3 values a second go on while the other's cuff is at work
    assert len(seen[Metric.PLETH]) == pytest.approx(75 * 65, rel=0.02)
    assert len(seen[Metric.SPO2]) > 60
    # two devices on one person agree, and neither has what only the other measures
    assert {round(value) for value in seen[Metric.SPO2][-5:]} & {round(value) for value in pressed[Metric.SPO2][-5:]}
    assert Metric.NIBP_SYS not in seen
    for protocol in (monitor, "nonin"):
        assert bed.phases(protocol) == [LinkPhase.OPENING, LinkPhase.CONNECTED]
        assert bed.trouble(protocol) == []
        counts = bed.links[protocol].counts
        assert (counts.bad, counts.skipped) == (0, 0)


@posix
def test_a_pulled_cable_is_that_of_one_device_only() -> None:
    bed = Bedside("dinamap", "nonin")
    try:
        bed.run(5)
        bed.hosts["dinamap"].unplug()
        bed.run(10)
        assert bed.phases("dinamap")[-1] is LinkPhase.LOST
        before = len(bed.values("nonin")[Metric.PLETH])
        bed.hosts["dinamap"].plug()
        bed.run(10)
    finally:
        bed.close()
    assert bed.phases("dinamap")[-1] is LinkPhase.BACK
    assert before == pytest.approx(75 * 15, rel=0.05)
    assert bed.phases("nonin") == [LinkPhase.OPENING, LinkPhase.CONNECTED]
    assert bed.values("dinamap", since_s=16.0)[Metric.SPO2]
