"""Declaring actions: the signature is the schema, and one that cannot be right is refused where it stands."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, RootModel

from freehold.actions import Action, Form, Page, UserContext, action, router
from freehold.actions.inline import inlined
from freehold.errors import Code, DeclarationError


class In(BaseModel):
    """An input."""

    model_config = ConfigDict(extra="forbid")

    name: str


DEFAULT = In(name="a")


class Out(BaseModel):
    """An output."""

    name: str


class Open(BaseModel):
    """An input that would ignore what it does not know."""

    name: str


class Around(BaseModel):
    """One that is closed itself, and open inside."""

    model_config = ConfigDict(extra="forbid")

    inner: list[Open] = []


class Tree(BaseModel):
    """An input that contains itself."""

    model_config = ConfigDict(extra="forbid")

    branches: list[Tree] = []


class Names(RootModel[list[str]]):
    """A list, which cannot grow fields."""


async def both(ctx: UserContext, body: In) -> Out:
    """Takes and gives."""
    return Out(name=body.name)


async def neither(ctx: UserContext) -> None: ...
async def tree(ctx: UserContext, body: Tree) -> None: ...
async def no_context(body: In) -> Out: ...  # type: ignore[empty-body]
async def wrong_context(ctx: str, body: In) -> Out: ...  # type: ignore[empty-body]
async def unannotated(ctx, body): ...  # type: ignore[no-untyped-def]
async def three(ctx: UserContext, body: In, more: In) -> Out: ...  # type: ignore[empty-body]
async def defaulted(ctx: UserContext, body: In = DEFAULT) -> Out: ...  # type: ignore[empty-body]
async def variadic(ctx: UserContext, *body: In) -> Out: ...  # type: ignore[empty-body]
async def keyword(ctx: UserContext, *, body: In) -> Out: ...  # type: ignore[empty-body]
async def no_model(ctx: UserContext, body: dict[str, str]) -> Out: ...  # type: ignore[empty-body]
async def no_output_model(ctx: UserContext, body: In) -> dict[str, str]: ...  # type: ignore[empty-body]
async def no_return(ctx: UserContext, body: In): ...  # type: ignore[no-untyped-def]
async def root(ctx: UserContext, body: Names) -> None: ...
async def open_input(ctx: UserContext, body: Open) -> None: ...
async def around(ctx: UserContext, body: Around) -> None: ...
async def unknown(ctx: UserContext, body: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821
def not_async(ctx: UserContext, body: In) -> Out: ...  # type: ignore[empty-body]


WRONG = [
    no_context,
    wrong_context,
    unannotated,
    three,
    defaulted,
    variadic,
    keyword,
    no_model,
    no_output_model,
    no_return,
    root,
    open_input,
    around,
    unknown,
    not_async,
]


def _refused(name: str, function: Any = both) -> DeclarationError:
    with pytest.raises(DeclarationError) as caught:
        action(name)(function)
    assert caught.value.code is Code.ACTION_SIGNATURE
    assert caught.value.hint
    return caught.value


def test_the_signature_is_read() -> None:
    """Models in and out, or neither."""
    made, bare = action("a.b")(both), action("a.c")(neither)
    assert (made.signature.input, made.signature.output) == (In, Out)
    assert (bare.signature.input, bare.signature.output) == (None, None)
    assert made.path == "/a/b"


async def test_an_action_is_still_a_function() -> None:
    """It can be called, and tested, without HTTP."""
    context: Any = object()
    assert await action("a.b")(both)(context, In(name="x")) == Out(name="x")


@pytest.mark.parametrize("function", WRONG, ids=lambda function: function.__name__)
def test_a_signature_that_cannot_be_right_is_refused(function: Any) -> None:
    """Where it is declared, with what to write instead."""
    _refused("a.b", function)


@pytest.mark.parametrize(("function", "name"), [(open_input, "Open"), (around, "Open")])
def test_an_open_input_is_refused_by_name(function: Any, name: str) -> None:
    """Wherever inside the input it is; the line to add is shown."""
    error = _refused("a.b", function)
    assert name in error.message
    assert 'extra="forbid"' in (error.hint or "")


@pytest.mark.parametrize("name", ["", "a", "a.", ".a", "a..b", "A.b", "a.b/c", "a b.c", "1.a", "a.b\n", "ä.b"])
def test_a_name_that_is_no_path_is_refused(name: str) -> None:
    """A name is words with dots between them."""
    _refused(name)


def test_two_actions_of_one_name_are_refused() -> None:
    """One of them could never be called."""
    made: Action[Any, Any] = action("a.b")(both)
    with pytest.raises(DeclarationError) as caught:
        router(made, action("a.b")(neither))
    assert caught.value.code is Code.ACTION_SIGNATURE


@pytest.mark.parametrize("path", ["", "profile", "//evil.example", "/\\evil.example", "https://evil.example", "/a\nb"])
def test_a_page_elsewhere_is_refused(path: str) -> None:
    """A redirect stays on this site."""

    async def render(ctx: UserContext, form: Form) -> str:
        return ""

    with pytest.raises(DeclarationError) as caught:
        Page(path, render)
    assert caught.value.code is Code.ACTION_SIGNATURE
    assert Page("/profile?saved", render).path == "/profile?saved"


def test_a_schema_is_given_in_one_piece() -> None:
    """Definitions stand where they are used, and one that contains itself ends."""
    around_schema = inlined(Around.model_json_schema())
    assert around_schema["properties"]["inner"]["items"]["properties"]["name"]["type"] == "string"
    assert "$" not in str(around_schema)
    assert "$" not in str(inlined(Tree.model_json_schema()))
    assert router(action("a.tree")(tree)).routes
