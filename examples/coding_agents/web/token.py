"""API tokens: a new one is seen once, in the answer to the form it was asked for with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, get_args

from examples.coding_agents.schemas import Which
from examples.coding_agents.tokens import Scope, TokenMade, list_tokens
from examples.coding_agents.web.page import MOST, signed_in
from freehold import UserContext
from freehold.actions import Form, Page

_PATH: Final = "/app/tokens"
_THINGS: Final = {"account": "linked accounts and sessions", "tokens": "API tokens"}
_VERBS: Final = {"read": "See", "write": "Change"}
_DONE: Final = {"deleted": "The token is deleted, and good for nothing any more."}
_ENDS: Final = (("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("366", "a year"), ("", "never"))


def _words(scope: str) -> str:
    thing, _, verb = scope.partition(":")
    return f"{_VERBS[verb]} {_THINGS.get(thing, thing)}"


_SCOPES: Final = tuple((each, _words(each)) for each in get_args(Scope))


async def show(ctx: UserContext, form: Form, done: str = "", made: TokenMade | None = None) -> str:
    """The tokens, and the form for another; ``made``: one that was just made."""
    tokens = await list_tokens(ctx, Which(limit=MOST))
    return await signed_in(
        ctx,
        "tokens.html",
        "tokens",
        _PATH,
        form=form,
        tokens=tokens.tokens,
        now=datetime.now(UTC),
        scopes=_SCOPES,
        ends=_ENDS,
        fresh=made.token if made else None,
        notice=_DONE.get(done),
    )


async def _made(ctx: UserContext, made: TokenMade) -> str:
    return await show(ctx, Form(), made=made)


PAGES: Final = {
    "tokens.create": Page(_PATH, show, show=_made),
    "tokens.rotate": Page(_PATH, show, show=_made),
    "tokens.delete": Page(f"{_PATH}?done=deleted", show, at="/tokens/{token_id}/delete"),
}
