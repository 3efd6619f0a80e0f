"""Lists of other players: M3U, M3U8 and XSPF, in and out. The segment of a track travels along where there is one.

In M3U it is an `#EXTGRP:` line before the track, in XSPF a `meta` element of the track.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname
from xml.etree import ElementTree

import msgspec

XSPF = "http://xspf.org/ns/0/"
SEGMENT = "urn:kapconsole:segment"
ENDINGS = (".m3u", ".m3u8", ".xspf")
LARGEST_BYTES = 5_000_000


class Listed(msgspec.Struct, frozen=True):
    """A line of a list. `seconds`: negative when not known."""

    path: Path
    title: str = ""
    segment: str = ""
    seconds: float = -1.0


class ListError(Exception):
    """A list cannot be read; the message says why."""


def read_list(path: Path) -> list[Listed]:
    """The tracks of a list, in order; relative paths count from its folder. Raises ListError."""
    try:
        data = path.read_bytes()
    except OSError as trouble:
        raise ListError(f"{path} cannot be read: {trouble.strerror}") from None
    if len(data) > LARGEST_BYTES:
        raise ListError(f"{path} is too large for a list")
    if path.suffix.lower() == ".xspf":
        return parse_xspf(data, path.parent)
    return parse_m3u(_decoded(data), path.parent)


def write_list(path: Path, title: str, tracks: Sequence[Listed]) -> None:
    """Write a list; its form by the ending (.m3u8, .m3u, .xspf). Raises OSError, ListError."""
    if path.suffix.lower() not in ENDINGS:
        raise ListError(f"{path.name}: the ending says the form: {', '.join(ENDINGS)}")
    text = xspf_text(title, tracks) if path.suffix.lower() == ".xspf" else m3u_text(title, tracks)
    path.write_text(text, "utf-8")


def parse_m3u(text: str, folder: Path) -> list[Listed]:
    """Lines of M3U; what is a stream of the network is left out."""
    tracks = []
    title, segment, seconds = "", "", -1.0
    for line in text.splitlines():
        line = line.strip()
        if line.upper().startswith("#EXTINF:"):
            length, _, title = line[8:].partition(",")
            found = re.match(r"\s*(-?\d+(?:\.\d+)?)", length)
            seconds, title = (float(found[1]) if found else -1.0), title.strip()
        elif line.upper().startswith("#EXTGRP:"):
            segment = line[8:].strip()
        elif line and not line.startswith("#"):
            where = _local(line, folder)
            if where is not None:
                tracks.append(Listed(where, title, segment, seconds))
            title, seconds = "", -1.0
    return tracks


def m3u_text(title: str, tracks: Sequence[Listed]) -> str:
    """M3U8."""
    lines = ["#EXTM3U", f"#PLAYLIST:{_one_line(title)}"]
    segment = ""
    for track in tracks:
        if track.segment != segment:
            segment = track.segment
            lines.append(f"#EXTGRP:{_one_line(segment)}")
        lines += [f"#EXTINF:{round(track.seconds)},{_one_line(track.title)}", str(track.path)]
    return "\n".join(lines) + "\n"


def parse_xspf(data: bytes, folder: Path) -> list[Listed]:
    """Tracks of an XSPF document. Raises ListError; a document with declarations of entities is refused."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise ListError("an XSPF list with a document type of its own is not read")
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as trouble:
        raise ListError(f"not an XSPF list: {trouble}") from None
    tracks = []
    for track in root.iter(f"{{{XSPF}}}track"):
        where = None
        for location in track.findall(f"{{{XSPF}}}location"):
            where = where or _local((location.text or "").strip(), folder, quoted=True)
        if where is None:
            continue
        metas = (meta for meta in track.findall(f"{{{XSPF}}}meta") if meta.get("rel") == SEGMENT)
        segment = next((meta.text or "" for meta in metas), "")
        length = (track.findtext(f"{{{XSPF}}}duration") or "").strip()
        seconds = int(length) / 1000 if re.fullmatch(r"[0-9]{1,12}", length) else -1.0
        title = (track.findtext(f"{{{XSPF}}}title") or "").strip()
        tracks.append(Listed(where, title, segment.strip(), seconds))
    return tracks


def xspf_text(title: str, tracks: Sequence[Listed]) -> str:
    """XSPF 1."""
    ElementTree.register_namespace("", XSPF)
    root = ElementTree.Element(f"{{{XSPF}}}playlist", {"version": "1"})
    ElementTree.SubElement(root, f"{{{XSPF}}}title").text = _printable(title)
    inner = ElementTree.SubElement(root, f"{{{XSPF}}}trackList")
    for track in tracks:
        one = ElementTree.SubElement(inner, f"{{{XSPF}}}track")
        ElementTree.SubElement(one, f"{{{XSPF}}}location").text = track.path.absolute().as_uri()
        ElementTree.SubElement(one, f"{{{XSPF}}}title").text = _printable(track.title)
        if track.seconds >= 0:
            ElementTree.SubElement(one, f"{{{XSPF}}}duration").text = str(round(1000 * track.seconds))
        if track.segment:
            ElementTree.SubElement(one, f"{{{XSPF}}}meta", {"rel": SEGMENT}).text = _printable(track.segment)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _local(text: str, folder: Path, quoted: bool = False) -> Path | None:
    """A path of this machine, or None for what is elsewhere."""
    if not text or "\0" in text:
        return None
    scheme = urlsplit(text).scheme if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", text) else ""
    if scheme.lower() == "file":
        return Path(url2pathname(urlsplit(text).path))
    if scheme:
        return None
    return folder / (unquote(text) if quoted else text.replace("\\", "/") if "/" not in text else text)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _printable(text: str) -> str:
    """Without characters that XML 1.0 has no way to write."""
    return "".join(each for each in text if each in "\t\n\r" or (each >= " " and not "\ud800" <= each <= "\udfff"))
