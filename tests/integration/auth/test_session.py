"""Sessions on a real database, as the application's login role."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, true

from freehold import Database, UserScope, set_
from freehold.auth import ApiTokens, Lifetime, Sessions
from freehold.errors import CredentialError, PermissionDeniedError, PolicyViolationError, UnauthenticatedError
from freehold.wire import Connection
from tests.integration.auth.conftest import Holder
from tests.integration.auth.people import Note, Session
from tests.integration.conftest import ALICE, BOB
from tests.integration.scope.trace import Wire


async def test_a_session_says_whose_it_is(sessions: Sessions) -> None:
    """The secret in the cookie gives its owner, who may do everything, the session's id, and the model's claims."""
    made = await sessions.begin(ALICE, user_agent="a browser")
    verified = await sessions(made.secret)
    assert verified.identity.user_id == ALICE
    assert verified.scopes is None
    assert verified.credential_id == made.id
    assert ("request.jwt.claim.email", "alice@example.com") in verified.identity.settings


async def test_only_the_hash_is_kept(sessions: Sessions, admin: Connection, alice: UserScope) -> None:
    """Neither the table nor a representation shows the secret, and its owner cannot read the hash."""
    made = await sessions.begin(ALICE)
    row = admin.execute("select s::text from public.sessions s").fetchone()
    assert row is not None
    assert made.secret not in row[0]
    assert made.secret not in repr(made)
    with pytest.raises(PermissionDeniedError):
        await alice.all(select(Session.secret_hash))
    assert await alice.all(select(Session.id)) == [made.id]


async def test_a_request_is_two_round_trips(db: Database, sessions: Sessions, wire: Wire) -> None:
    """A request with a cookie asks whose session it is, and then for the rows."""
    made = await sessions.begin(ALICE)
    for again in range(2):
        wire.messages()
        verified = await sessions(made.secret)
        await db.as_user(verified.identity).all(select(Note))
        assert wire.sent()["Sync"] == 2, again


async def test_the_cookie(db: Database, sessions: Sessions) -> None:
    """In production it is of this host alone, unreadable for scripts and Secure; over plain HTTP only in development."""
    made = await sessions.begin(ALICE)
    header = made.cookie.header
    assert header.startswith(f"__Host-session={made.secret}; Max-Age=2592000; ")
    assert header.endswith("Path=/; HttpOnly; SameSite=Lax; Secure")
    assert made.secret not in repr(made.cookie)
    assert sessions.no_cookie.header.startswith("__Host-session=; Max-Age=0; ")
    plain = Sessions(db, Session, environment="development")
    assert plain.cookie == "freehold_session"
    assert "Secure" not in plain.no_cookie.header


async def test_being_used_keeps_it_going(sessions: Sessions, admin: Connection) -> None:
    """The end moves when it is used, is written at most once a minute, and never past the day it ends for good."""
    made = await sessions.begin(ALICE)

    def row() -> tuple[object, ...]:
        found = admin.execute("select ctid, xmin, xmax, expires_at, ends_at from public.sessions").fetchone()
        assert found is not None
        return found

    begun = row()
    await sessions(made.secret)
    assert row() == begun
    admin.execute(
        "update public.sessions set last_seen_at = now() - interval '61 s', expires_at = now() + interval '1 h'"
    )
    await sessions(made.secret)
    extended = admin.execute("select expires_at > now() + interval '6 days' from public.sessions").fetchone()
    assert extended == (True,)
    admin.execute("update public.sessions set last_seen_at = now() - interval '61 s', ends_at = now() + interval '1 h'")
    await sessions(made.secret)
    *_, expires_at, ends_at = row()
    assert expires_at == ends_at


@pytest.mark.parametrize("end", ["expires_at = now()", "revoked_at = now()"])
async def test_an_ended_session_stays_ended(sessions: Sessions, admin: Connection, end: str) -> None:
    """Showing it again neither signs anybody in nor revives it; before it ended it did sign in."""
    made = await sessions.begin(ALICE)
    await sessions(made.secret)
    admin.execute(f"update public.sessions set {end}, last_seen_at = now() - interval '1 hour'".encode())
    for _ in range(2):
        with pytest.raises(UnauthenticatedError):
            await sessions(made.secret)
    assert sessions.outcomes.refused == {"unknown": 2}


async def test_signing_in_ends_the_session_that_was_shown(sessions: Sessions) -> None:
    """A secret that was there before the sign-in is worth nothing after it, whoever put it into the browser."""
    planted = await sessions.begin(BOB)
    other = await sessions.begin(BOB)
    made = await sessions.begin(ALICE, replacing=planted.secret)
    assert made.secret != planted.secret
    with pytest.raises(UnauthenticatedError):
        await sessions(planted.secret)
    assert (await sessions(made.secret)).identity.user_id == ALICE
    await sessions(other.secret)


async def test_listing_and_revoking(sessions: Sessions, alice: UserScope, bob: UserScope) -> None:
    """One's own sessions can be seen and ended, one or all the others; another user's cannot."""
    first, second, third = [await sessions.begin(ALICE, user_agent=name) for name in ("a", "b", "c")]
    bobs = await sessions.begin(BOB)
    assert {each.user_agent for each in await sessions.active(alice)} == {"a", "b", "c"}
    assert not await sessions.revoke(bob, first.id)
    await sessions(first.secret)
    assert await sessions.revoke(alice, first.id)
    assert not await sessions.revoke(alice, first.id)
    assert await sessions.revoke_others(alice, await sessions(second.secret)) == 1
    for ended in (first, third):
        with pytest.raises(UnauthenticatedError):
            await sessions(ended.secret)
    await sessions(bobs.secret)
    assert [each.id for each in await sessions.active(alice)] == [second.id]


async def test_revoking_cannot_be_undone(sessions: Sessions, alice: UserScope) -> None:
    """Not even the owner brings a session back, or prolongs one: there is no privilege and no policy for it."""
    made = await sessions.begin(ALICE)
    with pytest.raises(PermissionDeniedError):
        await alice.update(Session, true(), set_(Session.expires_at, datetime.now(UTC) + timedelta(days=365)))
    await sessions.revoke(alice, made.id)
    assert await alice.update(Session, true(), set_(Session.revoked_at, None)) == []
    with pytest.raises(UnauthenticatedError):
        await sessions(made.secret)


async def test_a_token_begins_no_session(db: Database, sessions: Sessions, tokens: ApiTokens, holder: Holder) -> None:
    """With a token, which is good for some things, nobody makes a session, which is good for all; a session may."""
    made = await tokens.create(holder, name="laptop", scopes=["tokens:write"])
    by_token = db.as_user((await tokens(made.secret)).identity)
    row = Session(
        secret_hash="0", expires_at=datetime.now(UTC), ends_at=datetime.now(UTC), idle_seconds=1, user_agent=None
    )
    with pytest.raises(PolicyViolationError):
        await by_token.insert(row)
    await holder.scope.insert(row)
    with pytest.raises(CredentialError):
        await sessions.revoke_others(by_token, await tokens(made.secret))


async def test_lifetimes(db: Database, alice: UserScope) -> None:
    """A session never lasts longer than it may altogether, however long it may be idle."""
    short = Sessions(db, Session, lifetime=Lifetime(idle=timedelta(days=7), longest=timedelta(hours=1)))
    made = await short.begin(ALICE)
    assert "Max-Age=3600" in made.cookie.header
    left = await alice.one(select(Session.expires_at - func.now()).where(Session.id == made.id))
    assert timedelta(minutes=30) < left <= timedelta(hours=1)
