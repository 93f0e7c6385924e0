"""Who one is, the accounts that are linked, and where one is signed in."""

from __future__ import annotations

from asyncio import gather
from typing import Final

from examples.coding_agents.people import list_accounts, list_sessions
from examples.coding_agents.web.page import signed_in
from freehold import UserContext
from freehold.actions import Form, Page

_PATH: Final = "/app/account"
_DONE: Final = {
    "unlinked": "The account is not linked any more.",
    "ended": "The session has ended.",
    "others": "All other sessions have ended.",
}


async def show(ctx: UserContext, form: Form, done: str = "", *, github: bool = False) -> str:
    """The account. ``github``: whether one can be linked."""
    accounts, sessions = await gather(list_accounts(ctx), list_sessions(ctx))
    return await signed_in(
        ctx,
        "account.html",
        "account",
        _PATH,
        form=form,
        accounts=accounts.accounts,
        sessions=sessions.sessions,
        linkable=github and not accounts.accounts,
        notice=_DONE.get(done),
    )


PAGES: Final = {
    "accounts.unlink": Page(f"{_PATH}?done=unlinked", show, at="/accounts/{provider}/delete"),
    "sessions.end": Page(f"{_PATH}?done=ended", show, at="/sessions/{session_id}/delete"),
    "sessions.end_others": Page(f"{_PATH}?done=others", show),
}
