"""How a page looks, and whether everybody can use it: axe-core, the width of a phone, and pictures where wanted."""

from __future__ import annotations

import os
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

DESKTOP = {"width": 1200, "height": 900}
PHONE = {"width": 390, "height": 844}
PICTURES = os.environ.get("FREEHOLD_TEST_PICTURES")
"""A folder for pictures of every page, to be looked at."""

_OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_axe = Axe()


async def look(page: Page, name: str) -> list[str]:
    """What is wrong with the page in light and dark, on a desk and in a hand."""
    wrong: list[str] = []
    for colours in ("light", "dark"):
        await page.emulate_media(color_scheme=colours, reduced_motion="reduce")
        for place, size in (("desk", DESKTOP), ("phone", PHONE)):
            await page.set_viewport_size(size)  # type: ignore[arg-type]
            await _picture(page, f"{name}-{colours}-{place}")
            if colours == "light":
                wrong += [f"{place}: {each}" for each in await _cut_off(page)]
        wrong += [f"{colours}: {each}" for each in await violations(page)]
    return wrong


async def violations(page: Page) -> list[str]:
    """What axe-core finds: contrast, names, roles, landmarks, headings."""
    found: dict[str, Any] = (await _axe.run(page, options=_OPTIONS)).response
    return [f"{each['id']}: {node['html']}" for each in found["violations"] for node in each["nodes"]]


async def _cut_off(page: Page) -> list[str]:
    """Whether there is something beside the window: nobody should have to scroll in two directions."""
    wide: int = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{wide} pixels too wide"] if wide > 0 else []


async def _picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)
