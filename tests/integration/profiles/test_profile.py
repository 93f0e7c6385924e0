"""One's own profile: seen and changed by its owner, by form and by JSON, and by nobody else."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from freehold.scope import Database
from tests.integration.profiles.conftest import ALICE, BOB

PROGRAM = {"Accept": "*/*"}
UPDATE = "/profile/update"


async def _name(db: Database, user_id: str) -> object:
    rows = await db.as_user(user_id).raw("select full_name from public.profiles where user_id = $1", user_id)
    return rows[0][0]


async def _put(client: httpx.AsyncClient, body: object) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await client.post(UPDATE, content=content, headers={**PROGRAM, "Content-Type": "application/json"})


async def test_a_profile_is_changed_by_its_form(alice: httpx.AsyncClient, db: Database) -> None:
    """The browser is led back to the page, which says so."""
    answer = await alice.post(UPDATE, data={"full_name": "  Alice Liddell  "})
    assert (answer.status_code, answer.headers["location"]) == (303, "/?saved")
    page = await alice.get(answer.headers["location"])
    assert page.status_code == 200
    assert '<h1 id="heading">Alice Liddell</h1>' in page.text
    assert 'value="Alice Liddell"' in page.text
    assert 'role="status"' in page.text
    assert 'role="status"' not in (await alice.get("/")).text
    assert await _name(db, ALICE.id) == "Alice Liddell"


async def test_a_profile_is_changed_by_json(alice: httpx.AsyncClient, db: Database) -> None:
    """The answer is the profile as it is now."""
    answer = await _put(alice, {"full_name": "Alice"})
    assert answer.status_code == 200
    profile = answer.json()
    assert set(profile) == {"email", "full_name", "updated_at"}
    assert (profile["email"], profile["full_name"]) == (ALICE.email, "Alice")
    assert await _name(db, ALICE.id) == "Alice"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", "Use at least 2 characters."),
        ("x", "Use at least 2 characters."),
        ("   x \u2003 ", "Use at least 2 characters."),
        ("x" * 201, "Use at most 200 characters."),
        ("a\0b", "A NUL character cannot be stored."),
    ],
)
async def test_a_name_that_does_not_fit_is_refused(
    alice: httpx.AsyncClient, db: Database, name: str, error: str
) -> None:
    """By form, at its field and with what was typed; by JSON, with a pointer. Nothing is changed."""
    page = await alice.post(UPDATE, data={"full_name": name})
    assert page.status_code == 422
    assert page.headers["content-type"].startswith("text/html")
    assert f'<span class="visually-hidden">Error: </span>{error}</p>' in page.text
    assert f'value="{name}"'.replace("\0", "\ufffd") in page.text
    assert 'aria-invalid="true"' in page.text
    assert 'aria-describedby="full-name-error full-name-hint"' in page.text
    assert "<title>Error: your profile" in page.text

    answer = await _put(alice, {"full_name": name})
    assert (answer.status_code, answer.json()["code"]) == (422, "FH601")
    assert answer.json()["errors"] == [{"pointer": "/full_name", "message": error}]
    assert await _name(db, ALICE.id) is None


@pytest.mark.parametrize("name", ["Jo", "x" * 200, "李白", "Ægir þ", "'); drop table profiles; --", "\u200fa\u0301"])
async def test_a_name_that_fits_is_kept(alice: httpx.AsyncClient, db: Database, name: str) -> None:
    """As it was typed; lengths are counted in characters."""
    assert (await _put(alice, {"full_name": name})).status_code == 200
    assert await _name(db, ALICE.id) == name


async def test_what_was_typed_is_text(alice: httpx.AsyncClient) -> None:
    """Never markup: in the heading, in the field, and in a form that comes back."""
    name = "<script>alert(1)</script>\"' onfocus=x {title}"
    assert (await alice.post(UPDATE, data={"full_name": name})).status_code == 303
    again = await alice.post(UPDATE, data={"full_name": name * 10})
    assert again.status_code == 422
    for page in (await alice.get("/"), again):
        assert "<script" not in page.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27; onfocus=x {title}" in page.text


@pytest.mark.parametrize(
    "extra", [{"email": "x@example.com"}, {"user_id": BOB.id}, {"id": BOB.id}, {"updated_at": "2000-01-01"}], ids=str
)
async def test_unknown_fields_are_refused(alice: httpx.AsyncClient, db: Database, extra: dict[str, str]) -> None:
    """Also those that the table has; nothing of the request happens."""
    answer = await _put(alice, {"full_name": "Alice", **extra})
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [f"/{next(iter(extra))}"]
    assert (await alice.post(UPDATE, data={"full_name": "Alice", **extra})).status_code == 422
    assert await _name(db, ALICE.id) is None


async def test_another_users_profile_is_never_seen(
    alice: httpx.AsyncClient, bob: httpx.AsyncClient, db: Database
) -> None:
    """Neither on a page, nor in an answer, nor by her own SQL; and it does not change with hers."""
    assert (await bob.post(UPDATE, data={"full_name": "Robert"})).status_code == 303
    seen = [(await alice.get("/")).text, (await _put(alice, {"full_name": "Alice"})).text]
    for text in seen:
        assert ALICE.email in text
        assert "Robert" not in text
        assert BOB.email not in text
    assert await db.as_user(ALICE.id).raw("select email from public.profiles") == [(ALICE.email,)]
    assert await _name(db, BOB.id) == "Robert"
    assert "Robert" in (await bob.get("/")).text


async def test_nobody_has_no_profile(nobody: httpx.AsyncClient) -> None:
    """A page to sign in instead, and a problem for a program."""
    page = await nobody.get("/")
    assert page.status_code == 200
    assert ALICE.email in page.text
    assert "full_name" not in page.text
    answer = await _put(nobody, {"full_name": "Alice"})
    assert (answer.status_code, answer.json()["code"]) == (401, "FH602")
    assert answer.headers["www-authenticate"] == "Bearer"
    page = await nobody.post(UPDATE, data={"full_name": "Alice"})
    assert page.status_code == 401
    assert page.headers["content-type"].startswith("text/html")


async def test_a_session_without_a_profile_may_sign_in_again(alice: httpx.AsyncClient, db: Database) -> None:
    """The row may be gone while the cookie is still good."""
    await db.as_user(ALICE.id).raw("delete from public.profiles")
    assert "Sign in" in (await alice.get("/")).text
    assert (await _put(alice, {"full_name": "Alice"})).status_code == 404
    assert (await alice.post("/sign-in", data={"user_id": ALICE.id})).status_code == 303
    assert ALICE.email in (await alice.get("/")).text


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"full_name=x", b'{"full_name":"\xff\xfe"}', b'{"full_name":"\\ud83d "}', b"[1]", b'"x"', b"\0"],
    ids=repr,
)
async def test_bad_json_is_refused(alice: httpx.AsyncClient, body: bytes) -> None:
    """And bad UTF-8, and half a character."""
    answer = await _put(alice, body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "")


async def test_bad_utf8_in_a_form_comes_back(alice: httpx.AsyncClient) -> None:
    """As far as it can be shown."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await alice.post(UPDATE, content=b"full_name=Al%ffice", headers=form)
    assert answer.status_code == 422
    assert 'value="Al\ufffdice"' in answer.text
    assert "This is not valid UTF-8 text." in answer.text


async def test_a_huge_body_is_refused(alice: httpx.AsyncClient) -> None:
    """One MiB is the limit; what is smaller is read."""
    small: Any = {"full_name": "x" * (1024 * 1024 - 100)}
    assert (await _put(alice, small)).status_code == 422
    answer = await _put(alice, b" " * (1024 * 1024 + 1))
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


@pytest.mark.parametrize("media_type", ["text/plain", "multipart/form-data; boundary=x", "application/xml"])
async def test_another_media_type_is_refused(alice: httpx.AsyncClient, media_type: str) -> None:
    """text/plain is what a form of another site could send as JSON."""
    headers = {**PROGRAM, "Content-Type": media_type}
    answer = await alice.post(UPDATE, content=b'{"full_name":"Alice"}', headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (415, "application/problem+json")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", UPDATE, "POST"), ("PUT", UPDATE, "POST"), ("GET", "/sign-out", "POST"), ("POST", "/", "GET")],
)
async def test_a_wrong_method_is_refused(alice: httpx.AsyncClient, method: str, path: str, allowed: str) -> None:
    """A link cannot sign anybody out."""
    answer = await alice.request(method, path, headers=PROGRAM)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.headers["content-type"] == "application/problem+json"
