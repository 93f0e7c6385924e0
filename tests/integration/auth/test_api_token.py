"""API tokens on a real database, as the application's login role."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from freehold import Database, UserScope
from freehold.auth import ApiTokens
from freehold.auth.secret import API_TOKEN, hashed
from freehold.errors import (
    Code,
    CredentialError,
    NotVisibleError,
    PermissionDeniedError,
    TokenLimitError,
    UnauthenticatedError,
)
from freehold.wire import Connection, PoolSize
from tests.integration.auth.conftest import Holder
from tests.integration.auth.people import ApiToken, Note
from tests.integration.conftest import ALICE, BOB
from tests.integration.scope.trace import Wire

ALL = ("notes:read", "tokens:write")


async def test_a_token_says_whose_it_is_and_what_for(tokens: ApiTokens, holder: Holder) -> None:
    """A token gives its owner, its scopes, its own id, and the claims the model declares."""
    made = await tokens.create(holder, name="laptop", scopes=["notes:read"])
    verified = await tokens(made.secret)
    assert verified.identity.user_id == ALICE
    assert verified.scopes == {"notes:read"}
    assert verified.credential_id == made.id
    assert ("request.jwt.claim.email", "alice@example.com") in verified.identity.settings
    assert tokens.outcomes.accepted == 1


async def test_only_the_hash_is_kept(tokens: ApiTokens, holder: Holder, admin: Connection) -> None:
    """A stolen database holds nothing that could be shown again; its owner sees the first characters."""
    made = await tokens.create(holder, name="laptop", scopes=[])
    row = admin.execute("select t::text, token_hash from public.api_tokens t").fetchone()
    assert row is not None
    assert made.secret not in row[0]
    assert row[1] == hashed(made.secret)
    (shown,) = await holder.scope.all(select(ApiToken.token_prefix))
    assert made.secret.startswith(shown)
    assert len(shown) == 12
    assert made.secret not in repr(made)


async def test_a_request_is_two_round_trips(db: Database, tokens: ApiTokens, holder: Holder, wire: Wire) -> None:
    """An authorised request asks whose the token is, and then for the rows: two Syncs on the wire, none to prepare."""
    made = await tokens.create(holder, name="laptop", scopes=["notes:read"])
    for again in range(2):
        wire.messages()
        verified = await tokens(made.secret)
        assert await db.as_user(verified.identity).all(select(Note)) == []
        assert wire.sent()["Sync"] == 2, again


async def test_last_use_is_written_once_a_minute(tokens: ApiTokens, holder: Holder, admin: Connection) -> None:
    """Within the minute a lookup writes nothing: the row stays the very version it was; after it, one is written."""
    made = await tokens.create(holder, name="laptop", scopes=[])

    def version() -> tuple[object, ...] | None:
        return admin.execute("select ctid, xmin, xmax, last_used_at from public.api_tokens").fetchone()

    unused = version()
    await tokens(made.secret)
    used = version()
    assert used != unused
    for _ in range(5):
        await tokens(made.secret)
    assert version() == used
    admin.execute("update public.api_tokens set last_used_at = now() - interval '61 seconds'")
    old = version()
    await tokens(made.secret)
    assert version() != old


async def test_a_lookup_does_not_wait_for_the_row(tokens: ApiTokens, holder: Holder, admin: Connection) -> None:
    """Somebody who holds the row for long does not hold up the requests that show the token."""
    made = await tokens.create(holder, name="laptop", scopes=[])
    with admin.transaction():
        admin.execute("select from public.api_tokens for update")
        verified = await asyncio.wait_for(tokens(made.secret), 20)
    assert verified.identity.user_id == ALICE


async def test_what_is_wrong_is_counted_and_not_told(tokens: ApiTokens, holder: Holder, admin: Connection) -> None:
    """Expired, revoked, mistyped and invented tokens are refused in the same words, and counted apart."""
    kept, ended, revoked = [await tokens.create(holder, name=name, scopes=[]) for name in ("kept", "ended", "revoked")]
    admin.execute("update public.api_tokens set expires_at = now() where id = %s", (ended.id,))
    await holder.scope.delete(ApiToken, ApiToken.id == revoked.id)
    told = set()
    mistyped = kept.secret[:-1] + ("0" if kept.secret[-1] != "0" else "1")
    for secret in (ended.secret, revoked.secret, API_TOKEN.new(), mistyped, "0" * 64, "nonsense"):
        with pytest.raises(UnauthenticatedError) as caught:
            await tokens(secret)
        told.add(str(caught.value))
        assert secret not in str(caught.value)
    assert len(told) == 1
    assert tokens.outcomes.refused == {"expired": 1, "unknown": 3, "checksum": 1, "malformed": 1}
    await tokens(kept.secret)


async def test_a_mistyped_token_never_reaches_the_database(tokens: ApiTokens, holder: Holder, wire: Wire) -> None:
    """The checksum is looked at first, so that noise costs no query; a token that nobody has does cost one."""
    wire.messages()
    with pytest.raises(UnauthenticatedError):
        await tokens(API_TOKEN.new()[:-1] + "~")
    assert not wire.sent()
    with pytest.raises(UnauthenticatedError):
        await tokens(API_TOKEN.new())
    assert wire.sent()["Sync"] >= 1


async def test_tokens_of_the_platform_before(db: Database, tokens: ApiTokens, admin: Connection) -> None:
    """64 hexadecimal digits go on working where the application says so, and nowhere else."""
    admin.execute(
        "insert into public.api_tokens (id, user_id, name, token_hash, token_prefix) values ('old', %s, 'old', %s, 'ab')",
        (BOB, hashed("ab" * 32)),
    )
    assert (await tokens("ab" * 32)).identity.user_id == BOB
    with pytest.raises(UnauthenticatedError):
        await ApiTokens(db, ApiToken)("ab" * 32)


async def test_the_limit_is_exact(tokens: ApiTokens, holder: Holder, admin: Connection, db: Database) -> None:
    """Twenty creations at once at a limit of five make five; another user's limit is another's."""
    results = await asyncio.gather(
        *(tokens.create(holder, name=str(number), scopes=[]) for number in range(20)), return_exceptions=True
    )
    refused = [each for each in results if isinstance(each, TokenLimitError)]
    assert [each.code for each in refused] == [Code.TOKENS_FULL] * 15
    assert admin.execute("select count(*) from public.api_tokens").fetchone() == (5,)
    await tokens.create(Holder(db.as_user(BOB), holder.verified), name="bob's", scopes=[])
    admin.execute(
        "update public.api_tokens set expires_at = now() where name in (select min(name) from public.api_tokens)"
    )
    await tokens.create(holder, name="one more", scopes=[])


async def test_a_token_makes_only_what_it_is_itself(db: Database, tokens: ApiTokens, holder: Holder) -> None:
    """Without tokens:write a token makes none; with it, none that is good for more than itself. A session makes any."""
    plain = await tokens.create(holder, name="plain", scopes=["notes:read"])
    maker = await tokens.create(holder, name="maker", scopes=ALL)
    by_plain, by_maker = [Holder.of(db, await tokens(each.secret)) for each in (plain, maker)]
    for who, scopes in ((by_plain, ["notes:read"]), (by_plain, []), (by_maker, ["notes:write"])):
        with pytest.raises(CredentialError) as caught:
            await tokens.create(who, name="more", scopes=scopes)
        assert caught.value.code is Code.CREDENTIAL_SCOPE
        # The database refuses it by itself, where the check above is passed by.
        with pytest.raises(CredentialError):
            await tokens.create(Holder(who.scope, holder.verified), name="more", scopes=scopes)
    made = await tokens.create(by_maker, name="more", scopes=["notes:read"])
    assert (await tokens(made.secret)).scopes == {"notes:read"}


async def test_a_token_makes_none_that_outlives_it(db: Database, tokens: ApiTokens, holder: Holder) -> None:
    """Neither a new one nor one in place of another; a session's tokens end when they are asked to."""
    ends, later = (datetime.now(UTC) + timedelta(days=days) for days in (1, 9))
    maker, other = [await tokens.create(holder, name="maker", scopes=ALL, expires_at=until) for until in (ends, later)]
    by_maker = Holder.of(db, await tokens(maker.secret))
    asked = [await tokens.create(by_maker, name="more", scopes=ALL, expires_at=until) for until in (None, later)]
    rotated = await tokens.rotate(by_maker, other.id)
    renewed = await tokens.rotate(by_maker, maker.id)
    assert other.expires_at == later
    assert [each.expires_at for each in (*asked, rotated, renewed)] == [ends] * 4


