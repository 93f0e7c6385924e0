"""Everything that keeps the rows of one table apart, in the order it must be applied."""

from __future__ import annotations

from dataclasses import dataclass

from freehold.policies.grant import Grant
from freehold.policies.policy import PolicyText


@dataclass(frozen=True)
class Protection:
    """A table's policies and grants; ``table`` is its quoted, schema-qualified name."""

    table: str
    policies: tuple[PolicyText, ...]
    grants: tuple[Grant, ...]

    def statements(self) -> tuple[str, ...]:
        """DDL: row security is enabled and forced before any grant exists, so there is no open moment."""
        return (
            f"REVOKE ALL ON TABLE {self.table} FROM PUBLIC, anon, authenticated, service_role",
            f"ALTER TABLE {self.table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {self.table} FORCE ROW LEVEL SECURITY",
            *(policy.create_statement() for policy in self.policies),
            *(grant.create_statement() for grant in self.grants),
        )
