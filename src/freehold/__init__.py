"""Declare once who owns a row: PostgreSQL enforces it, the type checker knows it, every query runs as its user.

Everything here is imported when it is first used, so that ``import freehold`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from freehold.actions import Action, UserContext, action
    from freehold.encryption import EnvironmentKeys, FileKeys, KeyProvider, Sealed
    from freehold.errors import FreeholdError
    from freehold.identity import ANONYMOUS, Identity, Role
    from freehold.models import (
        Model,
        Policy,
        belongs_to,
        caller_id,
        claim,
        column,
        created_at,
        deleted_at,
        json,
        owner,
        primary_key,
        schema,
        sealed,
        updated_at,
    )
    from freehold.policies import Access, Command
    from freehold.scope import (
        AnonymousScope,
        Database,
        Limits,
        Metrics,
        Page,
        PoolSize,
        Scope,
        ServiceScope,
        Upserted,
        UserScope,
        append,
        outer,
        query,
        set_,
        tuples,
        with_,
        with_deleted,
    )
    from freehold.settings import Settings
    from freehold.typing import Attr, Col

_PLACES: Final[dict[str, tuple[str, ...]]] = {
    "freehold.actions": ("Action", "UserContext", "action"),
    "freehold.encryption": ("EnvironmentKeys", "FileKeys", "KeyProvider", "Sealed"),
    "freehold.errors": ("FreeholdError",),
    "freehold.identity": ("ANONYMOUS", "Identity", "Role"),
    "freehold.models": (
        "Model",
        "Policy",
        "belongs_to",
        "caller_id",
        "claim",
        "column",
        "created_at",
        "deleted_at",
        "json",
        "owner",
        "primary_key",
        "schema",
        "sealed",
        "updated_at",
    ),
    "freehold.policies": ("Access", "Command"),
    "freehold.scope": (
        "AnonymousScope",
        "Database",
        "Limits",
        "Metrics",
        "Page",
        "PoolSize",
        "Scope",
        "ServiceScope",
        "Upserted",
        "UserScope",
        "append",
        "outer",
        "query",
        "set_",
        "tuples",
        "with_",
        "with_deleted",
    ),
    "freehold.settings": ("Settings",),
    "freehold.typing": ("Attr", "Col"),
}
_PLACE_OF: Final = {name: place for place, names in _PLACES.items() for name in names}

__all__ = [
    "ANONYMOUS",
    "Access",
    "Action",
    "AnonymousScope",
    "Attr",
    "Col",
    "Command",
    "Database",
    "EnvironmentKeys",
    "FileKeys",
    "FreeholdError",
    "Identity",
    "KeyProvider",
    "Limits",
    "Metrics",
    "Model",
    "Page",
    "Policy",
    "PoolSize",
    "Role",
    "Scope",
    "Sealed",
    "ServiceScope",
    "Settings",
    "Upserted",
    "UserContext",
    "UserScope",
    "action",
    "append",
    "belongs_to",
    "caller_id",
    "claim",
    "column",
    "created_at",
    "deleted_at",
    "json",
    "outer",
    "owner",
    "primary_key",
    "query",
    "schema",
    "sealed",
    "set_",
    "tuples",
    "updated_at",
    "with_",
    "with_deleted",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACE_OF:
        raise AttributeError(f"module 'freehold' has no attribute {name!r}")
    value = getattr(import_module(_PLACE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(_PLACE_OF)
