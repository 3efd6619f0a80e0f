"""Files as they are found, measured, kept, found to be broken, and decoded to the sample."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kapconsole.cues.music import playlists
from kapconsole.cues.music.library import (
    Library,
    LibraryTrouble,
    import_files,
    music_files,
    quick_check,
    whole_check,
)
from kapconsole.cues.music.playlists import PlaylistError, PlaylistFile, SegmentLine, TrackLine
from kapconsole.cues.music.rendering import gather
from kapconsole.sound.files import PART, MusicFile, write_file

RATE_HZ = 48_000


def noise(seconds: float, rate_hz: int = RATE_HZ, level: float = 0.02) -> NDArray[np.float32]:
    return np.random.default_rng(3).normal(0, level, (round(seconds * rate_hz), 2)).astype(np.float32)


def flac(folder: Path, name: str, seconds: float = 2.0, level: float = 0.02) -> Path:
    path = folder / f"{name}.flac"
    write_file(path, noise(seconds, level=level), "PCM_24")
    return path


@pytest.mark.parametrize(
    ("ending", "subtype", "near"),
    [
        ("wav", "FLOAT", 0.0),
        ("flac", "PCM_24", 1e-6),
        ("ogg", "VORBIS", 0.1),
        ("opus", "OPUS", 0.2),
        ("mp3", None, 0.1),
    ],
)
@pytest.mark.parametrize("first", [0, 1, PART - 7, PART + 12_345, 2 * PART - 1])
def test_a_stretch_is_to_the_sample_what_the_whole_file_has_there(
    tmp_path: Path, ending: str, subtype: str | None, near: float, first: int
) -> None:
    import soundfile

    path = tmp_path / f"a.{ending}"
    kind = "OGG" if ending == "opus" else ending.upper()
    with soundfile.SoundFile(path, "w", RATE_HZ, 2, subtype, format=kind) as stream:
        for second in np.split(noise(13), 13):
            stream.write(second)
    whole = soundfile.read(path, dtype="float32")[0]
    file = MusicFile(path)
    found = gather(file.part, first, 20_000)
    file.close()
    assert len(whole) == 13 * RATE_HZ
    assert np.array_equal(found, whole[first : first + 20_000])
    assert np.abs(found - noise(13)[first : first + 20_000]).max() <= near


@pytest.mark.parametrize("rate_hz", [44_100, 22_050, 96_000])
def test_other_rates_are_resampled_alike_wherever_one_begins(tmp_path: Path, rate_hz: int) -> None:
    import soundfile

    wave = 0.25 * np.sin(2 * np.pi * 440 * np.arange(13 * rate_hz) / rate_hz)
    soundfile.write(tmp_path / "a.wav", wave, rate_hz, "FLOAT")
    file = MusicFile(tmp_path / "a.wav")
    assert file.frames == 13 * RATE_HZ
    found = gather(file.part, 0, 12 * RATE_HZ)
    file.close()
    ideal = 0.25 * np.sin(2 * np.pi * 440 * np.arange(12 * RATE_HZ) / RATE_HZ)
    inner = slice(RATE_HZ, None)  # the very beginning of a sine that starts from nothing is not band-limited
    assert np.abs(found[inner, 0] - ideal[inner]).max() < 1e-4  # also across the joins of parts
    assert np.array_equal(found[:, 0], found[:, 1])


def test_an_import_measures_and_keeps_and_does_not_measure_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = music_files([tmp_path / "a.flac", flac(tmp_path, "a"), flac(tmp_path, "b", level=0.2)])
    library = Library()
    seen: list[tuple[int, int]] = []
    entries, findings = import_files(library, paths, lambda done, total: seen.append((done, total)))
    assert findings == []
    assert seen == [(0, 2), (1, 2), (2, 2)]
    assert [entry.title for entry in entries] == ["a", "b"]
    assert entries[0].gain_db == 0.0
    assert entries[1].gain_db < -5.0
    monkeypatch.setattr("kapconsole.cues.music.library.measure", lambda *words: pytest.fail("measured again"))
    assert import_files(Library(), paths)[0] == entries
    moved = tmp_path / "moved.flac"
    paths[0].rename(moved)
    assert import_files(Library(), [moved])[0][0].id == entries[0].id
    assert Library().by_id(entries[0].id[:10]).path == str(moved)  # type: ignore[union-attr]


def test_tags_give_the_title(tmp_path: Path) -> None:
    import soundfile

    with soundfile.SoundFile(tmp_path / "x.flac", "w", RATE_HZ, 2) as stream:
        stream.title = "Weiße Nacht"
        stream.artist = "nobody"
        stream.write(noise(2))
    entries, _ = import_files(Library(), [tmp_path / "x.flac"])
    assert (entries[0].title, entries[0].artist) == ("Weiße Nacht", "nobody")


def test_what_cannot_be_played_is_said_at_import(tmp_path: Path) -> None:
    (tmp_path / "text.mp3").write_text("not music")
    (tmp_path / "empty.flac").write_bytes(b"")
    short = flac(tmp_path, "short", 0.5)
    cut = flac(tmp_path, "cut", 10)
    cut.write_bytes(cut.read_bytes()[:200_000])
    write_file(tmp_path / "silent.flac", np.zeros((2 * RATE_HZ, 2), np.float32), "PCM_16")
    entries, findings = import_files(Library(), [*music_files([tmp_path]), tmp_path / "gone.flac"])
    words = {Path(finding.path).stem: finding.text for finding in findings}
    assert [entry.title for entry in entries] == ["silent"]
    assert "cannot be read" in words["text"]
    assert "cannot be read" in words["empty"]
    assert "shorter than 1 s" in words["short"]
    assert "cut.flac" in words["cut"]
    assert "is silent" in words["silent"]
    assert "gone.flac" in words["gone"]
    assert short.exists()


def test_a_file_that_was_changed_missing_or_spoilt_is_found_before_it_is_due(tmp_path: Path) -> None:
    names = ("good", "gone", "changed", "spoilt")
    entries, _ = import_files(Library(), [flac(tmp_path, name, 10, 0.02 + 0.001 * len(name)) for name in names])
    good, gone, changed, spoilt = entries
    Path(gone.path).unlink()
    write_file(Path(changed.path), noise(3), "PCM_24")
    data = bytearray(Path(spoilt.path).read_bytes())
    data[len(data) // 2 : len(data) // 2 + 5000] = bytes(5000)
    status = Path(spoilt.path).stat()
    Path(spoilt.path).write_bytes(data)
    os.utime(spoilt.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (quick_check(good), whole_check(good)) == ("", "")
    assert "is missing" in quick_check(gone)
    assert "import it again" in quick_check(changed)
    assert quick_check(spoilt) == ""
    assert "has changed" in whole_check(spoilt)


def test_a_file_that_breaks_off_gives_what_is_whole_and_says_where_it_ends(tmp_path: Path) -> None:
    path = flac(tmp_path, "a", 13)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 5000] = bytes(5000)
    path.write_bytes(data)
    file = MusicFile(path)
    whole = noise(13)
    assert np.abs(file.part(0) - whole[:PART]).max() < 1e-6
    part = file.part(1)
    assert file.trouble is not None
    assert 6.0 < file.trouble.at_frame / RATE_HZ <= 6.5
    assert np.abs(part - whole[PART : PART + len(part)]).max() < 1e-6
    file.close()


def test_a_burst_that_was_not_there_at_import_is_never_given(tmp_path: Path) -> None:
    samples = noise(6)
    samples[200_000:200_100] = 0.9
    write_file(tmp_path / "a.wav", samples, "FLOAT")
    file = MusicFile(tmp_path / "a.wav", peak=0.12)
    assert np.abs(file.part(0)).max() < 0.2
    assert "louder than when it was imported" in str(file.trouble)
    assert len(file.part(1)) == 0
    file.close()


def test_a_damaged_index_is_said_and_not_overwritten(tmp_path: Path) -> None:
    library = Library()
    library.save()
    library.file.write_text("{")
    with pytest.raises(LibraryTrouble, match="move it away"):
        Library()
    assert library.file.read_text() == "{"


# --- playlists -----------------------------------------------------------------------------------------------------


def test_a_playlist_is_read_as_it_was_written(tmp_path: Path) -> None:
    lines = (
        TrackLine("0123abcd", title='with "quotes" \\ and ü', gapless=True),
        TrackLine(path="b.flac", crossfade_s=3),
    )
    made = PlaylistFile("night", (SegmentLine("opening", 12.5, lines, exact=True), SegmentLine("return", 90)), 6)
    playlists.write(tmp_path / "night.toml", made)
    assert playlists.read(tmp_path / "night.toml") == made


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "is not a playlist"),
        ('name = "x"\nsegment = []', "has no segment"),
        ('name = "x"\n[[segment]]\nname = "a"\nuntil_min = "soon"', "is not a playlist"),
        ('name = "x"\n[[segment]]\nname = "a"\nuntil_min = 5\n[[segment]]\nname = "b"\nuntil_min = 5', "must grow"),
        ('name = "x"\n[[segment]]\nname = "a"\nuntil_min = 5\n[[segment]]\nname = "a"\nuntil_min = 6', "same name"),
        ('name = "x"\ncrossfade_s = 90\n[[segment]]\nname = "a"\nuntil_min = 5', "from 0 to 60"),
        ('name = "x"\n[[segment]]\nname = "a"\nuntil_min = 5\ntempo = 3', "tempo"),
    ],
)
def test_a_wrong_playlist_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "p.toml").write_text(text)
    with pytest.raises(PlaylistError, match=words):
        playlists.read(tmp_path / "p.toml")


def test_what_is_missing_of_a_playlist_is_said_and_the_rest_can_be_played(tmp_path: Path) -> None:
    entries, _ = import_files(Library(), [flac(tmp_path, "a"), flac(tmp_path, "b", level=0.3), flac(tmp_path, "c", 3)])
    Path(entries[2].path).unlink()
    lines = (TrackLine(entries[0].id[:8]), TrackLine(path="b.flac", gapless=True), TrackLine(path="c.flac"))
    lost = SegmentLine("return", 20, (TrackLine(title="lost"),))
    made = PlaylistFile("p", (SegmentLine("opening", 10, lines), lost))
    playlists.write(tmp_path / "p.toml", made)
    chosen, troubles = playlists.choose(str(tmp_path / "p.toml"), 7)
    first, second = chosen.segments[0].tracks
    assert (first.title, second.title, chosen.at_us) == ("a", "b", 7)
    assert first.gain_db == second.gain_db < -5.0, "what runs into each other has one gain"
    assert troubles == [
        "opening: c.flac is missing",
        "return: lost is not in the library: import it first",
        "return: no track of this segment can be played",
    ]
    with pytest.raises(PlaylistError, match="nothing of the playlist"):
        playlists.resolve(PlaylistFile("q", made.segment[1:]), tmp_path, Library())
