"""Where the demo keeps its data and finds its server: the settings of the platform, and a database that is ready."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from freehold.errors import Code, ConfigurationError
from freehold.migrations import migrate
from freehold.server import Endpoints, resolve
from freehold.settings import Settings

HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8000

_APP: Final = "coding_agents"
_MODELS: Final = "examples.coding_agents.models"
_MIGRATIONS: Final = Path(__file__).with_name("migrations")


def platform_settings() -> Settings:
    """The settings of the environment, with the platform's own models, migrations and, unless it is named, roles."""
    loaded = Settings.load()
    named = {} if "app" in loaded.model_fields_set else {"app": _APP}
    return loaded.model_copy(update={**named, "models": _MODELS, "migrations": _MIGRATIONS})


def port() -> int:
    """The port in ``PORT``, 8000 without one; 0 takes any that is free. Raises `ConfigurationError` (FH302)."""
    text = os.environ.get("PORT") or str(DEFAULT_PORT)
    if text.isascii() and text.isdecimal() and int(text) < 65536:
        return int(text)
    raise ConfigurationError(
        Code.SETTING_INVALID, "PORT is not a port number.", hint="Use a number below 65536: PORT=8001 make demo"
    )


def prepare(settings: Settings) -> Endpoints:
    """A database with the platform's tables: the server is started if it is ours, and migrated. Close it when done."""
    endpoints = resolve(settings)
    try:
        migrate(_owner(endpoints, settings), settings.migrations)
    except BaseException:
        endpoints.close()
        raise
    return endpoints


def _owner(endpoints: Endpoints, settings: Settings) -> str:
    if endpoints.owner is not None:
        return endpoints.owner
    raise ConfigurationError(
        Code.SETTING_MISSING,
        "There is no login that may change the schema.",
        hint=f"Set OWNER_DATABASE_URL=postgresql://{settings.app}_owner:<password>@<host>:5432/<database>",
    )
