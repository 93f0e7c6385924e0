"""An identity provider that speaks OAuth 2.0 and GitHub's API: where it is, and what it says about a person."""

# Authlib is not typed.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import parse_qsl

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from freehold.auth.jwks import bounded
from freehold.errors import Code, ProviderError, SignInError

_TIMEOUT_SECONDS: Final = 10.0
_LARGEST_ANSWER: Final = 256 * 1024
_FORM: Final = "application/x-www-form-urlencoded"
_TOKEN_HEADERS: Final = {"Accept": "application/json", "Content-Type": _FORM, "User-Agent": "freehold"}
_AGAIN: Final = "Sign in again; if that does not help, wait: the provider may be out of order."


@dataclass(frozen=True)
class Provider:
    """The four addresses of a provider, and what is asked of it. The defaults are GitHub's.

    ``authorize_url`` is opened by the browser; the others are asked by the application.
    """

    name: str = "github"
    authorize_url: str = "https://github.com/login/oauth/authorize"
    token_url: str = "https://github.com/login/oauth/access_token"  # noqa: S105 - an address
    user_url: str = "https://api.github.com/user"
    emails_url: str = "https://api.github.com/user/emails"
    scopes: tuple[str, ...] = ("read:user", "user:email")


@dataclass(frozen=True)
class ExternalAccount:
    """What a provider vouches for: an account there. ``email`` is its primary one, and verified."""

    provider: str
    external_id: str
    username: str
    email: str
    name: str | None = None
    avatar_url: str | None = None
    scope: str | None = None
    access_token: str = field(default="", repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Client:
    """The application as the provider knows it. ``transport``: for tests, and for whoever needs a proxy."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str = ""
    provider: Provider = Provider()
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)

    def authorization_url(self, state: str, verifier: str) -> str:
        """Where the browser goes to be asked (RFC 6749, 4.1.1, and RFC 7636)."""
        url: str = prepare_grant_uri(
            self.provider.authorize_url,
            self.client_id,
            "code",
            redirect_uri=self.redirect_uri,
            scope=" ".join(self.provider.scopes),
            state=state,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return url

    async def account(self, code: str, verifier: str) -> ExternalAccount:
        """The account that agreed.

        Raises `SignInError` (FH706) for a code that is used or over, (FH708) without a verified primary address, and
        `ProviderError` (FH705) for a provider that does not answer, or not as agreed.
        """
        try:
            async with self._http() as http:
                token = await self._token(http, code, verifier)
                user = await _get(http, self.provider.user_url, token["access_token"])
                emails = await _get(http, self.provider.emails_url, token["access_token"])
            return _account(self.provider.name, token, user, _verified_primary(emails))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError, KeyError, RecursionError) as error:
            raise ProviderError(
                Code.PROVIDER_UNAVAILABLE,
                f"{self.provider.name} did not answer as agreed.",
                detail=type(error).__name__,
                hint=_AGAIN,
            ) from None

    async def _token(self, http: httpx.AsyncClient, code: str, verifier: str) -> dict[str, Any]:
        body: str = prepare_token_request(
            "authorization_code",
            redirect_uri=self.redirect_uri,
            code=code,
            code_verifier=verifier,
            client_id=self.client_id,
            client_secret=self.client_secret,
        )
        token = await _answer(http, "POST", self.provider.token_url, _TOKEN_HEADERS, body)
        if not isinstance(token, dict):
            raise ValueError("no token")  # noqa: TRY004 - any answer that is no token is the provider's mistake
        if token.get("error") == "bad_verification_code":  # which GitHub says with status 200
            raise SignInError(Code.SIGN_IN_STALE, "The sign-in is over, or was used already.", hint="Sign in again.")
        if not isinstance(token.get("access_token"), str) or not token["access_token"]:
            raise ValueError(f"no access token: {token.get('error')}")
        return cast(dict[str, Any], token)

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self.transport, timeout=_TIMEOUT_SECONDS, trust_env=False)


async def _get(http: httpx.AsyncClient, url: str, token: str) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json", "User-Agent": "freehold"}
    return await _answer(http, "GET", url, headers)


async def _answer(http: httpx.AsyncClient, method: str, url: str, headers: dict[str, str], body: str = "") -> Any:
    """A JSON document; or a form, which GitHub's token endpoint answers with where something drops the Accept header."""
    async with http.stream(method, url, headers=headers, content=body.encode()) as response:
        if response.status_code != HTTPStatus.OK:
            raise ValueError("not OK")
        text = await bounded(response, _LARGEST_ANSWER)
        if response.headers.get("content-type", "").startswith(_FORM):
            return dict(parse_qsl(text.decode()))
        return json.loads(text)


def _verified_primary(emails: Any) -> str:
    for each in cast(list[Any], emails):
        if each["primary"] is True and each["verified"] is True and isinstance(each["email"], str):
            return str(each["email"])
    raise SignInError(
        Code.EMAIL_UNVERIFIED,
        "The account at the provider has no primary address that it has verified.",
        hint="Verify the primary address there, then sign in again.",
    )


def _account(provider: str, token: dict[str, Any], user: Any, email: str) -> ExternalAccount:
    id_, login = user["id"], user["login"]
    if not isinstance(id_, int) or isinstance(id_, bool) or not isinstance(login, str) or not login:
        raise ValueError("no account")
    lasts = token.get("expires_in")
    return ExternalAccount(
        provider,
        str(id_),
        login,
        email,
        name=_text(user.get("name")),
        avatar_url=_text(user.get("avatar_url")),
        scope=_text(token.get("scope")),
        access_token=token["access_token"],
        refresh_token=_text(token.get("refresh_token")),
        expires_at=None if lasts is None else datetime.now(UTC) + timedelta(seconds=int(lasts)),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
