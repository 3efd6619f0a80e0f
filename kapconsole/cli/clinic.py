"""Commands about the clinic's own data: check the files of a folder, make what the staff list holds of a PIN."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from kapconsole.cli.speaking import Failed


def check(options: argparse.Namespace) -> int:
    """Read the clinic's files as a session would, and say what they change."""
    from kapconsole.clinical.data import ClinicalDataError, load
    from kapconsole.paths import config_dir

    folder = options.folder if options.folder is not None else config_dir() / "clinical"
    if options.folder is not None and not folder.is_dir():
        raise Failed(f"{folder} is no folder")
    try:
        data = load(folder)
    except ClinicalDataError as trouble:
        raise Failed(str(trouble)) from None
    print(f"clinical data of {folder}: whole")
    for name, origin in data.origins.items():
        if origin.site is not None:
            stored = f" by {origin.stored_by}" if origin.stored_by else ""
            at = f", {origin.stored_at}" if origin.stored_at else ""
            print(f"  {name}.toml: version {origin.site}{stored}{at}, over version {origin.packaged} as it ships")
        elif origin.packaged:
            print(f"  {name}.toml: as it ships, version {origin.packaged}")
        else:
            print(f"  {name}.toml: none; nobody is asked for a PIN, and no signature counts as verified")
    without = [person.name for person in data.staff.staff.values() if not person.pin]
    if without:
        print(f"  without a PIN, cannot take a role: {', '.join(without)}")
    return 0


def pin(options: argparse.Namespace) -> int:
    """Ask for a PIN twice and print the line for the staff list; the PIN itself is kept nowhere."""
    from kapconsole.clinical.staffing import hash_pin

    if not sys.stdin.isatty():
        raise Failed("a PIN is typed in a terminal, never given on a command line or by a file")
    first = getpass.getpass("PIN: ")
    if getpass.getpass("again: ") != first:
        raise Failed("the two are not the same")
    try:
        hashed = hash_pin(first)
    except ValueError as trouble:
        raise Failed(str(trouble)) from None
    print(f'pin = "{hashed}"')
    return 0


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `clinic` with its words."""
    clinic = commands.add_parser("clinic", help="the clinic's own gates, routes, scales and staff list")
    words = clinic.add_subparsers(dest="word", metavar="WORD", required=True)
    checking = words.add_parser("check", help="read the clinic's files and say what they change, or what is wrong")
    checking.add_argument(
        "folder", nargs="?", type=Path, metavar="FOLDER", help="another folder than the program's own"
    )
    checking.set_defaults(action=check)
    making = words.add_parser("pin", help="the line that the staff list holds of a PIN")
    making.set_defaults(action=pin)
