"""Whether a record is what was written, in a few words for the fixed line and in all words for who asks; no Qt."""

from __future__ import annotations

from collections.abc import Iterable

from kapconsole.export.accesses import Accesses
from kapconsole.record.reader import LogFile
from kapconsole.record.verify import VerifyReport
from kapconsole.replay.recordline import access_line


def state_words(opened: LogFile) -> str:
    """What the file says of itself."""
    if opened.live:
        return "being recorded now"
    return "closed" if opened.closed else "not closed: this session was cut off"


def verdict(report: VerifyReport) -> str:
    """The verification in a few words, the gravest finding first."""
    grave = [finding.text for finding in report.findings if finding.serious]
    if grave:
        return f"NOT as it was written: {grave[0]}"
    signed = "signed" if report.anchors else "not signed"
    return f"whole and unchanged · {signed} · {'closed' if report.closed else 'not closed'} · {report.head_code}"


def record_text(
    badge: str, program: str, report: VerifyReport | None, problems: Iterable[str], accesses: Accesses
) -> str:
    """Everything about the record, for reading: proof with every finding, problems, program, accesses."""
    lines = [badge or "not verified", ""]
    if report is not None:
        lines.append(f"{report.rows} rows, {report.anchors} signatures, head code {report.head_code or 'none'}")
        for finding in report.findings:
            where = "" if finding.seq is None else f" (row {finding.seq})"
            lines.append(f"{'PROBLEM' if finding.serious else 'note'}{where}: {finding.text}")
        lines.append("")
    said = [*dict.fromkeys(problems), *accesses.problems]
    if said:
        lines += ["Not as it should be:", *said, ""]
    lines += [program, "", "Who viewed, exported and commented:"]
    lines += [access_line(access) for access in reversed(accesses.lines)] or ["nothing is known"]
    return "\n".join(lines)
