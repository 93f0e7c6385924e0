"""Signing in and out, and what belongs to the user: API tokens, settings, sessions."""

from __future__ import annotations

import pytest
from playwright.async_api import APIRequestContext, Browser, Page, expect

from tests.browser.conftest import Site, sign_in

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_somebody_signs_in_and_out(visitor: Page) -> None:
    """The front page leads to the platform; after signing out nothing is shown any more, not even by going back."""
    await visitor.goto("/")
    assert visitor.url.endswith("/app")
    await visitor.get_by_role("button", name="Ada Lovelace").click()
    await expect(visitor.get_by_role("link", name="Document the Bernoulli numbers")).to_be_visible()
    await visitor.get_by_role("button", name="Sign out").click()
    await expect(visitor.get_by_role("heading", level=1)).to_have_text("Sign in")
    await visitor.go_back()
    await expect(visitor.get_by_role("heading", level=1)).to_have_text("Sign in")


@pytest.mark.parametrize(
    "path", ["/app", "/app/tasks/any", "/app/keys", "/app/tokens", "/app/connectors", "/app/settings", "/app/account"]
)
async def test_without_a_session_there_is_only_the_way_in(visitor: Page, path: str) -> None:
    """Whatever is asked for."""
    await visitor.goto(path)
    await expect(visitor.get_by_role("heading", level=1)).to_have_text("Sign in")
    await expect(visitor.get_by_role("navigation")).to_have_count(0)


async def test_a_token_is_shown_once(page: Page) -> None:
    """It works, it never stands in an address, and loading the page anew neither shows it nor makes another."""
    await page.goto("/app/tokens")
    await page.get_by_label("Name").fill("my laptop")
    await page.get_by_label("See tasks").check()
    await page.get_by_label("Ends after").select_option("30 days")
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    await page.get_by_role("button", name="Make token").click()
    token = await page.locator("#token").inner_text()
    assert await _status(page.context.request, token) == 200
    assert page.url.endswith("/app/tokens")
    await page.reload()
    await expect(page.get_by_role("listitem").filter(has_text="my laptop")).to_have_count(1)
    assert token not in await page.content()
    assert not any(token in each for each in addresses)


async def test_a_token_is_copied_rotated_and_deleted(page: Page) -> None:
    """After each of them the one before is good for nothing."""
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.goto("/app/tokens")
    await page.get_by_label("Name").fill("robot")
    await page.get_by_label("See tasks").check()
    await page.get_by_role("button", name="Make token").click()
    first = await page.locator("#token").inner_text()
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == first
    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Rotate robot").click()
    await expect(page.locator("#token")).not_to_have_text(first)
    second = await page.locator("#token").inner_text()
    request = page.context.request
    assert [await _status(request, first), await _status(request, second)] == [401, 200]
    await page.get_by_role("button", name="Delete robot").click()
    await expect(page.get_by_text("The token is deleted")).to_be_visible()
    assert await _status(request, second) == 401


async def test_what_was_chosen_for_a_token_is_chosen_still(page: Page) -> None:
    """The name is wrong; the boxes stay as they were."""
    await page.goto("/app/tokens")
    await page.get_by_label("Name").fill("x" * 101)
    for each in ("See tasks", "Change keys"):
        await page.get_by_label(each, exact=True).check()
    await page.get_by_role("button", name="Make token").click()
    await expect(page.get_by_label("Name")).to_be_focused()
    await expect(page.get_by_text("Use at most 100 characters.")).to_be_visible()
    chosen = await page.get_by_role("checkbox", checked=True).evaluate_all("boxes => boxes.map(box => box.value)")
    assert chosen == ["tasks:read", "keys:write"]


async def test_a_setting_is_saved_changed_and_deleted(page: Page) -> None:
    """The page says so each time; a name that cannot be is told."""
    await page.goto("/app/settings")
    for value in ("dark", "light"):
        await page.get_by_label("Name").fill("theme")
        await page.get_by_label("Value").fill(value)
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("status")).to_have_text("The setting is saved.")
        await expect(page.get_by_role("listitem").filter(has_text="theme")).to_contain_text(value)
    await page.get_by_role("button", name="Delete theme").click()
    await expect(page.get_by_role("status")).to_have_text("The setting is deleted.")
    await page.get_by_label("Name").fill("not a name")
    await page.get_by_label("Value").fill("kept")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_label("Name")).to_be_focused()
    await expect(page.get_by_label("Value")).to_have_value("kept")


async def test_a_limit_is_seen_and_not_changed(page: Page) -> None:
    """Nobody writes their own limit."""
    await page.goto("/app/settings")
    await page.get_by_label("Name").fill("maxMessagesPerDay")
    await page.get_by_label("Value").fill("100000")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("This is not allowed")).to_be_visible()


async def test_other_sessions_are_ended(page: Page, browser: Browser, site: Site, user: str) -> None:
    """One's own goes on."""
    other = await browser.new_context(base_url=site.address)
    await sign_in(other, user)
    await page.goto("/app/account")
    sessions = page.get_by_role("region", name="Where you are signed in").get_by_role("listitem")
    await expect(sessions).to_have_count(2)
    page.once("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="End all others").click()
    await expect(page.get_by_role("status")).to_have_text("All other sessions have ended.")
    await expect(sessions).to_have_count(1)
    elsewhere = await other.new_page()
    await elsewhere.goto("/app/account")
    await expect(elsewhere.get_by_role("heading", level=1)).to_have_text("Sign in")
    await other.close()


async def test_a_token_opens_no_page(page: Page) -> None:
    """A page shows more than any one scope is good for."""
    await page.goto("/app/tokens")
    await page.get_by_label("Name").fill("reader")
    await page.get_by_label("See tasks").check()
    await page.get_by_role("button", name="Make token").click()
    token = await page.locator("#token").inner_text()
    request = page.context.request
    assert await _status(request, token) == 200
    assert await _status(request, token, "/app/settings") == 403


async def _status(request: APIRequestContext, token: str, path: str = "/tasks") -> int:
    return (await request.get(path, headers={"Authorization": f"Bearer {token}"})).status
