"""Deletes a session for good and makes de-identified copies, each written down before it is done.

Of an encrypted session the wrapped key goes first: from then on nobody can read what a disk may still hold of it.
"""

from __future__ import annotations

import datetime
from pathlib import Path

from kapconsole.clock import wall_us
from kapconsole.export.accesses import SUFFIX as ACCESS_SUFFIX
from kapconsole.export.accesses import access_path, deletions_path, note_access
from kapconsole.export.clientindex import SUFFIX, forget_index
from kapconsole.export.deidentify import deidentified, random_code
from kapconsole.export.writing import ExportTrouble, check_target
from kapconsole.record.access import Fetch, fetch_log_key, new_log_key, signer
from kapconsole.record.errors import LogError
from kapconsole.record.keys import sidecar_path
from kapconsole.record.reader import open_log
from kapconsole.record.writer import SessionLog

KEEP_YEARS = 6
"""A record is kept so long (45 CFR 164.316(b)(2) for documentation; a clinic's own law may ask for more)."""


def delete_session(
    log: Path, passphrase: Fetch, reason: str, early: bool = False, now_utc_us: int | None = None
) -> None:
    """Delete a session's file, key and what stands beside it. Raises ExportTrouble, LogError.

    Refused while it is being written, and before `KEEP_YEARS` have passed unless `early`. A file that cannot be
    opened can be deleted as well, with `early`: its age is not known.
    """
    if not log.is_file():
        raise ExportTrouble(f"there is no file {log}")
    if log.suffix != SUFFIX:
        raise ExportTrouble(f"{log.name} is not a session file")
    if not reason.strip():
        raise ExportTrouble("a reason is needed, and is kept: --reason TEXT")
    now_us = wall_us() if now_utc_us is None else now_utc_us
    session_id, ended_us = "", None
    try:
        with open_log(log, lambda: fetch_log_key(log, passphrase)) as held:
            if held.live:
                raise ExportTrouble("this session is being recorded just now")
            rows = held.rows()
            session_id = held.session_id
            ended_us = max((row.utc_us for row in rows), default=None)
    except LogError as trouble:
        if not early:
            raise ExportTrouble(f"{trouble} Its age is not known; --early deletes it all the same.") from None
    kept_until = _years_later(ended_us, KEEP_YEARS) if ended_us is not None else None
    if kept_until is not None and now_us < kept_until and not early:
        day = datetime.datetime.fromtimestamp(kept_until / 1e6, datetime.UTC).date()
        raise ExportTrouble(f"records are kept for {KEEP_YEARS} years, this one until {day}; --early deletes it before")
    detail = f"{log.name}: {reason.strip()}" + (" (early)" if early else "")
    note_access(deletions_path(), "deleting", session_id, detail, utc_us=now_us)
    try:
        for path in (sidecar_path(log), log, *(log.with_name(log.name + end) for end in ("-wal", "-shm", ".lock"))):
            path.unlink(missing_ok=True)
        log.with_name(log.name + ACCESS_SUFFIX).unlink(missing_ok=True)
    except OSError as trouble:
        raise ExportTrouble(f"{log} could not be deleted wholly ({trouble.strerror})") from trouble
    forget_index()
    note_access(deletions_path(), "deleted", session_id, log.name, utc_us=now_us)


def deidentified_copy(log: Path, target: Path, passphrase: Fetch) -> str:
    """Write a supervision copy of a closed session to `target`, a new session file; its random code.

    The copy is encrypted as this site's new sessions are. Raises ExportTrouble, LogError.
    """
    if target.suffix != SUFFIX:
        raise ExportTrouble(f"a copy is a session file: name it with the ending {SUFFIX}")
    if target.exists():
        raise ExportTrouble(f"{target} exists already; a session file is never overwritten")
    check_target(target, force=False)
    with open_log(log, lambda: fetch_log_key(log, passphrase)) as held:
        if not held.closed:
            raise ExportTrouble("this session was not closed; only a closed one can be copied")
        session_id = held.session_id
        rows = held.rows()
    code = random_code()
    # The person's ledger names the copy's code; nothing in the copy leads back.
    note_access(access_path(log), "copied", session_id, f"de-identified copy {code} to {target.name}")
    copied = deidentified(rows, code)
    key = new_log_key(target, code, passphrase)
    writer = SessionLog.create(target, key, copied[:1], signer=signer(), ballast_bytes=0)
    try:
        writer.write(copied[1:])
        writer.close()
    except BaseException:
        writer.abandon()
        for end in ("", "-wal", "-shm", ".lock"):
            target.with_name(target.name + end).unlink(missing_ok=True)
        sidecar_path(target).unlink(missing_ok=True)
        raise
    return code


def _years_later(utc_us: int, years: int) -> int:
    moment = datetime.datetime.fromtimestamp(utc_us / 1e6, datetime.UTC)
    day = min(moment.day, 28) if moment.month == 2 else moment.day
    return round(moment.replace(year=moment.year + years, day=day).timestamp() * 1e6)
