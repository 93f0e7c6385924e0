"""An action: a typed function that others may call over HTTP, under a name, as themselves."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Concatenate, Final, Generic, ParamSpec, TypeVar

from pydantic import BaseModel

from freehold.actions.context import UserContext
from freehold.actions.form import Page
from freehold.actions.signature import Signature
from freehold.errors import Code, DeclarationError

P = ParamSpec("P")
O = TypeVar("O", bound=BaseModel | None)  # noqa: E741 - the output; T would say less

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


@dataclass(frozen=True)
class Action(Generic[P, O]):
    """A registered function, which may still be called as one. ``page`` is where its HTML form stands, if it has one."""

    name: str
    function: Callable[Concatenate[UserContext, P], Awaitable[O]]
    signature: Signature
    page: Page | None = None

    @property
    def path(self) -> str:
        """Where it is posted to."""
        return "/" + self.name.replace(".", "/")

    async def __call__(self, ctx: UserContext, *args: P.args, **kwargs: P.kwargs) -> O:
        return await self.function(ctx, *args, **kwargs)


def action(
    name: str, *, page: Page | None = None
) -> Callable[[Callable[Concatenate[UserContext, P], Awaitable[O]]], Action[P, O]]:
    """Makes an action of an async function ``(ctx: UserContext, input: In) -> Out``; either model may be left out.

    ``name``: words joined by dots, ``profile.update``, which is posted to ``/profile/update`` as JSON. With a
    ``page`` HTML forms may post to it too. Raises `DeclarationError` (FH110) for a name or signature that cannot be
    right, and for an input that would ignore fields it does not know.
    """
    if not _NAME.fullmatch(name):
        raise DeclarationError(
            Code.ACTION_SIGNATURE,
            f"{name!r} is not the name of an action.",
            hint='Name what it is about, then what it does: "profile.update".',
        )

    def register(function: Callable[Concatenate[UserContext, P], Awaitable[O]]) -> Action[P, O]:
        return Action(name, function, Signature.of(name, function), page)

    return register
