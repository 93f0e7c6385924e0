"""Cookies that hold credentials: for this host alone, out of reach of scripts, and not sent by other sites' posts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Self


@dataclass(frozen=True)
class Cookie:
    """A cookie as it is set (RFC 6265bis); without a value it is taken away."""

    name: str
    secure: bool
    value: str = field(default="", repr=False)
    max_age: int = 0

    @classmethod
    def of_host(cls, name: str, *, secure: bool) -> Self:
        """An empty cookie. Where it is Secure its name says ``__Host-``: then no subdomain and no plain HTTP can set it."""
        return cls(f"__Host-{name}" if secure else f"freehold_{name}", secure)

    def holding(self, value: str, age: timedelta) -> Self:
        """The same cookie with a value, for ``age`` from now."""
        return replace(self, value=value, max_age=int(age.total_seconds()))

    @property
    def header(self) -> str:
        """What follows ``Set-Cookie:``."""
        parts = [f"{self.name}={self.value}", f"Max-Age={self.max_age}", "Path=/", "HttpOnly", "SameSite=Lax"]
        return "; ".join([*parts, *(["Secure"] if self.secure else [])])
