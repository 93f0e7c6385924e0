"""Limits on a real database: exact however many come at once, given back by a rollback, and each user's own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from freehold import Database, Identity, UserScope
from freehold.errors import Code, LimitExceededError, PermissionDeniedError
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
    """Another's are neither seen nor changed, and nobody deletes their own."""
    await _use(db, ALICE, Daily("messages", 5))
    bob = db.as_user(BOB)
    assert await db.as_user(ALICE).raw("select used::int from public.freehold_daily_uses") == [(1,)]
    assert await bob.raw("select used::int from public.freehold_daily_uses") == []
    assert await bob.raw("update public.freehold_daily_uses set used = 0 returning 1") == []
    with pytest.raises(PermissionDeniedError):
        await db.as_user(ALICE).raw("delete from public.freehold_daily_uses")
