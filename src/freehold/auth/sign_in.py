"""Signing in at a provider: there and back again, so that whoever comes back is who left.

What must be remembered meanwhile travels in a cookie that is encrypted, lasts ten minutes, and says nothing that is
believed about who anybody is. To link an account one must be signed in when leaving *and* when coming back, by the same
session, which is looked up in the database both times: the account goes to that session's user, and to nobody a cookie
names.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from freehold.auth.cookie import Cookie
from freehold.auth.key import KEY_BYTES
from freehold.auth.provider import Client, ExternalAccount
from freehold.auth.redirect import return_path
from freehold.auth.verified import Verified
from freehold.errors import Code, ConfigurationError, SignInError
from freehold.settings import Environment

_AGE: Final = timedelta(minutes=10)
_HEADER: Final = {"alg": "dir", "enc": "A256GCM"}


@dataclass(frozen=True)
class Departure:
    """Where to send the browser, and the cookie it takes along."""

    url: str
    cookie: Cookie


@dataclass(frozen=True)
class Arrival:
    """Somebody who came back: the account, where they go next, and the user it is to be linked to, if they asked for that."""

    account: ExternalAccount
    return_to: str
    link_to: str | None


class SignIn:
    """Sign-in at one provider. ``key``: 32 random bytes, kept secret, the same in every process.

    ``environment``: in production and tests the cookie is Secure. ``clock``: seconds since 1970. Raises
    `ConfigurationError` (FH302) for a key of another length.
    """

    def __init__(
        self,
        client: Client,
        *,
        key: bytes,
        environment: Environment = "production",
        clock: Callable[[], float] = time.time,
    ) -> None:
        if len(key) != KEY_BYTES:
            raise ConfigurationError(
                Code.SETTING_INVALID,
                f"The key for sign-in cookies is not {KEY_BYTES} bytes.",
                hint=f"Use {KEY_BYTES} random bytes: secrets.token_bytes({KEY_BYTES}).",
            )
        self._client = client
        self._key = OctKey.import_key(key)
        self._clock = clock
        self._empty = Cookie.of_host("sign_in", secure=environment != "development")

    @property
    def cookie(self) -> str:
        """The name of the cookie."""
        return self._empty.name

    @property
    def no_cookie(self) -> Cookie:
        """What takes the cookie away, as every return should, whatever came of it."""
        return self._empty

    def leave(self, *, return_to: str = "/", linking: Verified | None = None) -> Departure:
        """The way to the provider. ``linking``: the session whose user gets the account, for signed-in callers.

        Raises `SignInError`: FH710 for a ``return_to`` that is no path of this site, FH706 for a credential that is no
        session.
        """
        if linking is not None and not _is_session(linking):
            raise _stale()
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        kept = {
            "state": state,
            "verifier": verifier,
            "return_to": return_path(return_to),
            "session": linking.credential_id if linking else None,
            "provider": self._client.provider.name,
            "until": int(self._clock() + _AGE.total_seconds()),
        }
        sealed = jwe.encrypt_compact(_HEADER, json.dumps(kept), self._key)
        return Departure(self._client.authorization_url(state, verifier), self._empty.holding(sealed, _AGE))

    async def come_back(
        self, query: Mapping[str, str], cookie: str | None, *, current: Verified | None = None
    ) -> Arrival:
        """Whoever came back with ``query`` and the ``cookie``; ``current``: the session they are signed in by now, if any.

        Raises `SignInError`: FH706 for a way back that does not belong to this browser and session or took too long,
        FH707 where the user declined, FH708 without a verified address; `ProviderError` (FH705).
        """
        kept = self._opened(cookie)
        if not secrets.compare_digest(query.get("state", "").encode(), kept["state"].encode()):
            raise _stale()
        session = kept["session"]
        if session is not None and not (current and _is_session(current) and current.credential_id == session):
            raise _stale()
        if query.get("error") == "access_denied":
            raise SignInError(
                Code.SIGN_IN_DENIED, "The provider was not allowed to sign you in.", hint="Sign in again."
            )
        if "error" in query or not query.get("code"):
            raise _stale()
        account = await self._client.account(query["code"], kept["verifier"])
        link_to = current.identity.user_id if session is not None and current is not None else None
        return Arrival(account, kept["return_to"], link_to)

    def _opened(self, cookie: str | None) -> dict[str, Any]:
        try:
            plain = jwe.decrypt_compact(cookie or "", self._key, algorithms=list(_HEADER.values())).plaintext
            kept: dict[str, Any] = json.loads(plain or b"")
        except (JoseError, ValueError):
            raise _stale() from None
        if kept["until"] < self._clock() or kept["provider"] != self._client.provider.name:
            raise _stale()
        return kept

    def __repr__(self) -> str:
        return f"<SignIn {self._client.provider.name}>"


def _is_session(verified: Verified) -> bool:
    return verified.scopes is None and verified.credential_id is not None


def _stale() -> SignInError:
    return SignInError(
        Code.SIGN_IN_STALE,
        "The sign-in was begun elsewhere, took too long, or was used already.",
        hint="Sign in again, in this browser, and within ten minutes.",
    )
