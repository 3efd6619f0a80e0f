"""Plays the two whole days of the end-to-end test and keeps a picture of each phase: `python docs/screenshots_day.py`.

`python docs/screenshots_day.py FOLDER` puts them there. It takes about two minutes: real processes, real keys.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["TZ"] = "UTC"
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

from PySide6.QtWidgets import QApplication

SPEED = 60.0


def main(pictures: Path) -> None:
    """Play both days in a folder of their own."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from tests.end_to_end import clinic, dosing_day, integration_day
    from tests.end_to_end.keyboard import Keyboard

    with TemporaryDirectory(prefix="kap-day-") as name:
        folder = Path(name)
        os.environ["KAPCONSOLE_HOME"] = str(folder / "k")
        clinic.furnish()
        with clinic.Day("dosing", SPEED, folder) as day:
            keyboard = Keyboard(day.address, pictures)
            dosing_day.play(keyboard, day)
            keyboard.close()
            day.ended()
        with clinic.Day("integration", 1.0, folder) as day:
            keyboard = Keyboard(day.address, pictures)
            integration_day.play(keyboard)
            keyboard.close()
            day.ended()


if __name__ == "__main__":
    application = QApplication([])
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "screens")
