"""A pulse oximeter written from Nonin's documents alone, with none of the project's code: data format 2 on a pty.

Run as a program: prints the pseudo-terminal's path, then sends 75 frames a second. HR and SpO2 as arguments.
"""

import math
import os
import sys
import time
import tty


def packet(hr: int, spo2: int, first_sample: int) -> bytes:
    """25 frames of five bytes: 1, status, pleth, float byte, checksum."""
    floats = {1: hr >> 7, 2: hr & 127, 3: spo2, 4: 0x34, 9: spo2, 10: spo2, 11: spo2, 14: hr >> 7, 15: hr & 127}
    floats |= {16: spo2, 17: spo2, 20: hr >> 7, 21: hr & 127, 22: hr >> 7, 23: hr & 127}
    out = bytearray()
    for frame in range(1, 26):
        status = 0x81 if frame == 1 else 0x80
        pleth = int(100 + 80 * math.sin((first_sample + frame) / 75 * 2 * math.pi * hr / 60))
        body = bytes([1, status, pleth, floats.get(frame, 0)])
        out += body + bytes([sum(body) & 0xFF])
    return bytes(out)


def main() -> None:
    hr, spo2 = (int(word) for word in sys.argv[1:3])
    master, slave = os.openpty()
    tty.setraw(slave)
    print(os.ttyname(slave), flush=True)
    os.set_blocking(master, False)
    sample, due = 0, time.monotonic()
    while True:
        stream = packet(hr, spo2, sample)
        for frame in range(25):
            due += 1 / 75
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                os.write(master, stream[5 * frame : 5 * frame + 5])
            except BlockingIOError:
                pass
        sample += 25


main()
