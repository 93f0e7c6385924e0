"""Where the three logins connect: the URLs of the environment, or the embedded server in development."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from pydantic import SecretStr

from freehold.errors import Code, ConfigurationError, ConnectionLostError, DatabaseError
from freehold.policies.quote import quote_identifier
from freehold.server._roles import RoleNames
from freehold.server.bootstrap import bootstrap, fingerprint
from freehold.server.clone import create_database
from freehold.server.embedded import EmbeddedServer
from freehold.settings import Settings
from freehold.wire import Connection, connect, translated

_DUPLICATE: Final = frozenset({"42P04", "23505"})
_MISSING: Final = "3D000"
_SERVER: Final = "server"
_EXAMPLE: Final = "DATABASE_URL=postgresql://{app}:<password>@<host>:5432/<database>"


@dataclass(frozen=True, repr=False)
class Endpoints:
    """The URLs of the login roles, with their passwords; ``server`` is the embedded one, if it is used."""

    login: str
    service: str | None = None
    owner: str | None = None
    server: EmbeddedServer | None = None

    def close(self) -> None:
        """Ends the use of the embedded server; does nothing for another."""
        if self.server:
            self.server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Endpoints {self.server or 'of the environment'}>"


def resolve(settings: Settings) -> Endpoints:
    """The endpoints that ``settings`` say; close them when done.

    With ``database_url`` they are the environment's. Without, in development and in test, they are the embedded
    server's: started, with a database named as the application, bootstrapped. Anything else raises
    `ConfigurationError` (FH301). What starting and bootstrapping raise passes through.
    """
    login, service, owner = (
        _text(url) for url in (settings.database_url, settings.service_database_url, settings.owner_database_url)
    )
    if login:
        return Endpoints(login, service, owner)
    if settings.environment == "production" or service or owner:
        raise _missing(settings)
    server = EmbeddedServer.start(settings.directory / _SERVER, durable=settings.environment != "test")
    try:
        return embedded_endpoints(server, settings.app)
    except BaseException:
        server.stop()
        raise


def embedded_endpoints(server: EmbeddedServer, app: str, database: str | None = None) -> Endpoints:
    """The endpoints of ``database`` (by default named as the application) on ``server``, made ready if need be."""
    names, database = RoleNames.of(app), database or app
    passwords = {role: server.password(role) for role in (names.app, names.service, names.owner)}
    with _admin(server, database) as connection:
        if not _ready(connection, app):
            bootstrap(connection, app, passwords)
            with translated():
                owned = f"ALTER DATABASE {quote_identifier(database)} OWNER TO {quote_identifier(names.owner)}"
                connection.execute(owned.encode())
    login, service, owner = (server.dsn(role, database) for role in passwords)
    return Endpoints(login, service, owner, server)


def _admin(server: EmbeddedServer, database: str) -> Connection:
    """A superuser's connection to ``database``, which is made when it does not exist."""
    try:
        return connect(server.admin_dsn(database))
    except ConnectionLostError as error:
        if error.sqlstate not in {_MISSING, None}:
            raise
    with connect(server.admin_dsn()) as admin:
        try:
            create_database(admin, database)
        except DatabaseError as error:
            if error.sqlstate not in _DUPLICATE:
                raise
    return connect(server.admin_dsn(database))


def _ready(connection: Connection, app: str) -> bool:
    with translated():
        found = connection.execute(b"select obj_description(to_regnamespace('freehold'), 'pg_namespace')").fetchone()
    return found == (fingerprint(app),)


def _text(url: SecretStr | None) -> str | None:
    return url.get_secret_value() if url else None


def _missing(settings: Settings) -> ConfigurationError:
    return ConfigurationError(
        Code.SETTING_MISSING,
        "DATABASE_URL is not set.",
        detail=f"FREEHOLD_ENV is {settings.environment}; the embedded server is for development, on its own.",
        hint=f"Set {_EXAMPLE.format(app=settings.app)}",
    )
