"""What every page has: who is signed in, where one is, and the way to the other pages."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, Protocol

from examples.coding_agents.people import read_me
from examples.coding_agents.web.render import render
from freehold import UserContext
from freehold.actions import Problem
from freehold.errors import Code, CredentialError

SECTIONS: Final = (
    ("tasks", "/app", "Tasks"),
    ("keys", "/app/keys", "Keys"),
    ("tokens", "/app/tokens", "Tokens"),
    ("connectors", "/app/connectors", "Connectors"),
    ("settings", "/app/settings", "Settings"),
)

MOST: Final = 100
"""How many of one's rows a page shows at most, of what nobody has that many of."""

_SAID: Final[dict[int, str]] = {
    401: "You are not signed in, or not any more.",
    404: "It was deleted, or it was never there for you.",
    405: "This address is not for that.",
}
_REFUSED: Final = "That did not work."
_BROKEN: Final = "It is not your doing, and was written down. Try again in a moment."


class Person(Protocol):
    """Somebody who may be chosen where signing in needs no password."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


async def signed_in(ctx: UserContext, template: str, here: str, path: str, **values: object) -> str:
    """A page of the caller's. ``path``: where it is found, also if it answers a form.

    Pages show more than one scope is good for, so raises `CredentialError` (FH604) for a token that is not good for all.
    """
    if ctx.verified.scopes is not None:
        raise CredentialError(
            Code.SCOPE_MISSING, "Pages are for people who signed in.", hint="Use the API: /openapi.json."
        )
    me = await read_me(ctx)
    return render(template, me=me, sections=SECTIONS, here=here, path=path, **values)


def sign_in(people: Sequence[Person], *, github: bool, return_to: str) -> str:
    """The way in; ``people`` may be chosen from while the platform is developed."""
    return render("sign_in.html", me=None, path="", people=people, github=github, return_to=return_to)


def problem(problem: Problem) -> str:
    """What went wrong, and the way back."""
    unknown = problem.status == HTTPStatus.UNAUTHORIZED
    broken = problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    said = problem.detail or _SAID.get(problem.status) or (_BROKEN if broken else _REFUSED)
    return render("problem.html", me=None, path="", problem=problem, said=said, unknown=unknown)
