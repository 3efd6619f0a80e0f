"""The demo's own music: soft pads made from spectra, so that each loops without a seam; the same bytes every time.

Every partial of every note is a narrow band of frequencies with random phases; the inverse Fourier transform of the
whole makes a sound that runs on into itself. The chords take turns under slow windows that are periodic as well.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

import msgspec
import numpy as np

from kapconsole.cues.music.library import Library, import_files, music_dir
from kapconsole.cues.music.plan import RATE_HZ, Stereo
from kapconsole.cues.music.playlists import PlaylistFile, SegmentLine, TrackLine, write
from kapconsole.sound.files import write_file

PARTIALS = 10
HIGHEST_HZ = 4000.0


class Pad(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One pad, as resources/music/demo.toml describes it."""

    segment: str
    title: str
    until_min: float
    root_hz: float
    chords: tuple[tuple[float, ...], ...]
    breath: float
    bright: float
    level_db: float


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The demo's playlist and its pads."""

    name: str
    crossfade_s: float
    loop_s: float
    pad: tuple[Pad, ...]


def recipe() -> Recipe:
    """What the program carries with it."""
    text = resources.files("kapconsole.resources").joinpath("music/demo.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Recipe)


def pad_samples(pad: Pad, loop_s: float, seed: int) -> Stereo:
    """One loop, shape (frames, 2); its last frame runs on into its first."""
    chance = np.random.Generator(np.random.PCG64(seed))
    count = round(loop_s * RATE_HZ)
    turn = np.arange(count) / count
    out = np.zeros((count, 2), np.float32)
    for number, chord in enumerate(pad.chords):
        # Raised cosines that add up in power: each chord has its share of the loop.
        share = turn - number / len(pad.chords)
        window = (0.5 + 0.5 * np.cos(2 * np.pi * share)).astype(np.float32) ** (0.5 * len(pad.chords) / 2)
        for side in range(2):
            out[:, side] += window * _chord(pad, chord, count, chance)
    out *= 10.0 ** (pad.level_db / 20.0) / float(np.abs(out).max())
    return out


def make_demo_music(folder: Path | None = None) -> Path:
    """Write what is not there yet, import it, and give the playlist's path. Raises OSError, LibraryTrouble."""
    folder = (music_dir() if folder is None else folder) / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    made = recipe()
    playlist = folder / "demo.toml"
    paths = [folder / f"{number}-{pad.segment}.flac" for number, pad in enumerate(made.pad, 1)]
    for number, (pad, path) in enumerate(zip(made.pad, paths, strict=True)):
        if not path.exists():
            fresh = path.with_name(f"new-{path.name}")
            write_file(fresh, pad_samples(pad, made.loop_s, number), "PCM_16")
            fresh.replace(path)  # a file that is there is whole
    library = Library()
    entries, findings = import_files(library, paths)
    if findings:
        raise OSError(findings[0].text)
    segments = [
        SegmentLine(pad.segment, pad.until_min, (TrackLine(entry.id, path.name, pad.title, gapless=True),), exact=True)
        for pad, path, entry in zip(made.pad, paths, entries, strict=True)
    ]
    write(playlist, PlaylistFile(made.name, tuple(segments), made.crossfade_s))
    return playlist


def _chord(pad: Pad, chord: tuple[float, ...], count: int, chance: np.random.Generator) -> Stereo:
    spectrum = np.zeros(count // 2 + 1, np.complex64)
    step_hz = RATE_HZ / count
    for note in chord:
        root_hz = pad.root_hz * 2.0 ** (note / 12.0)
        for partial in range(1, PARTIALS + 1):
            middle_hz = root_hz * partial
            if middle_hz > HIGHEST_HZ:
                break
            width = max(1.5, middle_hz * (2.0 ** (pad.breath / 1200.0) - 1.0) / step_hz)
            first, last = round(middle_hz / step_hz - 4 * width), round(middle_hz / step_hz + 4 * width)
            bins = np.arange(first, last + 1)
            shape = np.exp(-0.5 * ((bins - middle_hz / step_hz) / width) ** 2) / np.sqrt(width)
            phases = np.exp(2j * np.pi * chance.random(len(bins)))
            spectrum[bins] += (pad.bright ** (partial - 1) * shape * phases).astype(np.complex64)
    return np.asarray(np.fft.irfft(spectrum, count), np.float32)
