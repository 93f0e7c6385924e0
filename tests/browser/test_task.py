"""Tasks: created, watched, continued, stopped and deleted by a person."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from examples.coding_agents.seed import PEOPLE, task_of
from tests.browser.conftest import PATIENCE, Site, sign_in

pytestmark = pytest.mark.asyncio(loop_scope="session")


LINES = ["pytest -q", "17 passed", "Done as asked", "Done."]


async def create(page: Page, prompt: str) -> None:
    """Asks for a task, and looks at it."""
    await page.goto("/app")
    await page.get_by_label("Task", exact=True).fill(prompt)
    await page.get_by_role("button", name="Create task").click()
    await page.wait_for_url("**/app/tasks/*")


async def test_a_task_is_created_and_watched_until_it_ends(page: Page, tmp_path: Path) -> None:
    """Lines arrive while the page stands still, once each, and in the end it is the page of a task that has ended."""
    gate = tmp_path / "go"
    await create(page, f"Wait for {gate}")
    log = page.get_by_role("log")
    await expect(log).to_contain_text("pytest -q")
    await expect(page.get_by_role("status")).to_have_text("Running")
    await page.evaluate("window.still = true")
    gate.touch()
    await expect(page.get_by_role("button", name="Send")).to_be_visible()
    await expect(page.get_by_role("status")).to_have_text("Completed")
    assert await page.evaluate("window.still"), "The page was loaded anew."
    assert [each.strip() for each in await log.locator("code").all_inner_texts()][1:] == LINES
    await expect(page.get_by_role("paragraph").filter(has_text="Done as asked")).to_be_visible()


async def numbers(page: Page) -> list[int]:
    """The numbers of the lines that are shown."""
    found: list[int] = await page.locator(".log li").evaluate_all("items => items.map(item => item.value)")
    return found


async def test_a_stream_that_breaks_goes_on_where_it_was(page: Page, tmp_path: Path) -> None:
    """The browser comes back by itself; no line is missing, and none is there twice."""
    gate, broken = tmp_path / "go", []

    async def break_once(route: Route) -> None:
        if broken:
            await route.continue_()
            return
        broken.append(after := int(route.request.url.rpartition("=")[2]))
        entry = {"type": "info", "message": "the last before it broke", "timestamp": datetime.now(UTC).isoformat()}
        body = f"retry: 10\n\nid: {after + 1}\nevent: log\ndata: {json.dumps(entry)}\n\n"
        await route.fulfill(body=body, headers={"Content-Type": "text/event-stream"})

    await page.route("**/logs/stream*", break_once)
    await create(page, f"Wait for {gate}")
    await expect(page.get_by_role("status")).to_have_text("Running")
    gate.touch()
    await expect(page.get_by_role("log")).to_contain_text("17 passed")
    assert broken
    shown = await numbers(page)
    assert shown == list(range(1, len(shown) + 1))
    await expect(page.get_by_role("button", name="Send")).to_be_visible()
    assert await numbers(page) == list(range(1, 6))


async def test_a_task_goes_on_with_a_message(page: Page) -> None:
    """The agent is told, runs again, and answers."""
    await create(page, "Do the first thing")
    await page.get_by_label("Go on with a message").fill("Now the second")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("paragraph").filter(has_text="I did what you asked: Now the second")).to_be_visible()
    await expect(page.get_by_role("status")).to_have_text("Completed")
    assert page.url.rpartition("/")[0].endswith("/app/tasks")


async def test_a_running_task_is_stopped(page: Page, tmp_path: Path) -> None:
    """It is stopped at once, and what can be done then is what a stopped task allows."""
    await create(page, f"Wait for {tmp_path / 'never'}")
    await expect(page.get_by_role("status")).to_have_text("Running")
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_role("status")).to_have_text("Stopped")
    await expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    await expect(page.get_by_role("button", name="Send")).to_be_visible()


async def test_a_task_is_deleted_only_by_somebody_who_is_sure(page: Page) -> None:
    """The question can be answered with no."""
    await create(page, "Something to regret")
    await expect(page.get_by_role("status")).to_have_text("Completed")
    asked = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss())[1])
    await page.get_by_role("button", name="Delete").click()
    assert asked == ["Delete this task?"]
    assert "/app/tasks/" in page.url
    page.once("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("The task is deleted.")).to_be_visible()
    await expect(page.get_by_role("link", name="Something to regret")).to_have_count(0)


async def test_the_list_keeps_current(page: Page, site: Site) -> None:
    """What another program of the user's does appears by itself, and what is being typed stays."""
    await page.goto("/app")
    await page.get_by_label("Task", exact=True).fill("Half a thought")
    made = await page.context.request.post(
        "/tasks", data={"prompt": "Made elsewhere"}, headers={"Origin": site.address}
    )
    assert made.status == 201
    row = page.get_by_role("listitem").filter(has_text="Made elsewhere")
    await expect(row).to_contain_text("Completed", timeout=PATIENCE)
    await expect(page.get_by_label("Task", exact=True)).to_have_value("Half a thought")


