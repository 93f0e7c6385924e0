"""An HTML form and the page it stands on: what was typed, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from freehold.actions.context import UserContext
from freehold.errors import Code, DeclarationError, FieldError


@dataclass(frozen=True)
class Form:
    """What the caller sent, so that nobody types it twice; an empty one for a page that is shown anew.

    ``message`` is about the form as a whole, ``errors`` about its fields. All of it is the caller's text: escape it.
    ``places``: the parameters in the path that it was posted to.
    """

    values: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    errors: tuple[FieldError, ...] = ()
    message: str | None = None
    places: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def value(self, name: str, default: str = "") -> str:
        """What was typed into the field, or ``default`` where nothing was sent."""
        return self.values.get(name, default)

    def error(self, name: str) -> str | None:
        """What is wrong with the field."""
        return next((error.message for error in self.errors if error.pointer == f"/{name}"), None)


@dataclass(frozen=True)
class Page:
    """Where a form post leads: to ``path``, after success; back to ``render``'s HTML, with the errors, otherwise.

    ``path`` is on this site, and may have a query, ``/profile?saved``, and the action's own places, ``/tasks/{task_id}``.
    Raises `DeclarationError` (FH110) for another. ``at``: where the form is posted to, if not to the action's path: HTML
    knows no DELETE. ``show``: HTML of the result, in place of leading anywhere, for what is seen once.
    """

    path: str
    render: Callable[[UserContext, Form], Awaitable[str]]
    at: str | None = None
    show: Callable[[UserContext, Any], Awaitable[str]] | None = None

    def __post_init__(self) -> None:
        # Browsers read // and /\ as the start of another host.
        if not self.path.startswith("/") or self.path[1:2] in ("/", "\\") or not self.path.isprintable():
            raise DeclarationError(
                Code.ACTION_SIGNATURE, "A page's path leaves this site.", hint='Write it from the root: "/profile".'
            )
