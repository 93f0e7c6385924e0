"""Which page the form of an action stands on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from examples.coding_agents.web import account, connector, key, setting, task, token
from freehold.actions import Action, Page

_PAGES: Final[dict[str, Page]] = {
    **task.PAGES,
    **key.PAGES,
    **token.PAGES,
    **connector.PAGES,
    **setting.PAGES,
    **account.PAGES,
}


def with_pages(*actions: Action[..., Any]) -> Iterator[Action[..., Any]]:
    """The same actions; those that have a page here take its form too."""
    for each in actions:
        yield each.on(_PAGES[each.name]) if each.name in _PAGES else each