async def test_rotation(tokens: ApiTokens, holder: Holder, admin: Connection) -> None:
    """The new token has the old one's name and scopes; the old one goes on for the overlap, and not longer than it had."""
    until = datetime.now(UTC) + timedelta(days=90)
    old = await tokens.create(holder, name="laptop", scopes=ALL, expires_at=until)
    new = await tokens.rotate(holder, old.id, overlap=timedelta(hours=1))
    assert {(await tokens(each.secret)).scopes for each in (old, new)} == {frozenset(ALL)}
    assert new.expires_at == until
    left = admin.execute("select expires_at - now() from public.api_tokens where id = %s", (old.id,)).fetchone()
    assert left is not None
    assert timedelta(minutes=30) < left[0] <= timedelta(hours=1)
    last = await tokens.rotate(holder, new.id)
    with pytest.raises(UnauthenticatedError):
        await tokens(new.secret)
    assert [row.name for row in await holder.scope.all(select(ApiToken))] == ["laptop"] * 3
    await tokens(last.secret)


async def test_rotating_at_the_limit(tokens: ApiTokens, holder: Holder) -> None:
    """A token can be rotated where no more could be made; overlaps cannot be piled up past one above the limit."""
    made = [await tokens.create(holder, name=str(number), scopes=[]) for number in range(5)]
    new = await tokens.rotate(holder, made[0].id, overlap=timedelta(days=1))
    for id_ in (new.id, made[1].id):
        with pytest.raises(TokenLimitError):
            await tokens.rotate(holder, id_, overlap=timedelta(days=1))


