"""Lists of other players, in and out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapconsole.cues.music.lists import (
    Listed,
    ListError,
    m3u_text,
    parse_m3u,
    parse_xspf,
    read_list,
    write_list,
    xspf_text,
)

FOLDER = Path("/music").absolute()


def test_m3u_as_players_write_it() -> None:
    text = "\ufeff#EXTM3U\r\n#EXTINF:123, Artist - Song\r\nsub\\a song.mp3\r\n\r\n#EXTGRP:peak\r\n/abs/b.flac\r\n"
    text += "http://radio/stream\r\n# a comment\r\nc.ogg\r\n"
    assert parse_m3u(text.removeprefix("\ufeff"), FOLDER) == [
        Listed(FOLDER / "sub/a song.mp3", "Artist - Song", "", 123.0),
        Listed(Path("/abs/b.flac"), "", "peak"),
        Listed(FOLDER / "c.ogg", "", "peak"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_m3u_in_either_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "l.m3u").write_bytes("#EXTM3U\nlieder/für dich.mp3\n".encode(encoding))
    assert read_list(tmp_path / "l.m3u") == [Listed(tmp_path / "lieder/für dich.mp3")]


def test_xspf_as_players_write_it() -> None:
    data = b"""<?xml version="1.0"?><playlist version="1" xmlns="http://xspf.org/ns/0/"><trackList>
      <track><location>file:///abs/a%20song.mp3</location><title>A &amp; B</title><duration>61500</duration></track>
      <track><location>sub/b%C3%BC.ogg</location></track>
      <track><location>https://elsewhere/c.mp3</location></track><track><title>no place</title></track>
    </trackList></playlist>"""
    assert parse_xspf(data, FOLDER) == [
        Listed(Path("/abs/a song.mp3"), "A & B", "", 61.5),
        Listed(FOLDER / "sub/bü.ogg"),
    ]


@pytest.mark.parametrize(
    "data", [b"<playlist", b'<!DOCTYPE x [<!ENTITY a "b">]><playlist>&a;</playlist>', b"\xff\xfe\x00", b""]
)
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(ListError):
        parse_xspf(data, FOLDER)


titles = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30).map(lambda text: " ".join(text.split()))
tracks = st.lists(
    st.builds(
        Listed,
        st.sampled_from([FOLDER / "a.mp3", FOLDER / "b c/ü%20#.flac", Path("/x/100 %.wav").absolute()]),
        titles,
        st.sampled_from(["opening", "peak"]),
        st.integers(0, 9999).map(float),
    ),
    max_size=5,
)


@settings(deadline=None)
@given(tracks, titles)
def test_what_is_written_is_read_again(listed: list[Listed], title: str) -> None:
    assert parse_xspf(xspf_text(title, listed).encode(), Path("/elsewhere")) == listed
    assert parse_m3u(m3u_text(title, listed), Path("/elsewhere")) == listed


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_bring_a_reader_down(data: bytes) -> None:
    try:
        parse_xspf(data, FOLDER)
    except ListError:
        pass
    parse_m3u(data.decode("latin-1"), FOLDER)


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="ending says the form"):
        write_list(tmp_path / "a.pls", "x", [])
