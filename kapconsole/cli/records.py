"""Commands about recorded sessions and their protection: replay, info, verify, alarms, recover, protect."""

from __future__ import annotations

import argparse

from kapconsole.cli.speaking import Failed, log_errors, new_passphrase, passphrase, progress, screen


def replay(options: argparse.Namespace) -> int:
    if not screen():
        raise Failed("there is no screen here; kapconsole info and verify work without one")
    from kapconsole.replay.process import replay as show

    with log_errors():
        return show(options.file, passphrase(options), options.beside, options.who)


def info(options: argparse.Namespace) -> int:
    import msgspec

    from kapconsole.record.access import open_for_reading
    from kapconsole.record.summary import summarise, summary_lines

    with log_errors():
        opened = open_for_reading(options.file, passphrase(options))
        summary = summarise(opened)
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(summary), indent=2).decode())
    else:
        print("\n".join(summary_lines(summary)))
    return 0


def verify(options: argparse.Namespace) -> int:
    import msgspec

    from kapconsole.record import access
    from kapconsole.record.chain import read_code
    from kapconsole.record.verify import Code

    if options.code is not None:
        try:
            read_code(options.code)  # before anything long is begun
        except ValueError as trouble:
            raise Failed(f"--code {options.code}: {trouble}. Nothing was verified") from None
    with log_errors():
        report = access.check(options.file, passphrase(options), options.code, progress("verifying"))
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
        return 0 if report.ok and report.code is not Code.MISTYPED else 1
    for finding in report.findings:
        where = "" if finding.seq is None else f" (row {finding.seq})"
        print(f"{'PROBLEM' if finding.serious else 'note'}{where}: {finding.text}")
    state = "closed" if report.closed else "not closed"
    verdict = "whole and unchanged" if report.ok else "NOT as it was written"
    if report.ok and report.code is Code.MISTYPED:
        verdict = "whole and unchanged as far as the file itself shows; NOT compared with the code on paper"
    print(f"{options.file.name}: {verdict}; {report.rows} rows, {report.anchors} signatures, {state}")
    if report.head_code:
        same = ", the same as on paper" if report.code is Code.SAME else ""
        print(f"head code: {report.head_code}{same}")
    return 0 if report.ok and report.code is not Code.MISTYPED else 1


def alarms(options: argparse.Namespace) -> int:
    from kapconsole.alarms.history import items_of
    from kapconsole.alarms.presets import PresetError, load_preset
    from kapconsole.alarms.report import alarms_report, report_json, report_svg, report_text
    from kapconsole.paths import config_dir
    from kapconsole.record.access import open_for_reading

    site = config_dir() / "alarm_presets"
    try:
        standard = load_preset(options.preset, site)
        other = load_preset(options.what_if, site) if options.what_if else None
    except PresetError as trouble:
        raise Failed(str(trouble)) from None
    with log_errors():
        items = items_of(open_for_reading(options.file, passphrase(options)).rows())
    report = alarms_report(items, standard, other)
    print(report_json(report) if options.json else report_text(report), end="")
    if options.svg is not None:
        try:
            options.svg.write_text(report_svg(report), "utf-8")
        except OSError as trouble:
            raise Failed(f"{options.svg}: {trouble.strerror}") from None
    return 0


def recover(options: argparse.Namespace) -> int:
    from kapconsole.record.access import log_key
    from kapconsole.record.recover import recover

    if options.target.exists():
        raise Failed(f"{options.target} exists already")
    with log_errors():
        report = recover(options.file, options.target, log_key(options.file, passphrase(options)))
    for sentence in report.text:
        print(sentence)
    return 0


def protect(options: argparse.Namespace) -> int:
    from kapconsole.record.access import protect, protection

    with log_errors():
        if options.how == "status":
            print(protection())
        else:
            print(protect(options.how, new_passphrase(options)))
    return 0
