"""Tokens, sessions and an issuer's tokens in one application, as programs and browsers show them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import OctKey

from freehold import Database
from freehold.actions import Caller, install
from freehold.auth import ApiTokens, DevelopmentSessions, IssuerTokens, Sessions, SharedSecret, any_of
from tests.integration.auth.conftest import Holder
from tests.integration.auth.people import Note
from tests.integration.conftest import ALICE, BOB
from tests.integration.scope.trace import Wire

ISSUER, SECRET = "https://p.supabase.co/auth/v1", b"a-secret-of-the-issuer-of-32-bytes-or-more"
SITE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def development() -> DevelopmentSessions:
    """Signs anybody in."""
    return DevelopmentSessions(bytes(range(32)))


@pytest.fixture
async def client(
    db: Database, tokens: ApiTokens, sessions: Sessions, development: DevelopmentSessions
) -> AsyncIterator[httpx.AsyncClient]:
    """An application that takes four kinds of credentials."""
    app = FastAPI()
    issuer = IssuerTokens(ISSUER, "HS256", SharedSecret(SECRET))
    install(app, db=db, verify=any_of(tokens, sessions, issuer, development), cookie=sessions.cookie)

    @app.post("/notes")
    async def add(caller: Caller) -> dict[str, Any]:
        note = await caller.scope.insert(Note(text="a note"))
        return {"owner": note.user_id, "credential": caller.verified.credential_id}

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://test") as http:
        yield http


def bearer(token: str) -> dict[str, str]:
    """The header of a program."""
    return {"Authorization": f"Bearer {token}"}


async def test_each_kind_of_credential(
    client: httpx.AsyncClient,
    tokens: ApiTokens,
    sessions: Sessions,
    development: DevelopmentSessions,
    holder: Holder,
) -> None:
    """Each names its own user and goes to its own verifier; one of no known shape goes to none."""
    token, session = await tokens.create(holder, name="laptop", scopes=[]), await sessions.begin(BOB)
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": "authenticated", "sub": BOB, "session_id": "s", "iat": now, "exp": now + 60}
    issued = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))
    cookie = {"Cookie": f"{sessions.cookie}={session.secret}", **SITE}
    for headers, owner, credential in (
        (bearer(token.secret), ALICE, token.id),
        (cookie, BOB, session.id),
        (bearer(issued), BOB, "s"),
        (bearer(development.issue(ALICE)), ALICE, None),
    ):
        answer = await client.post("/notes", headers=headers)
        assert answer.json() == {"owner": owner, "credential": credential}
    for headers in (bearer("nonsense"), bearer(issued[:-2]), {"Cookie": f"{sessions.cookie}=x", **SITE}, {}):
        answer = await client.post("/notes", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "FH602")


async def test_a_cookie_from_another_site(client: httpx.AsyncClient, sessions: Sessions) -> None:
    """The browser sends the cookie by itself, so a post that another site caused changes nothing; one's own does."""
    session = await sessions.begin(ALICE)
    cookie = {"Cookie": f"{sessions.cookie}={session.secret}"}
    for origin, status in ((SITE, 200), ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Origin": "null"}, 403), ({}, 403)):
        assert (await client.post("/notes", headers={**cookie, **origin})).status_code == status


async def test_a_bearer_request_is_two_round_trips(
    client: httpx.AsyncClient, tokens: ApiTokens, holder: Holder, wire: Wire
) -> None:
    """Over HTTP too: whose token it is, and the insert; nothing else is said to PostgreSQL."""
    token = await tokens.create(holder, name="laptop", scopes=[])
    await client.post("/notes", headers=bearer(token.secret))
    wire.messages()
    assert (await client.post("/notes", headers=bearer(token.secret))).status_code == 200
    assert wire.sent()["Sync"] == 2
