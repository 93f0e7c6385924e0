"""What is kept encrypted: keys and connectors are set, used and deleted, and nothing of them comes back."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="session")
KEY = "sk-ant-api03-0123456789abcdefWXYZ"


async def test_a_key_is_set_and_never_shown(page: Page) -> None:
    """Its last four characters say which it is; neither the page nor an address has more."""
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    await page.goto("/app/keys")
    await page.get_by_label("Provider").select_option("Anthropic")
    await page.get_by_label("Key", exact=True).fill(KEY)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_have_text("The key is saved, encrypted.")
    await expect(page.get_by_role("listitem").filter(has_text="Anthropic")).to_contain_text("…WXYZ")
    assert KEY[:-4] not in await page.content()
    assert not any(KEY in each for each in addresses)
    await page.get_by_role("button", name="Check the key for Anthropic").click()
    await expect(page.get_by_role("status")).to_contain_text("can be used")
    assert page.url.endswith("/app/keys")
    page.once("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Delete the key for Anthropic").click()
    await expect(page.get_by_text("You have no keys.")).to_be_visible()


async def test_a_key_that_is_none_does_not_come_back(page: Page) -> None:
    """The provider stays chosen, what was typed as a key is typed again."""
    await page.goto("/app/keys")
    await page.get_by_label("Provider").select_option("OpenAI")
    await page.get_by_label("Key", exact=True).fill("short-secret")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_label("Key", exact=True)).to_be_focused()
    await expect(page.get_by_label("Provider")).to_have_value("openai")
    assert "short-secret" not in await page.content()


async def test_a_connector_is_added_connected_and_deleted(page: Page) -> None:
    """Whether it has secrets is shown, and they are not."""
    await page.goto("/app/connectors")
    await page.get_by_label("Name").fill("tracker")
    await page.get_by_label("URL").fill("https://mcp.example.com")
    await page.get_by_label("OAuth client secret").fill("a-secret-of-the-tracker")
    await page.get_by_label("Environment").fill("TOKEN=another-secret\nREGION=eu")
    await page.get_by_role("button", name="Add").click()
    row = page.get_by_role("listitem").filter(has_text="tracker")
    await expect(row).to_contain_text("has secrets")
    await expect(row).to_contain_text("disconnected")
    content = await page.content()
    assert not any(each in content for each in ("a-secret-of-the-tracker", "another-secret"))
    await page.get_by_role("button", name="Connect tracker").click()
    await expect(page.get_by_role("button", name="Disconnect tracker")).to_be_visible()
    assert page.url.endswith("/app/connectors")
    page.once("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Delete tracker").click()
    await expect(page.get_by_text("You have no connectors.")).to_be_visible()


async def test_a_wrong_environment_is_told_and_kept(page: Page) -> None:
    """What is wrong stands at the field, and the lines need not be typed again."""
    await page.goto("/app/connectors")
    await page.get_by_label("Name").fill("tracker")
    await page.get_by_label("Environment").fill("no equals sign")
    await page.get_by_role("button", name="Add").click()
    field = page.get_by_label("Environment")
    await expect(field).to_be_focused()
    await expect(field).to_have_value("no equals sign")
    await expect(page.get_by_text("Write NAME=value, one a line.", exact=False)).to_be_visible()
