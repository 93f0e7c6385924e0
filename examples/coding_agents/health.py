"""Whether the process lives, whether it can serve, and its numbers."""

from __future__ import annotations

from typing import Literal, cast

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy import literal, select
from starlette.requests import Request

from examples.coding_agents.metrics import Metrics
from freehold.actions.operation import told
from freehold.scope import Database

routes = APIRouter(tags=["health"])


class Health(BaseModel):
    """Answered with status 200; a process that is not ready answers 503 with a problem."""

    status: Literal["ok"] = "ok"


@routes.get("/healthz")
async def alive() -> Health:
    """The process answers."""
    return Health()


@routes.get("/readyz", responses=told(503))
async def ready(request: Request) -> Health:
    """The database answers, too, as it would to somebody who is not signed in."""
    db = cast(Database, request.app.state.db)
    await db.as_anon().one(select(literal(1)))
    return Health()


@routes.get("/metrics", response_class=Response, include_in_schema=False)
async def numbers(request: Request) -> Response:
    """For Prometheus. They say how much is done here, and nothing of whom for: keep the path inside all the same."""
    metrics = cast(Metrics, request.app.state.metrics)
    return Response(metrics.text(), media_type=metrics.media_type)
