"""Commands about the music: music import, list, check, export, forget; playlist."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kapconsole.cli.speaking import Failed, progress
from kapconsole.refusals import Refused

if TYPE_CHECKING:
    from kapconsole.cues.music.events import PlaylistChosen
    from kapconsole.cues.music.library import Library
    from kapconsole.cues.music.lists import Listed


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The words `music` and `playlist`."""
    music = commands.add_parser("music", help="the library of music files: import, list, check, export")
    words = music.add_subparsers(dest="word", metavar="WORD", required=True)
    add = words.add_parser("import", help="take in files, whole folders, or lists (M3U, XSPF); loudness is measured")
    add.add_argument("paths", nargs="+", type=Path, metavar="FILE|FOLDER|LIST")
    add.add_argument("--playlist", type=Path, metavar="FILE.toml", help="also write a playlist of them, in their order")
    add.set_defaults(action=import_music)
    shown = words.add_parser("list", help="what is in the library")
    shown.add_argument("--json", action="store_true")
    shown.set_defaults(action=list_music)
    check = words.add_parser("check", help="decode every file and look at every playlist, before it is due")
    check.add_argument("--quick", action="store_true", help="by size and time of change alone")
    check.set_defaults(action=check_music)
    export = words.add_parser("export", help="write a playlist for other players")
    export.add_argument("playlist", metavar="PLAYLIST", help="a name or a file")
    export.add_argument("file", type=Path, metavar="FILE.m3u8|.m3u|.xspf")
    export.set_defaults(action=export_music)
    forget = words.add_parser("forget", help="take a file out of the library; the file itself stays")
    forget.add_argument("path", type=Path, metavar="FILE")
    forget.set_defaults(action=forget_music)

    playlist = commands.add_parser("playlist", help="the arc of a playlist with its times, or a stretch of it as sound")
    playlist.add_argument("file", metavar="PLAYLIST", help="a name or a file; demo: that of the demo")
    playlist.add_argument("--render", type=Path, metavar="WAV", help="write the music as it is delivered")
    playlist.add_argument("--from", dest="from_min", type=float, metavar="MIN", help="minutes after the dose (0)")
    playlist.add_argument("--to", dest="to_min", type=float, metavar="MIN", help="minutes after the dose (the end)")
    playlist.add_argument("--json", action="store_true")
    playlist.set_defaults(action=show_playlist)


def import_music(options: argparse.Namespace) -> int:
    from kapconsole.cues.music.library import Library, import_files, music_files
    from kapconsole.cues.music.lists import ENDINGS, Listed, ListError, read_list

    listed: list[Listed] = []
    for path in options.paths:
        if not path.exists():
            raise Failed(f"{path}: there is no such file or folder")
        if path.suffix.lower() in ENDINGS:
            try:
                listed += read_list(path)
            except ListError as trouble:
                raise Failed(str(trouble)) from None
        else:
            listed += [Listed(each) for each in music_files([path])]
    if not listed:
        raise Failed("no music files there: FLAC, WAV, MP3, Ogg, Opus, AIFF and CAF can be played")
    paths = list(dict.fromkeys(each.path for each in listed))
    with _refusals():
        library = Library()
        entries, findings = import_files(library, paths, progress("measuring"))
    for entry in entries:
        print(f"{_clock(entry.seconds):>8}  {entry.lufs:6.1f} LUFS  {entry.gain_db:6.1f} dB  {entry.title}")
    for finding in findings:
        print(f"{'PROBLEM' if finding.serious else 'note'}: {finding.text}")
    serious = sum(finding.serious for finding in findings)
    print(f"{len(entries)} in the library, {serious} cannot be played")
    if options.playlist is not None and entries:
        _write_playlist(options.playlist, listed, library)
    return 1 if serious else 0


def list_music(options: argparse.Namespace) -> int:
    import msgspec

    from kapconsole.cues.music.library import Library

    with _refusals():
        entries = Library().entries
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(entries), indent=2).decode())
        return 0
    for entry in entries:
        print(f"{entry.id[:12]}  {_clock(entry.seconds):>8}  {entry.lufs:6.1f} LUFS  {entry.title}  ({entry.path})")
    print(f"{len(entries)} files")
    return 0


def check_music(options: argparse.Namespace) -> int:
    from kapconsole.cues.music import playlists
    from kapconsole.cues.music.library import Library, quick_check, whole_check

    with _refusals():
        library = Library()
    said = []
    show = progress("checking")
    for number, entry in enumerate(library.entries):
        show(number, len(library.entries))
        words = quick_check(entry) if options.quick else whole_check(entry)
        if words:
            said.append(f"{entry.title}: {words}")
    show(len(library.entries), len(library.entries))
    for path in sorted(playlists.playlists_dir().glob("*.toml")):
        try:
            _, troubles = playlists.resolve(playlists.read(path), path.parent, library)
        except playlists.PlaylistError as trouble:
            troubles = [str(trouble)]
        said += [f"playlist {path.stem}: {words}" for words in troubles]
    for words in said:
        print(f"PROBLEM: {words}")
    print(f"{len(library.entries)} files, {len(said)} problems")
    return 1 if said else 0


