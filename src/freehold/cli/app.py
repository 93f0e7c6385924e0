"""The command line: one application, options that every command shares, and one place where errors end."""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer

from freehold.cli.exits import Exit, err, show_error
from freehold.cli.lazy import Commands
from freehold.errors import Code, ConfigurationError, FreeholdError

_EPILOG: Final = (
    "Exit codes: 0 done, 1 an error with a code, 2 a wrong command line, "
    "3 something is left to do (check, status) or was found (audit, prove), 4 not everything was looked at (audit, prove), "
    "130 interrupted."
)

app: Final = typer.Typer(
    name="freehold",
    cls=Commands,
    help="Declare once who owns a row; PostgreSQL enforces it.",
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

_TRACEBACK: Final = "--traceback"


@app.callback()
def options(
    traceback: Annotated[bool, typer.Option(_TRACEBACK, help="Show where an error came from.")] = False,
) -> None:
    """Options for every command; they stand before it."""


def main() -> None:
    """Runs the command and leaves with its exit code."""
    try:
        app()
    except FreeholdError as error:
        if _TRACEBACK in sys.argv:
            raise
        show_error(error, as_json="--json" in sys.argv)
        sys.exit(Exit.FAILED)
    except OSError as error:
        if _TRACEBACK in sys.argv or error.filename is None:
            raise
        show_error(_unusable(error), as_json="--json" in sys.argv)
        sys.exit(Exit.FAILED)
    except KeyboardInterrupt:
        err.print("interrupted")
        sys.exit(Exit.INTERRUPTED)


def _unusable(error: OSError) -> ConfigurationError:
    return ConfigurationError(
        Code.FILE_UNUSABLE,
        f"{error.filename} cannot be used: {error.strerror}.",
        hint=f'See that its folder is there and yours: ls -ld "$(dirname {error.filename})"',
    )
