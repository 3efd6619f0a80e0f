"""What a session was, on one page."""

from __future__ import annotations

import msgspec

from kapconsole.events import NoteTaken
from kapconsole.record.reader import open_log
from kapconsole.record.summary import gap_words, summarise, summary_lines
from kapconsole.record.writer import SessionLog
from kapconsole.rows import WAVE_HEADER, Row


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
