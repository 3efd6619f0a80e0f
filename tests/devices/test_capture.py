"""Captures: what is written is read again, a torn end loses one record, playback keeps the time."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapdevices.capture import CaptureHeader, CaptureRecord, CaptureWriter, ReplayPort, read_capture
from kapdevices.ports import LineSettings, PortEnded, PortTrouble, open_port

HEADER = CaptureHeader(protocol="nonin", port="/dev/ttyUSB0", started="2026-03-05T14:30:15Z")
RECORDS = (
    CaptureRecord(5_000_000, "r", b"\x01\x81\x43"),
    CaptureRecord(5_250_000, "w", b"\x02\x70"),
    CaptureRecord(6_000_000, "r", b"\x00\xc5"),
)


def write(path: Path, records: tuple[CaptureRecord, ...] = RECORDS, limit_bytes: int = 10_000) -> CaptureWriter:
    writer = CaptureWriter(path, HEADER, limit_bytes)
    for record in records:
        writer.write(record.mono_us, record.direction, record.data)
    writer.close()
    return writer


def test_the_file_is_as_documented(tmp_path: Path):
    write(tmp_path / "c", RECORDS[:1])
    line, _, rest = (tmp_path / "c").read_bytes().partition(b"\n")
    assert line == (
        b'{"kapdevices-capture":1,"protocol":"nonin","port":"/dev/ttyUSB0","started":"2026-03-05T14:30:15Z"}'
    )
    assert rest == (5_000_000).to_bytes(8, "little") + b"r" + (3).to_bytes(4, "little") + b"\x01\x81\x43"


@given(st.data())
def test_any_cut_loses_only_the_record_it_falls_in(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject):
    path = tmp_path_factory.mktemp("cut") / "c"
    write(path)
    whole = path.read_bytes()
    start = whole.index(b"\n") + 1
    cut = data.draw(st.integers(start, len(whole)))
    path.write_bytes(whole[:cut])
    ends = [start]
    for record in RECORDS:
        ends.append(ends[-1] + struct.calcsize("<QcI") + len(record.data))
    capture = read_capture(path)
    kept = sum(end <= cut for end in ends[1:])
    assert capture.header == HEADER
    assert capture.records == RECORDS[:kept]
    assert (f"{cut - ends[kept]} bytes dropped" in capture.note) == (cut not in ends)


def test_damage_inside_is_said_and_what_came_before_is_kept(tmp_path: Path):
    write(tmp_path / "c")
    with (tmp_path / "c").open("ab") as file:
        file.write(struct.pack("<QcI", 1, b"x", 3) + b"abc")
    capture = read_capture(tmp_path / "c")
    assert capture.records == RECORDS
    assert "damaged" in capture.note


def test_a_file_without_header_or_of_a_later_version_is_refused(tmp_path: Path):
    (tmp_path / "raw").write_bytes(b"\x01\x81\x43\x00\xc5" * 20)
    with pytest.raises(ValueError, match="no capture header"):
        read_capture(tmp_path / "raw")
    (tmp_path / "later").write_bytes(b'{"kapdevices-capture":2}\n')
    with pytest.raises(ValueError, match="version 2"):
        read_capture(tmp_path / "later")


def test_the_size_limit_ends_the_recording_at_a_whole_record(tmp_path: Path):
    writer = write(tmp_path / "c", tuple(CaptureRecord(at, "r", b"x" * 50) for at in range(100)), limit_bytes=1000)
    assert writer.full
    assert (tmp_path / "c").stat().st_size <= 1000
    capture = read_capture(tmp_path / "c")
    assert capture.note == ""
    assert 10 < len(capture.records) < 20


def test_an_existing_file_is_never_overwritten(tmp_path: Path):
    (tmp_path / "c").write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        CaptureWriter(tmp_path / "c", HEADER)


class Clock:
    """A clock that goes on only when someone waits."""

    def __init__(self) -> None:
        self.now_s = 77.0

    def __call__(self) -> float:
        return self.now_s

    def wait(self, time_s: float) -> None:
        self.now_s += time_s


def test_playback_gives_received_bytes_at_their_time_and_then_ends(tmp_path: Path):
    write(tmp_path / "c")
    clock = Clock()
    with ReplayPort(str(tmp_path / "c"), clock, clock.wait) as port:
        assert port.read(0.05) == b"\x01\x81\x43"
        port.write(b"ignored")
        silence = 0
        while not (data := port.read(0.05)):
            silence += 1
        assert data == b"\x00\xc5"
        assert clock.now_s == pytest.approx(78.0)
        assert silence >= 19
        with pytest.raises(PortEnded, match="capture has ended"):
            port.read(0.05)


def test_a_capture_is_opened_like_a_port_and_a_plain_file_is_not(tmp_path: Path):
    write(tmp_path / "c")
    port = open_port(str(tmp_path / "c"), LineSettings(), now_s=Clock())
    assert port.read(0.0) == b"\x01\x81\x43"
    port.close()
    (tmp_path / "plain").write_bytes(b"hello")
    with pytest.raises(PortTrouble, match="cannot be played back"):
        open_port(str(tmp_path / "plain"), LineSettings(), now_s=Clock())
