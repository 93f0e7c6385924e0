"""Signing in at a provider that answers as GitHub does."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from freehold import Identity
from freehold.auth import Arrival, Client, SignIn, Verified
from freehold.errors import Code, ConfigurationError, FreeholdError, ProviderError, SignInError
from tests.integration.auth.github import HOST, PROVIDER, GitHub, email

REDIRECT = "https://app.test/signed-in"
ALICE = Verified(Identity.user("alice"), credential_id="alice's")
BOB = Verified(Identity.user("bob"), credential_id="bob's")


class Browser:
    """Goes to the provider and comes back, unless somebody stops it."""

    def __init__(self) -> None:
        self.github = GitHub("client", "client-secret", REDIRECT)
        self.now = 1000.0
        self.transport = httpx.ASGITransport(self.github.app)
        self.client = Client("client", "client-secret", REDIRECT, PROVIDER, self.transport)
        self.sign_in = SignIn(self.client, key=b"k" * 32, clock=lambda: self.now)

    async def there(self, **options: Any) -> tuple[dict[str, str], str]:
        """What the provider sends back with, and the cookie that was set when leaving."""
        departure = self.sign_in.leave(**options)
        async with httpx.AsyncClient(transport=self.transport) as http:
            response = await http.get(departure.url)
        assert response.status_code == 302, response.text
        back = urlsplit(response.headers["location"])
        assert f"{back.scheme}://{back.netloc}{back.path}" == REDIRECT
        return dict(parse_qsl(back.query)), departure.cookie.value

    async def there_and_back(self, **options: Any) -> Arrival:
        """The whole way."""
        query, cookie = await self.there(**options)
        return await self.sign_in.come_back(query, cookie)


@pytest.fixture
def browser() -> Browser:
    """Somebody's."""
    return Browser()


async def refused(browser: Browser, query: dict[str, str], cookie: str | None, **options: Any) -> Code:
    """The code of the error that coming back gives."""
    with pytest.raises(SignInError) as caught:
        await browser.sign_in.come_back(query, cookie, **options)
    return caught.value.code


@pytest.mark.parametrize("form", [False, True], ids=["json", "form"])
async def test_there_and_back(browser: Browser, form: bool) -> None:
    """The account comes back with its verified address and its token, whichever way GitHub wrote the token."""
    browser.github.form = form
    arrival = await browser.there_and_back(return_to="/tasks?page=2")
    account = arrival.account
    assert (account.provider, account.external_id, account.username) == ("github", "1", "ada")
    assert account.email == "ada@example.com"
    assert account.scope == "read:user,user:email"
    assert account.access_token.startswith("gho_")
    assert (arrival.return_to, arrival.link_to) == ("/tasks?page=2", None)
    shown = repr(arrival) + repr(browser.client)
    assert account.access_token not in shown
    assert "client-secret" not in shown


async def test_what_leaves_with_the_browser(browser: Browser) -> None:
    """The address holds a state and a challenge, but nothing that answers it; the cookie can be read by nobody."""
    departure = browser.sign_in.leave(return_to="/secret-page")
    query = dict(parse_qsl(urlsplit(departure.url).query))
    assert departure.url.startswith(f"{HOST}/login/oauth/authorize?")
    assert (query["code_challenge_method"], query["scope"]) == ("S256", "read:user user:email")
    assert "secret-page" not in departure.url
    assert query["state"] not in departure.cookie.value
    assert departure.cookie.header.startswith("__Host-sign_in=")
    assert departure.cookie.header.endswith("Max-Age=600; Path=/; HttpOnly; SameSite=Lax; Secure")


async def test_only_the_browser_that_left_comes_back(browser: Browser) -> None:
    """A code planted in somebody's browser signs nobody in: state and cookie must be of the same departure."""
    mallory, _ = await browser.there()
    victim, cookie = await browser.there()
    for query, kept in (
        (mallory, cookie),
        (mallory, None),
        (mallory, ""),
        ({**mallory, "state": ""}, cookie),
        ({"code": victim["code"]}, cookie),
        (victim, cookie[:-2] + ("AA" if cookie[-2:] != "AA" else "BB")),
        (victim, SignIn(browser.client, key=b"j" * 32).leave().cookie.value),
        ({**victim, "state": "é"}, cookie),
    ):
        assert await refused(browser, query, kept) is Code.SIGN_IN_STALE
    assert (await browser.sign_in.come_back(victim, cookie)).account.username == "ada"


async def test_a_code_is_good_once_and_for_ten_minutes(browser: Browser) -> None:
    """Coming back twice, too late, or with a code of another departure is refused; GitHub says so with status 200."""
    query, cookie = await browser.there()
    other, _ = await browser.there()
    assert await refused(browser, {**query, "code": other["code"]}, cookie) is Code.SIGN_IN_STALE
    query, cookie = await browser.there()
    await browser.sign_in.come_back(query, cookie)
    assert await refused(browser, query, cookie) is Code.SIGN_IN_STALE
    query, cookie = await browser.there()
    browser.now += 601
    assert await refused(browser, query, cookie) is Code.SIGN_IN_STALE


