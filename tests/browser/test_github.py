"""Signing in with GitHub in a browser: away to another site, and back with what that one vouches for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Site
from tests.integration.auth.github import GitHub, email

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def github(site: Site) -> Iterator[GitHub]:
    """Somebody whom the platform does not know is signed in there."""
    site.github.user = {"id": 4711, "login": "hedy", "name": "Hedy Lamarr", "avatar_url": None}
    site.github.emails = [email("hedy@example.com")]
    yield site.github
    site.github.declines = False


async def test_somebody_new_signs_in(visitor: Page, site: Site, github: GitHub) -> None:
    """They come back to the page they had asked for, as who GitHub says; the code is of no use again, nor to anybody else."""
    came: list[str] = []
    visitor.on("request", lambda request: came.append(request.url) if "/callback?" in request.url else None)
    await visitor.goto("/app/keys")
    await visitor.get_by_role("link", name="Continue with GitHub").click()
    await expect(visitor.get_by_role("heading", level=1)).to_have_text("Provider keys")
    assert visitor.url == f"{site.address}/app/keys"
    await visitor.goto("/app/account")
    await expect(visitor.get_by_text("hedy@example.com")).to_be_visible()
    (used,) = came
    names = {each.get("name", "") for each in await visitor.context.cookies()}
    assert not any("sign_in" in name for name in names), "what the way needed is gone"
    await visitor.get_by_role("button", name="Sign out").click()
    await visitor.goto(used)
    await expect(visitor.get_by_role("main")).to_contain_text("FH706")
    await visitor.goto("/app")
    await expect(visitor.get_by_role("heading", level=1)).to_have_text("Sign in")


async def test_an_account_is_linked(page: Page, user: str, github: GitHub) -> None:
    """A user links one, signs out, and is the same user when signing in with it; then it is unlinked."""
    github.user["id"] = 4712
    await page.goto("/app/account")
    await page.get_by_role("link", name="Link GitHub").click()
    await expect(page.get_by_role("button", name="Unlink")).to_be_visible()
    await expect(page.get_by_role("link", name="Link GitHub")).to_have_count(0)
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("link", name="Continue with GitHub").click()
    await page.goto("/app/account")
    await expect(page.get_by_text(f"{user}@example.com")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Unlink").click()
    await expect(page.get_by_role("link", name="Link GitHub")).to_be_visible()


async def test_who_does_not_agree_is_told(visitor: Page, github: GitHub) -> None:
    """The page says what happened, and they can go on from it."""
    github.declines = True
    await visitor.goto("/app")
    await visitor.get_by_role("link", name="Continue with GitHub").click()
    await expect(visitor.get_by_role("main")).to_contain_text("was not allowed to sign you in")
    github.declines = False
    await visitor.get_by_role("main").get_by_role("link").click()
    await visitor.get_by_role("link", name="Continue with GitHub").click()
    await expect(visitor.get_by_role("button", name="Sign out")).to_be_visible()
