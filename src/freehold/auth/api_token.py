"""API tokens: made for a user's programs, shown once, kept as a hash, and looked up in one round trip."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from sqlalchemy import select

from freehold.auth.api_token_table import ApiTokenTable, creation, verification
from freehold.auth.lookup import rows_of
from freehold.auth.outcome import Outcomes
from freehold.auth.secret import API_TOKEN, LEGACY_API_TOKEN, hashed
from freehold.auth.verified import Verified
from freehold.errors import Code, CredentialError, DatabaseError, NotVisibleError, TokenLimitError
from freehold.identity import Identity
from freehold.models import table_of, text_id
from freehold.scope import Database, UserScope

WRITE_TOKENS: Final = "tokens:write"
"""The scope without which a token makes no tokens."""

_LONGEST_OVERLAP: Final = timedelta(days=7)
_NO_OVERLAP: Final = timedelta(0)


class Holder(Protocol):
    """Who asks, as a `UserContext` says it: a scope, and what the credential was good for."""

    @property
    def scope(self) -> UserScope: ...
    @property
    def verified(self) -> Verified: ...


@dataclass(frozen=True)
class NewApiToken:
    """A token that was just made: ``secret`` is shown now, and never again."""

    id: str
    secret: str = field(repr=False)
    expires_at: datetime | None


class ApiTokens:
    """The tokens of an application, in the table of ``model``; itself a `Verify`.

    Callers list and revoke their tokens with their scope's verbs: ``scope.all(select(ApiToken))``,
    ``scope.delete(ApiToken, ApiToken.id == id)``. ``legacy``: whether tokens of 64 hexadecimal digits are known too.
    """

    def __init__(self, db: Database, model: type[ApiTokenTable], *, legacy: bool = False) -> None:
        self._db = db
        self._model = model
        self._legacy = legacy
        self._verification = verification(model)
        self._creation = creation(model)
        self.outcomes = Outcomes()

    def recognises(self, token: str) -> bool:
        """Whether ``token`` has the shape of one."""
        return API_TOKEN.recognises(token) or (self._legacy and LEGACY_API_TOKEN.fullmatch(token) is not None)

    async def __call__(self, token: str) -> Verified:
        """Whose ``token`` is, and what it is good for, in one round trip.

        Raises `UnauthenticatedError` (FH602); a token that cannot be one never reaches the database.
        """
        if not self.recognises(token):
            raise self.outcomes.refuse("malformed")
        if API_TOKEN.recognises(token) and not API_TOKEN.is_whole(token):
            raise self.outcomes.refuse("checksum")
        rows = await rows_of(self._db.as_anon(), self._verification, {"hash": hashed(token)})
        if not rows:
            raise self.outcomes.refuse("unknown")
        id_, user_id, scopes, expired, claims = rows[0]
        if expired:
            raise self.outcomes.refuse("expired")
        self.outcomes.accepted += 1
        identity = Identity.user(user_id, **claims, token_id=id_, scopes=scopes)
        return Verified(identity, frozenset(scopes), id_)

    async def create(
        self, holder: Holder, *, name: str, scopes: Iterable[str], expires_at: datetime | None = None
    ) -> NewApiToken:
        """A new token of the caller's, good for ``scopes``, in one round trip; one made with a token ends with it at the latest.

        Raises `CredentialError` (FH701) where the caller's own credential lacks ``tokens:write`` or one of ``scopes``, and
        `TokenLimitError` (FH702) at the model's ``__most__``, however many are made at once.
        """
        allowed = sorted(set(scopes))
        _refuse_more(holder.verified, allowed)
        return await self._create(holder.scope, {"title": name, "allowed": allowed, "until": expires_at})

    async def rotate(self, holder: Holder, id_: str, *, overlap: timedelta = _NO_OVERLAP) -> NewApiToken:
        """A new token in place of one of the caller's, with its name, scopes and end.

        The old one goes on for ``overlap`` (at most a week). Raises as `create` does, and `NotVisibleError` (FH206) for a
        token that is not the caller's or has ended.
        """
        model = self._model
        old = await holder.scope.first(select(model.name, model.scopes, model.expires_at).where(model.id == id_))
        if old is None:
            raise _missing()
        name, scopes, expires_at = old
        _refuse_more(holder.verified, scopes)
        bounded = min(max(overlap, _NO_OVERLAP), _LONGEST_OVERLAP)
        values = {"title": name, "allowed": scopes, "until": expires_at, "replaces": id_, "overlap": bounded}
        return await self._create(holder.scope, values)

    async def _create(self, scope: UserScope, values: dict[str, Any]) -> NewApiToken:
        secret = API_TOKEN.new()
        own = {"token_id": text_id(), "hash": hashed(secret), "prefix": API_TOKEN.shown(secret)}
        try:
            rows = await rows_of(scope, self._creation, {"replaces": None, "overlap": _NO_OVERLAP, **own, **values})
        except DatabaseError as error:
            if error.sqlstate == Code.CREDENTIAL_SCOPE:
                raise _too_much() from None
            if error.sqlstate == Code.TOKENS_FULL:
                raise self._full() from None
            raise
        if not rows:
            raise _missing()
        return NewApiToken(rows[0][0], secret, rows[0][1])

    def _full(self) -> TokenLimitError:
        return TokenLimitError(
            Code.TOKENS_FULL,
            f"There are {self._model.__most__} tokens in force, which is as many as there may be.",
            hint="Revoke one that is not needed any more.",
        )

    def __repr__(self) -> str:
        return f"<ApiTokens {table_of(self._model).name}>"


def _refuse_more(verified: Verified, scopes: Iterable[str]) -> None:
    if not all(verified.allows(each) for each in (WRITE_TOKENS, *scopes)):
        raise _too_much()


def _too_much() -> CredentialError:
    return CredentialError(
        Code.CREDENTIAL_SCOPE,
        "This credential cannot make a token that is good for that.",
        hint=f"Use a credential with {WRITE_TOKENS} and every scope that the new token is to have, or sign in.",
    )


def _missing() -> NotVisibleError:
    return NotVisibleError(Code.NOT_VISIBLE, "There is no such token for this caller, or it has ended.")