def export_music(options: argparse.Namespace) -> int:
    from kapconsole.cues.music import playlists
    from kapconsole.cues.music.library import Library
    from kapconsole.cues.music.lists import Listed, ListError, write_list
    from kapconsole.cues.music.plan import RATE_HZ

    with _refusals():
        chosen, troubles = playlists.choose(options.playlist)
        library = Library()
    for words in troubles:
        print(f"PROBLEM: {words}")
    listed = []
    for segment in chosen.segments:
        for track in segment.tracks:
            entry = library.by_id(track.id)
            if entry is not None:
                listed.append(Listed(Path(entry.path), track.title, segment.name, track.frames / RATE_HZ))
    try:
        write_list(options.file, chosen.name, listed)
    except (OSError, ListError) as trouble:
        raise Failed(str(trouble)) from None
    print(f"{len(listed)} tracks written to {options.file}")
    return 1 if troubles else 0


def forget_music(options: argparse.Namespace) -> int:
    from kapconsole.cues.music.library import Library

    with _refusals():
        library = Library()
    entry = library.by_path(options.path)
    if entry is None:
        raise Failed(f"{options.path} is not in the library")
    library.forget(entry.id)
    library.save()
    return 0


def show_playlist(options: argparse.Namespace) -> int:
    import msgspec

    from kapconsole.cues.music import playlists
    from kapconsole.cues.music.plan import RATE_HZ
    from kapconsole.cues.music.rendering import whole_plan

    name = options.file
    with _refusals():
        if name == "demo":
            from kapconsole.cues.music.pads import make_demo_music

            name = str(make_demo_music())
        chosen, troubles = playlists.choose(name)
        plan, end = whole_plan(chosen)
    for words in troubles:
        print(f"PROBLEM: {words}")
    if options.render is not None:
        first = round(60 * RATE_HZ * (options.from_min or 0.0))
        last = end if options.to_min is None else min(end, round(60 * RATE_HZ * options.to_min))
        if not 0 <= first < last:
            raise Failed(f"nothing is played there: the music lasts {_clock(end / RATE_HZ)} from the dose on")
        _render(options.render, chosen, first, last - first)
        return 1 if troubles else 0
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(plan.placements), indent=2).decode())
        return 1 if troubles else 0
    print(f"{chosen.name}: {_clock(end / RATE_HZ)} when it begins with the dose and nobody steers")
    segment, runs = -1, 0
    for number, each in enumerate(plan.placements):
        if each.segment != segment:
            segment = each.segment
            target = chosen.segments[segment]
            print(f"\n{target.name}, until {target.until_min:g} min{', exactly' if target.exact else ''}")
        runs += 1
        following = plan.placements[number + 1] if number + 1 < len(plan.placements) else None
        if following and (following.segment, following.track) == (segment, each.track) and not each.fade_out:
            continue  # a loop that runs into itself is one line
        begin, turns = plan.placements[number + 1 - runs].start, f"  ({runs} times)" if runs > 1 else ""
        length = _clock((each.end - begin) / RATE_HZ)
        fade = f"  crossfade {each.fade_out / RATE_HZ:.0f} s" if following and each.fade_out else ""
        print(f"  {_clock(begin / RATE_HZ):>8}  {length:>8}  {each.track.title}{turns}{fade}")
        runs = 0
    return 1 if troubles else 0


def _render(file: Path, chosen: PlaylistChosen, first: int, count: int) -> None:
    import soundfile

    from kapconsole.cues.music.library import Library
    from kapconsole.cues.music.plan import RATE_HZ
    from kapconsole.cues.music.rendering import rendered
    from kapconsole.sound.files import Unreadable

    show = progress("rendering")
    written = 0
    try:
        with soundfile.SoundFile(str(file), "w", RATE_HZ, 2, "FLOAT", format="WAV") as stream:
            for block in rendered(chosen, Library(), first, count):
                stream.write(block)
                written += len(block)
                show(written, count)
    except (soundfile.LibsndfileError, OSError, Unreadable) as trouble:
        raise Failed(f"{file}: {trouble}") from None
    print(f"{_clock(count / RATE_HZ)} written to {file}")


def _write_playlist(file: Path, listed: list[Listed], library: Library) -> None:
    """The tracks in their order, in the segments that the list named; what has none is spread evenly over the arc."""
    from kapconsole.cues.music import playlists

    lines = [(each, entry) for each in listed if (entry := library.by_path(each.path)) is not None]
    named = any(each.segment for each, _ in lines)
    names = list(dict.fromkeys(each.segment or playlists.ARC[0] for each, _ in lines)) if named else list(playlists.ARC)
    groups: dict[str, list[playlists.TrackLine]] = {name: [] for name in names}
    for number, (each, entry) in enumerate(lines):
        name = (each.segment or playlists.ARC[0]) if named else names[number * len(names) // len(lines)]
        groups[name].append(playlists.TrackLine(entry.id, title=each.title or entry.title))
    segments, until_min = [], 0.0
    for name, tracks in groups.items():
        if tracks:
            found = (library.by_id(track.id) for track in tracks)
            until_min = round(until_min + sum(entry.seconds for entry in found if entry) / 60, 1)
            segments.append(playlists.SegmentLine(name, until_min, tuple(tracks)))
    try:
        playlists.write(file, playlists.PlaylistFile(file.stem, tuple(segments)))
    except OSError as trouble:
        raise Failed(f"{file}: {trouble.strerror}") from None
    print(f"playlist written to {file}: set the minutes after the dose (until_min) of its segments there")


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (Refused, OSError) as trouble:
        raise Failed(str(trouble)) from None


def _clock(seconds: float) -> str:
    whole = round(seconds)
    hours = f"{whole // 3600}:{whole % 3600 // 60:02d}" if whole >= 3600 else f"{whole // 60}"
    return f"{hours}:{whole % 60:02d}"
