"""Connectors: which there are, a new one, and whether one is in use. Their secrets are not shown."""

from __future__ import annotations

from typing import Final

from examples.coding_agents.connectors import list_connectors
from examples.coding_agents.schemas import Which
from examples.coding_agents.web.page import MOST, signed_in
from freehold import UserContext
from freehold.actions import Form, Page

_PATH: Final = "/app/connectors"
_DONE: Final = {
    "added": "The connector is added; connect it to let agents use it.",
    "deleted": "The connector is deleted.",
}


async def show(ctx: UserContext, form: Form, done: str = "") -> str:
    """The connectors, and the form for another."""
    connectors = await list_connectors(ctx, Which(limit=MOST))
    return await signed_in(
        ctx, "connectors.html", "connectors", _PATH, form=form, connectors=connectors.connectors, notice=_DONE.get(done)
    )


PAGES: Final = {
    "connectors.create": Page(f"{_PATH}?done=added", show),
    "connectors.toggle": Page(_PATH, show),
    "connectors.delete": Page(f"{_PATH}?done=deleted", show, at="/connectors/{connector_id}/delete"),
}