async def test_other_peoples_tokens(db: Database, tokens: ApiTokens, holder: Holder, bob: UserScope) -> None:
    """Bob neither sees, nor rotates, nor revokes Alice's token; she does all three."""
    made = await tokens.create(holder, name="laptop", scopes=[])
    assert await bob.all(select(ApiToken)) == []
    assert await bob.delete(ApiToken, ApiToken.id == made.id) == []
    with pytest.raises(NotVisibleError):
        await tokens.rotate(Holder(bob, holder.verified), made.id)
    await tokens(made.secret)
    assert [each.id for each in await holder.scope.all(select(ApiToken))] == [made.id]
    assert len(await holder.scope.delete(ApiToken, ApiToken.id == made.id)) == 1


async def test_who_may_ask_whose_a_token_is(db: Database, tokens: ApiTokens, holder: Holder) -> None:
    """Nobody reads a hash; a signed-in caller cannot look tokens up, and somebody who is not cannot make one."""
    made = await tokens.create(holder, name="laptop", scopes=[])
    with pytest.raises(PermissionDeniedError):
        await holder.scope.all(select(ApiToken.token_hash))
    verify = "select holder from public.api_tokens_verify($1)"
    with pytest.raises(PermissionDeniedError):
        await holder.scope.raw(verify, hashed(made.secret))
    assert await db.as_anon().raw(verify, hashed(made.secret)) == [(ALICE,)]
    with pytest.raises(PermissionDeniedError):
        await db.as_anon().raw("select public.api_tokens_create('a', 'b', 'c', 'd', '[]', null, null, '0')")


@pytest.fixture
def size() -> PoolSize:
    """Two shared connections, and some of one's own."""
    return PoolSize(largest=4, shared=2, patience=20.0)
