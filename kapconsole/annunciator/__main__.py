"""`python -m kapconsole.annunciator`: the annunciator process, started by the launcher."""

from __future__ import annotations

import sys

from kapconsole.annunciator.process import main

sys.exit(main())
