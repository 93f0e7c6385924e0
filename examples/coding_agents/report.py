"""How the demo's programs talk to a terminal, and how they end.

Exit codes: 0 done, or ended by Ctrl-C as it should be; 1 an error with a code, or an attack that succeeded; 2 a wrong
command line.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Final

from rich.console import Console
from rich.text import Text

from freehold.errors import FreeholdError

out: Final = Console(highlight=False, soft_wrap=True)
err: Final = Console(stderr=True, highlight=False, soft_wrap=True)

_EXITS: Final = "Exit codes: 0 done, 1 an error with a code (or a successful attack), 2 a wrong command line."


def run_program(name: str, purpose: str, program: Callable[[], int]) -> None:
    """Runs ``program`` and leaves with its exit code; errors are shown without a traceback unless it is asked for."""
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=purpose, epilog=_EXITS)
    parser.add_argument("--traceback", action="store_true", help="show where an error came from")
    options = parser.parse_args()
    try:
        code = program()
    except FreeholdError as error:
        if options.traceback:
            raise
        _show(error)
        code = 1
    except KeyboardInterrupt:
        code = 0
    sys.exit(code)


def _show(error: FreeholdError) -> None:
    err.print(Text.assemble((f"{error.code} ", "bold red"), (error.message, "bold")))
    for label, text, colour in (("detail", error.detail, "dim"), ("hint", error.hint, "bold green")):
        if text:
            err.print(Text.assemble("  ", (f"{label}: ", colour), text.replace("\n", "\n  ")))
