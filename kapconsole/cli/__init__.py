"""The command line: words to actions. Errors are one clear line on standard error; exit code 0, 1 failed, 2 usage.

Imports are made where they are used, so that `kapconsole send` from a foot switch does not wait for Qt or numpy.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence

from kapconsole.cli.parser import build_parser
from kapconsole.cli.speaking import Failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code."""
    from kapconsole.paths import FolderTrouble

    options = build_parser().parse_args(arguments)
    try:
        return int(options.action(options))
    except (Failed, FolderTrouble) as trouble:
        print(f"kapconsole: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of a pipe has left (`| head`); that is its right.
        with contextlib.suppress(OSError):
            sys.stdout.close()
        return 0
