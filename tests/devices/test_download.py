"""Reading a device's memory over a real pseudo-terminal."""

from __future__ import annotations

import pytest

from kapdevices.catalog import find
from kapdevices.download import DownloadFailed, download
from kapdevices.patient import Patient
from kapdevices.simulate import SimulatorHost


@pytest.mark.parametrize("protocol", ["contec_v7", "five_byte"])
def test_the_whole_memory_is_read_and_none_of_it_is_the_present(protocol: str) -> None:
    said: list[str] = []
    simulator = find(protocol).make_simulator(Patient("steady"), find(protocol).stored_formats[0])
    with SimulatorHost(simulator) as host:
        lines = list(download(protocol, host.address, say=said.append))
    saturations = [line for line in lines if line.metric == "spo2" and line.value is not None]
    assert len(saturations) > 10
    assert all("not live" in line.detail for line in lines)
    assert any("memory" in words or "record" in words for words in said), said


def test_a_protocol_without_memory_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="no memory"):
        list(download("nonin", "/dev/null"))


class Silence:
    """A port at which nothing is."""

    name, adapter = "silence", None

    def __init__(self) -> None:
        self.closed = False

    def read(self, timeout_s: float) -> bytes:
        return b""

    def write(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        self.closed = True


def test_silence_ends_it_in_words() -> None:
    seconds = iter(range(10_000))
    port = Silence()
    with pytest.raises(DownloadFailed):
        list(download("contec_v7", "x", now_s=lambda: float(next(seconds)), opener=lambda address: port))
    assert port.closed
