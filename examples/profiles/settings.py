"""Where this application finds its server, its models and its migrations."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from freehold import Settings

# By the names the environment has for them, which win: FREEHOLD_APP=profiles freehold generate -m "..."
_OWN: Final[dict[str, tuple[str, Any]]] = {
    "FREEHOLD_APP": ("app", "profiles"),
    "FREEHOLD_MODELS": ("models", "examples.profiles.models"),
    "FREEHOLD_MIGRATIONS": ("migrations", Path(__file__).parent / "migrations"),
}


def settings() -> Settings:
    """The settings of the environment, and where it says nothing, this application's.

    Raises `ConfigurationError` (FH302) for what cannot be used.
    """
    own = {name: value for variable, (name, value) in _OWN.items() if not os.environ.get(variable)}
    return Settings.load().model_copy(update=own)
