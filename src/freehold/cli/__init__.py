"""The ``freehold`` command."""

from freehold.cli.app import main

__all__ = ["main"]
