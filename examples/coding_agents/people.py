"""Who the caller is, the accounts that are linked, and the browsers that are signed in."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel
from sqlalchemy import delete, func, select

from examples.coding_agents.models import Account, AccountProvider, Session, User
from examples.coding_agents.schemas import Deleted, Id, Me
from freehold import UserContext, action, set_
from freehold.auth import Sessions
from freehold.errors import Code, CredentialError, NotVisibleError
from freehold.schemas import SelectSchema

_MOST: Final = 100


class AccountOut(SelectSchema[Account], only={"provider", "username", "created_at"}):
    """A linked account."""


class AccountList(BaseModel):
    """All of them: there is one for each provider at most."""

    accounts: list[AccountOut]


class SessionOut(SelectSchema[Session], only={"id", "user_agent", "created_at", "last_seen_at", "expires_at"}):
    """A browser that is signed in; ``current``: the one that asks."""

    current: bool = False


class SessionList(BaseModel):
    """The sessions that are in force, the last used first; the first hundred."""

    sessions: list[SessionOut]


@action.read("me.read", path="/me")
async def read_me(ctx: UserContext) -> Me:
    """The caller."""
    return Me.of(await ctx.scope.one(select(User)))


@action.read("accounts.list", path="/accounts", scope="account:read")
async def list_accounts(ctx: UserContext) -> AccountList:
    """The accounts that are linked to the caller."""
    return AccountList(accounts=AccountOut.all_of(await ctx.scope.all(select(Account).limit(_MOST))))


@action("accounts.unlink", path="/accounts/{provider}", method="DELETE", scope="account:write")
async def unlink(ctx: UserContext, provider: AccountProvider) -> None:
    """Unlinks an account; whoever holds it cannot sign in as the caller with it any more."""
    if not await ctx.scope.all(delete(Account).where(Account.provider == provider).returning(Account.id)):
        raise NotVisibleError(Code.NOT_VISIBLE, "There is no such account of this caller.")


@action.read("sessions.list", path="/sessions", scope="account:read")
async def list_sessions(ctx: UserContext) -> SessionList:
    """Where the caller is signed in."""
    in_force = (Session.revoked_at.is_(None), Session.expires_at > func.now())
    rows = await ctx.scope.all(select(Session).where(*in_force).order_by(Session.last_seen_at.desc()).limit(_MOST))
    shown = SessionOut.all_of(rows)
    return SessionList(
        sessions=[each.model_copy(update={"current": each.id == ctx.verified.credential_id}) for each in shown]
    )


@action("sessions.end", path="/sessions/{session_id}", method="DELETE", scope="account:write")
async def end_session(ctx: UserContext, session_id: Id) -> None:
    """Ends a session, at once and for good."""
    ended = await ctx.scope.update(
        Session, Session.id == session_id, Session.revoked_at.is_(None), set_(Session.revoked_at, func.now())
    )
    if not ended:
        raise NotVisibleError(Code.NOT_VISIBLE, "There is no such session of this caller, or it has ended.")


@action("sessions.end_others", path="/sessions/end-others", scope="account:write", errors=(CredentialError,))
async def end_others(ctx: UserContext) -> Deleted:
    """Ends every session of the caller's but the one that asks."""
    return Deleted(deleted=await Sessions(ctx.db, Session).revoke_others(ctx.scope, ctx.verified))


ACTIONS: Final = (read_me, list_accounts, unlink, list_sessions, end_session, end_others)
