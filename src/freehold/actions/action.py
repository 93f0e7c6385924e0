"""An action: a typed function that others may call over HTTP, under a name, as themselves."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Concatenate, Final, Generic, Literal, ParamSpec, TypeVar

from pydantic import BaseModel

from freehold.actions.context import UserContext
from freehold.actions.form import Page
from freehold.actions.signature import PATH, Signature, refused
from freehold.errors import Code, DeclarationError, FreeholdError
from freehold.limits import Limit

P = ParamSpec("P")
O = TypeVar("O", bound=BaseModel | Sequence[BaseModel] | None)  # noqa: E741 - the output; T would say less

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_SCOPE: Final = re.compile(r"[!#-\[\]-~]+")  # RFC 6749, section 3.3
_TAG: Final = re.compile(r"[A-Za-z0-9._:/{}-]{1,100}")


@dataclass(frozen=True)
class Action(Generic[P, O]):
    """A registered function, which may still be called as one: see `action` for what its parts say."""

    name: str
    function: Callable[Concatenate[UserContext, P], Awaitable[O]]
    signature: Signature
    page: Page | None = None
    method: Method = "POST"
    path: str = ""
    scope: str | None = None
    limits: tuple[Limit, ...] = ()
    errors: tuple[type[FreeholdError], ...] = ()
    tags: tuple[str, ...] = ()
    touches: tuple[str, ...] = ()
    idempotent: bool = False
    status: HTTPStatus = HTTPStatus.OK
    location: str | None = None

    @property
    def reads(self) -> bool:
        """Whether it is asked with GET, and changes nothing."""
        return self.method == "GET"

    @property
    def takes_forms(self) -> bool:
        """Whether forms are posted to its path."""
        return self.page is not None and self.page.at is None

    def on(self, page: Page) -> Action[P, O]:
        """The same action, whose form stands on ``page``; raises `DeclarationError` (FH110) as the decorator does."""
        made = replace(self, page=page)
        _check(made)
        return made

    @property
    def transactional(self) -> bool:
        """Whether it runs in a transaction of its own, because something else must happen with it or not at all."""
        return bool(self.limits or self.touches)

    async def __call__(self, ctx: UserContext, *args: P.args, **kwargs: P.kwargs) -> O:
        return await self.function(ctx, *args, **kwargs)


class Declaring:
    """The decorator: ``@action(...)`` for functions that change something, ``@action.read(...)`` for those that do not."""

    def __call__(
        self,
        name: str,
        *,
        path: str | None = None,
        method: Literal["POST", "PUT", "PATCH", "DELETE"] = "POST",
        page: Page | None = None,
        scope: str | None = None,
        quota: Limit | Sequence[Limit] = (),
        errors: Sequence[type[FreeholdError]] = (),
        touches: Sequence[str] = (),
        idempotent: bool = False,
        status: int | None = None,
        location: str | None = None,
    ) -> Callable[[Callable[Concatenate[UserContext, P], Awaitable[O]]], Action[P, O]]:
        """Makes an action of an async function ``(ctx: UserContext, ..., input: In) -> Out``.

        The input and the output are Pydantic models, and may be left out; the output may be a list of models.

        ``name``: words joined by dots, ``profile.update``, which is posted to ``/profile/update`` as JSON.
        ``path``, ``method``: another place: ``"/tasks/{task_id}/stop"`` fills the parameter ``task_id``.
        ``page``: HTML forms may post to it too.
        ``scope``: what a token must be good for; sessions are good for everything.
        ``quota``: limits of which each call is one use.
        ``errors``: the `Refusal` subclasses it raises, for the OpenAPI document and the clients.
        ``touches``: the tags whose readers see something new after it; ``{task_id}`` in one is the path's parameter.
        ``idempotent``: answers a repeated ``Idempotency-Key`` with the first answer, which is kept for a day.
        ``status``, ``location``: of the answer: ``201`` and ``"/tasks/{id}"``, with the fields of the output.

        Raises `DeclarationError` (FH110) for a name, path or signature that cannot be right, and for an input that
        would ignore fields it does not know.
        """
        limits = (quota,) if isinstance(quota, Limit) else tuple(quota)

        def register(function: Callable[Concatenate[UserContext, P], Awaitable[O]]) -> Action[P, O]:
            signature = Signature.of(_named(name), function, path or "")
            usual = HTTPStatus.OK if signature.output else HTTPStatus.NO_CONTENT
            made = Action(
                name,
                function,
                signature,
                page,
                method,
                path or "/" + name.replace(".", "/"),
                scope,
                limits,
                tuple(errors),
                touches=tuple(touches),
                idempotent=idempotent,
                status=HTTPStatus(status) if status else usual,
                location=location,
            )
            _check(made)
            return made

        return register

    def read(
        self,
        name: str,
        *,
        path: str | None = None,
        scope: str | None = None,
        quota: Limit | Sequence[Limit] = (),
        errors: Sequence[type[FreeholdError]] = (),
        tags: Sequence[str] = (),
    ) -> Callable[[Callable[Concatenate[UserContext, P], Awaitable[O]]], Action[P, O]]:
        """Makes an action that is asked with GET, and whose input is the query: texts, numbers, and lists of them.

        ``tags``: what it reads. Its answers then have an ETag, and a caller who has the newest one gets 304 without a
        query. The other arguments are those of an action that changes something.
        """
        limits = (quota,) if isinstance(quota, Limit) else tuple(quota)

        def register(function: Callable[Concatenate[UserContext, P], Awaitable[O]]) -> Action[P, O]:
            signature = Signature.of(_named(name), function, path or "", reads=True)
            where = path or "/" + name.replace(".", "/")
            made = Action(name, function, signature, None, "GET", where, scope, limits, tuple(errors), tags=tuple(tags))
            if signature.output is None:
                raise refused(name, "reads, and gives nothing", "Annotate what it returns.")
            _check(made)
            return made

        return register


action: Final = Declaring()


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise DeclarationError(
            Code.ACTION_SIGNATURE,
            f"{name!r} is not the name of an action.",
            hint='Name what it is about, then what it does: "profile.update".',
        )
    return name


def _check(action: Action[..., Any]) -> None:
    name, places = action.name, set(action.signature.path)
    if action.scope is not None and not _SCOPE.fullmatch(action.scope):
        raise refused(name, f"has a scope that no token can have: {action.scope!r}", 'Write scope="tasks:write".')
    for tag in (*action.tags, *action.touches):
        if not _TAG.fullmatch(tag) or not fields_of(tag) <= places:
            raise refused(name, f"has a tag that cannot be: {tag!r}", 'Write "tasks", or "tasks/{task_id}".')
    if action.location is not None:
        known = set(action.signature.output.model_fields) if action.signature.output else set[str]()
        if not fields_of(action.location) <= known | places:
            raise refused(name, f"has a location with an unknown field: {action.location}", 'Write "/tasks/{id}".')
    if action.page is not None:
        _check_page(action, action.page)
    for error in action.errors:
        if not issubclass(error, FreeholdError):
            raise refused(name, f"declares an error that is none of freehold's: {error}", "Derive it from Refusal.")
    if len({each.name for each in action.limits}) < len(action.limits):
        raise refused(name, "counts one limit twice", "Name each of its limits once.")


def _check_page(action: Action[..., Any], page: Page) -> None:
    name, places = action.name, set(action.signature.path)
    if action.reads or (action.method != "POST" and page.at is None):
        raise refused(name, "has a page, and a form cannot reach it", f'Write Page(..., at="{action.path}/delete").')
    if page.at is not None and (not PATH.fullmatch(page.at) or fields_of(page.at) != places):
        raise refused(name, f"has a form at {page.at}, which is no place of its own", "Name the same parameters there.")
    if not fields_of(page.path) <= places:
        raise refused(name, f"has a page with an unknown place: {page.path}", "Name parameters of the action's path.")


def fields_of(template: str) -> set[str]:
    """The names in braces."""
    return set(re.findall(r"\{([A-Za-z_][A-Za-z0-9_]*)\}", template))
