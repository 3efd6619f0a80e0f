"""What the doctor asks in processes of their own: a library that crashes or hangs there harms nobody.

`python -m kapconsole.probes NAME` prints one line of JSON. Heavy imports stand inside the functions.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

Answer = dict[str, object]

FONTS = Path(__file__).parent / "resources" / "fonts"


def qt() -> Answer:
    """Opens Qt on the platform at hand: aborts or fails to import where a library of the system is missing."""
    import PySide6
    from PySide6.QtGui import QFontDatabase
    from PySide6.QtWidgets import QApplication

    application = QApplication([])
    files = sorted(FONTS.glob("*.ttf"))
    loaded = [file.name for file in files if QFontDatabase.addApplicationFont(str(file)) >= 0]
    screen = application.primaryScreen().geometry()
    return {
        "version": PySide6.__version__,
        "platform": application.platformName(),
        "screen": f"{screen.width()}x{screen.height()}",
        "fonts": loaded,
        "fonts_damaged": [file.name for file in files if file.name not in loaded],
    }


def sound() -> Answer:
    """Names of the outputs that may be the alarm speaker, and of those that may be the patient's."""
    from kapconsole.annunciator.named import outputs
    from kapconsole.sound import portaudio, server
    from kapconsole.sound.outputs import NoOutput

    patient = [f"{server.HOST_API}: {sink}" for sink in server.sinks()]
    with contextlib.suppress(NoOutput):
        patient += [f"{api}: {name}" for api, name, _ in portaudio.devices(portaudio.library())]
    return {"outputs": outputs(), "patient": patient}


def music() -> Answer:
    """What reads music files, and whether the patient's sound has its callback in C (`mixer` is empty without)."""
    import soundfile

    mixer = ""
    with contextlib.suppress(ImportError, OSError):
        import rtmixer

        mixer = str(rtmixer.__version__)
    missing = [name for name in ("WAV", "FLAC", "OGG", "MP3") if name not in soundfile.available_formats()]
    return {"reader": str(soundfile.__libsndfile_version__), "formats_missing": missing, "mixer": mixer}


def log() -> Answer:
    """The database library with encrypted pages. `encrypted` is empty where plain apsw stands in its place."""
    import apsw

    return {"sqlite": apsw.sqlite_lib_version(), "encrypted": getattr(apsw, "mc_version", "")}


def keystore() -> Answer:
    """The key store that keyring would use; nothing is read or written, so nobody is asked to unlock it."""
    import keyring

    backend = keyring.get_keyring()
    return {"name": backend.name, "usable": float(backend.priority) > 0}


def sleep() -> Answer:
    """Whether this machine can be kept awake, tried for a moment."""
    from wakepy import keep

    with keep.presenting(on_fail="pass") as mode:
        answer: Answer = {"active": bool(mode.active), "by": str(mode.method or "")}
    return answer


PROBES: dict[str, Callable[[], Answer]] = {each.__name__: each for each in (qt, sound, music, log, keystore, sleep)}


if __name__ == "__main__":
    print(json.dumps(PROBES[sys.argv[1]]()))
