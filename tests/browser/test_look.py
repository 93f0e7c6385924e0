"""Every page: for everybody, in light and dark, and as narrow as a phone."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, Page, expect

from examples.coding_agents.seed import PEOPLE, task_of
from tests.browser.conftest import sign_in
from tests.browser.look import look, violations
from tests.browser.watch import Watch

pytestmark = pytest.mark.asyncio(loop_scope="session")
ADA = PEOPLE[0]
PATHS = {
    "tasks": "/app",
    "task": f"/app/tasks/{task_of(ADA)}",
    "keys": "/app/keys",
    "tokens": "/app/tokens",
    "connectors": "/app/connectors",
    "settings": "/app/settings",
    "account": "/app/account",
    "missing": "/app/tasks/none",
}


@pytest.mark.parametrize("name", PATHS)
async def test_a_page_is_for_everybody(context: BrowserContext, name: str) -> None:
    """axe-core finds nothing, and nothing is wider than a phone."""
    await sign_in(context, ADA.id)
    page = await context.new_page()
    with Watch(page):
        await page.goto(PATHS[name])
        assert await look(page, name) == []


async def test_the_way_in_is_for_everybody(visitor: Page) -> None:
    """Also before one is signed in."""
    await visitor.goto("/app")
    await expect(visitor.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert await look(visitor, "sign-in") == []


async def test_a_page_with_errors_is_for_everybody(page: Page) -> None:
    """What is wrong is told where it is wrong, in words."""
    await page.goto("/app")
    await page.get_by_label("Repository").evaluate("field => field.type = 'text'")
    await page.get_by_label("Task", exact=True).fill("Do it")
    await page.get_by_label("Repository").fill("http://example.com/notes")
    await page.get_by_role("button", name="Create task").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    assert await look(page, "tasks-wrong") == []


async def test_axe_would_see_it(page: Page) -> None:
    """The positive control: a button without a name, and grey words on grey, are found."""
    await page.goto("/app")
    await page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<button></button><p class=\"faint\">Hello</p>');"
        "document.querySelector('.faint').style.cssText = 'color: #999; background: #888';"
    )
    assert {each.partition(":")[0] for each in await violations(page)} == {"button-name", "color-contrast"}


async def test_the_watch_would_hear_it(context: BrowserContext, user: str) -> None:
    """The positive control: a script that a page should not have had is refused, and complained of."""
    await sign_in(context, user)
    page = await context.new_page()
    with Watch(page) as watch:
        await page.goto("/app")
        assert watch.complaints == []
        await page.evaluate(
            "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s); }"
        )
        assert await page.evaluate("window.ran === undefined")
        assert any("Content Security Policy" in each for each in watch.complaints)
        watch.forget()
