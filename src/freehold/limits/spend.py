"""Counting one use, exactly, however many come at once: each limit is one upsert that PostgreSQL serialises.

The upsert is in a function that comes with the table: users count with it, and cannot write the table otherwise.

It runs in the transaction of what is counted, so what is rolled back was not used, and a second use waits for the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from freehold.errors import Code, LimitExceededError
from freehold.identity import Identity
from freehold.limits.limit import Daily, Limit, allowed
from freehold.limits.standing import Standing, headers_of
from freehold.limits.tables import BurstUse, DailyUse, burst_spending, daily_spending
from freehold.scope import UserScope
from freehold.scope.definer import call_of

_DAY: Final = 86_400.0
_DAILY: Final = daily_spending(DailyUse)
_BURST: Final = burst_spending(BurstUse)
_HINT: Final = "Try again later: Retry-After says when."


async def spend(scope: UserScope, identity: Identity, limits: Sequence[Limit]) -> tuple[Standing, ...]:
    """Counts one use of each of ``limits`` and gives how the caller stands with them, in one round trip.

    ``scope`` must be inside a transaction. Raises `LimitExceededError` (FH605), which must leave the transaction, so
    that nothing is counted.
    """
    granted = [allowed(each, await each.override(scope, identity) if each.override else None) for each in limits]
    counted = [(limit, most) for limit, most in zip(limits, granted, strict=True) if most > 0]
    statements = [_statement(limit, most) for limit, most in counted]
    answers = iter(await scope.batch(*statements) if statements else ())
    standings = tuple(
        _standing(limit, most, next(answers)[0]) if most > 0 else _closed(limit)
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


def _statement(limit: Limit, most: int) -> Any:
    values: dict[str, Any] = {"limit_name": limit.name, "most": most}
    return call_of(_DAILY, values) if isinstance(limit, Daily) else call_of(_BURST, values | {"seconds": limit.seconds})


def _standing(limit: Limit, most: int, answer: tuple[Any, Any]) -> Standing:
    """``remaining`` is -1 for a use that was refused."""
    if isinstance(limit, Daily):
        spent, moment = answer
        return Standing(limit.name, most, _DAY, -1 if spent is None else most - spent, _until_midnight(moment))
    granted, ahead = answer
    interval = limit.seconds / most
    if not granted:
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
