"""How a peer logs in: a value, so that peers need nothing of freehold's to be told."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True, repr=False)
class Where:
    """A login: the directory of the server's socket, a role, its password, and the database."""

    host: str
    user: str
    password: str
    database: str
    port: int = 5432

    def url(self, scheme: str = "postgresql") -> str:
        """The login as a URL."""
        return f"{scheme}://{self.user}:{self.password}@/{self.database}?host={quote(self.host, safe='')}"

    def message(self) -> dict[str, Any]:
        """The login as JSON."""
        return asdict(self)
