"""`python -m kapconsole.console`: the console process, started by the launcher."""

import sys

from kapconsole.console.process import main

sys.exit(main())
