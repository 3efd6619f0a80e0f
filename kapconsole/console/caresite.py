"""What the clinic has set up, as the console's forms need it: read once; what ships where that is broken."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from kapconsole.clinical.clients.courses import Course, CourseError, load_courses
from kapconsole.clinical.data import ClinicalData, ClinicalDataError, load
from kapconsole.clinical.instruments.catalog import load_instruments, load_safety_prompt
from kapconsole.clinical.instruments.model import Instrument, InstrumentError, SafetyPrompt

log = logging.getLogger("kapconsole.console")


class CareSite:
    """The clinic's data with the packaged ones below them. `folder` None: the packaged ones alone.

    The monitor has the same files and decides; here they give labels. What cannot be read is said in the diary.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    @cached_property
    def data(self) -> ClinicalData:
        """Visits, roles, routes, marks, scales, screening, emergency page, staff."""
        try:
            return load(self.folder)
        except ClinicalDataError as words:
            log.warning("the clinic's data cannot be used, what ships is shown: %s", words)
            return load()

    @cached_property
    def instruments(self) -> Mapping[str, Instrument]:
        """By id."""
        try:
            return load_instruments(self._sub("instruments"))
        except InstrumentError as words:
            log.warning("the clinic's instruments cannot be used, what ships is shown: %s", words)
            return load_instruments()

    @cached_property
    def prompt(self) -> SafetyPrompt:
        """The words of the safety prompt."""
        try:
            return load_safety_prompt(self._sub("instruments"))
        except InstrumentError as words:
            log.warning("the clinic's safety prompt cannot be used, what ships is shown: %s", words)
            return load_safety_prompt()

    @cached_property
    def courses(self) -> Mapping[str, Course]:
        """By id."""
        try:
            return load_courses(self._sub("courses"))
        except CourseError as words:
            log.warning("the clinic's courses cannot be used, what ships is shown: %s", words)
            return load_courses()

    def _sub(self, name: str) -> Path | None:
        return None if self.folder is None else self.folder / name
