"""What a session was, on one page."""

from __future__ import annotations

import msgspec

from kapconsole.alarms.events import AlarmBegan, AlarmEnded, OccurrenceState, Priority
from kapconsole.bilateral import events as be
from kapconsole.clinical.events import DoseCorrected, DoseRecorded
from kapconsole.clinical.instruments.events import InstrumentTaken
from kapconsole.events import DoseGiven, NibpMeasured, NoteTaken
from kapconsole.record.reader import open_log
from kapconsole.record.summary import gap_words, summarise, summary_lines
from kapconsole.record.writer import SessionLog
from kapconsole.rows import WAVE_HEADER, Row
from kapdevices.readings import Quality


def test_a_session_in_numbers(log_path, story, signer):
    log = SessionLog.create(log_path, bytes(32), story.rows, signer=signer, ballast_bytes=0)
    log.write(story.highlights())
    log.write(story.seconds(10, 40))
    log.write(story.seconds(52, 60))  # the finger was out for twelve seconds
    stamp = story.event(60, NoteTaken(60_000_000, ""))
    words = story.event(61, NoteTaken(60_000_000, "calm", about=stamp.seq))
    log.write([stamp, words])
    with open_log(log_path, bytes(32)) as file:
        assert not summarise(file).closed
        assert summarise(file).live
    head = log.close()
    with open_log(log_path, bytes(32)) as file:
        summary = summarise(file)
    assert (summary.subject, summary.session_id, summary.encrypted, summary.closed) == ("K-17", "3f1c", True, True)
    assert summary.head_code == head.code
    assert summary.length_s == 61.0
    assert [(device.protocol, device.port) for device in summary.devices] == [("nonin-df7", "/dev/ttyUSB0")]
    (pleth,) = summary.waveforms
    assert (pleth.recorded_s, pleth.gaps_s) == (38.0, ((40.0, 52.0),))
    assert gap_words(pleth) == ["12 s missing at 40 s"]
    assert (summary.cuff_readings, summary.cuff_readings_valid) == (2, 1)
    assert summary.notes == 7 + 1  # words about a stamp are not another note
    assert [(phase.phase, phase.at_s) for phase in summary.phases] == [("preparation", 2.0)]
    assert [(dose.drug, dose.amount_mg, dose.at_s) for dose in summary.doses] == [("ketamine", 60.0, 3.0)]
    assert summary.rows["wave"] == 38
    text = "\n".join(summary_lines(summary))
    for words_shown in ("K-17", "Dose at 3 s: ketamine 60 mg im", "12 s missing at 40 s", head.code, "encrypted"):
        assert words_shown in text
    assert msgspec.json.decode(msgspec.json.encode(summary))["cuff_readings"] == 2


def test_samples_that_were_lost_are_a_gap_and_not_a_recording(log_path, story):
    log = SessionLog.create(log_path, None, story.rows, ballast_bytes=0)
    for row in story.seconds(0, 10):
        lost = row.kind == "wave" and 3_000_000 <= row.mono_us < 6_000_000
        log.append(msgspec.structs.replace(row, body=row.body[: WAVE_HEADER.size]) if lost else row)
    log.commit()
    log.close()
    (pleth,) = summarise(open_log(log_path)).waveforms
    assert (pleth.recorded_s, pleth.gaps_s) == (7.0, ((3.0, 6.0),))


def test_an_event_of_a_later_version_is_counted_and_passed_over(log_path, story):
    log = SessionLog.create(log_path, None, story.rows, ballast_bytes=0)
    log.write([Row(2, 1_000_000, 0, "later-kind", "staff", b'{"type":"later-kind"}')])
    log.close()
    assert summarise(open_log(log_path)).rows == {"later-kind": 1, "session-started": 1}


def test_an_empty_session_has_a_summary(log_path):
    SessionLog.create(log_path, None, ballast_bytes=0).close()
    summary = summarise(open_log(log_path))
    assert (summary.length_s, summary.subject, summary.waveforms) == (0.0, "", ())
    assert "subject (none)" in summary_lines(summary)[0]


def summed(log_path, story):
    """The summary of what the story tells."""
    SessionLog.create(log_path, None, story.rows, ballast_bytes=0).close()
    with open_log(log_path) as file:
        return summarise(file)


