"""How much the caller may still ask for today, as a sentence."""

from __future__ import annotations

from sqlalchemy import Date, cast, func, select

from examples.coding_agents.quota import MESSAGES, own_limit
from freehold import UserContext
from freehold.limits.tables import DailyUse


async def remaining(ctx: UserContext) -> str:
    """Tasks and messages together; what counts is decided when one is sent, so this may be out of date."""
    today = cast(func.timezone("UTC", func.clock_timestamp()), Date)
    most = await own_limit(ctx.scope, ctx.identity)
    used = await ctx.scope.first(select(DailyUse.used).where(DailyUse.id == MESSAGES.name, DailyUse.day == today))
    left = max(0, most - (used or 0))
    return f"{left} of {most} messages left today" if left else "Nothing left today: it starts anew at midnight UTC."
