"""Who a statement runs as: an identity is a value made from verified claims, and it never shows them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, Self
from uuid import UUID

from freehold.errors import Code, IdentityError

_LONGEST_SUBJECT: Final = 255
_HINT: Final = "Use the claims of a verified token, or Identity.user(id) with the id of a signed-in user."


class Role(StrEnum):
    """A role that statements run as: it owns nothing and cannot log in. The names are Supabase's."""

    ANON = "anon"
    AUTHENTICATED = "authenticated"
    SERVICE = "service_role"


SETTINGS: Final = (
    ("role", 1),
    ("request.jwt.claims", 2),
    ("request.jwt.claim.sub", 3),
    ("request.jwt.claim.email", 4),
    ("request.jwt.claim", 2),
    ("request.jwt.claim.role", 1),
)
"""The transaction-local settings that make a connection a caller, and the place of each one's value in
`Identity.values`.

Supabase's functions read ``request.jwt.claim`` and ``request.jwt.claim.*`` before ``request.jwt.claims``, so all of them
are always set: one left over from elsewhere would otherwise win. The first of each value comes first.
"""


@dataclass(frozen=True, repr=False)
class Identity:
    """The caller of a scope: a role and the claims PostgreSQL's policies compare with.

    Make one with `Identity.user` or `Identity.from_claims`; `ANONYMOUS` is the caller who did not sign in.
    """

    role: Role
    user_id: str | None
    claims_json: str

    @classmethod
    def user(cls, user_id: str | UUID, **claims: Any) -> Self:
        """A signed-in user. ``user_id``: 1-255 printable characters, or a UUID."""
        return cls.from_claims({**claims, "sub": str(user_id) if isinstance(user_id, UUID) else user_id})

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> Self:
        """A signed-in user from the claims of a verified token.

        Raises `IdentityError`: FH202 when ``sub`` is missing, FH201 when it is malformed, when the claims
        are not JSON, or when they name a role other than ``authenticated``.
        """
        if not isinstance(claims, Mapping):
            raise IdentityError(Code.IDENTITY_MALFORMED, "The claims are not a mapping.", hint=_HINT)
        subject = claims.get("sub")
        if subject is None or subject == "":
            raise IdentityError(Code.CLAIMS_MISSING, "The claims have no subject.", detail="missing: sub", hint=_HINT)
        if not isinstance(subject, str) or len(subject) > _LONGEST_SUBJECT or not subject.isprintable():
            raise IdentityError(
                Code.IDENTITY_MALFORMED,
                f"The subject is not 1-{_LONGEST_SUBJECT} printable characters.",
                hint=_HINT,
            )
        if claims.get("role", Role.AUTHENTICATED) != Role.AUTHENTICATED:
            raise IdentityError(
                Code.IDENTITY_MALFORMED,
                "The claims name a role that a user's token cannot have.",
                hint="A user runs as authenticated; trusted work runs in db.as_service(reason=...).",
            )
        try:
            text = json.dumps(
                {**claims, "role": Role.AUTHENTICATED.value}, separators=(",", ":"), allow_nan=False, ensure_ascii=False
            )
            text.encode()
        except (TypeError, ValueError):
            raise IdentityError(Code.IDENTITY_MALFORMED, "The claims are not JSON values.", hint=_HINT) from None
        if "\\u0000" in text:
            raise IdentityError(Code.IDENTITY_MALFORMED, "The claims contain a NUL character.", hint=_HINT)
        return cls(Role.AUTHENTICATED, subject, text)

    @cached_property
    def values(self) -> tuple[bytes, ...]:
        """The values of `SETTINGS`, as they travel: role, claims, subject, email."""
        email = json.loads(self.claims_json).get("email")
        texts = (self.role.value, self.claims_json, self.user_id or "", email if isinstance(email, str) else "")
        return tuple(text.encode() for text in texts)

    @property
    def settings(self) -> tuple[tuple[str, str], ...]:
        """`SETTINGS` with this identity's values."""
        return tuple((name, self.values[place - 1].decode()) for name, place in SETTINGS)

    def __repr__(self) -> str:
        return f"<Identity {self.role.value}>"


ANONYMOUS: Final = Identity(Role.ANON, None, '{"role":"anon"}')
SERVICE: Final = Identity(Role.SERVICE, None, '{"role":"service_role"}')
