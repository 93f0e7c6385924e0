"""The ``freehold`` command."""

from __future__ import annotations

import gc
from typing import Final

_OBJECTS: Final = 100_000


def main() -> None:
    """Runs the command and leaves with its exit code."""
    # Modules and classes stay until the end: looking for garbage among them at every 700 objects costs a twentieth.
    gc.set_threshold(_OBJECTS)
    from freehold.cli.app import main as run  # noqa: PLC0415

    run()


__all__ = ["main"]
