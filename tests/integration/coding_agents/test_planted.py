"""Planted secrets are looked for in what describes the API: the OpenAPI document, and the TypeScript client."""

from __future__ import annotations

import re
from typing import Final

import httpx
from fastapi import FastAPI
from psycopg.conninfo import conninfo_to_dict
from pydantic import BaseModel, ConfigDict, Field

from examples.coding_agents.app import ACTIONS, create_app
from freehold import UserContext, action
from freehold.actions import install, router
from freehold.actions.typescript import typescript
from freehold.auth import Client, DevelopmentSessions, SignIn
from freehold.encryption import Sealed
from freehold.scope import Database
from freehold.server import Endpoints
from tests.integration.coding_agents.conftest import ADA, RING, IdleRunner

PLANTED: Final = "sk-ant-PLANTED-7f3a9c0123456789"
SHOWN: Final = "SHOWN-7f3a9c"
JSON: Final = {"Sec-Fetch-Site": "same-origin"}


class Given(BaseModel):
    """What should not be done: secrets as defaults; and a default that may be seen, beside them."""

    model_config = ConfigDict(extra="forbid")
    secret: Sealed[str] = Sealed(PLANTED)
    env: Sealed[dict[str, str]] | None = Sealed({"TOKEN": PLANTED})
    note: str = Field(default=SHOWN, examples=[SHOWN])


@action("planted.leak")
async def leak(_: UserContext, given: Given) -> Given:
    """Gives back what it takes."""
    return given


def _client(app: FastAPI, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", headers=headers)


async def test_the_platform_describes_no_secret(
    endpoints: Endpoints, db: Database, sessions: DevelopmentSessions
) -> None:
    """Neither what it is configured with, nor what users gave it, whenever the document is made."""
    sign_in = SignIn(Client("client-7f3a9c", PLANTED + "-oauth", "/"), key=b"k" * 32)
    app = create_app(db, sessions, IdleRunner(), sign_in=sign_in)
    token = sessions.issue(ADA)
    async with _client(app, token) as ada:
        assert (await ada.post("/keys", json={"provider": "anthropic", "value": PLANTED})).status_code == 200
        made = await ada.post("/connectors", json={"name": "c", "env": {"TOKEN": PLANTED}})
        minted = await ada.post("/tokens", json={"name": "t", "scopes": ["tasks:read"]})
        assert (made.status_code, minted.status_code) == (201, 201)
        document = (await ada.get("/openapi.json")).text
    said = document + typescript(ACTIONS)
    assert "last_four" in document  # the control: the keys' schemas are in it
    ring = RING.text.rpartition(":")[2]
    password = str(conninfo_to_dict(endpoints.login)["password"])
    for secret in ("7f3a9c", token, minted.json()["token"], ring, password, "k" * 32, "0" * 32):
        assert secret not in said


async def test_a_sealed_default_is_not_described(db: Database, sessions: DevelopmentSessions) -> None:
    """Defaults are in the document, as the plain one shows; sealed ones are stars."""
    app = FastAPI()
    app.include_router(router(leak))
    install(app, db=db, verify=sessions, cookie="session")
    async with _client(app, sessions.issue(ADA)) as ada:
        document = (await ada.get("/openapi.json")).text
        answer = (await ada.post("/planted/leak", json={}, headers=JSON)).text
    assert document.count(SHOWN) >= 2
    assert re.search(r'"\*+"', answer)
    for said in (document, answer, typescript([leak])):
        assert PLANTED not in said
