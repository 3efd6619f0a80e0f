"""The format is documented, and a file of every version still opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from kapconsole.events import NoteTaken, SessionStarted
from kapconsole.record import schema
from kapconsole.record.reader import open_log
from kapconsole.record.summary import summarise
from kapconsole.record.verify import verify
from kapconsole.rows import row_event

ROOT = Path(__file__).parents[2]
STORED = sorted((ROOT / "tests" / "data").glob("format-*.kaplog"))
KEY = bytes(range(32))  # of the stored encrypted files


def test_the_document_is_current():
    assert (ROOT / "docs" / "log-schema.md").read_text(encoding="utf-8") == schema.document(), (
        "python -m kapconsole.record.schema > docs/log-schema.md"
    )


def test_every_version_has_a_stored_file():
    names = {path.name for path in STORED}
    for version in range(1, schema.FORMAT_VERSION + 1):
        assert {f"format-{version}.kaplog", f"format-{version}-encrypted.kaplog"} <= names


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_stored_file_still_opens(path):
    key = KEY if "encrypted" in path.stem else None
    with open_log(path, key) as log:
        rows = log.rows()
        assert (log.closed, log.warnings) == (True, ())
        assert isinstance(row_event(rows[0]).body, SessionStarted)
        found = [row_event(row).body for row in log.search("wildschweinfahrte 5")]
        assert found == [NoteTaken(5_000_000, "Wildschweinfährte 5")]
        summary = summarise(log)
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert summary.subject == "K-17"
    assert summary.waveforms[0].recorded_s == 10.0
    assert verify(path, key).ok
    assert summary.head_code == "WW8R0-WGFSE-R68V7-VFH0E"


def test_a_kind_that_is_not_known_is_not_searched_and_does_no_harm(story):
    row = story.event(1, NoteTaken(0, "words"))
    assert schema.searchable(row) == "words"
    for body in (b"", b"\xff\xfe", b"[1]", b'{"text": 7}'):
        assert schema.searchable(type(row)(2, 0, 0, "later-kind", "x", body)) == ""
