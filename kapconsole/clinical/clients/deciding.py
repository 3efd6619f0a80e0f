"""Whether a course can be chosen, and the fact that it makes."""

from __future__ import annotations

from collections.abc import Mapping

from kapconsole.clinical.clients.courses import Course
from kapconsole.clinical.clients.events import CourseChosen
from kapconsole.clinical.clients.wishes import CourseWish
from kapconsole.refusals import Refused


def decide(wish: CourseWish, courses: Mapping[str, Course], now_us: int) -> list[CourseChosen]:
    """The facts of a wish at `now_us` (session microseconds). Raises Refused."""
    if not wish.course:
        return [CourseChosen(now_us, "")]
    course = courses.get(wish.course)
    if course is None:
        raise Refused(f"there is no course {wish.course!r}; there are: {', '.join(courses)}")
    return [CourseChosen(now_us, course.id, course.version)]
