"""An application whose actions say everything an action can: places, scopes, limits, errors, tags and keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import MetaData, select

from freehold import Col, Model, UserContext, action, column, created_at, owner, primary_key, schema, set_
from freehold.actions import Refusal, install, router, stream
from freehold.auth import SESSION_COOKIE, Verify
from freehold.errors import FieldError
from freehold.identity import Identity
from freehold.limits import Burst, Daily
from freehold.scope import Database, UserScope


class Base(Model):
    """Tables of their own."""

    __abstract__ = True
    metadata: ClassVar[MetaData] = schema()


class Card(Base):
    """A card on somebody's board."""

    __tablename__ = "cards"

    id: Col[UUID] = primary_key()
    user_id: Col[UUID] = owner()
    title: Col[str]
    status: Col[Literal["open", "done"]] = column(default="open")
    created_at: Col[datetime] = created_at()


class Closed(BaseModel):
    """What inputs have in common."""

    model_config = ConfigDict(extra="forbid")


Title = Annotated[str, Field(min_length=1, max_length=40)]


class NewCard(Closed):
    """A new card."""

    title: Title


class CardOut(BaseModel):
    """A card, for its owner."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    title: str
    status: Literal["open", "done"] = "open"


class Cards(BaseModel):
    """Some cards."""

    cards: list[CardOut]
    more: bool = False


class Which(Closed):
    """Which cards."""

    status: Literal["open", "done"] | None = None
    words: list[Title] = []
    limit: Annotated[int, Field(ge=1, le=50)] = 20


class CardDone(Refusal, status=409, code="card_done", title="The card is done"):
    """It cannot be done twice."""


async def _own_limit(scope: UserScope, identity: Identity) -> int | None:
    return {"0190a1b2-0000-7000-8000-0000000000b0": 0}.get(identity.user_id or "")


CARDS = Daily("cards", 20, override=_own_limit)
CALLS = Burst("calls", 100, seconds=60)


@action(
    "cards.create",
    path="/cards",
    scope="cards:write",
    quota=(CARDS, CALLS),
    touches=("cards",),
    idempotent=True,
    status=201,
    location="/cards/{id}",
)
async def create(ctx: UserContext, card: NewCard) -> CardOut:
    """Adds a card."""
    row = await ctx.scope.insert(Card(title=card.title))
    if card.title == "slow":
        await asyncio.sleep(0.3)
    if card.title == "done":
        raise CardDone("It began so.", pointers=(FieldError("/title", "Not this one."),))
    return CardOut.model_validate(row)


@action.read("cards.list", path="/cards", scope="cards:read", tags=("cards",))
async def list_cards(ctx: UserContext, which: Which) -> Cards:
    """The caller's cards."""
    statement = select(Card).order_by(Card.created_at).limit(which.limit)
    if which.status is not None:
        statement = statement.where(Card.status == which.status)
    if which.words:
        statement = statement.where(Card.title.in_(which.words))
    return Cards(cards=[CardOut.model_validate(each) for each in await ctx.scope.all(statement)])


@action.read("cards.get", path="/cards/{card_id}", tags=("cards/{card_id}",))
async def get(ctx: UserContext, card_id: UUID) -> CardOut:
    """One card."""
    return CardOut.model_validate(await ctx.scope.get(Card, card_id))


@action.read("cards.titles", path="/titles")
async def titles(ctx: UserContext) -> list[CardOut]:
    """A list as it is."""
    return [CardOut.model_validate(each) for each in await ctx.scope.all(select(Card).order_by(Card.id).limit(20))]


@action("cards.finish", path="/cards/{card_id}/finish", errors=(CardDone,), touches=("cards", "cards/{card_id}"))
async def finish(ctx: UserContext, card_id: UUID) -> CardOut:
    """Marks a card as done."""
    card = await ctx.scope.get(Card, card_id)
    if card.status == "done":
        raise CardDone(pointers=(FieldError("/card_id", "This one."),), headers={"Retry-After": "5"})
    changed = await ctx.scope.update(Card, Card.id == card_id, set_(Card.status, "done"))
    return CardOut.model_validate(changed[0])


@action("cards.remove", path="/cards/{card_id}", method="DELETE", touches=("cards", "cards/{card_id}"))
async def remove(ctx: UserContext, card_id: UUID) -> None:
    """Removes a card."""
    await ctx.scope.get(Card, card_id)
    await ctx.scope.delete(Card, Card.id == card_id)


ACTIONS = (create, list_cards, get, titles, finish, remove)


def create_app(db: Database, verify: Verify, *, keys: bool = True) -> FastAPI:
    """The application. ``keys``: without, no action is idempotent."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with db:
            yield

    app = FastAPI(title="Board", lifespan=lifespan)
    install(app, db=db, verify=verify, cookie=SESSION_COOKIE)
    app.include_router(router(*(each if keys else replace(each, idempotent=False) for each in ACTIONS)))
    app.include_router(stream())
    return app
