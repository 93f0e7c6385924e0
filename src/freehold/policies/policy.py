"""A policy: which rows a role may touch with one command."""

from __future__ import annotations

from dataclasses import dataclass

from freehold.identity import Role
from freehold.policies.command import Command
from freehold.policies.quote import quote_identifier


@dataclass(frozen=True)
class PolicyText:
    """One permissive policy as SQL text: never FOR ALL, never to PUBLIC.

    ``using`` says which existing rows qualify, ``check`` what a written row must satisfy
    (PostgreSQL manual, CREATE POLICY).
    """

    name: str
    table: str
    command: Command
    roles: tuple[Role, ...]
    using: str | None
    check: str | None

    def create_statement(self) -> str:
        """CREATE POLICY for it."""
        lines = [
            f"CREATE POLICY {quote_identifier(self.name)} ON {self.table} AS PERMISSIVE",
            f"FOR {self.command.value} TO {', '.join(quote_identifier(role.value) for role in self.roles)}",
        ]
        if self.using is not None:
            lines.append(f"USING ({self.using})")
        if self.check is not None:
            lines.append(f"WITH CHECK ({self.check})")
        return "\n    ".join(lines)
