"""What the choice of a course writes into the session log; free of imports from the rest of kapconsole."""

from __future__ import annotations

import msgspec


class CourseChosen(msgspec.Struct, frozen=True, tag="course-chosen"):
    """The client follows this template from now on, by its id and version; empty: none."""

    at_us: int
    course: str
    version: int = 0


CourseBody = CourseChosen
