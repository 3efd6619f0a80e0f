"""`python -m kapconsole`: the command line."""

import sys

from kapconsole.cli import main

sys.exit(main())