def test_cuff_readings_are_told_with_their_values(log_path, story):
    for second, sys_mmhg in ((60, 121.0), (300, 158.0), (900, 158.0), (1800, 131.0)):
        story.event(second, NibpMeasured(2, sys_mmhg, 80.0, 95.0, 70.0, Quality.GOOD, ""))
    story.event(2000, NibpMeasured(2, 201.0, None, None, None, Quality.MEASUREMENT_FAILED, "moved"))
    summary = summed(log_path, story)
    values = summary.cuff_values
    assert [(each.at_s, each.sys_mmhg) for each in (values.first, values.highest, values.last)] == [
        (60.0, 121.0),
        (300.0, 158.0),
        (1800.0, 131.0),
    ]
    assert (summary.cuff_readings, summary.cuff_readings_valid) == (5, 4)
    text = "\n".join(summary_lines(summary))
    assert "highest: 158/80 (95) mmHg, pulse 70 at 5 min 00 s" in text
    assert msgspec.json.decode(msgspec.json.encode(summary))["cuff_values"]["last"]["sys_mmhg"] == 131.0


def test_no_cuff_reading_has_no_values(log_path, story):
    summary = summed(log_path, story)
    assert summary.cuff_values is None
    assert "Cuff readings: 0" in "\n".join(summary_lines(summary))


def test_a_dose_is_told_as_the_ledger_has_it_after_corrections(log_path, story):
    at_us = 240_000_000
    record = DoseRecorded(
        at_us, 1, "ketamine", "im", 60.0, 0.8, 75.0, "", None, None, "A1", "", "", "N. Nurse", "", 0.0, "", False, ""
    )
    story.event(240, DoseGiven(at_us, "ketamine", "im", 60.0))
    story.event(240, record)
    story.event(300, DoseCorrected(300_000_000, at_us, "amount_mg", "60", "45", "misread"))
    summary = summed(log_path, story)
    (dose,) = summary.doses
    assert (dose.amount_mg, dose.mg_per_kg, dose.given_by, dose.corrections) == (45.0, 0.6, "N. Nurse", 1)
    line = "Dose at 4 min 00 s: ketamine 45 mg (0.6 mg/kg) im, given by N. Nurse, corrected"
    assert line in summary_lines(summary)


def test_alarms_are_counted_by_priority_and_those_that_went_on(log_path, story):
    for number, priority in enumerate((Priority.LOW, Priority.HIGH, Priority.LOW), 1):
        story.event(
            number, AlarmBegan(number, "P01", "", priority, OccurrenceState.ACTIVE, "SpO2 low", 85.0, 88.0, 0, 0)
        )
    story.event(9, AlarmEnded(1, "P01", "", "by itself", Priority.LOW, None, None, 8.0, 0))
    summary = summed(log_path, story)
    assert (summary.alarms.began, summary.alarms.unended) == ({"high": 1, "low": 2}, 2)
    assert "Alarms: 1 HIGH, 2 LOW; not ended: 2" in summary_lines(summary)


def test_sets_and_instruments_are_told(log_path, story):
    plan = be.Plan("calm-place", 1, 1.0, (be.Channel.AUDIO,), start_us=100_000_000)
    story.event(100, be.SetAsked(1, plan, "integrate", 5, 100_000_000))
    story.event(
        112,
        be.SetDelivered(
            1, "", "integrate", "calm-place", 1, 100_000_000, 112_000_000, 0, 0, be.StopReason.STOP_NOW, "", 12.0, 6.0,
            12, (), plan.channels, be.Offsets(), 0, 0, 0, 0, be.ToneTiming(), 0, 0, 112_000_000,
        ),
    )  # fmt: skip
    story.event(120, be.SetRated(1, None, 3, None, "", "", 120_000_000))
    story.event(121, be.SetAsked(2, plan, "integrate", 5, 121_000_000))  # of which nothing was delivered
    first = story.event(130, InstrumentTaken(0, "sud", "SUD", "1", "en", "self", 1, "now", total=6.0))
    story.event(131, InstrumentTaken(0, "sud", "SUD", "1", "en", "self", 1, "now", total=4.0, about=first.seq))
    summary = summed(log_path, story)
    (done,) = summary.sets
    assert (done.preset, done.passes, done.sud_before, done.sud_after, done.at_s) == ("calm-place", 12, 5, 3, 100.0)
    lines = summary_lines(summary)
    assert "    calm-place at 1 min 40 s, 12 passes, stop now, SUD before 5, SUD after 3" in lines
    assert [(each.name, each.times, each.total) for each in summary.instruments] == [("SUD", 1, 4.0)]
    assert "Instruments: SUD 4" in lines
