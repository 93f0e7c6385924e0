"""Commands that prepare a server."""

from __future__ import annotations

import json
import os
import secrets
from typing import Annotated, TypeAlias
from urllib.parse import quote, urlsplit, urlunsplit

import typer

from freehold.cli.exits import out
from freehold.errors import Code, ConfigurationError
from freehold.server import bootstrap
from freehold.settings import Settings
from freehold.wire import connect

_VARIABLE = "ADMIN_DATABASE_URL"
_LOGINS = (("DATABASE_URL", ""), ("SERVICE_DATABASE_URL", "_service"), ("OWNER_DATABASE_URL", "_owner"))

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("bootstrap")(_bootstrap)


def _bootstrap(as_json: Json = False) -> None:
    """Create the roles and functions on a server of yours; prints the URLs of the three logins, once.

    ADMIN_DATABASE_URL names a superuser (or a role with CREATEROLE) and the database. Run again it changes the
    passwords of the three logins, and nothing else that is in order.
    """
    admin = admin_dsn("freehold bootstrap")
    app = Settings.load().app
    passwords = {f"{app}{suffix}": secrets.token_urlsafe(32) for _, suffix in _LOGINS}
    with connect(admin) as connection:
        bootstrap(connection, app, passwords)
    urls = {name: _url(admin, f"{app}{suffix}", passwords[f"{app}{suffix}"]) for name, suffix in _LOGINS}
    if as_json:
        out.print(json.dumps(urls), markup=False)
        return
    for name, url in urls.items():
        out.print(f"{name}={url}", markup=False)


def admin_dsn(command: str) -> str:
    """The URL of a superuser, from the environment alone. ``command``: what the hint says to run."""
    admin = os.environ.get(_VARIABLE)
    if not admin:
        raise ConfigurationError(
            Code.SETTING_MISSING,
            f"{_VARIABLE} is not set.",
            hint=f"{_VARIABLE}=postgresql://postgres:<password>@<host>:5432/<database> {command}",
        )
    return admin


def _url(admin: str, role: str, password: str) -> str:
    parts = urlsplit(admin)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, f"{quote(role)}:{quote(password)}@{host}", parts.path, parts.query, ""))
