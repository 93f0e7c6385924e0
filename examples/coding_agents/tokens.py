"""API tokens over HTTP: a token is shown once, in the answer to who made it, and never stands in an address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import delete

from examples.coding_agents.models import ApiToken
from examples.coding_agents.paging import newest
from examples.coding_agents.schemas import WHOLE, Given, Id, Which, Words
from freehold import UserContext, action
from freehold.auth import WRITE_TOKENS, ApiTokens, NewApiToken
from freehold.errors import Code, CredentialError, NotVisibleError, TokenLimitError
from freehold.schemas import SelectSchema

Scope = Literal[
    "tasks:read",
    "tasks:write",
    "keys:read",
    "keys:write",
    "connectors:read",
    "connectors:write",
    "settings:read",
    "settings:write",
    "account:read",
    "account:write",
    "tokens:read",
    "tokens:write",
]


class NewToken(Given):
    """What a token is called, what it is good for, and for how many days; null for as long as it is not revoked."""

    name: Annotated[str, Words, Field(max_length=100)]
    scopes: Annotated[list[Scope], Field(max_length=12)] = Field(default_factory=list[Scope])
    days: Annotated[int, Field(ge=1, le=366), WHOLE] | None = 90


class Rotation(Given):
    """For how long the token that is replaced goes on, so that programs can be told the new one meanwhile."""

    overlap_hours: Annotated[int, Field(ge=0, le=168), WHOLE] = 0


class TokenOut(SelectSchema[ApiToken], omit={"user_id", "updated_at"}):
    """A token, without what it is."""


class TokenPage(BaseModel):
    """Tokens, the newest first; ``next`` is for ``after``, and null at the end."""

    tokens: list[TokenOut]
    next: str | None


class TokenMade(BaseModel):
    """A new token. ``token`` is the text to send as ``Authorization: Bearer``; it is not to be had again."""

    id: str
    token: str = Field(repr=False)
    expires_at: AwareDatetime | None

    @classmethod
    def of(cls, made: NewApiToken) -> TokenMade:
        """What is shown of a new token."""
        return cls(id=made.id, token=made.secret, expires_at=made.expires_at)


@action.read("tokens.list", path="/tokens", scope="tokens:read")
async def list_tokens(ctx: UserContext, which: Which) -> TokenPage:
    """The caller's tokens."""
    rows, following = await newest(ctx.scope, ApiToken, which.after, which.limit)
    return TokenPage(tokens=TokenOut.all_of(rows), next=following)


@action("tokens.create", path="/tokens", scope=WRITE_TOKENS, errors=(TokenLimitError, CredentialError), status=201)
async def create_token(ctx: UserContext, given: NewToken) -> TokenMade:
    """Makes a token that is good for no more than the credential it is made with; at most 20 are in force."""
    ends = None if given.days is None else datetime.now(UTC) + timedelta(days=given.days)
    made = await ApiTokens(ctx.db, ApiToken).create(ctx, name=given.name, scopes=given.scopes, expires_at=ends)
    return TokenMade.of(made)


@action(
    "tokens.rotate",
    path="/tokens/{token_id}/rotate",
    scope=WRITE_TOKENS,
    errors=(TokenLimitError, CredentialError),
)
async def rotate_token(ctx: UserContext, token_id: Id, given: Rotation) -> TokenMade:
    """Makes a token in place of another, which ends at once, or after an overlap of a week at most."""
    overlap = timedelta(hours=given.overlap_hours)
    return TokenMade.of(await ApiTokens(ctx.db, ApiToken).rotate(ctx, token_id, overlap=overlap))


@action("tokens.delete", path="/tokens/{token_id}", method="DELETE", scope=WRITE_TOKENS)
async def delete_token(ctx: UserContext, token_id: Id) -> None:
    """Revokes a token, at once and for good."""
    if not await ctx.scope.all(delete(ApiToken).where(ApiToken.id == token_id).returning(ApiToken.id)):
        raise NotVisibleError(Code.NOT_VISIBLE, "There is no such token for this caller.")


ACTIONS: Final = (list_tokens, create_token, rotate_token, delete_token)
