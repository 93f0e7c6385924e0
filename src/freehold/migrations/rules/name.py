"""Names of objects and roles, as the statements of a plan spell them."""

from __future__ import annotations

from freehold.catalog import OWNER, Kind
from freehold.migrations.context import Context
from freehold.policies import quote_identifier

_API_ROLES = ("public", "anon", "authenticated", "service_role")


def qualified(*names: str) -> str:
    """``"schema"."table"``."""
    return ".".join(map(quote_identifier, names))


def role(name: str) -> str:
    """A role. Migrations run as the owner, who is therefore the current user."""
    if name == "public":
        return "PUBLIC"
    return "CURRENT_USER" if name == OWNER else quote_identifier(name)


def columns(names: tuple[str, ...]) -> str:
    """``("a", "b")``."""
    return f"({', '.join(map(quote_identifier, names))})"


def revoke_defaults(target: str, objects: str, context: Context) -> str:
    """Takes from everybody what a new object is granted by default: what is meant is granted at the end.

    ``objects`` is the class of ALTER DEFAULT PRIVILEGES the object is in, like ``TABLES``.
    """
    facts = (*context.before.of(Kind.DEFAULT_PRIVILEGE), *context.after.of(Kind.DEFAULT_PRIVILEGE))
    others = {fact.key[3] for fact in facts if fact.key[2] == objects} - {*_API_ROLES, OWNER}
    return f"REVOKE ALL ON {target} FROM {', '.join(map(role, (*_API_ROLES, *sorted(others))))}"
