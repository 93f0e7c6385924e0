"""Limits on a real database: exact however many come at once, given back by a rollback, and each user's own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final, LiteralString

import pytest

from freehold import Database, Identity, UserScope
from freehold.errors import Code, DatabaseError, LimitExceededError, PermissionDeniedError
from freehold.limits import Burst, Daily, Limit, Standing
from freehold.limits.spend import spend
from freehold.limits.tables import metadata
from freehold.server import Endpoints
from freehold.wire import Connection, PoolSize
from tests.cluster import Cluster
from tests.integration.conftest import ALICE, BOB


@pytest.fixture
def endpoints(cluster: Cluster) -> Iterator[Endpoints]:
    """A database with the tables of limits."""
    with cluster.clone(cluster.template("limits", metadata=metadata)) as endpoints:
        yield endpoints


@pytest.fixture
def size() -> PoolSize:
    """Fewer connections than callers, who wait as long as it takes."""
    return PoolSize(largest=8, shared=1, patience=120.0)


async def _use(db: Database, user: str, *limits: Limit) -> tuple[Standing, ...]:
    async with db.as_user(user).transaction() as tx:
        return await spend(tx, Identity.user(user), limits)


async def _refused(db: Database, user: str, *limits: Limit) -> LimitExceededError:
    with pytest.raises(LimitExceededError) as caught:
        await _use(db, user, *limits)
    assert caught.value.code is Code.LIMIT_EXCEEDED
    return caught.value


@pytest.mark.parametrize("limit", [Daily("messages", 20), Burst("calls", 20, seconds=86_400)], ids=["daily", "burst"])
async def test_sixty_at_once_at_a_limit_of_twenty(db: Database, limit: Limit) -> None:
    """Exactly twenty are let in: none is lost, none slips through."""

    async def attempt() -> bool:
        try:
            await _use(db, ALICE, limit)
        except LimitExceededError:
            return False
        return True

    assert sum(await asyncio.gather(*(attempt() for _ in range(60)))) == 20
    await _refused(db, ALICE, limit)
    assert (await _use(db, BOB, limit))[0].remaining == 19


async def test_what_is_rolled_back_was_not_used(db: Database) -> None:
    """An action that fails costs nothing, also where one limit let it in and the other did not."""
    one, none = Daily("one", 1), Burst("none", 0, seconds=60)

    async def fail() -> None:
        async with db.as_user(ALICE).transaction() as tx:
            await spend(tx, Identity.user(ALICE), [one])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await _refused(db, ALICE, one, none)
    assert (await _use(db, ALICE, one))[0].remaining == 0
    await _refused(db, ALICE, one)


async def test_a_limit_of_zero_lets_nobody_in(db: Database) -> None:
    """And writes nothing."""
    error = await _refused(db, ALICE, Daily("closed", 0))
    assert error.headers["RateLimit-Policy"] == '"closed";q=0;w=86400'
    assert 0 < int(error.headers["Retry-After"]) <= 86_400


async def test_a_quota_begins_anew_each_day(db: Database, admin: Connection) -> None:
    """Yesterday's uses do not count, whatever the time zone of the server."""
    limit = Daily("messages", 2)
    await _use(db, ALICE, limit)
    await _use(db, ALICE, limit)
    await _refused(db, ALICE, limit)
    admin.execute("update public.freehold_daily_uses set day = day - 1")
    assert (await _use(db, ALICE, limit))[0].remaining == 1
    assert (await _use(db, ALICE, limit))[0].remaining == 0
    await _refused(db, ALICE, limit)


async def test_a_burst_comes_back_evenly(db: Database, admin: Connection) -> None:
    """After a third of the time a third is there again, and not more."""
    limit = Burst("calls", 3, seconds=3000)
    assert [(await _use(db, ALICE, limit))[0].remaining for _ in range(3)] == [2, 1, 0]
    error = await _refused(db, ALICE, limit)
    assert 990 < int(error.headers["Retry-After"]) <= 1000
    admin.execute("update public.freehold_burst_uses set whole_at = whole_at - interval '1000 seconds'")
    assert (await _use(db, ALICE, limit))[0].remaining == 0
    await _refused(db, ALICE, limit)
    admin.execute("update public.freehold_burst_uses set whole_at = whole_at - interval '9000 seconds'")
    assert (await _use(db, ALICE, limit))[0].remaining == 2


async def test_a_limit_of_ones_own(db: Database) -> None:
    """The application says whose is what; None is the limit as declared."""

    async def of(scope: UserScope, identity: Identity) -> int | None:
        assert await scope.raw("select 1") == [(1,)]
        return {ALICE: 2}.get(identity.user_id or "")

    limit = Daily("own", 1, override=of)
    assert (await _use(db, ALICE, limit))[0].remaining == 1
    assert (await _use(db, BOB, limit))[0].remaining == 0
    await _refused(db, BOB, limit)
    assert (await _use(db, ALICE, limit))[0].remaining == 0


