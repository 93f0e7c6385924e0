"""Keys and connectors over HTTP: what is secret goes in, is sealed, and does not come out."""

from __future__ import annotations

import asyncio

import pytest
from httpx import AsyncClient
from sqlalchemy import select

from examples.coding_agents.models import Connector, Key
from freehold.errors import SealError
from freehold.scope import UserScope
from freehold.wire import Connection

KEY = "sk-ant-0123456789abcdefWXYZ"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_a_key_is_kept_and_only_its_end_is_shown(
    as_ada: AsyncClient, as_grace: AsyncClient, ada: UserScope, admin: Connection
) -> None:
    """It is replaced, checked and forgotten; the database holds nothing that reads."""
    first = await as_ada.post("/keys", json={"provider": "anthropic", "value": "sk-ant-the-first-key-0000"})
    answer = await as_ada.post("/keys", json={"provider": "anthropic", "value": KEY})
    listed = await as_ada.get("/keys")
    assert (first.status_code, answer.json()["last_four"]) == (200, "WXYZ")
    assert listed.json()["keys"] == [answer.json()]
    assert KEY[:-4] not in answer.text + listed.text
    assert (await ada.one(select(Key))).value.reveal() == KEY
    stored = admin.execute("select value from public.keys").fetchall()
    assert [value.startswith("fh1.") for (value,) in stored] == [True]
    checked = await as_ada.post("/keys/anthropic/check")
    assert checked.json() == {"provider": "anthropic", "opens": True, "plausible": True}
    for method, path in (("POST", "/keys/anthropic/check"), ("DELETE", "/keys/anthropic")):
        assert (await as_grace.request(method, path)).status_code == 404
    assert (await as_ada.delete("/keys/anthropic")).status_code == 204
    assert (await as_ada.get("/keys")).json() == {"keys": [], "next": None}


async def test_a_key_of_another_provider_is_not_plausible(as_ada: AsyncClient) -> None:
    """The shape is looked at, without asking anybody."""
    await as_ada.post("/keys", json={"provider": "github", "value": KEY})
    checked = await as_ada.post("/keys/github/check")
    assert checked.json() == {"provider": "github", "opens": True, "plausible": False}


async def test_a_key_set_by_several_at_once_is_one(as_ada: AsyncClient, ada: UserScope) -> None:
    """Whoever is last; nobody gets an error, and there is one row."""
    values = [f"sk-0123456789abcdef{number:04}" for number in range(8)]
    answers = await asyncio.gather(
        *(as_ada.post("/keys", json={"provider": "openai", "value": each}) for each in values)
    )
    assert {each.status_code for each in answers} == {200}
    assert (await ada.one(select(Key))).value.reveal() in values


async def test_a_corrupt_key_is_an_error_and_no_other_key(
    as_ada: AsyncClient, ada: UserScope, admin: Connection
) -> None:
    """It has no last characters, it does not open, and it can be replaced."""
    await as_ada.post("/keys", json={"provider": "openai", "value": KEY})
    admin.execute("update public.keys set value = overlay(value placing 'AAAA' from 30)")
    assert [each["last_four"] for each in (await as_ada.get("/keys")).json()["keys"]] == [None]
    checked = await as_ada.post("/keys/openai/check")
    assert checked.json() == {"provider": "openai", "opens": False, "plausible": False}
    with pytest.raises(SealError):
        (await ada.one(select(Key))).value.reveal()
    assert (await as_ada.post("/keys", json={"provider": "openai", "value": KEY})).json()["last_four"] == "WXYZ"


@pytest.mark.parametrize(
    "value", ["", "short", "with a space in it 123", "x" * 4097, "sk-\x00aaaaaaaaaaaaaaaaa", 1234567890]
)
async def test_what_is_no_key_is_refused_and_not_repeated(as_ada: AsyncClient, value: object) -> None:
    """The answer says what is wrong, and never what was sent."""
    answer = await as_ada.post("/keys", json={"provider": "openai", "value": value})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/value")
    assert not value or str(value) not in answer.text


async def test_a_connector_keeps_its_secrets(as_ada: AsyncClient, as_grace: AsyncClient, ada: UserScope) -> None:
    """Created, changed, toggled and deleted; that there are secrets is told, and they are not."""
    given = {
        "name": "issues",
        "base_url": "https://mcp.example",
        "env": {"TOKEN": "hush-hush"},
        "oauth_client_secret": "psst",
    }
    made = await as_ada.post("/connectors", json=given)
    assert made.status_code == 201, made.text
    shown = made.json()
    assert (shown["has_env"], shown["has_secret"], shown["status"]) == (True, True, "disconnected")
    path = f"/connectors/{shown['id']}"
    changed = await as_ada.patch(path, json={"env": {"TOKEN": "other", "MORE": "x=y"}, "oauth_client_secret": None})
    assert (changed.json()["has_env"], changed.json()["has_secret"]) == (True, False)
    row = await ada.one(select(Connector))
    assert row.env is not None
    assert (row.env.reveal(), row.name) == ({"TOKEN": "other", "MORE": "x=y"}, "issues")
    assert (await as_ada.post(f"{path}/toggle")).json()["status"] == "connected"
    listed = await as_ada.get("/connectors")
    assert not any(secret in listed.text + made.text + changed.text for secret in ("hush", "psst", "other", "x=y"))
    assert (await as_ada.post("/connectors", json={"name": "issues"})).status_code == 409
    assert (await as_grace.post("/connectors", json={"name": "issues"})).status_code == 201
    for method, place, body in (
        ("PATCH", path, {"name": "x"}),
        ("POST", f"{path}/toggle", {}),
        ("DELETE", path, {}),
    ):
        assert (await as_grace.request(method, place, json=body)).status_code == 404
    assert (await as_ada.delete(path)).status_code == 204
    assert (await as_ada.get("/connectors")).json()["connectors"] == []


@pytest.mark.parametrize(
    "change",
    [{}, {"name": None}, {"name": ""}, {"env": "A=b"}, {"env": {"A": 1}}, {"env": {"1": "b"}}, {"status": "connected"}],
)
async def test_a_change_that_is_none(as_ada: AsyncClient, change: object) -> None:
    """Is refused, whatever it is addressed to."""
    made = (await as_ada.post("/connectors", json={"name": "issues"})).json()
    assert (await as_ada.patch(f"/connectors/{made['id']}", json=change)).status_code == 422
