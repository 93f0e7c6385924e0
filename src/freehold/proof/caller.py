"""Who tries: the owner of the rows attacked, somebody else, and those who have no claims or forged ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from freehold.identity import ANONYMOUS, SETTINGS, Identity, Role
from freehold.policies import quote_literal

ALICE: Final = "a11ce000-0000-4000-8000-00000000a11c"
"""Whose rows are attacked."""
BOB: Final = "b0b00000-0000-4000-8000-0000000000b0"
"""Who attacks."""
USERS: Final = {"alice": ALICE, "bob": BOB}


class Caller(StrEnum):
    """The callers of the matrix."""

    OWNER = "owner"
    OTHER = "other"
    ANON = "anon"
    NONE = "none"
    """No claims: nothing set at all, the role without claims, and the tables' owner, whom FORCE is for."""
    FORGED = "forged"
    """Somebody else, whose claims name the owner wherever a user can have them written, and a service role."""


@dataclass(frozen=True)
class Session:
    """One way of being a caller: what is set in the transaction. ``user`` is whose rows are the caller's own.

    ``role`` None is the login role itself. ``as_owner``: the statement runs as the role that owns the tables, as in
    a function of its with SECURITY DEFINER.
    """

    caller: Caller
    name: str
    role: str | None
    user: str | None = None
    settings: tuple[tuple[str, str], ...] = ()
    as_owner: bool = False

    @property
    def statement(self) -> str:
        """What makes the transaction this session."""
        if not self.settings:
            return ""
        calls = (f"pg_catalog.set_config('{name}', {quote_literal(value)}, true)" for name, value in self.settings)
        return f"SELECT {', '.join(calls)}"


def _forged() -> tuple[tuple[str, str], ...]:
    victim = {"sub": ALICE, "user_id": ALICE, "id": ALICE, "role": "service_role", "is_admin": True, "admin": True}
    claims: dict[str, Any] = {**victim, "sub": BOB, "user_metadata": victim, "raw_user_meta_data": victim}
    values = {
        "role": Role.AUTHENTICATED.value,
        "request.jwt.claims": json.dumps(claims),
        "request.jwt.claim": json.dumps(claims),
        "request.jwt.claim.sub": BOB,
        "request.jwt.claim.email": "alice@example.org",
        "request.jwt.claim.role": "service_role",
    }
    return tuple((name, values[name]) for name, _ in SETTINGS)


_SIGNED_IN: Final = Role.AUTHENTICATED.value
SESSIONS: Final = (
    Session(Caller.OWNER, "owner", _SIGNED_IN, "alice", Identity.user(ALICE).settings),
    Session(Caller.OTHER, "other", _SIGNED_IN, "bob", Identity.user(BOB).settings),
    Session(Caller.ANON, "anon", Role.ANON.value, None, ANONYMOUS.settings),
    Session(Caller.NONE, "nothing set", None),
    Session(Caller.NONE, "signed in without claims", _SIGNED_IN, None, (("role", _SIGNED_IN),)),
    Session(Caller.NONE, "the tables' owner", None, None, (), as_owner=True),
    Session(Caller.FORGED, "forged", _SIGNED_IN, "bob", _forged()),
)
