"""Every protocol and format on a bad line: no exception, no invented number, the same readings however bytes are cut.

`benchmarks/fuzz.py` does the same with ten million bytes a format; here it is a few hundred thousand.
"""

import functools
import random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kapdevices import damage
from kapdevices.catalog import Manifest, catalog, find
from kapdevices.damage import Piece, Proof, Truth
from kapdevices.readings import Metric, Numeric

FORMATS = [(manifest, format) for manifest in catalog().values() for format in (manifest.formats or (None,))]
every_format = pytest.mark.parametrize(
    ("manifest", "format"), FORMATS, ids=[f"{manifest.id}-{format or ''}".rstrip("-") for manifest, format in FORMATS]
)


@functools.cache
def healthy(protocol: str, format: str | None) -> Proof:
    return damage.proofs(find(protocol), format, 20_000, with_faults=False)[0]


def same_however_cut(manifest: Manifest, format: str | None, line: damage.Line, asks: bool, seed: int) -> bool:
    whole, cut = manifest.make_driver(format), manifest.make_driver(format)
    readings = damage.joined(damage.heard(whole, line, None, asks))
    return damage.joined(damage.heard(cut, line, random.Random(seed), asks)) == readings and cut.counts == whole.counts


@every_format
def test_the_undamaged_line_is_all_right(manifest: Manifest, format: str | None) -> None:
    proof = healthy(manifest.id, format)
    verdict = proof.truth.judge(proof.line, proof.truth.asks)
    assert verdict.right == proof.truth.count > 0
    assert (verdict.near, verdict.wrong, verdict.invented, verdict.samples_wrong) == (0, 0, 0, 0)


@pytest.mark.parametrize("asks", [False, True], ids=["listens", "asks"])
@every_format
def test_damage_makes_no_number_and_cutting_no_difference(manifest: Manifest, format: str | None, asks: bool) -> None:
    proof, chance = healthy(manifest.id, format), random.Random(f"{manifest.id} {format} {asks}")
    for rate in (0.001, 0.01, 0.05):
        line = damage.damaged(proof.line, rate, damage.kinds_of(manifest.id, format), chance)
        assert rate < 0.01 or line != proof.line
        verdict = proof.truth.judge(line, asks)
        assert (verdict.wrong, verdict.invented) == (0, 0), (rate, verdict.suspects)
        if rate == 0.01:
            assert same_however_cut(manifest, format, line, asks, seed=1)


@every_format
def test_swapped_bytes_do_no_harm_even_where_no_check_sees_them(manifest: Manifest, format: str | None) -> None:
    line = damage.damaged(healthy(manifest.id, format).line, 0.02, ("swap",), random.Random(3))
    assert same_however_cut(manifest, format, line, True, seed=2)


@every_format
def test_noise_says_nothing(manifest: Manifest, format: str | None) -> None:
    chance = random.Random(5)
    line = [Piece(number / 10, chance.randbytes(chance.randrange(60))) for number in range(1000)]
    readings = damage.heard(manifest.make_driver(format), line)
    assert [one for _, one in readings if isinstance(one, Numeric) and one.valid] == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pieces=st.lists(st.tuples(st.floats(0, 3), st.binary(max_size=40)), max_size=12), seed=st.integers(0, 999))
@every_format
def test_any_bytes_at_any_time(
    manifest: Manifest, format: str | None, pieces: list[tuple[float, bytes]], seed: int
) -> None:
    sent = [piece.data for piece in healthy(manifest.id, format).line if piece.data]
    chance, now_s, line = random.Random(seed), 0.0, []
    for wait_s, data in pieces:  # anything at all between packets that are whole
        now_s += wait_s
        line.append(Piece(now_s, chance.choice(sent) + data))
    assert same_however_cut(manifest, format, line, seed % 2 == 0, seed)


def test_a_number_that_was_not_sent_is_told_from_one_that_was() -> None:
    proof = healthy("masimo_ascii1", None)
    other = [msgspec.structs.replace(piece, data=piece.data.replace(b"BPM=1", b"BPM=0")) for piece in proof.line]
    verdict = proof.truth.judge(other)
    assert verdict.wrong > 20
    assert verdict.invented == 0
    assert {metric for _, metric, _ in verdict.suspects} == {Metric.PULSE_RATE}


def test_a_number_where_none_was_sent_is_invented() -> None:
    proof = healthy("masimo_ascii1", None)
    unset = [msgspec.structs.replace(piece, data=piece.data.replace(b"EXC=000", b"EXC=001")) for piece in proof.line]
    truth = Truth(find("masimo_ascii1"), None, unset)
    verdict = truth.judge(proof.line)
    assert verdict.invented > 20
    assert (verdict.right, verdict.wrong) == (0, 0)
