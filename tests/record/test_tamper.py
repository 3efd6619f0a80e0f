"""Somebody who can write the file changes it: found in the file, or else by what is kept outside."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import apsw
import msgspec
import pytest

from kapconsole.record.chain import GENESIS, Head, head_code, link, sign_anchor
from kapconsole.record.errors import LogError, LogWriteError
from kapconsole.record.ledger import Ledger, read_ledger
from kapconsole.record.verify import verify
from kapconsole.record.writer import SessionLog
from kapconsole.rows import Row

Attack = Callable[[apsw.Connection, object], None]


def rewrite_chain(db: apsw.Connection) -> None:
    """Make every hash right again."""
    digest = GENESIS
    for record in list(db.execute("SELECT seq, mono_us, utc_us, kind, actor, body FROM rec ORDER BY seq")):
        digest = link(digest, Row(*record))
        db.execute("UPDATE rec SET hash = ? WHERE seq = ?", (digest, record[0]))


def rewrite_head(db: apsw.Connection) -> None:
    """Make the close record fit the end of the chain, unsigned as if it had never been signed."""
    seq, digest, utc_us = db.execute("SELECT seq, hash, utc_us FROM rec ORDER BY seq DESC LIMIT 1").get
    head = Head("3f1c", seq, digest.hex(), utc_us)
    db.execute("UPDATE meta SET value = ? WHERE key = 'closed'", (msgspec.json.encode(head).decode(),))


def note_at(db: apsw.Connection, minute: int) -> int:
    sql = "SELECT seq FROM rec WHERE kind = 'note-taken' AND mono_us > ? ORDER BY seq LIMIT 1"
    return db.execute(sql, (minute * 60_000_000,)).get


def edit_note(db, other):
    seq = note_at(db, 2)
    db.execute("UPDATE rec SET body = CAST(replace(CAST(body AS TEXT), 'Wild', 'Haus') AS BLOB) WHERE seq = ?", (seq,))


def delete_row(db, other):
    db.execute("DELETE FROM rec WHERE seq = ?", (note_at(db, 2),))


def backdate(db, other):
    db.execute("UPDATE rec SET utc_us = utc_us - 60000000 WHERE seq = ?", (note_at(db, 2),))


def other_actor(db, other):
    db.execute("UPDATE rec SET actor = 'nurse' WHERE seq = ?", (note_at(db, 2),))


def swap_rows(db, other):
    first = note_at(db, 2)
    second = note_at(db, 3)
    db.execute("UPDATE rec SET seq = -1 WHERE seq = ?", (first,))
    db.execute("UPDATE rec SET seq = ? WHERE seq = ?", (first, second))
    db.execute("UPDATE rec SET seq = ? WHERE seq = -1", (second,))


def edit_and_rewrite(db, other):
    edit_note(db, other)
    rewrite_chain(db)
    rewrite_head(db)


def edit_the_end_and_rewrite(db, other):
    db.execute("UPDATE rec SET actor = 'nurse' WHERE seq = (SELECT max(seq) FROM rec)")
    rewrite_chain(db)
    rewrite_head(db)


def add_at_the_end(db, other):
    rows = [Row(*record) for record in db.execute("SELECT seq, mono_us, utc_us, kind, actor, body FROM rec")]
    last = rows[-1]
    row = msgspec.structs.replace(last, seq=last.seq + 1)
    digest = db.execute("SELECT hash FROM rec WHERE seq = ?", (last.seq,)).get
    db.execute("INSERT INTO rec VALUES(?, ?, ?, ?, ?, ?, ?)", (*msgspec.structs.astuple(row), link(digest, row)))


def cut_the_tail(db, other):
    db.execute("DELETE FROM rec WHERE mono_us > 200000000")


def cut_the_tail_and_later_anchors(db, other):
    cut_the_tail(db, other)
    db.execute("DELETE FROM anchor WHERE seq > (SELECT max(seq) FROM rec)")
    rewrite_head(db)


def drop_all_anchors(db, other):
    db.execute("DELETE FROM anchor")
    edit_and_rewrite(db, other)


def sign_with_another_key(db, other):
    edit_and_rewrite(db, other)
    anchors = list(db.execute("SELECT seq, rec.utc_us, rec.hash FROM anchor JOIN rec USING(seq)"))
    db.execute("DELETE FROM anchor")
    for seq, utc_us, digest in anchors:
        anchor = sign_anchor(other, seq, digest, utc_us)
        db.execute("INSERT INTO anchor VALUES(?, ?, ?, ?, ?)", msgspec.structs.astuple(anchor))


def tamper(path: Path, key: bytes | None, attack: Attack, other: object) -> int:
    """Do it, triggers or not; the row that was aimed at."""
    db = apsw.Connection(str(path))
    if key is not None:
        db.pragma("cipher", "chacha20")
        db.pragma("key", f"raw:{key.hex()}")
    for (name,) in list(db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")):
        db.execute(f"DROP TRIGGER {name}")
    aimed = note_at(db, 2)
    with db:
        attack(db, other)
    db.close()
    return aimed


@pytest.mark.parametrize("attack", [edit_note, delete_row, backdate, other_actor, swap_rows])
def test_a_change_is_found_at_its_row(closed_log, key, signer, other_signer, attack):
    path = closed_log(key)
    aimed = tamper(path, key, attack, other_signer)
    report = verify(path, key, trusted=[signer.public_key])
    assert not report.ok
    assert report.findings[0].seq == aimed


@pytest.mark.parametrize(
    "attack", [edit_and_rewrite, edit_the_end_and_rewrite, add_at_the_end, cut_the_tail, sign_with_another_key]
)
def test_a_rewritten_chain_is_found_by_the_signatures(closed_log, key, signer, other_signer, attack):
    path = closed_log(key)
    tamper(path, key, attack, other_signer)
    assert not verify(path, key, trusted=[signer.public_key]).ok


@pytest.mark.parametrize(
    "attack",
    [
        edit_note,
        delete_row,
        edit_and_rewrite,
        edit_the_end_and_rewrite,
        add_at_the_end,
        cut_the_tail,
        cut_the_tail_and_later_anchors,
        drop_all_anchors,
        sign_with_another_key,
    ],
)
def test_what_is_kept_outside_finds_everything(closed_log, signer, other_signer, tmp_path, attack):
    """Without knowing whose signature to trust: the ledger alone, and the code on paper alone."""
    ledger = tmp_path / "ledger.jsonl"
    path = closed_log(None, Ledger(ledger))
    code = verify(path).head_code
    tamper(path, None, attack, other_signer)
    assert not verify(path, ledger=ledger).ok
    if attack not in (edit_note, delete_row):  # the end of the chain stands; the chain itself tells
        assert any("The head code is" in finding.text for finding in verify(path, code=code).findings) or (
            attack is add_at_the_end
        )
    assert not verify(path, code=code).ok


def test_without_anything_outside_a_clean_cut_cannot_be_found(closed_log, signer, other_signer):
    """Why the head must leave the file. If this is ever found from within, the documents may say so."""
    path = closed_log()
    tamper(path, None, cut_the_tail_and_later_anchors, other_signer)
    assert verify(path, trusted=[signer.public_key]).ok


def test_an_untouched_log_is_proved(closed_log, key, signer, tmp_path):
    ledger = tmp_path / "ledger.jsonl"
    path = closed_log(key, Ledger(ledger))
    heard: list[tuple[int, int]] = []
    code = read_ledger(ledger).entries[0].head.code.lower().replace("-", " ")
    report = verify(
        path,
        key,
        trusted=[signer.public_key],
        ledger=ledger,
        code=code,
        progress=lambda done, total: heard.append((done, total)),
    )
    assert report.ok
    assert report.closed
    assert report.findings == ()
    assert report.anchors == 5
    assert heard[-1] == (report.rows, report.rows)


def test_a_session_that_was_not_closed_is_proved_as_far_as_it_goes(log_path, story, signer):
    log = SessionLog.create(log_path, None, story.rows, signer=signer, ballast_bytes=0)
    log.write(story.seconds(0, 10))
    log.abandon()
    report = verify(log_path, trusted=[signer.public_key])
    assert (report.ok, report.closed, report.rows) == (True, False, len(story.rows))
    assert "not closed" in report.findings[0].text


def test_every_flipped_bit_of_an_encrypted_file_is_found(closed_log, signer, tmp_path):
    key = os.urandom(32)
    whole = closed_log(key).read_bytes()
    chance = random.Random(5)
    missed = []
    places = [chance.randrange(len(whole)) for _ in range(40)] + [0, 15, 16, 18, 24, 4095, 4096, len(whole) - 1]
    for place in places:
        data = bytearray(whole)
        data[place] ^= 1 << chance.randrange(8)
        path = tmp_path / "flipped.kaplog"
        path.write_bytes(data)
        try:
            if verify(path, key, trusted=[signer.public_key]).ok:
                missed.append(place)
        except LogError:
            pass
    # Bytes 16 to 23 hold the page size and such in clear, and are not covered by the page's MAC.
    assert [place for place in missed if not 16 <= place < 24] == []


def test_a_changed_ledger_is_found(closed_log, tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    path = closed_log(None, ledger)
    for number in range(3):
        ledger.append(Head(f"other-{number}", 1, "00" * 32, 0), f"other{number}.kaplog")
    assert read_ledger(ledger.path).problems == ()
    lines = ledger.path.read_bytes().splitlines(keepends=True)
    ledger.path.write_bytes(b"".join([*lines[:1], *lines[2:]]))
    assert "Line 2 of the ledger was changed, or a line before it is missing." in read_ledger(ledger.path).problems
    assert not verify(path, ledger=ledger.path).ok
    ledger.path.write_bytes(lines[0].replace(b"one.kaplog", b"two.kaplog") + b"".join(lines[1:]))
    assert not verify(path, ledger=ledger.path).ok


def test_a_ledger_torn_by_a_power_cut_goes_on(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append(Head("a", 1, "00" * 32, 0), "a.kaplog")
    with ledger.path.open("ab") as file:
        file.write(b'{"number":2,"na')
    ledger.append(Head("b", 1, "11" * 32, 0), "b.kaplog")
    state = read_ledger(ledger.path)
    assert [entry.name for entry in state.entries] == ["a.kaplog", "b.kaplog"]
    assert state.problems == ("Line 2 of the ledger is torn or unreadable.",)


def test_a_ledger_that_cannot_be_written_does_not_keep_a_session_open(log_path, story):
    class Broken:
        def append(self, head, name):
            raise LogWriteError("The ledger cannot be written.")

    log = SessionLog.create(log_path, None, story.rows, ballast_bytes=0)
    head = log.close(Broken())
    assert f"Keep the head code {head.code} on paper." in log.warnings[0]
    assert verify(log_path).closed


def test_a_head_code_can_be_read_aloud():
    code = head_code(bytes(range(32)))
    assert code == "000G4-0R40M-30E20-9185G"
    assert not set(code) & set("ILOU")
