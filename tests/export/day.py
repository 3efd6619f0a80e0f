"""A whole dosing day to export: six hours of numbers, a dose, alarms, sets, instruments, notes with names in them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec

from kapconsole.events import Body, Event, Measurement, WavePiece
from kapconsole.record.writer import SessionLog
from kapconsole.rows import NUMERICS, WAVE, Row, event_row, pack_numerics, pack_wave
from kapdevices.readings import Metric, Quality

UTC_US = 1_772_700_000_000_000
"""2026-03-05 08:40:00 UTC."""
MIN = 60_000_000


class Day:
    """Rows of a session, numbered by themselves; bodies of any kind as dictionaries."""

    def __init__(self, subject: str = "K-17", utc_us: int = UTC_US, zone: str = "Europe/Berlin") -> None:
        self.rows: list[Row] = []
        self.utc_us = utc_us
        self.raw(
            0,
            "session-started",
            actor="monitor",
            session_id=f"id-{subject}-{utc_us}",
            subject=subject,
            app_version="0.1.0",
            boot_id="boot",
            mono_origin_ns=5,
            utc_origin_us=utc_us,
            speed=1.0,
            time_zone=zone,
        )

    def raw(self, minute: float, kind: str, actor: str = "console:anna", **fields: Any) -> int:
        """An event of any kind by its tag; its sequence number."""
        mono_us = round(minute * MIN)
        body = msgspec.json.encode({"type": kind, **fields})
        self.rows.append(Row(len(self.rows) + 1, mono_us, self.utc_us + mono_us, kind, actor, body))
        return len(self.rows)

    def at(self, minute: float, kind: str, **fields: Any) -> int:
        """The same for a kind that names its moment."""
        return self.raw(minute, kind, at_us=round(minute * MIN), **fields)

    def typed(self, minute: float, body: Body, actor: str = "monitor") -> int:
        mono_us = round(minute * MIN)
        self.rows.append(event_row(Event(len(self.rows) + 1, mono_us, self.utc_us + mono_us, actor, body)))
        return len(self.rows)

    def numbers(self, minute: float, values: dict[Metric, float | None], quality: Quality = Quality.GOOD) -> None:
        mono_us = round(minute * MIN)
        items = [
            Measurement(mono_us + place, 1, metric, value, quality)
            for place, (metric, value) in enumerate(values.items())
        ]
        base_us, body = pack_numerics(items)
        self.rows.append(Row(len(self.rows) + 1, base_us, self.utc_us + base_us, NUMERICS, "monitor", body))

    def wave(self, minute: float) -> None:
        start_us = round(minute * MIN)
        piece = WavePiece(start_us, 1_000_000, 1, Metric.PLETH, Quality.GOOD, 127, 1, bytes(range(75)))
        self.rows.append(Row(len(self.rows) + 1, start_us, self.utc_us + start_us, WAVE, "monitor", pack_wave([piece])))

    def device(self) -> None:
        words = {"adapter": "USB serial AB12", "state": "connected", "text": "link is up"}
        self.raw(0.1, "device-state", actor="monitor", source=1, protocol="nonin", port="/dev/ttyUSB0", **words)
        self.raw(0.1, "device-state", actor="monitor", source=2, protocol="suntech", port="/dev/ttyUSB1", **words)

    def cuff(self, minute: float, sys: float | None, dia: float | None, text: str = "") -> None:
        quality = "" if sys else "measurement failed"
        rest = {"mean_mmhg": sys and round((sys + 2 * (dia or 0)) / 3), "pulse_rate": sys and 70, "quality": quality}
        self.raw(minute, "nibp-measured", actor="monitor", source=2, sys_mmhg=sys, dia_mmhg=dia, text=text, **rest)

    def dose(self, minute: float = 30, amount_mg: float = 60, drug: str = "ketamine", route: str = "im") -> None:
        self.at(minute, "dose-given", drug=drug, route=route, amount_mg=amount_mg)

    def alarm(self, minute: float, number: int = 1, priority: str = "medium", lasted_min: float = 1) -> None:
        at_us = round(minute * MIN)
        held = {"occurrence": number, "condition": "P02", "about": "", "limit": 92.0}
        words = {"priority": priority, "state": "active", "text": "SpO2 90 < 92", "value": 90.0}
        self.raw(minute, "alarm-began", actor="monitor", true_us=at_us, at_us=at_us, **held, **words)
        self.raw(
            minute + 0.3, "alarm-acknowledged", occurrence=number, condition="P02", about="", at_us=at_us + 18_000_000
        )
        end = {"how": "ended", "priority": priority, "worst": 88.0, "lasted_s": lasted_min * 60}
        end_us = round((minute + lasted_min) * MIN)
        self.raw(minute + lasted_min, "alarm-ended", actor="monitor", at_us=end_us, **held, **end)

    def stimulation(self, minute: float, number: int, before: int | None, after: int | None) -> None:
        start_us = round(minute * MIN)
        self.raw(
            minute + 0.6,
            "bilateral-set-delivered",
            actor="room",
            set_id=number,
            preset="emdr-standard",
            start_us=start_us,
            stop_us=start_us + 30_000_000,
            reason="count",
            cycles_delivered=24.0,
        )
        ratings = {"sud_before": before, "sud_after": after, "voc": None, "body_note": "chest", "therapist_note": ""}
        self.at(minute + 1, "bilateral-set-rated", set_id=number, **ratings)

    def score(self, minute: float, instrument: str, name: str, total: float | None, **fields: Any) -> int:
        held = {"version": "en", "language": "en", "mode": "self", "scorer": 1, "window": "last 2 weeks"}
        return self.at(minute, "instrument-taken", instrument=instrument, name=name, total=total, **{**held, **fields})

    def write(
        self, path: Path, key: bytes | None = None, signer: Any = None, keeper: Any = None, close: bool = True
    ) -> Path:
        """The session as a closed file."""
        log = SessionLog.create(path, key, self.rows[:1], signer=signer, ballast_bytes=0)
        log.write(self.rows[1:])
        if close:
            log.close(keeper)
        else:
            log.abandon()
        return path


def dosing_day(subject: str = "K-17", minutes: int = 150, notes: int = 6, waves: int = 60) -> Day:
    """A day with something of everything."""
    day = Day(subject)
    day.device()
    day.at(0.5, "visit-opened", visit="dosing", label="Dosing session", data={})
    day.at(1, "phase-entered", phase="prepare")
    day.at(2, "weight-recorded", weight_kg=71.5, measured_on="2026-03-01")
    day.at(2, "allergies-recorded", text="penicillin")
    day.at(
        3, "consent-recorded", form="KAP", form_version="3", signed_on="2026-02-20", valid_until="", author="Dr. Berg"
    )
    day.score(4, "phq-9", "PHQ-9", 16.0, band="moderately severe", band_source="Kroenke 2001", answers=[2] * 7 + [1, 1])
    day.at(4, "safety-raised", instrument="phq-9", why="Item 9 was answered above “Not at all”.")
    day.at(5, "safety-answered", action="asked; prescriber informed", role="nurse", words="")
    day.at(6, "intention-set", text="To meet what I have kept away. Zärtlich, ohne Eile.")
    day.at(20, "phase-entered", phase="pre-dose")
    for minute in (22, 26):
        day.cuff(minute, 121, 78)
    day.at(27, "signed-off", what="pre-dose", person="Nora Lind", role="nurse", verified=True, text="")
    day.at(
        29,
        "gate-overridden",
        gate="dose",
        item="fasting",
        label="Fasting",
        found="2 h",
        person="Dr. Berg",
        role="prescriber",
        reason="light tea only",
    )
    day.at(30, "phase-entered", phase="dose")
    ledger = {
        "drug": "ketamine",
        "route": "im",
        "amount_mg": 60.0,
        "mg_per_kg": 0.84,
        "weight_kg": 71.5,
        "lot": "LX44",
        "expiry": "2027-01",
    }
    day.at(
        30,
        "dose-recorded",
        number=1,
        given_by="Nora Lind",
        witness="Anna Ruiz",
        waste_mg=40.0,
        waste_witness="Anna Ruiz",
        exception="",
        **ledger,
    )
    day.dose()
    day.at(32, "phase-entered", phase="onset")
    for minute, segment in ((30, "opening"), (45, "build"), (60, "peak"), (80, "descent"), (95, "return")):
        day.at(minute, "segment-entered", segment=segment, why="time", ends_us=None)
    limits = {"spo2.low": 92.0, "pulse_rate.low": 50.0}
    day.at(0.4, "preset-loaded", name="standard", version=1, stored_by="", stored_at="", settings=limits, guard={})
    day.at(40, "phase-entered", phase="inward")
    day.alarm(48, 1, "medium")
    day.alarm(58, 2, "high", 2)
    for minute, sys, dia in ((35, 138, 88), (40, 149, 93), (50, 152, 95), (60, 140, 88), (75, 131, 82), (90, 124, 80)):
        day.cuff(minute, sys, dia)
    day.cuff(62, None, None, "cuff loose")
    day.at(
        55,
        "sedation-scored",
        scale="moaas",
        variant="squeeze-0",
        score=4,
        watch=3,
        deep=2,
        recheck_min=5,
        how="whispered name",
    )
    day.at(
        95,
        "sedation-scored",
        scale="moaas",
        variant="squeeze-0",
        score=5,
        watch=3,
        deep=2,
        recheck_min=5,
        how="whispered name",
    )
    day.at(70, "side-effect-graded", effect="nausea", label="nausea", grade=1, action="water", outcome="", text="")
    day.at(80, "phase-entered", phase="emerge")
    day.at(95, "phase-entered", phase="integrate")
    for number, (before, after) in enumerate(((8, 6), (6, 4), (4, 3), (3, 1)), 1):
        day.stimulation(98 + 3 * number, number, before, after)
    for number in range(notes):
        about = day.raw(45 + number, "note-taken", at_us=(45 + number) * MIN, text="")
        day.raw(
            46 + number,
            "note-taken",
            at_us=(45 + number) * MIN,
            text=f"Wildschweinfährte {number}: tears, then quiet. Calls for Mathilde.",
            about=about,
        )
    if notes:
        day.raw(
            60.5, "note-taken", at_us=45 * MIN, text="=1+1 corrected: Wildschweinfährte, tears SpO₂ ✓ 漢", about=about
        )
    day.at(52, "mark-set", label="crying")
    day.at(120, "phase-entered", phase="recover")
    day.at(
        140,
        "discharged",
        person="Nora Lind",
        role="nurse",
        verified=True,
        escort="Mathilde Ruiz",
        items=[["Oriented", "×3 at 95 min"], ["Escort seen", "Mathilde Ruiz"]],
    )
    day.at(141, "signed-off", what="session", person="Anna Ruiz", role="therapist", verified=True, text="seen and read")
    for second in range(minutes * 60):
        if 100 * 60 < second < 104 * 60:
            continue
        minute = second / 60
        dip = 9 * math.exp(-(((minute - 59) / 2) ** 2))
        rise = 25 * math.exp(-(((minute - 50) / 18) ** 2))
        spo2 = 98 - dip + (second * 7 % 3) * 0.5
        day.numbers(minute, {Metric.SPO2: round(spo2), Metric.PULSE_RATE: round(68 + rise + second % 5)})
        if second < waves:
            day.wave(minute)
    first, rest = day.rows[0], sorted(day.rows[1:], key=lambda row: (row.mono_us, row.seq))
    renumbered = {row.seq: place for place, row in enumerate([first, *rest], 1)}
    day.rows = [_renumbered(row, renumbered) for row in [first, *rest]]
    return day


def _renumbered(row: Row, numbers: dict[int, int]) -> Row:
    body = row.body
    if row.kind == "note-taken":
        held = msgspec.json.decode(body)
        if held.get("about"):
            body = msgspec.json.encode({**held, "about": numbers[held["about"]]})
    return Row(numbers[row.seq], row.mono_us, row.utc_us, row.kind, row.actor, body)
