"""`python -m kapconsole.monitor`: the monitor process, started by the launcher."""

import sys

from kapconsole.monitor.process import main

sys.exit(main())
