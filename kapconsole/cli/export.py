"""`kapconsole export`: a recorded session as PDF summary or CSV tables, identified or for supervision."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from kapconsole.cli.speaking import Failed, log_errors, passphrase, progress, say


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser], key_options: Callable[..., None]) -> None:
    """Add the command. `key_options`: adds --passphrase-file."""
    parser = commands.add_parser("export", help="a recorded session as PDF summary or CSV tables")
    parser.add_argument("file", type=Path)
    parser.add_argument("--to", choices=["pdf", "csv"], required=True, help="a summary of at most three pages, or all")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="PATH", help="a PDF file; for CSV a folder or a .zip file"
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
    from kapconsole.export.accesses import access_path, note_access
    from kapconsole.export.csvs import export_csv
    from kapconsole.export.pdf import export_pdf
    from kapconsole.export.recorded import read_recorded
    from kapconsole.export.rems import as_part, as_table, wanted
    from kapconsole.export.supervision import supervision
    from kapconsole.export.writing import ExportTrouble, check_target

    try:
        check_target(options.output, options.force)
        with log_errors():
            recorded = read_recorded(options.file, passphrase(options), progress("verifying"))
            session_id, shown = recorded.summary.session_id, recorded
            if options.deidentify:
                shown = supervision(recorded)
            kind = "de-identified " if options.deidentify else ""
            # Written down before it is done: what cannot be written down does not leave.
            detail = f"{kind}{options.to} to {options.output.name}"
            note_access(access_path(options.file), "exported", session_id, detail)
        form = wanted(shown)
        if options.to == "pdf":
            extra = [as_part(shown)] if form else []
            pages = export_pdf(
                shown,
                options.output,
                force=options.force,
                size=options.paper,
                extra=extra,
                progress=progress("writing"),
            )
            print(f"{options.output}: {pages} {'page' if pages == 1 else 'pages'}")
        else:
            tables = [as_table(shown)] if form else []
            waves = not options.no_waves
            export_csv(
                shown, options.output, force=options.force, waves=waves, extra=tables, progress=progress("writing")
            )
            print(f"{options.output}: README.txt says what the tables hold")
    except ExportTrouble as trouble:
        raise Failed(str(trouble)) from None
    if recorded.verified is not None and not recorded.verified.ok:
        say("the session file is NOT as it was written; the export says so. kapconsole verify tells more")
    return 0
