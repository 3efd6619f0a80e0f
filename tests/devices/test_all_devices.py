"""House rules for every protocol folder: complete, honest about its sources, and its simulator is understood."""

from importlib.resources import files
from itertools import product

import pytest

from kapdevices.catalog import Manifest, catalog
from kapdevices.decode import decode, read_chunks
from kapdevices.driver import NotPossible, PacketCounts, StartCuff, StopCuff
from kapdevices.patient import SCENARIOS, Patient
from kapdevices.readings import Metric, Numeric, Reading, SampleArray

ALL = list(catalog().values())
WITH_FORMAT = [(manifest, format) for manifest in ALL for format in (manifest.formats or (None,))]
TURN_S = 0.02


def named(value: object) -> str:
    return value.id if isinstance(value, Manifest) else str(value or "-")


def talk(
    manifest: Manifest, format: str | None, for_s: float, scenario: str = "steady", faults: tuple[str, ...] = ()
) -> tuple[list[Reading], PacketCounts]:
    """What the driver reads from its own simulator over a perfect cable; the cuff, where there is one, is started."""
    simulator, driver = manifest.make_simulator(Patient(scenario), format, faults), manifest.make_driver()
    readings: list[Reading] = []
    for turn in range(round(for_s / TURN_S)):
        now_s = turn * TURN_S
        if turn == 100 and "start-cuff" in manifest.commands:
            driver.command(StartCuff(), now_s)
        if sent := driver.transmit(now_s):
            simulator.receive(sent, now_s)
        readings += driver.receive(simulator.transmit(now_s), now_s)
    return readings, driver.counts


def metrics_of(readings: list[Reading]) -> set[Metric]:
    return {reading.metric for reading in readings if isinstance(reading, Numeric | SampleArray)}


@pytest.mark.parametrize("manifest", ALL, ids=named)
def test_the_folder_is_complete(manifest: Manifest):
    folder = files("kapdevices").joinpath(manifest.id)
    readme = folder.joinpath("README.md").read_text("utf-8")
    assert "ource" in readme, "the README names no sources"
    assert [entry for entry in folder.joinpath("captures").iterdir() if entry.is_file()], "no capture"
    assert manifest.unknowns, "nothing is known without gaps"
    assert set(manifest.scenarios) <= set(SCENARIOS)


@pytest.mark.parametrize("manifest", ALL, ids=named)
def test_every_capture_says_where_it_is_from_and_is_decoded_without_an_error(manifest: Manifest):
    for entry in files("kapdevices").joinpath(manifest.id, "captures").iterdir():
        if entry.name.endswith(".hex"):
            head = entry.read_text("utf-8").splitlines()[0]
            assert head in ("# provenance: real", "# provenance: manual", "# provenance: composed"), entry.name
        with entry.open("rb") as stream:
            lines = list(decode(read_chunks(stream), manifest.make_driver()))
        assert {line.metric for line in lines} <= {*manifest.metrics, "status"}, entry.name


@pytest.mark.parametrize("manifest", ALL, ids=named)
def test_a_status_proved_on_captures_has_a_real_one(manifest: Manifest):
    texts = [entry.read_bytes() for entry in files("kapdevices").joinpath(manifest.id, "captures").iterdir()]
    real = any(text.startswith((b"# provenance: real", b'{"kapdevices-capture"')) for text in texts)
    assert real or manifest.status == "from documents only"


@pytest.mark.parametrize(("manifest", "format"), WITH_FORMAT, ids=named)
def test_the_driver_understands_its_simulator_wholly(manifest: Manifest, format: str | None):
    readings, counts = talk(manifest, format, 70.0)
    numerics = [reading for reading in readings if isinstance(reading, Numeric)]
    assert metrics_of(readings) <= set(manifest.metrics)
    assert [reading for reading in numerics if reading.valid]
    assert (counts.bad, counts.skipped) == (0, 0)
    assert counts.good > 0


@pytest.mark.parametrize("manifest", ALL, ids=named)
def test_every_promised_metric_is_delivered_by_some_format(manifest: Manifest):
    seen = set().union(*(metrics_of(talk(manifest, format, 70.0)[0]) for format in (manifest.formats or (None,))))
    assert seen == set(manifest.metrics)


PLAUSIBLE = {
    Metric.PERFUSION_INDEX: (0.02, 20),
    Metric.RESP_RATE: (4, 60),
    Metric.TEMPERATURE: (30, 43),
    Metric.ETCO2: (0.5, 12),
    Metric.SPCO: (0, 20),
    Metric.SPMET: (0, 10),
    Metric.PVI: (1, 100),
    Metric.PULSE_AMPLITUDE: (1, 254),
}
"""What a person may have; anything else that is a rate, a pressure or a saturation lies between 40 and 200."""


@pytest.mark.parametrize(
    ("manifest", "fault"), [pair for manifest in ALL for pair in product([manifest], manifest.faults)], ids=named
)
def test_no_fault_of_the_line_makes_a_number_that_no_patient_has(manifest: Manifest, fault: str):
    readings, _ = talk(manifest, manifest.formats[0] if manifest.formats else None, 60.0, faults=(fault,))
    for reading in readings:
        if isinstance(reading, Numeric) and reading.valid and reading.metric is not Metric.CUFF_PRESSURE:
            assert reading.value is not None
            low, high = PLAUSIBLE.get(reading.metric, (40, 200))
            assert low <= reading.value <= high, (fault, reading)


@pytest.mark.parametrize("manifest", ALL, ids=named)
def test_nothing_is_sent_unasked_that_could_start_a_cuff(manifest: Manifest):
    if "start-cuff" not in manifest.commands:
        driver = manifest.make_driver()
        with pytest.raises(NotPossible):
            driver.command(StartCuff(), 0.0)
        assert driver.farewell() == b""
        return
    driver, asked = manifest.make_driver(), manifest.make_driver()
    unasked = {driver.transmit(turn * TURN_S) for turn in range(3000)}
    asked.command(StartCuff(), 0.0)
    start = {asked.transmit(turn * TURN_S) for turn in range(100)} - unasked
    assert start, "a start sends something that idling does not"
    asked.command(StopCuff(), 3.0)
    assert driver.farewell() != b""
    assert driver.farewell() not in unasked
