"""A cuff module written from published SunTech commands alone, with none of the project's code, on a pty.

Run as a program: prints the pseudo-terminal's path, then answers. A measurement takes three seconds and gives 131/84.
Writes each command it got to standard error as hexadecimal, so that a test can see what was sent.
"""

import os
import select
import sys
import time
import tty


def closed(body: bytes) -> bytes:
    """With the byte that makes the sum zero."""
    return body + bytes([-sum(body) & 0xFF])


def ack(letter: str) -> bytes:
    return closed(bytes([0x3E, 4, ord(letter)]))


LENGTHS = {0x20: 3, 0x87: 3, 0x28: 3, 0x17: 5, 0x79: 5}


def main() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    print(os.ttyname(slave), flush=True)
    pending = b""
    running_until = None
    result = bytes(22)
    while True:
        if running_until is not None and time.monotonic() > running_until:
            running_until = None
            result = bytes([131, 0, 84, 0, 28, 1]) + bytes(8) + bytes([77, 0, 99, 0, 0, 0, 0])
            os.write(master, ack("K"))
        if not select.select([master], [], [], 0.02)[0]:
            continue
        try:
            pending += os.read(master, 256)
        except OSError:
            time.sleep(0.05)
            continue
        while pending:
            if pending[0] != 0x3A:
                pending = pending[1:]
                continue
            if len(pending) < 2 or len(pending) < LENGTHS.get(pending[1], 3):
                break
            length = LENGTHS.get(pending[1], 3)
            command, pending = pending[:length], pending[length:]
            print(command.hex(" "), file=sys.stderr, flush=True)
            if sum(command) & 0xFF:
                continue
            if command[1] in (0x20, 0x87, 0x28):
                if running_until is not None:
                    os.write(master, ack("B"))
                else:
                    running_until = time.monotonic() + 3
                    os.write(master, ack("O"))
            elif command[1] == 0x17:
                os.write(master, ack("K"))
            elif command[1:4] == b"\x79\x01\x00":
                os.write(master, ack("A" if running_until is not None else "K"))
                running_until = None
            elif command[1:4] == b"\x79\x03\x00":
                os.write(master, closed(bytes([0x3E, 24]) + result.ljust(21, b"\0")[:21]))
            elif command[1:4] == b"\x79\x05\x00":
                mmhg = 0 if running_until is None else int(60 * (running_until - time.monotonic()))
                os.write(master, closed(bytes([0x3E, 5, mmhg & 0xFF, mmhg >> 8])))
            else:
                os.write(master, ack("D"))


main()
