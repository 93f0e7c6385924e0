"""Runs the application on 127.0.0.1: ``python -m examples.profiles``, on the port in PORT, or 8000."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from typing import Final

import uvicorn

from examples.profiles.app import create_app
from examples.profiles.settings import settings as settings_of_profiles
from freehold import Database, FreeholdError, Settings
from freehold.auth import DevelopmentSessions
from freehold.errors import Code, ConfigurationError, ServerError
from freehold.migrations import migrate
from freehold.server import Endpoints, resolve

_HOST: Final = "127.0.0.1"
_HIGHEST_PORT: Final = 65535


def prepare(settings: Settings, endpoints: Endpoints) -> None:
    """Brings the database to the newest revision in ``migrations/``."""
    if endpoints.owner is not None:
        migrate(endpoints.owner, settings.migrations)


def main() -> int:
    """Serves until Ctrl-C; the embedded server ends with it. Gives the exit code."""
    try:
        with suppress(KeyboardInterrupt):  # the ordinary end; uvicorn repeats the signal when it is done
            serve(settings_of_profiles(), _port())
    except FreeholdError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def serve(settings: Settings, port: int) -> None:
    """Prepares the database and serves on ``port``, which is taken first, before anything is started."""
    with _listening(port) as listener, resolve(settings) as endpoints:
        prepare(settings, endpoints)
        sessions = DevelopmentSessions.from_directory(settings.directory, environment=settings.environment)
        db = Database(endpoints.login)
        app = create_app(db, sessions, environment=settings.environment)
        print(f"http://{_HOST}:{listener.getsockname()[1]}  (Ctrl-C ends it)", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False)).run([listener])


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not (text.isascii() and text.isdigit() and int(text) <= _HIGHEST_PORT):
        raise ConfigurationError(Code.SETTING_INVALID, "PORT is not a port.", hint="Set it to a number up to 65535.")
    return int(text)


def _listening(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except OSError as error:
        listener.close()
        raise ServerError(
            Code.PORT_IN_USE, f"Port {port} cannot be served on.", detail=str(error), hint="Set PORT to another one."
        ) from None
    return listener


if __name__ == "__main__":
    sys.exit(main())
