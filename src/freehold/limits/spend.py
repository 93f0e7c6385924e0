"""Counting one use, exactly, however many come at once: each limit is one upsert that PostgreSQL serialises.

It runs in the transaction of what is counted, so what is rolled back was not used, and a second use waits for the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Date, Interval, case, cast, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from freehold.errors import Code, LimitExceededError
from freehold.identity import Identity
from freehold.limits.limit import Burst, Daily, Limit, allowed
from freehold.limits.standing import Standing, headers_of
from freehold.limits.tables import BurstUse, DailyUse
from freehold.scope import UserScope

_DAY: Final = 86_400.0
_HINT: Final = "Try again later: Retry-After says when."


async def spend(scope: UserScope, identity: Identity, limits: Sequence[Limit]) -> tuple[Standing, ...]:
    """Counts one use of each of ``limits`` and gives how the caller stands with them, in one round trip.

    ``scope`` must be inside a transaction. Raises `LimitExceededError` (FH605), which must leave the transaction, so
    that nothing is counted.
    """
    granted = [allowed(each, await each.override(scope, identity) if each.override else None) for each in limits]
    counted = [(limit, most) for limit, most in zip(limits, granted, strict=True) if most > 0]
    statements = [each for limit, most in counted for each in _statements(limit, most, identity)]
    answers = iter(await scope.batch(*statements) if statements else ())
    standings = tuple(
        _standing(limit, most, next(answers), next(answers)) if most > 0 else _closed(limit)
        for limit, most in zip(limits, granted, strict=True)
    )
    refused = next((each for each in standings if each.remaining < 0), None)
    if refused is not None:
        raise LimitExceededError(
            Code.LIMIT_EXCEEDED,
            f"The limit {refused.name!r} is used up: {refused.limit} in {_span(refused.window)}.",
            headers=headers_of([_shown(each) for each in standings], refused=refused),
            hint=_HINT,
        )
    return standings


def _statements(limit: Limit, most: int, identity: Identity) -> tuple[Any, Any]:
    """The upsert, which gives a row if the use is allowed, and what tells how long until it is."""
    return _daily(limit, most, identity) if isinstance(limit, Daily) else _burst(limit, most, identity)


def _daily(limit: Daily, most: int, identity: Identity) -> tuple[Any, Any]:
    today = cast(func.timezone("UTC", func.clock_timestamp()), Date)
    used = case((DailyUse.day == today, DailyUse.used), else_=0)
    statement = insert(DailyUse).values(id=limit.name, user_id=identity.user_id, day=today, used=1)
    upsert = statement.on_conflict_do_update(
        index_elements=["user_id", "id"], set_={"used": used + 1, "day": today}, where=used < most
    ).returning(DailyUse.used)
    return upsert, select(func.clock_timestamp())


def _burst(limit: Burst, most: int, identity: Identity) -> tuple[Any, Any]:
    # GCRA: a use moves `whole_at` one interval on, and is refused where that would be more than `seconds` from now.
    now, interval = func.clock_timestamp(), _interval(limit.seconds / most)
    statement = insert(BurstUse).values(id=limit.name, user_id=identity.user_id, whole_at=now + interval)
    upsert = statement.on_conflict_do_update(
        index_elements=["user_id", "id"],
        set_={"whole_at": func.greatest(BurstUse.whole_at, now) + interval},
        where=BurstUse.whole_at <= now + _interval(limit.seconds * (most - 1) / most),
    ).returning(BurstUse.whole_at)
    ahead = func.date_part("epoch", BurstUse.whole_at - now)
    return upsert, select(ahead).where(BurstUse.id == limit.name)


def _interval(seconds: float) -> Any:
    return literal(timedelta(seconds=seconds), Interval)


def _standing(limit: Limit, most: int, upserted: Sequence[Any], told: Sequence[Any]) -> Standing:
    """``remaining`` is -1 for a use that was refused."""
    if isinstance(limit, Daily):
        remaining = most - upserted[0] if upserted else -1
        return Standing(limit.name, most, _DAY, remaining, _until_midnight(told[0]))
    ahead, interval = float(told[0]), limit.seconds / most
    if not upserted:
        return Standing(limit.name, most, limit.seconds, -1, ahead + interval - limit.seconds)
    return Standing(limit.name, most, limit.seconds, int((limit.seconds - ahead) / interval + 1e-6), interval)


def _closed(limit: Limit) -> Standing:
    window = _DAY if isinstance(limit, Daily) else limit.seconds
    return Standing(limit.name, 0, window, -1, _until_midnight(datetime.now(UTC)))


def _shown(standing: Standing) -> Standing:
    return Standing(standing.name, standing.limit, standing.window, max(0, standing.remaining), standing.reset)


def _until_midnight(now: datetime) -> float:
    tomorrow = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
    return (tomorrow - now).total_seconds()


def _span(seconds: float) -> str:
    return "a day" if seconds == _DAY else f"{seconds:g} s"
