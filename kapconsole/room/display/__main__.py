"""`python -m kapconsole.room.display`: the client display, started by the room."""

from __future__ import annotations

import sys

from kapconsole.room.display.process import main

sys.exit(main())
