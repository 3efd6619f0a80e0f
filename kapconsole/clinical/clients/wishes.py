"""What a person may ask about a client's course."""

from __future__ import annotations

import msgspec


class ChooseCourse(msgspec.Struct, frozen=True, tag="course-choose"):
    """Let the client follow the template with this id; empty: none."""

    course: str


CourseWish = ChooseCourse
