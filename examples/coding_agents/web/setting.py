"""Settings: one's own preferences, and the limits that the platform keeps, to be seen."""

from __future__ import annotations

from typing import Final

from examples.coding_agents.schemas import Which
from examples.coding_agents.settings import list_settings
from examples.coding_agents.web.page import MOST, signed_in
from freehold import UserContext
from freehold.actions import Form, Page

_PATH: Final = "/app/settings"
_DONE: Final = {"saved": "The setting is saved.", "deleted": "The setting is deleted."}


async def show(ctx: UserContext, form: Form, done: str = "") -> str:
    """The settings, and the form that changes one."""
    settings = await list_settings(ctx, Which(limit=MOST))
    return await signed_in(
        ctx, "settings.html", "settings", _PATH, form=form, settings=settings.settings, notice=_DONE.get(done)
    )


PAGES: Final = {
    "settings.set": Page(f"{_PATH}?done=saved", show),
    "settings.delete": Page(f"{_PATH}?done=deleted", show, at="/settings/{key}/delete"),
}
