"""MCP servers that a user's agents may use, over HTTP. Their secrets come in and are sealed; whether there are any goes out."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, ValidationInfo
from sqlalchemy import case

from examples.coding_agents.models import Connector
from examples.coding_agents.paging import newest
from examples.coding_agents.schemas import Id, Which, Words
from freehold import UserContext, action, set_
from freehold.encryption import Sealed
from freehold.errors import Code, NotVisibleError
from freehold.schemas import InsertSchema, SelectSchema, UpdateSchema

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_Value = Annotated[str, StringConstraints(max_length=4096, pattern=r"^[^\x00]*$")]
_Environment = Annotated[
    dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")], _Value],
    Field(json_schema_extra={"additionalProperties": False}),
]


def _read(value: object, info: ValidationInfo) -> object:
    """In a form a person writes lines of ``NAME=value``; JSON has objects."""
    if info.mode == "json" or not isinstance(value, str):
        return value
    pairs = [line.strip().partition("=") for line in value.splitlines() if line.strip()]
    if not all(equals and _NAME.fullmatch(name) for name, equals, _ in pairs):
        raise ValueError("Write NAME=value, one a line.")
    return {name: text for name, _, text in pairs}


def _is_set(value: object) -> bool:
    return value is not None


Name = Annotated[str, Words, Field(max_length=100)]
Text = Annotated[str, Words, Field(max_length=1000)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00]+$", max_length=500)]
Secret = Sealed[Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=r"^[^\x00]+$")]]
Environment = Annotated[Sealed[_Environment], BeforeValidator(_read)]


class NewConnector(InsertSchema[Connector], omit={"status"}):
    """A connector."""

    name: Name
    description: Text | None = None
    base_url: Url | None = None
    oauth_client_id: Text | None = None
    oauth_client_secret: Secret | None = None
    command: Text | None = None
    env: Environment | None = None


class ChangeConnector(UpdateSchema[Connector], omit={"status"}):
    """What is to be different; null takes a value away."""

    name: Name = Field(default="", json_schema_extra=lambda schema: schema.pop("default", None))
    description: Text | None = None
    base_url: Url | None = None
    oauth_client_id: Text | None = None
    oauth_client_secret: Secret | None = None
    command: Text | None = None
    env: Environment | None = None


class ConnectorOut(SelectSchema[Connector], omit={"user_id"}):
    """A connector, without its secrets."""

    has_env: Annotated[bool, BeforeValidator(_is_set)] = Field(validation_alias="env")
    has_secret: Annotated[bool, BeforeValidator(_is_set)] = Field(validation_alias="oauth_client_secret")


class ConnectorPage(BaseModel):
    """Connectors, the newest first; ``next`` is for ``after``, and null at the end."""

    connectors: list[ConnectorOut]
    next: str | None


@action.read("connectors.list", path="/connectors", scope="connectors:read")
async def list_connectors(ctx: UserContext, which: Which) -> ConnectorPage:
    """The caller's connectors."""
    rows, following = await newest(ctx.scope, Connector, which.after, which.limit)
    return ConnectorPage(connectors=ConnectorOut.all_of(rows), next=following)


@action("connectors.create", path="/connectors", scope="connectors:write", idempotent=True, status=201)
async def create_connector(ctx: UserContext, given: NewConnector) -> ConnectorOut:
    """Adds a connector; its name is the caller's only one."""
    return ConnectorOut.of(await ctx.scope.insert(given.row()))


@action("connectors.update", path="/connectors/{connector_id}", method="PATCH", scope="connectors:write")
async def update_connector(ctx: UserContext, connector_id: Id, change: ChangeConnector) -> ConnectorOut:
    """Changes what is named, in one statement that asks whose it is."""
    return _only(await ctx.scope.update(Connector, Connector.id == connector_id, *change.assignments()))


@action("connectors.toggle", path="/connectors/{connector_id}/toggle", scope="connectors:write")
async def toggle_connector(ctx: UserContext, connector_id: Id) -> ConnectorOut:
    """Connects it, or disconnects it."""
    other = case((Connector.status == "connected", "disconnected"), else_="connected")
    return _only(await ctx.scope.update(Connector, Connector.id == connector_id, set_(Connector.status, other)))


@action("connectors.delete", path="/connectors/{connector_id}", method="DELETE", scope="connectors:write")
async def delete_connector(ctx: UserContext, connector_id: Id) -> None:
    """Forgets a connector, and its secrets with it."""
    _only(await ctx.scope.delete(Connector, Connector.id == connector_id))


ACTIONS: Final = (list_connectors, create_connector, update_connector, toggle_connector, delete_connector)


def _only(rows: list[Connector]) -> ConnectorOut:
    if not rows:
        raise NotVisibleError(Code.NOT_VISIBLE, "There is no such connector for this caller.")
    return ConnectorOut.of(rows[0])
