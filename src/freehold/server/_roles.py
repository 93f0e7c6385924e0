"""The roles of ``security.md`` as values, and the statements that turn what a server has into them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from freehold.identity import Role
from freehold.policies.quote import quote_identifier

ATTRIBUTES: Final = ("LOGIN", "INHERIT", "SUPERUSER", "CREATEDB", "CREATEROLE", "BYPASSRLS", "REPLICATION")
# What would let a caller step around row security, or make someone who can.
_DANGEROUS: Final = frozenset({"LOGIN", "SUPERUSER", "CREATEROLE", "BYPASSRLS", "REPLICATION"})


@dataclass(frozen=True)
class RoleNames:
    """The three login roles of an application."""

    app: str
    service: str
    owner: str

    @classmethod
    def of(cls, app: str) -> RoleNames:
        return cls(app, f"{app}_service", f"{app}_owner")


@dataclass(frozen=True)
class Membership:
    """A role granted to another; ``inherit`` and ``settable`` are the grant's own from PostgreSQL 16 on."""

    role: str
    admin: bool
    inherit: bool
    settable: bool
    grantor: str

    @property
    def plain(self) -> bool:
        """Whether it lets the member become the role with SET ROLE, and nothing else."""
        return self.settable and not self.inherit and not self.admin


@dataclass(frozen=True)
class RoleFact:
    """What a server says of a role: ``escapes`` are superusers and BYPASSRLS roles that it may become."""

    name: str
    attributes: frozenset[str]
    memberships: tuple[Membership, ...] = ()
    escapes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Wanted:
    name: str
    attributes: frozenset[str]
    member_of: tuple[str, ...] = ()


_SHARED: Final = (
    _Wanted(Role.ANON.value, frozenset()),
    _Wanted(Role.AUTHENTICATED.value, frozenset()),
    _Wanted(Role.SERVICE.value, frozenset({"BYPASSRLS"})),
)


def _logins(names: RoleNames) -> tuple[_Wanted, ...]:
    return (
        _Wanted(names.app, frozenset({"LOGIN"}), (Role.ANON.value, Role.AUTHENTICATED.value)),
        _Wanted(names.service, frozenset({"LOGIN"}), (Role.SERVICE.value,)),
        _Wanted(names.owner, frozenset({"LOGIN", "INHERIT"})),
    )


def role_statements(names: RoleNames, facts: Mapping[str, RoleFact], major: int) -> tuple[str, ...]:
    """The statements that make the roles: shared ones are only created, the application's also repaired.

    Only what differs is altered: naming an attribute at all can need a superuser (manual, ALTER ROLE).
    """
    shared = (_create(each) for each in _SHARED if each.name not in facts)
    ours = (line for each in _logins(names) for line in _settle(each, facts.get(each.name), major))
    return (*shared, *ours)


def refusals(facts: Mapping[str, RoleFact]) -> tuple[str, ...]:
    """The SQL that would make existing shared roles safe to run callers' statements; empty when they are."""
    return tuple(line for each in _SHARED if each.name in facts for line in _refuse(each, facts[each.name]))


def _refuse(wanted: _Wanted, fact: RoleFact) -> Sequence[str]:
    wrong = (fact.attributes & _DANGEROUS) ^ wanted.attributes
    lines = [_alter(fact.name, wrong, wanted.attributes)] if wrong else []
    if "BYPASSRLS" in wanted.attributes:
        return lines
    return [*lines, *(f"REVOKE {quote_identifier(each)} FROM {quote_identifier(fact.name)};" for each in fact.escapes)]


def _settle(wanted: _Wanted, fact: RoleFact | None, major: int) -> Sequence[str]:
    if fact is None:
        return [_create(wanted), *(_grant(role, wanted.name, major) for role in wanted.member_of)]
    wrong = fact.attributes ^ wanted.attributes
    kept = {each.role for each in fact.memberships if each.role in wanted.member_of and each.plain}
    surplus = [each for each in fact.memberships if each.role not in kept or not each.plain]
    return [
        *([_alter(wanted.name, wrong, wanted.attributes)] if wrong else []),
        *(_revoke(each, wanted.name, major) for each in surplus),
        *(_grant(role, wanted.name, major) for role in wanted.member_of if role not in kept),
    ]


def _create(wanted: _Wanted) -> str:
    return f"CREATE ROLE {quote_identifier(wanted.name)} {_spelled(ATTRIBUTES, wanted.attributes)};"


def _alter(name: str, wrong: frozenset[str], wanted: frozenset[str]) -> str:
    return f"ALTER ROLE {quote_identifier(name)} {_spelled([each for each in ATTRIBUTES if each in wrong], wanted)};"


def _spelled(attributes: Sequence[str], wanted: frozenset[str]) -> str:
    return " ".join(each if each in wanted else f"NO{each}" for each in attributes)


def _grant(role: str, member: str, major: int) -> str:
    options = " WITH ADMIN FALSE, INHERIT FALSE, SET TRUE" if major >= 16 else ""
    return f"GRANT {quote_identifier(role)} TO {quote_identifier(member)}{options};"


def _revoke(membership: Membership, member: str, major: int) -> str:
    grantor = f" GRANTED BY {quote_identifier(membership.grantor)}" if major >= 16 else ""
    return f"REVOKE {quote_identifier(membership.role)} FROM {quote_identifier(member)}{grantor} CASCADE;"
