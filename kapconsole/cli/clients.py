"""`kapconsole clients`: sessions found again by client, a client's page and chart, deleting and copying."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from kapconsole.cli.speaking import Failed, log_errors, passphrase, progress, say, screen

_ACTIONS = ("rebuild", "delete", "copy", "accesses")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser], key_options: Callable[..., None]) -> None:
    """Add the command. `key_options`: adds --passphrase-file."""
    parser = commands.add_parser(
        "clients",
        help="sessions by client, a client's page and chart; delete and copy sessions",
        description="Without words: every client. CODE: that client's page. rebuild: read all sessions anew. "
        "copy FILE TARGET: a de-identified copy for supervision. delete FILE: delete a session for good. "
        "accesses FILE: who viewed, exported and copied it.",
    )
    parser.add_argument("words", nargs="*", metavar="CODE | rebuild | copy FILE TARGET | delete FILE | accesses FILE")
    parser.add_argument("--window", action="store_true", help="the same in a window, with search; alone or with a CODE")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="also draw the client's scores over sessions")
    parser.add_argument("--course", metavar="ID", help="hold the client's sessions against this course")
    parser.add_argument("--folder", type=Path, metavar="FOLDER", help="where the sessions are, if not in their folder")
    parser.add_argument("--force", action="store_true", help="replace a drawing that is there already")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why a session is deleted; it is kept")
    parser.add_argument("--early", action="store_true", help="delete although it should be kept for longer")
    parser.add_argument("--yes", action="store_true", help="delete without asking again")
    key_options(parser)
    parser.set_defaults(action=clients)


def clients(options: argparse.Namespace) -> int:
    words = options.words
    if options.window:
        return _window(options)
    action = words[0] if words and words[0] in _ACTIONS else ""
    if action == "delete" and len(words) == 2:
        return _delete(options, Path(words[1]))
    if action == "copy" and len(words) == 3:
        return _copy(options, Path(words[1]), Path(words[2]))
    if action == "accesses" and len(words) == 2:
        return _accesses(options, Path(words[1]))
    if (action and action != "rebuild") or len(words) > 1:
        raise Failed("clients takes nothing, a code, rebuild, copy FILE TARGET, delete FILE or accesses FILE")
    return _page(options, words[0]) if words and not action else _list(options, rebuild=bool(action))


def _window(options: argparse.Namespace) -> int:
    if len(options.words) > 1 or options.words[:1] in ([action] for action in _ACTIONS):
        raise Failed("clients --window takes nothing or a code")
    if not screen():
        raise Failed("there is no screen here; kapconsole clients works without --window")
    from kapconsole.replay.clients.process import show_clients

    return show_clients(_folder(options), "".join(options.words), options.passphrase_file)


def _list(options: argparse.Namespace, rebuild: bool) -> int:
    import msgspec

    from kapconsole.clinical.clients.index import clients
    from kapconsole.clinical.clients.page import list_text
    from kapconsole.export.clientindex import current_index

    with log_errors():
        index, said = current_index(_folder(options), passphrase(options), progress("reading"), rebuild=rebuild)
    for words in said:
        say(words)
    if options.json:
        held = {"clients": clients(index), "unread": index.unread}
        print(msgspec.json.format(msgspec.json.encode(held), indent=2).decode())
    else:
        print(list_text(index), end="")
    return 0


def _page(options: argparse.Namespace, code: str) -> int:
    import msgspec

    from kapconsole.clinical.clients.chart import chart_svg
    from kapconsole.clinical.clients.courses import CourseError, load_courses
    from kapconsole.clinical.clients.page import client_page, page_text
    from kapconsole.clinical.instruments.catalog import load_instruments
    from kapconsole.clinical.instruments.model import InstrumentError
    from kapconsole.export.clientindex import current_index
    from kapconsole.export.writing import ExportTrouble, write_text
    from kapconsole.paths import config_dir

    try:
        courses = load_courses(config_dir() / "clinical" / "courses")
        instruments = load_instruments(config_dir() / "clinical" / "instruments")
    except (CourseError, InstrumentError) as trouble:
        raise Failed(str(trouble)) from None
    if options.course is not None and options.course not in courses:
        raise Failed(f"there is no course {options.course!r}; there are: {', '.join(courses)}")
    with log_errors():
        index, said = current_index(_folder(options), passphrase(options), progress("reading"))
    for words in said:
        say(words)
    sessions = index.of(code)
    if not sessions:
        raise Failed(f"there is no session of {code!r}; kapconsole clients lists the codes")
    if options.course is not None:
        sessions = (*sessions[:-1], msgspec.structs.replace(sessions[-1], course=options.course))
    page = client_page(sessions, courses, instruments, datetime.now(UTC).astimezone().date())
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(page), indent=2).decode())
    else:
        print(page_text(page), end="")
    if options.svg is not None:
        drawing = chart_svg(page, instruments)
        try:
            write_text(options.svg, drawing, options.force)
        except ExportTrouble as trouble:
            raise Failed(str(trouble)) from None
    return 0


def _delete(options: argparse.Namespace, log: Path) -> int:
    from kapconsole.export.removal import delete_session
    from kapconsole.export.writing import ExportTrouble

    if not options.yes:
        if not sys.stdin.isatty():
            raise Failed("a session is deleted for good; say --yes")
        print(f"Delete {log} for good? Nobody can bring it back. Write its name to go on: ", end="", file=sys.stderr)
        if input().strip() not in (log.name, str(log)):
            raise Failed("nothing was deleted")
    try:
        with log_errors():
            delete_session(log, passphrase(options), options.reason, options.early)
    except ExportTrouble as trouble:
        raise Failed(str(trouble)) from None
    print(f"{log} is deleted; who did it, when and why is kept")
    return 0


def _copy(options: argparse.Namespace, log: Path, target: Path) -> int:
    from kapconsole.export.removal import deidentified_copy
    from kapconsole.export.writing import ExportTrouble

    try:
        with log_errors():
            code = deidentified_copy(log, target, passphrase(options))
    except ExportTrouble as trouble:
        raise Failed(str(trouble)) from None
    print(f"{target}: supervision copy {code}, without names, days and free text")
    return 0


def _accesses(options: argparse.Namespace, log: Path) -> int:
    import msgspec

    from kapconsole.export.accesses import access_path, read_accesses

    with log_errors():
        held = read_accesses(access_path(log))
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(held), indent=2).decode())
        return 1 if held.problems else 0
    for line in held.lines:
        at = datetime.fromtimestamp(line.utc_us / 1e6, UTC).astimezone()
        print(f"{at:%Y-%m-%d %H:%M:%S}  {line.who}  {line.what}  {line.detail}")
    for problem in held.problems:
        print(f"PROBLEM: {problem}")
    if not held.lines:
        print("nobody is known to have viewed or exported it")
    return 1 if held.problems else 0


def _folder(options: argparse.Namespace) -> Path:
    from kapconsole.paths import sessions_dir

    if options.folder is None:
        return sessions_dir()
    folder = Path(options.folder)
    if not folder.is_dir():
        raise Failed(f"there is no folder {folder}")
    return folder
