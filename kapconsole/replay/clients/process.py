"""Opens the window over all sessions."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from kapconsole.replay.clients.desk import Desk


def show_clients(folder: Path, code: str = "", passphrase_file: Path | None = None, who: str = "") -> int:
    """Show the sessions in `folder`, `code`'s first, and return when the window is closed."""
    from PySide6.QtWidgets import QApplication

    from kapconsole.qtcheck import refuse_broken_qt
    from kapconsole.replay.clients.window import ClientsWindow

    trouble = refuse_broken_qt()
    if trouble:
        print(f"kapconsole: {trouble}", file=sys.stderr)
        return 1
    app = QApplication(["kapconsole"])
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    window = ClientsWindow(Desk(folder, passphrase_file, who), code)
    window.show()
    return int(app.exec())
