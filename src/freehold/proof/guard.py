"""What keeps callers apart or lets them in, each with the SQL that takes it away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from freehold.policies import quote_identifier
from freehold.proof.attack import Attack
from freehold.proof.relation import Relation, Routine

_UNIVERSAL: Final = "PUBLIC"


@dataclass(frozen=True)
class Guard:
    """``admits``: taking it away stops what was allowed; otherwise it lets through what was denied.

    ``behind``: takes away what stands before it, where nothing gets as far as the guard.
    """

    kind: str
    name: str
    removal: str
    admits: bool
    command: str | None = None
    role: str | None = None
    behind: str = ""

    def concerns(self, attack: Attack) -> bool:
        """Whether taking it away could change the outcome of ``attack``."""
        reads = self.command == "SELECT" and (attack.form != "bare" or attack.command == "SELECT")
        of_command = self.command is None or self.command == attack.command or reads
        return of_command and (self.role in (None, _UNIVERSAL) or self.role == attack.session.role)


def guards_of(relation: Relation, callers: Sequence[str]) -> Iterator[Guard]:
    """The policies, privileges, flags and keys of a table."""
    name = relation.full_name
    for policy in relation.policies:
        removal = f"DROP POLICY {quote_identifier(policy.name)} ON {relation.sql}"
        yield Guard("policy", f"{name}.{policy.name}", removal, policy.permissive)
    for grant in relation.grants:
        column = f" ({quote_identifier(grant.column)})" if grant.column else ""
        role = grant.role if grant.role == _UNIVERSAL else quote_identifier(grant.role)
        yield Guard(
            "grant",
            f"{grant.privilege}{f'({grant.column})' if grant.column else ''} on {name} to {grant.role}",
            f"REVOKE {grant.privilege}{column} ON {relation.sql} FROM {role}",
            True,
            grant.privilege,
            grant.role,
        )
    if relation.row_security:
        yield Guard(
            "row security", f"row security of {name}", f"ALTER TABLE {relation.sql} DISABLE ROW LEVEL SECURITY", False
        )
    if relation.forced:
        removal = f"ALTER TABLE {relation.sql} NO FORCE ROW LEVEL SECURITY"
        yield Guard("force", f"FORCE of {name}", removal, False, behind=_for_the_owner(relation))
    for reference in relation.references:
        if len(reference.columns) > 1:
            removal = f"ALTER TABLE {relation.sql} DROP CONSTRAINT {quote_identifier(reference.name)}"
            yield Guard("key", f"{reference.name} of {name}", removal, False, behind=opened(relation, callers))


def opened(relation: Relation, callers: Sequence[str]) -> str:
    """Row security off, and everything granted."""
    who = ", ".join(map(quote_identifier, callers))
    return (
        f"ALTER TABLE {relation.sql} DISABLE ROW LEVEL SECURITY; "
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {relation.sql} TO {who}; "
        f"GRANT USAGE ON SCHEMA {quote_identifier(relation.schema)} TO {who}"
    )


def execution(routine: Routine, role: str) -> Guard:
    """The privilege by which ``role`` calls a declared function."""
    removal = f"REVOKE EXECUTE ON FUNCTION {routine.signature} FROM {quote_identifier(role)}"
    return Guard("grant", f"EXECUTE on {routine.full_name} to {role}", removal, True)


def _for_the_owner(relation: Relation) -> str:
    """Drops the policies that let the table's owner do what declared functions do."""
    names = [policy.name for policy in relation.policies if relation.owner in policy.roles]
    return "; ".join(f"DROP POLICY {quote_identifier(name)} ON {relation.sql}" for name in names)
