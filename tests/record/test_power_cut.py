"""Nothing that was acknowledged is lost when the power goes at any moment.

Every write, truncate and sync of a session is recorded below SQLite (and below the encryption). Then the disk is
rebuilt as a power cut may leave it: what was synced is there; of what came later nothing, all, or any 512-byte sectors.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import apsw
import pytest

from kapconsole.record.reader import open_log
from kapconsole.record.verify import verify
from kapconsole.record.writer import SessionLog

BASE = "win32" if sys.platform == "win32" else "unix"
SECTOR = 512
CUTS = 100  # with and without a key: 200


# SQLite Multiple Ciphers keeps a pointer to each for ever: none may go. With apsw itself, since this module may be
# loaded twice, and a name that was used twice, or a recorder that went, ends the interpreter.
_RECORDERS: list[apsw.VFS] = vars(apsw).setdefault("recorders_of_the_tests", [])


class Recorder(apsw.VFS):
    """Lets everything pass and keeps it: (what, file, offset or size, data)."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str, int, bytes]] = []
        self.name = f"recorder{len(_RECORDERS)}"
        _RECORDERS.append(self)
        super().__init__(self.name, BASE)

    def xOpen(self, name, flags):
        return RecordedFile(self, name, flags)

    def xDelete(self, name, sync_folder):
        super().xDelete(name, sync_folder)
        self.done.append(("delete", Path(name).name, 0, b""))


class RecordedFile(apsw.VFSFile):
    def __init__(self, recorder, name, flags):
        self.recorder = recorder
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self.name = Path(path).name if path else "temporary"
        super().__init__(BASE, name, flags)

    def xWrite(self, data, offset):
        super().xWrite(data, offset)
        self.recorder.done.append(("write", self.name, offset, bytes(data)))

    def xTruncate(self, size):
        super().xTruncate(size)
        self.recorder.done.append(("truncate", self.name, size, b""))

    def xSync(self, flags):
        super().xSync(flags)
        self.recorder.done.append(("sync", self.name, 0, b""))


def apply(content: bytearray, what: str, place: int, data: bytes) -> None:
    if what == "truncate":
        del content[place:]
        content.extend(bytes(max(0, place - len(content))))
    else:
        content.extend(bytes(max(0, place + len(data) - len(content))))
        content[place : place + len(data)] = data


def after_the_cut(done: list[tuple[str, str, int, bytes]], chance: random.Random) -> dict[str, bytearray]:
    """The files as the cut may have left them."""
    durable: dict[str, bytearray] = {}
    later: dict[str, list[tuple[str, int, bytes]]] = {}
    for what, name, place, data in done:
        if what == "delete":
            durable.pop(name, None)
            later.pop(name, None)
        elif what == "sync":
            content = durable.setdefault(name, bytearray())
            for step in later.pop(name, []):
                apply(content, *step)
        else:
            later.setdefault(name, []).append((what, place, data))
    luck = chance.choice([0.0, 0.5, 1.0])
    for name, steps in later.items():
        content = durable.setdefault(name, bytearray())
        for what, place, data in steps:
            if what == "truncate":
                if chance.random() < luck:
                    apply(content, what, place, data)
                continue
            for start in range(0, len(data), SECTOR):
                if chance.random() < luck:
                    apply(content, what, place + start, data[start : start + SECTOR])
    return durable


@pytest.mark.timeout(60)
def test_no_acknowledged_row_is_lost_by_a_power_cut(log_path, tmp_path, story, signer, key):
    recorder = Recorder()
    log = SessionLog.create(
        log_path, key, story.rows, signer=signer, ballast_bytes=0, vfs=f"multipleciphers-{recorder.name}"
    )
    acknowledged = [(len(recorder.done), log.last_seq)]
    log._database().pragma("wal_autocheckpoint", 100)  # so that there are many checkpoints to cut
    for second in range(250):
        log.write(story.seconds(second, second + 1))
        acknowledged.append((len(recorder.done), log.last_seq))
    log.close()
    begun, whole = acknowledged[0][0], len(recorder.done)
    # The checkpoints and the close are short and the most delicate: cut there as often as in all the rest.
    delicate = [at for at in range(begun, whole) if recorder.done[at][1] == log_path.name]
    assert len(delicate) > 50
    chance = random.Random(7)
    lost = 0
    for number in range(CUTS):
        at = chance.choice(delicate) if number % 2 else chance.randrange(begun, whole + 1)
        folder = tmp_path / f"cut{number}"
        folder.mkdir()
        for file, content in after_the_cut(recorder.done[:at], chance).items():
            (folder / file).write_bytes(content)
        known = max(seq for done, seq in acknowledged if done <= at)
        path = folder / log_path.name
        with open_log(path, key) as file:
            rows = file.rows()
            assert not any("damaged" in text or "cut short" in text for text in file.warnings), (at, file.warnings)
        assert rows == story.rows[: len(rows)], at
        lost += max(0, known - len(rows))
        assert verify(path, key, trusted=[signer.public_key]).ok, at
    assert lost == 0
