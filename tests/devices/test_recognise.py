"""Recognising a stream: every device as itself and never as another; noise, damage and strangers as nothing."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.catalog import Manifest, catalog
from kapdevices.patient import Patient
from kapdevices.recognise import Candidate, Recognised, Verdict, candidates, recognise

TURN_S = 0.02
ALL = list(catalog().values())
WITH_FORMAT = [(manifest, format) for manifest in ALL for format in (manifest.formats or (None,))]
TALKERS = {
    "five_byte:contec": "five_byte",  # the first format is what the protocol is by itself
    "five_byte:berry": "five_byte:berry",
    "five_byte:stored": "five_byte",  # the memory is sent only when it is asked for; until then it talks live
    "ivy_450c": "ivy_450c",
    "masimo_ascii1": "masimo_ascii1",
    "nellcor": "nellcor",
    "nonin:df2": "nonin",
    "nonin:df7": "nonin",
    "nonin:df8": "nonin",
}
"""Devices that talk within seconds without being asked, and what they are recognised as."""

Stream = list[tuple[float, bytes]]


def named(value: object) -> str:
    return value.id if isinstance(value, Manifest) else str(value or "-")


def stream(
    manifest: Manifest,
    format: str | None,
    for_s: float,
    *,
    asked: bool = False,
    from_s: float = 20.0,
    faults: tuple[str, ...] = (),
    scenario: str = "steady",
) -> Stream:
    """What the simulated device sends from `from_s` on; `asked` has its own driver at the other end, as on a tap."""
    device, driver = manifest.make_simulator(Patient(scenario), format, faults), manifest.make_driver(format)
    sent: Stream = []
    for turn in range(round((from_s + for_s) / TURN_S)):
        now_s = turn * TURN_S
        if asked and (question := driver.transmit(now_s)):
            device.receive(question, now_s)
        data = device.transmit(now_s)
        if asked:
            driver.receive(data, now_s)
        if data and now_s >= from_s:
            sent.append((now_s, data))
    return sent


def damaged(heard: Stream, change: Callable[[int, int], int]) -> Stream:
    """The stream with each byte replaced by `change(its place, it)`."""
    changed: Stream = []
    at = 0
    for at_s, data in heard:
        changed.append((at_s, bytes(change(at + index, byte) & 0xFF for index, byte in enumerate(data))))
        at += len(data)
    return changed


def protocols(result: Recognised) -> set[str]:
    return {fit.candidate.protocol for fit in result.fits}


@pytest.mark.parametrize(("manifest", "format"), WITH_FORMAT, ids=named)
def test_a_device_that_talks_unasked_is_recognised_as_itself_and_the_others_are_silent(
    manifest: Manifest, format: str | None
):
    result = recognise(stream(manifest, format, 12.0))
    expected = TALKERS.get(str(Candidate(manifest.id, format)))
    if expected is None:
        assert result.verdict is Verdict.SILENT
    else:
        assert (result.verdict, [str(fit.candidate) for fit in result.fits]) == (Verdict.SURE, [expected])
        assert "%" in result.fits[0].values


@pytest.mark.parametrize(("manifest", "format"), WITH_FORMAT, ids=named)
def test_the_answers_of_a_device_in_use_are_recognised_as_its_own_and_never_as_anothers(
    manifest: Manifest, format: str | None
):
    heard = stream(manifest, format, 12.0, asked=True)
    result = recognise(heard)
    assert protocols(result) <= {manifest.id}
    rare = (manifest.id, format) in (("contec_v7", "stored"), ("nonin", "df13"), ("omron_hbp9030", None))
    assert result.verdict is Verdict.SURE or rare


@pytest.mark.parametrize(("manifest", "format"), WITH_FORMAT, ids=named)
def test_no_fault_and_no_cut_beginning_makes_a_device_another(manifest: Manifest, format: str | None):
    faults: list[tuple[str, ...]] = [(fault,) for fault in manifest.faults]
    for number, fault in enumerate(faults):
        heard = stream(manifest, format, 3.0, asked=True, from_s=2.0, faults=fault)
        if heard:
            heard[0] = (heard[0][0], heard[0][1][number % 7 :])
        assert protocols(recognise(heard)) <= {manifest.id}, fault


def test_a_monitor_that_speaks_once_a_measurement_is_named_but_not_sure_until_it_has_spoken_twice():
    omron = catalog()["omron_hbp9030"]
    heard = stream(omron, None, 300.0)
    once = recognise(heard)
    assert (once.verdict, protocols(once)) == (Verdict.UNSURE, {"omron_hbp9030"})
    assert recognise([*heard, (400.0, heard[-1][1])]).verdict is Verdict.SURE


@pytest.mark.parametrize("name", TALKERS)
def test_a_stream_with_a_fifth_of_its_bytes_damaged_is_nothing(name: str):
    protocol, _, format = name.partition(":")
    heard = stream(catalog()[protocol], format or None, 12.0)
    broken = damaged(heard, lambda at, byte: byte ^ 0xA5 if at * 7919 % 10007 % 5 == 0 else byte)
    assert recognise(broken).verdict in (Verdict.UNKNOWN, Verdict.UNSURE)


@pytest.mark.parametrize("name", TALKERS)
def test_a_stream_read_with_the_wrong_bits_is_nothing(name: str):
    protocol, _, format = name.partition(":")
    heard = stream(catalog()[protocol], format or None, 12.0)
    assert recognise(damaged(heard, lambda at, byte: byte << 1)).verdict is Verdict.UNKNOWN


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=2000))
def test_random_bytes_are_never_a_device(data: bytes):
    heard = [(at / 1000, data[at : at + 20]) for at in range(0, len(data), 20)]
    assert recognise(heard).verdict in (Verdict.UNKNOWN, Verdict.UNSURE)


@pytest.mark.parametrize("byte", [0x00, 0x01, 0x0A, 0x0D, 0x20, 0x3A, 0x55, 0x7E, 0x80, 0xFF])
def test_one_byte_for_ever_is_nothing(byte: int):
    assert recognise([(0.0, bytes([byte]) * 1000)]).verdict is Verdict.UNKNOWN


def test_text_of_a_stranger_is_nothing():
    assert recognise([(0.0, b"$GPGGA,123519,4807.038,N,01131.000,E,1,08*47\r\n" * 20)]).verdict is Verdict.UNKNOWN


def test_formats_that_share_a_stream_are_told_apart_by_their_rate_and_by_nothing_else():
    heard = stream(catalog()["five_byte"], "contec", 6.0)
    in_between = [(at_s * 60 / 76, data) for at_s, data in heard]  # 76 packets a second are neither 60 nor 100
    short = [(at_s, data) for at_s, data in heard if at_s < heard[0][0] + 0.9]
    for unclear in (in_between, short):
        result = recognise(unclear)
        assert result.verdict is Verdict.AMBIGUOUS
        assert [str(fit.candidate) for fit in result.fits] == ["five_byte", "five_byte:berry"]


def test_silence_is_said_as_silence_and_too_little_as_unsure():
    masimo = catalog()["masimo_ascii1"]
    assert recognise([]).verdict is Verdict.SILENT
    assert recognise([(1.0, b"")]).verdict is Verdict.SILENT
    assert recognise(stream(masimo, None, 2.0)).verdict is Verdict.UNSURE


def test_every_protocol_is_a_candidate_by_itself_and_in_its_formats():
    assert {str(one) for one in candidates()} >= {"suntech", "nonin", "nonin:df7", "five_byte:berry"}
    assert {one.protocol for one in candidates()} == set(catalog())
