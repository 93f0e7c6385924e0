"""Sessions in the database: they can be listed and revoked, end by themselves, and cost one round trip to check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from freehold.auth.cookie import Cookie
from freehold.auth.lookup import rows_of
from freehold.auth.outcome import Outcomes
from freehold.auth.secret import SESSION, hashed
from freehold.auth.session_table import SessionTable, verification
from freehold.auth.verified import Verified
from freehold.errors import Code, CredentialError
from freehold.identity import Identity
from freehold.models import table_of
from freehold.scope import Database, UserScope, set_
from freehold.settings import Environment

_LONGEST_AGENT: Final = 200


@dataclass(frozen=True)
class Lifetime:
    """How long a session lasts: ``idle`` without being used, ``longest`` whatever is done with it."""

    idle: timedelta = timedelta(days=7)
    longest: timedelta = timedelta(days=30)


@dataclass(frozen=True)
class NewSession:
    """A session that was just begun, and the cookie that carries it."""

    id: str
    secret: str = field(repr=False)
    cookie: Cookie


class Sessions:
    """The sessions of an application, in the table of ``model``; itself a `Verify`.

    ``environment``: in production and tests the cookie is Secure, and bound to the host by its name.
    """

    def __init__(
        self,
        db: Database,
        model: type[SessionTable],
        *,
        lifetime: Lifetime = Lifetime(),
        environment: Environment = "production",
    ) -> None:
        self._db = db
        self._model = model
        self._lifetime = lifetime
        self._empty = Cookie.of_host("session", secure=environment != "development")
        self._verification = verification(model)
        self.outcomes = Outcomes()

    @property
    def cookie(self) -> str:
        """The name of the cookie, for `install`."""
        return self._empty.name

    @property
    def no_cookie(self) -> Cookie:
        """What takes the cookie away from a browser."""
        return self._empty

    def recognises(self, token: str) -> bool:
        """Whether ``token`` has the shape of a session's secret."""
        return SESSION.recognises(token)

    async def __call__(self, token: str) -> Verified:
        """Whose session it is, in one round trip; raises `UnauthenticatedError` (FH602)."""
        if not SESSION.recognises(token):
            raise self.outcomes.refuse("malformed")
        if not SESSION.is_whole(token):
            raise self.outcomes.refuse("checksum")
        rows = await rows_of(self._db.as_anon(), self._verification, {"hash": hashed(token)})
        if not rows:
            raise self.outcomes.refuse("unknown")
        self.outcomes.accepted += 1
        id_, user_id, claims = rows[0]
        return Verified(Identity.user(user_id, **claims, session_id=id_), credential_id=id_)

    async def begin(
        self, user_id: str | UUID, *, replacing: str | None = None, user_agent: str | None = None
    ) -> NewSession:
        """A new session of somebody who has just proved to be ``user_id``.

        ``replacing``: the session cookie that the browser showed, if any. That session ends, so that nobody who planted or
        saw the cookie is signed in by somebody else's sign-in.
        """
        await self._end(replacing)
        secret, now = SESSION.new(), datetime.now(UTC)
        row = self._row(secret, now, user_agent)
        made = await self._db.as_user(user_id).insert(row)
        age = self._lifetime.longest
        return NewSession(made.id, secret, self._empty.holding(secret, age))

    async def active(self, scope: UserScope) -> list[SessionTable]:
        """The caller's sessions that are in force, the last used first."""
        model: Any = self._model
        in_force = (model.revoked_at.is_(None), model.expires_at > func.now())
        return await scope.all(select(model).where(*in_force).order_by(model.last_seen_at.desc()))

    async def revoke(self, scope: UserScope, id_: str) -> bool:
        """Ends one of the caller's sessions, at once and for good; whether there was one to end."""
        return bool(await self._revoke(scope, self._model.id == id_))

    async def revoke_others(self, scope: UserScope, verified: Verified) -> int:
        """Ends every session of the caller's but the one that was shown; how many there were.

        Raises `CredentialError` (FH701) for a credential that is no session.
        """
        if verified.credential_id is None or verified.scopes is not None:
            raise CredentialError(
                Code.CREDENTIAL_SCOPE,
                "This is no session, so it has no others.",
                hint="Sign in, or revoke sessions by id.",
            )
        return len(await self._revoke(scope, self._model.id != verified.credential_id))

    async def _revoke(self, scope: UserScope, which: ColumnElement[bool]) -> list[SessionTable]:
        model = self._model
        return await scope.update(model, which, model.revoked_at.is_(None), set_(model.revoked_at, func.now()))

    async def _end(self, secret: str | None) -> None:
        if secret is None or not SESSION.is_whole(secret):
            return
        rows = await rows_of(self._db.as_anon(), self._verification, {"hash": hashed(secret)})
        for id_, user_id, _ in rows:
            await self.revoke(self._db.as_user(user_id), id_)

    def _row(self, secret: str, now: datetime, user_agent: str | None) -> SessionTable:
        values: Mapping[str, Any] = {
            "secret_hash": hashed(secret),
            "expires_at": now + min(self._lifetime.idle, self._lifetime.longest),
            "ends_at": now + self._lifetime.longest,
            "idle_seconds": int(self._lifetime.idle.total_seconds()),
            "user_agent": None if user_agent is None else user_agent.replace("\0", "")[:_LONGEST_AGENT],
        }
        return self._model(**values)

    def __repr__(self) -> str:
        return f"<Sessions {table_of(self._model).name}>"
