"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

from typing import Literal, cast

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import literal, select
from starlette.requests import Request

from freehold.scope import Database

routes = APIRouter(tags=["health"])


class Health(BaseModel):
    """Answered with status 200; a process that is not ready answers 503 with a problem."""

    status: Literal["ok"] = "ok"


@routes.get("/healthz")
async def alive() -> Health:
    """The process answers."""
    return Health()


@routes.get("/readyz")
async def ready(request: Request) -> Health:
    """The database answers, too, as it would to somebody who is not signed in."""
    db = cast(Database, request.app.state.db)
    await db.as_anon().one(select(literal(1)))
    return Health()
