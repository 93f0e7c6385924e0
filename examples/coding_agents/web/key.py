"""Keys of providers: which there are, a new one, and whether one is good. None is shown."""

from __future__ import annotations

from typing import Final, get_args

from examples.coding_agents.keys import KeyChecked, list_keys
from examples.coding_agents.models import KeyProvider
from examples.coding_agents.schemas import Which
from examples.coding_agents.web.page import MOST, signed_in
from examples.coding_agents.web.render import provider_of
from freehold import UserContext
from freehold.actions import Form, Page

_PATH: Final = "/app/keys"
_PROVIDERS: Final = tuple((each, provider_of(each)) for each in get_args(KeyProvider))
_DONE: Final = {"saved": "The key is saved, encrypted.", "deleted": "The key is deleted."}


async def show(ctx: UserContext, form: Form, done: str = "", checked: KeyChecked | None = None) -> str:
    """The keys, and the form for one; ``checked``: what became of looking at one."""
    keys = await list_keys(ctx, Which(limit=MOST))
    return await signed_in(
        ctx,
        "keys.html",
        "keys",
        _PATH,
        form=form,
        keys=keys.keys,
        providers=_PROVIDERS,
        checked=checked,
        notice=_DONE.get(done),
    )


async def _checked(ctx: UserContext, checked: KeyChecked) -> str:
    return await show(ctx, Form(), checked=checked)


PAGES: Final = {
    "keys.set": Page(f"{_PATH}?done=saved", show),
    "keys.check": Page(_PATH, show, show=_checked),
    "keys.delete": Page(f"{_PATH}?done=deleted", show, at="/keys/{provider}/delete"),
}
