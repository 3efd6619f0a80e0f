"""A time that a person typed, as a moment of the session."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_SHAPE = re.compile(r"(?P<zero>[TtSs]\s*[+−-]\s*)?(?P<one>\d{1,3}):(?P<two>\d{2})(?::(?P<three>\d{2}))?")

HINT = "14:32 on the clock, T+42:17 since dose, S+12:00 or 0:42 since start"


def session_us(words: str, utc_origin_us: int, dose_us: int | None, end_us: int) -> int:
    """The moment that `words` name, in session microseconds; it may lie outside of the session. Raises ValueError.

    "T+42:17" and "T+1:02:03" count from the first dose, "S+12:00" from the start, both as minutes and seconds, or as
    hours, minutes and seconds. "14:32" is the time of day where the session has one; "0:42" otherwise hours and
    minutes from the start.
    """
    found = _SHAPE.fullmatch(words.strip())
    if found is None or int(found["two"]) > 59 or int(found["three"] or 0) > 59:
        raise ValueError(f"{words.strip() or 'nothing'}: not understood; {HINT}")
    one, two = int(found["one"]), int(found["two"])
    three = found["three"]
    if found["zero"]:
        seconds = one * 60 + two if three is None else one * 3600 + two * 60 + int(three)
        sign = 1 if "+" in found["zero"] else -1
        if found["zero"][0] in "Ss":
            return sign * seconds * 1_000_000
        if dose_us is None:
            raise ValueError("there is no dose in this session; S+12:00 counts from its start")
        return dose_us + sign * seconds * 1_000_000
    seconds = one * 3600 + two * 60 + int(three or 0)
    face_us = _on_the_clock(seconds, utc_origin_us, end_us)
    return seconds * 1_000_000 if face_us is None else face_us


def _on_the_clock(seconds: int, utc_origin_us: int, end_us: int) -> int | None:
    """The first moment at which the clock face showed `seconds` after midnight; None when it never did."""
    start = datetime.fromtimestamp(utc_origin_us / 1e6, UTC).astimezone()
    face_s = start.hour * 3600 + start.minute * 60 + start.second
    # To the second that "14:32" begins, or to the start when the session began within that minute.
    after_s = (seconds - face_s) % 86400
    if after_s > 86400 - 60:
        return 0
    return after_s * 1_000_000 if after_s * 1_000_000 <= end_us else None
