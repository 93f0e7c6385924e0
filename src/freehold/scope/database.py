"""The database as an application sees it: where scopes come from."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from uuid import UUID

from freehold.encryption import EnvironmentKeys, FileKeys, KeyProvider, Tally, TextKeys
from freehold.errors import Code, ConfigurationError, IdentityError, StatementError
from freehold.identity import ANONYMOUS, SERVICE, Identity, Role
from freehold.scope.caller import Caller, Limits
from freehold.scope.compiler import Reach
from freehold.scope.door import Door
from freehold.scope.executor import SharedExecutor
from freehold.scope.metric import Metrics, Observer, Spans
from freehold.scope.plan import Planner
from freehold.scope.scope import AnonymousScope, ServiceScope, UserScope
from freehold.scope.vault import Vault
from freehold.wire import PoolSize

if TYPE_CHECKING:
    from freehold.server import Endpoints
    from freehold.settings import Settings

_log: Final = logging.getLogger(__name__)


class Database:
    """Connections to one PostgreSQL database, and the scopes that use them.

    ``dsn`` logs in as the application's role; ``service_dsn``, a role of its own, is needed for `as_service` only;
    ``replica_dsn`` is where `UserScope.reading` reads.
    ``pooled``: between here and the server is a transaction pooler, such as PgBouncer. ``slow``: seconds from which a
    statement is logged; ``slow_plans``: and how it is run. ``keys``: where the key ring for sealed columns comes from.
    ``spans``: where spans go, such as `freehold.scope.OpenTelemetry`. Nothing is opened before the
    first statement, or `open`.
    """

    def __init__(
        self,
        dsn: str,
        *,
        service_dsn: str | None = None,
        replica_dsn: str | None = None,
        limits: Limits = Limits(),  # noqa: B008 - a frozen value
        size: PoolSize = PoolSize(),  # noqa: B008 - a frozen value
        pooled: bool = False,
        slow: float | None = None,
        slow_plans: bool = False,
        spans: Spans | None = None,
        keys: KeyProvider = EnvironmentKeys(),  # noqa: B008 - a frozen value
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self._limits = limits
        self._planner = Planner()
        self._vault = Vault(keys, self._planner)
        self._observer = Observer(slow=slow, plans=slow_plans, spans=spans)
        self._replica = Door(replica_dsn, size, self._observer, pooled=pooled) if replica_dsn is not None else None
        self._login = Door(dsn, size, self._observer, pooled=pooled, replica=self._replica)
        self._service = (
            Door(service_dsn, size, self._observer, service=True, pooled=pooled) if service_dsn is not None else None
        )
        self._on_close = on_close

    @classmethod
    def from_settings(cls, settings: Settings | None = None, **options: Any) -> Self:
        """The database of the environment: ``DATABASE_URL``, or in development the embedded server.

        Raises `ConfigurationError` (FH301) outside development without ``DATABASE_URL``.
        """
        from freehold.server import resolve  # noqa: PLC0415 - so that importing freehold takes half the time
        from freehold.settings import Settings  # noqa: PLC0415

        settings = settings or Settings.load()
        return cls._at(resolve(settings), {"keys": keys_of(settings), **options})

    @classmethod
    def embedded(cls, directory: Path | str = ".freehold", **options: Any) -> Self:
        """A PostgreSQL server of the application's own, with its data under ``directory``."""
        from freehold.server import resolve  # noqa: PLC0415
        from freehold.settings import Settings  # noqa: PLC0415

        settings = Settings.load().model_copy(
            update={
                "database_url": None,
                "service_database_url": None,
                "owner_database_url": None,
                "directory": Path(directory),
                "environment": "development",
            }
        )
        return cls._at(resolve(settings), {"keys": keys_of(settings), **options})

    @property
    def sealing(self) -> Tally:
        """How many sealed values did not open, and how many of the old platform were read, since the start."""
        return self._vault.tally

    @classmethod
    def _at(cls, endpoints: Endpoints, options: dict[str, Any]) -> Self:
        return cls(endpoints.login, service_dsn=endpoints.service, on_close=endpoints.close, **options)

    def as_user(
        self, identity: Identity | Mapping[str, Any] | str | UUID, *, limits: Limits | None = None
    ) -> UserScope:
        """A scope for a signed-in user: an identity, the claims of a verified token, or the user's id.

        Raises `IdentityError` (FH201, FH202) for an identity that names nobody.
        """
        if isinstance(identity, (str, UUID)):
            identity = Identity.user(identity)
        elif not isinstance(identity, Identity):
            identity = Identity.from_claims(identity)
        if identity.user_id is None or identity.role is not Role.AUTHENTICATED:
            raise IdentityError(
                Code.CLAIMS_MISSING, "The identity is not a signed-in user.", hint="Use db.as_anon() for it."
            )
        caller = Caller(identity, Reach.CALLER, limits or self._limits, identity.user_id)
        return UserScope(caller, SharedExecutor(self._login, caller), self._planner, self._login, self._vault)

    def as_anon(self, *, limits: Limits | None = None) -> AnonymousScope:
        """A scope for somebody who is not signed in."""
        caller = Caller(ANONYMOUS, Reach.POLICY, limits or self._limits)
        return AnonymousScope(caller, SharedExecutor(self._login, caller), self._planner, self._login, self._vault)

    def as_service(
        self,
        *,
        reason: str,
        owner: str | UUID | None = None,
        all_users: bool = False,
        limits: Limits | None = None,
    ) -> ServiceScope:
        """A scope past row security, on a login of its own, logged with its ``reason``.

        ``owner`` confines it to one user's rows; ``all_users`` says that it means everybody's. Without either,
        statements on owned tables are refused (FH204). Raises `ConfigurationError` (FH301) without a service DSN.
        """
        if all_users and owner is not None:
            raise StatementError(
                Code.OWNER_UNNAMED,
                "A service scope is for one owner or for all users, not for both.",
                hint="Leave out owner, or all_users.",
            )
        if self._service is None:
            raise ConfigurationError(
                Code.SETTING_MISSING,
                "There is no login for the service.",
                hint="Set SERVICE_DATABASE_URL where background work runs, and only there.",
            )
        _log.info("service scope: %s", reason)
        reach = Reach.EVERYBODY if all_users else Reach.UNNAMED if owner is None else Reach.OWNER
        caller = Caller(SERVICE, reach, limits or self._limits, None if owner is None else str(owner))
        return ServiceScope(caller, SharedExecutor(self._service, caller), self._planner, self._service, self._vault)

    def listen(self, channel: str) -> AsyncGenerator[str | None]:
        """What any caller announces with ``NOTIFY channel``, on a connection of its own.

        None comes first, when nothing announced from then on is missed. Raises `ConnectionLostError` when it ends.
        """
        return self._login.listen(channel)

    async def open(self) -> Self:
        """Connects and inspects the login roles, so that what is wrong is said at start-up.

        Raises `RoleError` (FH310) for a login that could step around row security, `ConnectionLostError` (FH307)
        where no server answers.
        """
        await self._login.pool()
        if self._service is not None:
            await self._service.pool()
        return self

    async def close(self) -> None:
        """Ends every connection, and this process's hold on an embedded server."""
        for door in self._doors():
            await door.close()
        if self._on_close is not None:
            self._on_close()

    def metrics(self) -> Metrics:
        """What was done so far: calls, errors, statements by time, and how each login's connections are used."""
        observer = self._observer
        return Metrics(
            calls=observer.calls,
            errors=observer.errors,
            retries=observer.retries,
            statements=observer.statements(),
            login=self._login.metrics(),
            service=None if self._service is None else self._service.metrics(),
            replica=None if self._replica is None else self._replica.metrics(),
        )

    def _doors(self) -> list[Door]:
        return [door for door in (self._login, self._service, self._replica) if door is not None]

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def keys_of(settings: Settings) -> KeyProvider:
    """Where the key ring is: FREEHOLD_KEYS, FREEHOLD_KEYS_FILE, or beside the embedded server, made if need be."""
    if settings.keys is not None:
        return TextKeys(settings.keys.get_secret_value())
    if settings.keys_file is not None:
        return FileKeys(settings.keys_file)
    if settings.environment == "development" and settings.database_url is None:
        return FileKeys(settings.directory / "keys", made=True)
    return EnvironmentKeys()