async def test_what_is_wrong_is_told_where_it_was_typed(page: Page) -> None:
    """Nothing has to be typed again, and the field that is wrong has the focus and is described by its error."""
    await page.goto("/app")
    await page.get_by_label("Repository").evaluate("field => field.type = 'text'")
    await page.get_by_label("Task", exact=True).fill("Keep <b>this</b>")
    await page.get_by_label("Agent", exact=True).select_option("codex")
    await page.get_by_label("Repository").fill("ftp://example.com")
    await page.get_by_role("button", name="Create task").click()
    wrong = page.get_by_label("Repository")
    await expect(wrong).to_be_focused()
    await expect(wrong).to_have_attribute("aria-invalid", "true")
    await expect(wrong).to_have_accessible_description(
        "Error: This does not have the form that is asked for. Its https:// address, if there is one."
    )
    await expect(wrong).to_have_value("ftp://example.com")
    await expect(page.get_by_label("Task", exact=True)).to_have_value("Keep <b>this</b>")
    await expect(page.get_by_label("Agent", exact=True)).to_have_value("codex")
    await expect(page).to_have_title(re.compile("^Error: Tasks"))
    assert page.url.endswith("/app"), "A page that is loaded anew is a page again."


async def test_nobody_opens_anothers_task(page: Page) -> None:
    """It is the page of a task that does not exist; its owner sees it."""
    grace = PEOPLE[1]
    theirs = await page.goto(f"/app/tasks/{task_of(grace)}")
    text = await page.inner_text("main")
    none = await page.goto("/app/tasks/there-is-no-such-task")
    assert theirs is not None
    assert none is not None
    assert (theirs.status, none.status) == (404, 404)
    assert grace.prompts[0] not in text
    assert text.partition("request")[0] == (await page.inner_text("main")).partition("request")[0]
    await sign_in(page.context, grace.id)
    await page.goto(f"/app/tasks/{task_of(grace)}")
    await expect(page.get_by_role("heading", level=1)).to_have_text(grace.prompts[0])


async def test_a_keyboard_is_enough(page: Page) -> None:
    """From the first key: past the navigation, into the form, and on to the task."""
    await page.goto("/app")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("Task", exact=True)).to_be_focused()
    await page.keyboard.type("Typed by hand")
    await page.keyboard.press("Tab")
    await page.keyboard.type("gem")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Create task")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/app/tasks/*")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Typed by hand")
    await expect(page.get_by_text("gemini")).to_be_visible()


async def test_scripts_are_not_needed(browser: Browser, site: Site, user: str) -> None:
    """Without JavaScript a person looks again by hand, and everything else is the same."""
    context: BrowserContext = await browser.new_context(base_url=site.address, java_script_enabled=False)
    await sign_in(context, user)
    page = await context.new_page()
    await create(page, "By forms alone")
    while not await page.get_by_role("button", name="Send").count():
        await page.get_by_role("link", name="Look again").click()
    assert await page.locator(".log code").all_inner_texts() == ["Task: By forms alone", *LINES]
    await page.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("The task is deleted.")).to_be_visible()
    await context.close()


async def test_a_session_that_ended_leads_to_the_way_in(page: Page) -> None:
    """A page that stood open says that nobody is signed in, and a form does not fail without a word."""
    await page.goto("/app")
    await page.get_by_label("Task", exact=True).fill("Too late")
    await page.context.clear_cookies()
    await page.get_by_role("button", name="Create task").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in first")
    await page.get_by_role("link", name="Sign in").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
