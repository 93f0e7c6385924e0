"""A request that is sent twice and happens once (Idempotency-Key, draft-ietf-httpapi-idempotency-key-header).

The answer is kept in the action's transaction: either both are there, or the action did not happen and may be repeated.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Self

from sqlalchemy import BigInteger, Boolean, Interval, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from starlette.datastructures import Headers
from starlette.responses import Response

from freehold.actions.tables import IdempotencyKey
from freehold.errors import Code, IdempotencyError
from freehold.scope import UserScope

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
_KEPT: Final = timedelta(days=1)
_QUOTED: Final = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BARE: Final = re.compile(r"[!#-~][!-~]*")
_LONGEST: Final = 255
_HEADERS_KEPT: Final = ("content-type", "location")


def sent_key(headers: Headers) -> str | None:
    """The key that was sent, or None; raises `IdempotencyError` (FH606) for one that is none, or for several."""
    sent = headers.getlist(HEADER)
    if not sent:
        return None
    quoted = _QUOTED.fullmatch(sent[0].strip())
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else sent[0].strip()
    if len(sent) > 1 or not 0 < len(key) <= _LONGEST or not (quoted or _BARE.fullmatch(key)):
        raise IdempotencyError(
            Code.IDEMPOTENCY_KEY,
            "The Idempotency-Key is not 1-255 printable ASCII characters.",
            hint="Send a fresh UUID for each request that is to happen once, and the same one when you repeat it.",
        )
    return key


def refuse_key(headers: Headers) -> None:
    """For an action that keeps no answers: raises `IdempotencyError` (FH606) for a request that counts on it."""
    if HEADER in headers:
        raise IdempotencyError(
            Code.IDEMPOTENCY_KEY,
            "This action keeps no answers, so a repeated request would happen twice.",
            hint="Leave Idempotency-Key out.",
        )


@dataclass(frozen=True)
class Once:
    """One request under its key: ``id`` says which key, ``request`` what was asked, both as digests."""

    id: str
    request: str
    lock: int

    @classmethod
    def of(cls, user_id: str, action: str, key: str, request: tuple[bytes, ...]) -> Self:
        """The request ``request``, in parts, of a user to an action."""
        digest = _digest(user_id.encode(), action.encode(), key.encode())
        return cls(digest.hex(), _digest(*request).hex(), int.from_bytes(digest[:8], signed=True))

    async def earlier(self, scope: UserScope) -> Response | None:
        """The answer this request had before; None if it is the first, which holds the key until the transaction ends.

        Raises `IdempotencyError`: FH608 while another transaction holds it, FH607 if it was used for something else.
        """
        held, kept = await scope.batch(
            select(func.pg_try_advisory_xact_lock(literal(self.lock, BigInteger), type_=Boolean)),
            select(IdempotencyKey).where(
                IdempotencyKey.id == self.id, IdempotencyKey.expires_at > func.clock_timestamp()
            ),
        )
        if not held[0]:
            raise IdempotencyError(
                Code.IDEMPOTENCY_IN_FLIGHT, "A request with this Idempotency-Key is under way.", hint="Repeat it later."
            )
        if not kept:
            return None
        if kept[0].request != self.request:
            raise IdempotencyError(
                Code.IDEMPOTENCY_MISMATCH,
                "This Idempotency-Key was used for another request.",
                hint="Send a fresh key with each new request.",
            )
        return Response(kept[0].body, kept[0].status, {**kept[0].headers, REPLAYED: "true"})

    async def keep(self, scope: UserScope, response: Response) -> None:
        """Keeps the answer for a day; the caller's keys that have expired go."""
        now: Any = func.clock_timestamp()
        values = {
            "request": self.request,
            "status": response.status_code,
            "headers": _kept_headers(response.headers),
            "body": bytes(response.body),
            "expires_at": now + literal(_KEPT, Interval),
        }
        statement = insert(IdempotencyKey).values(id=self.id, **values)
        await scope.batch(
            delete(IdempotencyKey).where(IdempotencyKey.expires_at <= now).returning(IdempotencyKey.id),
            statement.on_conflict_do_update(index_elements=["user_id", "id"], set_=values).returning(IdempotencyKey.id),
        )


def _kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in (*_HEADERS_KEPT, "cache-control") if name in headers}


def _digest(*parts: bytes) -> bytes:
    """A digest in which no two lists of parts are the same text."""
    return hashlib.sha256(b"".join(len(part).to_bytes(4) + part for part in parts)).digest()
