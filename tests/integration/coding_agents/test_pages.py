"""The pages as they are sent: for whom, under which headers, and with everything in them escaped."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from httpx import AsyncClient

from examples.coding_agents.web.browser import browser_of
from freehold.auth import SESSION_COOKIE, DevelopmentSessions
from freehold.wire import Connection
from tests.integration.coding_agents.conftest import ADA

PATHS = ("/app", "/app/keys", "/app/tokens", "/app/connectors", "/app/settings", "/app/account")
PAGE = {"Accept": "text/html"}


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_is_its_callers(as_ada: AsyncClient, as_nobody: AsyncClient, path: str) -> None:
    """Whoever is not signed in gets the way in, and nothing else."""
    mine, nobodys = await as_ada.get(path), await as_nobody.get(path)
    assert (mine.status_code, nobodys.status_code) == (200, 200)
    assert f">{ADA}</a>" in mine.text
    assert '<h1 id="heading">Sign in</h1>' in nobodys.text
    assert mine.headers["cache-control"] == "no-store"
    assert "script-src 'self'" in mine.headers["content-security-policy"]
    assert not re.search(r"<script>|<style|\son\w+=|\sstyle=", mine.text), "The policy would refuse it."


async def test_the_front_leads_to_the_tasks(as_nobody: AsyncClient) -> None:
    """Whoever opens the address sees the platform."""
    answer = await as_nobody.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/app")


async def test_files_are_kept_for_good(as_nobody: AsyncClient) -> None:
    """Under an address that says what is in them; another content is another file, and the old address is gone."""
    page = (await as_nobody.get("/app")).text
    addresses = set(re.findall(r'"(/assets/[^"]+)"', page))
    assert {each.rpartition("/")[2] for each in addresses} == {"app.js", "icon.svg", "style.css"}
    for address in addresses:
        answer = await as_nobody.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert (await as_nobody.get(re.sub(r"/assets/.", "/assets/_", address))).status_code == 404
    assert (await as_nobody.get("/assets/x/..%2Froute.py")).status_code == 404


async def test_what_people_write_is_text(as_ada: AsyncClient) -> None:
    """In the list, on its own page, in a form that is shown again, and in an address."""
    evil = "<script>alert(1)</script>\"'><img src=x>"
    made = await as_ada.post("/tasks", json={"prompt": evil, "repo_url": 'https://x/"><img/src=x>'})
    for path in ("/app", f"/app/tasks/{made.json()['id']}"):
        text = (await as_ada.get(path)).text
        assert "&lt;script&gt;" in text
        assert "<script>" not in text
        assert "<img src=x" not in text
        assert "<img/src" not in text
    again = await as_ada.post("/tasks", data={"prompt": "", "repo_url": evil})
    assert again.status_code == 422
    assert "&lt;script&gt;" in again.text
    assert "<script>" not in again.text


async def test_an_address_that_is_a_script_is_no_link(as_ada: AsyncClient, admin: Connection) -> None:
    """What was taken over from elsewhere was not checked here."""
    task = (await as_ada.post("/tasks", json={"prompt": "x", "repo_url": "https://example.com"})).json()["id"]
    assert 'href="https://example.com"' in (await as_ada.get(f"/app/tasks/{task}")).text
    admin.execute("update public.tasks set repo_url = 'javascript:alert(1)', pr_url = repo_url where id = %s", (task,))
    text = (await as_ada.get(f"/app/tasks/{task}")).text
    assert "javascript:alert(1)" in text
    assert 'href="javascript:' not in text
    assert 'href="https://example.com"' in text


async def test_nothing_but_our_words_is_said(as_ada: AsyncClient) -> None:
    """A link cannot put words into the page's mouth."""
    for path in PATHS:
        assert "evil" not in (await as_ada.get(path, params={"done": "evil"})).text


async def test_a_long_log_is_shown_from_its_end(as_ada: AsyncClient, admin: Connection) -> None:
    """The last lines, and the way to those before."""
    task = (await as_ada.post("/tasks", json={"prompt": "x"})).json()["id"]
    admin.execute(
        "update public.tasks set logs = (select jsonb_agg(jsonb_build_object('type', 'info', 'message', 'line ' || n,"
        " 'timestamp', now())) from generate_series(1, 450) n) where id = %s",
        (task,),
    )
    shown: list[list[int]] = []
    path: str | None = f"/app/tasks/{task}"
    while path is not None:
        text = (await as_ada.get(path)).text
        shown.append([int(each) for each in re.findall(r"<code>line (\d+)</code>", text)])
        earlier = re.search(r'<p data-earlier><a href="([^"]+)"', text)
        path = earlier.group(1) if earlier else None
    assert shown == [list(range(251, 451)), list(range(51, 251)), list(range(1, 51))]


async def test_another_site_posts_no_form(client_of: Callable[[str | None], AsyncClient]) -> None:
    """A browser sends the cookie along wherever a form stands."""
    browser = client_of(None)
    browser.cookies.set(SESSION_COOKIE, DevelopmentSessions(b"0" * 32).issue(ADA))
    for site, status in (("cross-site", 403), ("same-origin", 303)):
        answer = await browser.post("/tasks", data={"prompt": "x"}, headers={**PAGE, "Sec-Fetch-Site": site})
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/150.0 Safari/537.36 Edg/150.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("curl/8.5.0", "curl/8.5.0"),
        (None, "An unknown program"),
    ],
)
def test_browsers_have_names(said: str | None, shown: str) -> None:
    """Their owner tells them apart by these."""
    assert browser_of(said) == shown
