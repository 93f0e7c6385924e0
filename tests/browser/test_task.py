"""Tasks: created, watched, continued, stopped and deleted by a person."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

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
    await expect(page.get_by_role("list").get_by_text("Done as asked")).to_be_visible()
