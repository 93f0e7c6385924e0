"""A grant: one privilege on one table, on all of its columns or on some."""

from __future__ import annotations

from dataclasses import dataclass

from freehold.identity import Role
from freehold.policies.command import Command
from freehold.policies.quote import quote_identifier


@dataclass(frozen=True)
class Grant:
    """``columns`` None grants the command on the whole table, later columns included."""

    table: str
    command: Command
    role: Role
    columns: tuple[str, ...] | None = None

    def create_statement(self) -> str:
        """GRANT for it."""
        listed = "" if self.columns is None else f" ({', '.join(map(quote_identifier, self.columns))})"
        return f"GRANT {self.command.value}{listed} ON TABLE {self.table} TO {quote_identifier(self.role.value)}"
