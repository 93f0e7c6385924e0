"""A provider on this machine that answers as GitHub does: its endpoints, its errors with status 200, its content types."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from freehold.auth import Provider

HOST = "https://github.test"


def provider_at(host: str) -> Provider:
    """The addresses of one that is served there."""
    return Provider(
        authorize_url=f"{host}/login/oauth/authorize",
        token_url=f"{host}/login/oauth/access_token",
        user_url=f"{host}/user",
        emails_url=f"{host}/user/emails",
    )


PROVIDER = provider_at(HOST)


def email(address: str, *, primary: bool = True, verified: bool = True) -> dict[str, Any]:
    """One of an account's addresses."""
    return {"email": address, "primary": primary, "verified": verified, "visibility": None}


class GitHub:
    """One account is signed in to it; ``declines``: its owner does not agree; ``broken``: what an endpoint answers instead."""

    def __init__(self, client_id: str, client_secret: str, redirect_uri: str) -> None:
        self.client = {"client_id": client_id, "client_secret": client_secret, "redirect_uri": redirect_uri}
        self.user: dict[str, Any] = {"id": 1, "login": "ada", "name": "Ada", "avatar_url": None}
        self.emails: Any = [email("ada@example.com")]
        self.form = False
        self.declines = False
        self.broken: dict[str, Response] = {}
        self._codes: dict[str, str] = {}
        self._tokens: set[str] = set()
        self.app = Starlette(
            routes=[
                Route("/login/oauth/authorize", self._authorize),
                Route("/login/oauth/access_token", self._token, methods=["POST"]),
                Route("/user", self._user),
                Route("/user/emails", self._emails),
            ]
        )

    async def _authorize(self, request: Request) -> Response:
        query = request.query_params
        known = all(query.get(name) == self.client[name] for name in ("client_id", "redirect_uri"))
        if not known or query.get("code_challenge_method") != "S256" or query.get("response_type") != "code":
            return PlainTextResponse("not this client", 404)
        code = secrets.token_hex(10)
        self._codes[code] = query["code_challenge"]
        said = {"error": "access_denied"} if self.declines else {"code": code}
        return RedirectResponse(f"{self.client['redirect_uri']}?{urlencode({**said, 'state': query['state']})}", 302)

    async def _token(self, request: Request) -> Response:
        if "token" in self.broken:
            return self.broken["token"]
        form = dict(parse_qsl((await request.body()).decode()))
        if any(form.get(name) != self.client[name] for name in ("client_id", "client_secret")):
            return self._said({"error": "incorrect_client_credentials", "error_description": "They are incorrect."})
        challenge = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if challenge is None or challenge != base64.urlsafe_b64encode(digest).rstrip(b"=").decode():
            return self._said({"error": "bad_verification_code", "error_description": "Incorrect or expired."})
        token = f"gho_{secrets.token_hex(18)}"
        self._tokens.add(token)
        return self._said({"access_token": token, "scope": "read:user,user:email", "token_type": "bearer"})

    def _said(self, values: dict[str, str]) -> Response:
        if self.form:
            return Response(urlencode(values), media_type="application/x-www-form-urlencoded; charset=utf-8")
        return JSONResponse(values)

    async def _user(self, request: Request) -> Response:
        return self._answered(request, "user", self.user)

    async def _emails(self, request: Request) -> Response:
        return self._answered(request, "emails", self.emails)

    def _answered(self, request: Request, name: str, value: Any) -> Response:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self._tokens:
            return JSONResponse({"message": "Bad credentials"}, 401)
        return self.broken.get(name) or JSONResponse(value, media_type="application/json; charset=utf-8")
