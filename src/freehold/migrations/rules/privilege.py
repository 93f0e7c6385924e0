"""ALL, where a list would hold MAINTAIN: PostgreSQL 15 and 16 do not know the word, and every version knows ALL."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

MAINTAIN: Final = "MAINTAIN"
"""What PostgreSQL 17 brought: VACUUM, ANALYZE, REINDEX and the like for others than the owner."""

_TABLE: Final = {"DELETE", "INSERT", MAINTAIN, "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"}


def granted(listed: str, held: AbstractSet[str]) -> str:
    """``ALL`` instead of ``listed`` where a role is to hold everything; columns are granted by name, never with ALL."""
    return "ALL" if _maintains(listed) and held >= _TABLE and "(" not in listed else listed


def revoked(listed: str) -> str:
    """``ALL`` instead of ``listed``; what the role keeps is granted again."""
    return "ALL" if _maintains(listed) else listed


def _maintains(listed: str) -> bool:
    return MAINTAIN in listed.split(", ")
