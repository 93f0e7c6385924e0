"""Who a table without an owner is for."""

from __future__ import annotations

from enum import StrEnum


class Access(StrEnum):
    """What a table without an owner allows callers."""

    PUBLIC_READ = "public read"
    """Everybody reads, signed in or not; only the service writes."""

    SERVICE_ONLY = "service only"
    """Callers see nothing of it; only the service reads and writes."""
