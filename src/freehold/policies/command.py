"""The four commands that row level security distinguishes."""

from __future__ import annotations

from enum import StrEnum


class Command(StrEnum):
    """A command, as CREATE POLICY and GRANT spell it."""

    SELECT = "SELECT"
    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"

    @property
    def reads_rows(self) -> bool:
        """Whether a policy for it has a USING expression: which existing rows it may touch."""
        return self is not Command.INSERT

    @property
    def writes_rows(self) -> bool:
        """Whether a policy for it has a WITH CHECK expression: what a new row may be."""
        return self in (Command.INSERT, Command.UPDATE)
