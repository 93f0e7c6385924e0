"""HTML forms for actions with places, for those that are no POST, and for what is shown once."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from freehold import Database, UserContext
from freehold.actions import Action, Form, Page, install, router
from freehold.auth import SESSION_COOKIE, DevelopmentSessions
from freehold.errors import DeclarationError
from freehold.server import Endpoints
from tests.integration.actions.board import CardOut, create, finish, get, list_cards, remove
from tests.integration.actions.conftest import opened
from tests.integration.conftest import ALICE, BOB

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def render(ctx: UserContext, form: Form) -> str:
    """The page of a card."""
    return html.escape(f"{form.places} {form.message} {form.errors}", quote=False)


async def show(ctx: UserContext, card: CardOut) -> str:
    """A card that is seen once."""
    return f"<b>{html.escape(card.title)}</b>"


@pytest.fixture
def endpoints(board_endpoints: Endpoints) -> Endpoints:
    """The board's database, emptied."""
    return board_endpoints


@pytest.fixture
def app(db: Database, sessions: DevelopmentSessions) -> FastAPI:
    """The board, with forms."""
    app = FastAPI()
    install(app, db=db, verify=sessions.verify, cookie=SESSION_COOKIE)
    forms = (
        create.on(Page("/cards", render, show=show)),
        finish.on(Page("/pages/{card_id}?done", render)),
        remove.on(Page("/", render, at="/cards/{card_id}/remove")),
    )
    app.include_router(router(*forms, list_cards, get))
    return app


@pytest.fixture
async def bob(app: FastAPI, sessions: DevelopmentSessions) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody else."""
    async with opened(app, sessions.issue(BOB)) as client:
        yield client


async def _card(alice: httpx.AsyncClient) -> str:
    return str((await alice.post("/cards", json={"title": "one"})).json()["id"])


async def test_a_form_finds_its_place(alice: httpx.AsyncClient, bob: httpx.AsyncClient) -> None:
    """The path's parameters reach the action, where it leads, and the page that is shown again."""
    card = await _card(alice)
    done = await alice.post(f"/cards/{card}/finish", headers=FORM)
    assert (done.status_code, done.headers["location"]) == (303, f"/pages/{card}?done")
    again = await alice.post(f"/cards/{card}/finish", headers=FORM)
    assert (again.status_code, again.headers["content-type"]) == (409, "text/html; charset=utf-8")
    assert card in again.text
    assert (await bob.post(f"/cards/{card}/finish", headers=FORM)).status_code == 404
    assert (await alice.post("/cards/none/finish", headers=FORM)).status_code == 422


async def test_a_form_of_its_own_stands_for_a_delete(alice: httpx.AsyncClient, bob: httpx.AsyncClient) -> None:
    """HTML has no DELETE. The other place takes forms alone, and the action's own place none."""
    card = await _card(alice)
    place = f"/cards/{card}"
    assert (await bob.post(f"{place}/remove", headers=FORM)).status_code == 404
    assert (await alice.post(f"{place}/remove", json={})).status_code == 415
    assert (await alice.request("DELETE", place, headers=FORM)).status_code == 415
    assert (await alice.get(place)).status_code == 200
    gone = await alice.post(f"{place}/remove", headers=FORM)
    assert (gone.status_code, gone.headers["location"]) == (303, "/")
    assert (await alice.get(place)).status_code == 404


async def test_another_site_posts_no_form(
    app: FastAPI, sessions: DevelopmentSessions, alice: httpx.AsyncClient
) -> None:
    """A cookie is sent by any page; only ours may use it, at the form's own place as anywhere."""
    card = await _card(alice)
    async with opened(app) as browser:
        browser.cookies.set(SESSION_COOKIE, sessions.issue(ALICE))
        for site, status in (("cross-site", 403), ("same-origin", 303)):
            answer = await browser.post(f"/cards/{card}/remove", headers={**FORM, "Sec-Fetch-Site": site})
            assert answer.status_code == status


async def test_what_is_seen_once_is_the_answer(alice: httpx.AsyncClient) -> None:
    """Nothing is led anywhere, and nothing is kept by the browser."""
    answer = await alice.post("/cards", data={"title": "<a>"})
    assert (answer.status_code, answer.text) == (201, "<b>&lt;a&gt;</b>")
    assert answer.headers["cache-control"] == "no-store"
    assert (await alice.post("/cards", data={"title": ""})).status_code == 422


@pytest.mark.parametrize(
    ("action", "page"),
    [
        (remove, Page("/", render)),
        (finish, Page("/cards/{id}", render)),
        (finish, Page("/", render, at="/cards/finish")),
        (get, Page("/", render)),
    ],
)
def test_a_page_that_no_form_reaches(action: Action[..., object], page: Page) -> None:
    """Is refused where it is declared."""
    with pytest.raises(DeclarationError, match=r"has a (page|form)"):
        action.on(page)


def test_two_forms_at_one_place() -> None:
    """Are refused."""
    with pytest.raises(DeclarationError):
        router(finish, remove.on(Page("/", render, at="/cards/{card_id}/finish")))