async def test_declining(browser: Browser) -> None:
    """The user's no is told as such, and only to the browser that asked; other errors begin again."""
    query, cookie = await browser.there()
    state = query["state"]
    assert await refused(browser, {"error": "access_denied", "state": state}, cookie) is Code.SIGN_IN_DENIED
    assert await refused(browser, {"error": "access_denied"}, cookie) is Code.SIGN_IN_STALE
    assert await refused(browser, {"error": "server_error", "state": state}, cookie) is Code.SIGN_IN_STALE


async def test_linking_needs_the_session_that_left(browser: Browser) -> None:
    """An account is linked to the session's user, and only if the session that asked is the one that comes back."""
    for current in (None, BOB, Verified(ALICE.identity), Verified(ALICE.identity, frozenset(), "alice's")):
        query, cookie = await browser.there(linking=ALICE)
        assert await refused(browser, query, cookie, current=current) is Code.SIGN_IN_STALE
    query, cookie = await browser.there(linking=ALICE)
    assert (await browser.sign_in.come_back(query, cookie, current=ALICE)).link_to == "alice"
    query, cookie = await browser.there()
    assert (await browser.sign_in.come_back(query, cookie, current=BOB)).link_to is None
    with pytest.raises(SignInError):
        browser.sign_in.leave(linking=Verified(ALICE.identity, frozenset({"tasks:read"}), "a token"))


ADDRESSES: dict[str, Any] = {
    "none": [],
    "not verified": [email("ada@example.com", verified=False)],
    "not primary": [email("ada@example.com", primary=False)],
    "one each": [email("a@example.com", verified=False), email("b@example.com", primary=False)],
    "nearly true": [{**email("ada@example.com"), "verified": "true"}],
}


@pytest.mark.parametrize("addresses", ADDRESSES.values(), ids=ADDRESSES)
async def test_only_an_address_that_is_primary_and_verified(browser: Browser, addresses: Any) -> None:
    """Whoever has not proved an address has none here: it might be somebody else's."""
    browser.github.emails = addresses
    query, cookie = await browser.there()
    assert await refused(browser, query, cookie) is Code.EMAIL_UNVERIFIED
    browser.github.emails = [*addresses, email("second@example.com")]
    assert (await browser.there_and_back()).account.email == "second@example.com"


BROKEN: dict[str, tuple[str, Response]] = {
    "token: down": ("token", PlainTextResponse("unicorn", 502)),
    "token: html": ("token", Response("<html>", media_type="text/html")),
    "token: list": ("token", JSONResponse([])),
    "token: nothing": ("token", JSONResponse({})),
    "token: null": ("token", JSONResponse({"access_token": None})),
    "token: moved": ("token", RedirectResponse("https://evil.example")),
    "user: limited": ("user", JSONResponse({"message": "rate limit"}, 403)),
    "user: html": ("user", Response("<html>", media_type="text/html")),
    "user: list": ("user", JSONResponse([])),
    "user: no id": ("user", JSONResponse({"login": "ada"})),
    "user: id is text": ("user", JSONResponse({"id": "1", "login": "ada"})),
    "user: huge": ("user", JSONResponse({"id": 1, "login": "ada", "bio": "x" * 300_000})),
    "emails: forbidden": ("emails", JSONResponse({"message": "Resource not accessible"}, 404)),
    "emails: object": ("emails", JSONResponse({"email": "ada@example.com"})),
    "emails: odd": ("emails", JSONResponse([None])),
}


@pytest.mark.parametrize(("endpoint", "answer"), BROKEN.values(), ids=BROKEN)
async def test_a_provider_out_of_order(browser: Browser, endpoint: str, answer: Response) -> None:
    """Whatever the provider answers, it is told from a mistake of the user's, and nothing of it is repeated."""
    browser.github.broken[endpoint] = answer
    query, cookie = await browser.there()
    with pytest.raises(ProviderError) as caught:
        await browser.sign_in.come_back(query, cookie)
    assert caught.value.code is Code.PROVIDER_UNAVAILABLE
    assert "gho_" not in str(caught.value)
    browser.github.broken.clear()
    await browser.there_and_back()


async def test_a_wrong_client_secret(browser: Browser) -> None:
    """GitHub's answer to it has status 200; nobody is signed in, and the secret is not told."""
    browser.github.client["client_secret"] = "another"
    query, cookie = await browser.there()
    with pytest.raises(FreeholdError) as caught:
        await browser.sign_in.come_back(query, cookie)
    assert "client-secret" not in str(caught.value)


def test_a_key_that_is_none() -> None:
    """A short key is refused when the application starts."""
    with pytest.raises(ConfigurationError):
        SignIn(Client("client", "client-secret"), key=b"short")