async def test_uses_are_the_users_own(db: Database) -> None:
    """Their user sees them, and nobody else does."""
    await _use(db, ALICE, Daily("messages", 5))
    assert await db.as_user(ALICE).raw("select used::int from public.freehold_daily_uses") == [(1,)]
    assert await db.as_user(BOB).raw("select used::int from public.freehold_daily_uses") == []


_USED: Final = "select used::int from public.freehold_daily_uses where id = 'messages'"
_AHEAD: Final = "select (whole_at - '2000-01-01')::text from public.freehold_burst_uses where id = 'calls'"
_CLOSED: Final[tuple[LiteralString, ...]] = (
    "update public.freehold_daily_uses set used = 0",
    "update public.freehold_daily_uses set day = day - 1",
    "update public.freehold_burst_uses set whole_at = now()",
    "delete from public.freehold_daily_uses",
    "truncate public.freehold_burst_uses",
    "insert into public.freehold_daily_uses (user_id, id, day, used) values (auth.uid(), 'new', '2026-01-01', -100)",
    "insert into public.freehold_daily_uses values ('messages') on conflict (user_id, id) do update set used = -100",
    "merge into public.freehold_daily_uses u using (values (1)) v on true when matched then update set used = 0",
    "with lower as (update public.freehold_daily_uses set used = 0 returning 1) select * from lower",
    "select * from public.freehold_daily_uses for update",
    "set role postgres",
    "create temp table freehold_daily_uses (user_id text, id text, day date, used bigint)",
    "alter table public.freehold_daily_uses disable row level security",
    "drop function public.freehold_daily_uses_spend",
)
_REFUSED: Final[tuple[LiteralString, ...]] = (
    "select * from public.freehold_burst_uses_spend('calls', 3, -3600)",
    "select * from public.freehold_burst_uses_spend('calls', -3, 3600)",
    "select * from public.freehold_burst_uses_spend('calls', 0, 3600)",
    "select * from public.freehold_burst_uses_spend('calls', 3, 'NaN')",
    "select * from public.freehold_burst_uses_spend('calls', 3, '-Infinity')",
    "select * from public.freehold_burst_uses_spend('calls', null, 3600)",
    "select * from public.freehold_burst_uses_spend(null, 3, 3600)",
    "select * from public.freehold_daily_uses_spend(null, 3)",
)
_IN_VAIN: Final[tuple[LiteralString, ...]] = (
    "select spent from public.freehold_daily_uses_spend('messages', -5)",
    "select spent from public.freehold_daily_uses_spend('messages', null)",
    "select spent from public.freehold_daily_uses_spend('messages', 9223372036854775807)",
    "select granted from public.freehold_burst_uses_spend('calls', 9223372036854775807, 0.000001)",
    "select granted from public.freehold_burst_uses_spend('calls', 1, 0.000001)",
    "set timezone = 'Pacific/Kiritimati'",
    "set search_path = pg_temp, public",
)


async def test_no_sql_of_the_users_own_lowers_a_count(db: Database, admin: Connection) -> None:
    """Whatever is run as the user: it is denied, or the numbers are at least what they were, and the limit holds."""
    daily, burst, alice = Daily("messages", 2), Burst("calls", 2, seconds=3600), db.as_user(ALICE)
    for _ in range(2):
        await _use(db, ALICE, daily, burst)
    for attack in _CLOSED:
        with pytest.raises(PermissionDeniedError):
            await alice.raw(attack)
    for attack in _REFUSED:
        with pytest.raises(DatabaseError):
            await alice.raw(attack)
    before = await alice.raw(_USED), await alice.raw(_AHEAD)
    for attack in _IN_VAIN:
        async with alice.transaction() as tx:
            await tx.raw(attack)
            for limit in (daily, burst):
                with pytest.raises(LimitExceededError):
                    await spend(tx, Identity.user(ALICE), [limit])
    after = await alice.raw(_USED), await alice.raw(_AHEAD)
    assert after >= before == ([(2,)], before[1])
    await _refused(db, ALICE, daily)
    await _refused(db, ALICE, burst)
    admin.execute("update public.freehold_daily_uses set used = 0")  # the table itself is no obstacle
    assert (await _use(db, ALICE, daily))[0].remaining == 1


async def test_nobody_counts_who_is_not_signed_in(db: Database) -> None:
    """The functions are for users alone; a user counts."""
    count: Final = "select spent::int from public.freehold_daily_uses_spend('messages', 1)"
    with pytest.raises(PermissionDeniedError):
        await db.as_anon().raw(count)
    assert await db.as_user(BOB).raw(count) == [(1,)]
