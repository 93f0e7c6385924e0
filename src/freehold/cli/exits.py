"""The exit codes of every command, and how an error is shown: what happened and what to do, without a traceback."""

from __future__ import annotations

import json
from enum import IntEnum
from typing import Final

from rich.console import Console
from rich.text import Text

from freehold.errors import FreeholdError

out: Final = Console(highlight=False, soft_wrap=True, emoji=False)
err: Final = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


class Exit(IntEnum):
    """What a shell or a CI job may rely on."""

    OK = 0
    FAILED = 1
    """An error with a code; it is on standard error."""
    USAGE = 2
    """The command line is wrong."""
    DIFFERENT = 3
    """``check``, ``status``: something is left to do. ``audit``, ``prove``: something was found."""
    INCOMPLETE = 4
    """``audit``, ``prove``: nothing was found where it was looked, and not everything was looked at."""
    INTERRUPTED = 130
    """Ctrl-C."""


def show_error(error: FreeholdError, *, as_json: bool = False) -> None:
    """The error on standard error: for people, or as one JSON object."""
    if as_json:
        fields = {"code": error.code, "message": error.message, "detail": error.detail, "hint": error.hint}
        err.print(json.dumps(fields), markup=False)
        return
    err.print(Text.assemble((f"{error.code} ", "bold red"), (error.message, "bold")))
    for label, text in (("detail", error.detail), ("hint", error.hint)):
        if text:
            colour = "dim" if label == "detail" else "bold green"
            err.print(Text.assemble("  ", (f"{label}: ", colour), text.replace("\n", "\n  ")))
