"""Which course the client follows, as the session's events say."""

from __future__ import annotations

from typing import Any

import msgspec

from kapconsole.clinical.clients.events import CourseChosen


class CourseView(msgspec.Struct, frozen=True):
    """The chosen template's id and version; empty: none."""

    course: str = ""
    version: int = 0


EMPTY = CourseView()


def fold(view: CourseView, event: Any) -> CourseView:
    """The view after one more event (`kapconsole.events.Event`); bodies of others change nothing."""
    body = event.body
    return CourseView(body.course, body.version) if isinstance(body, CourseChosen) else view
