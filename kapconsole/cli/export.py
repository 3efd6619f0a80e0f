"""`kapconsole export`: a recorded session as PDF summary, CSV tables or EDF+ signals, identified or for supervision."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from kapconsole.cli.speaking import Failed, log_errors, passphrase, progress, say


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser], key_options: Callable[..., None]) -> None:
    """Add the command. `key_options`: adds --passphrase-file."""
    parser = commands.add_parser("export", help="a recorded session as PDF summary, CSV tables or EDF+ signals")
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--to",
        choices=["pdf", "csv", "edf"],
        required=True,
        help="a summary of at most three pages, all as tables, or signals",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="PATH",
        help="a PDF or EDF file; for CSV a folder or a .zip file",
    )
    parser.add_argument(
        "--deidentify", action="store_true", help="for supervision: without names, days, free text and serial numbers"
    )
    parser.add_argument("--force", action="store_true", help="replace an export that is there already")
    parser.add_argument("--paper", choices=["a4", "letter"], default="a4")
    parser.add_argument("--no-waves", action="store_true", help="CSV without the waveforms, which are long")
    key_options(parser)
    parser.set_defaults(action=export)


def export(options: argparse.Namespace) -> int:
    from kapconsole.export.taking import Wanted, take_out
    from kapconsole.export.writing import ExportTrouble

    ask = Wanted(
        options.to, options.output, options.deidentify, options.force, options.paper, waves=not options.no_waves
    )
    shown = {step: progress(step) for step in ("verifying", "writing")}
    try:
        with log_errors():
            taken = take_out(options.file, ask, passphrase(options), lambda step, done, total: shown[step](done, total))
    except ExportTrouble as trouble:
        raise Failed(str(trouble)) from None
    print(taken.words)
    if not taken.as_written:
        say("the session file is NOT as it was written; the export says so. kapconsole verify tells more")
    return 0
