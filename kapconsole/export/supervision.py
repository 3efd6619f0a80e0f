"""A session as a supervision copy shows it: the same recording without what names a person or a day."""

from __future__ import annotations

from collections import Counter

from msgspec.structs import replace

from kapconsole.clinical.clients.plain import of_kind, plain_events
from kapconsole.clock import duration_text
from kapconsole.export.deidentify import deidentified, random_code
from kapconsole.export.recorded import Recorded, recorded_of


def supervision(recorded: Recorded, code: str = "") -> Recorded:
    """The session under a random `code`. Everything in it is made from de-identified rows; verified stays as it was."""
    code = code or random_code()
    rows = deidentified(recorded.rows, code)
    events = plain_events(rows)
    gaps = (
        f"recording was interrupted for {duration_text(float(event.body.get('gap_s', 0)))}"
        f" (at {duration_text(event.mono_us / 1e6)})"
        for event in of_kind(events, "session-resumed")
    )
    protocols = {event.body["source"]: event.body["protocol"] for event in reversed(of_kind(events, "device-state"))}
    devices = tuple(
        replace(device, protocol=protocols.get(device.source, ""), port="", adapter="")
        for device in recorded.summary.devices
    )
    summary = replace(
        recorded.summary,
        name=code,
        session_id="",
        subject=code,
        app_version=str(events[0].body.get("app_version", "")) if events else "",
        start_utc_us=rows[0].utc_us - rows[0].mono_us if rows else 0,
        head_code="",
        devices=devices,
        phases=(),
        doses=(),
        rows=dict(sorted(Counter(row.kind for row in rows).items())),
        interruptions=tuple(gaps),
        warnings=(),
    )
    return recorded_of(rows, summary, code, recorded.verified, deidentified=True)
