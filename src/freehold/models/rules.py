"""What freehold knows of a table beyond its columns: who owns a row, who may do what, what counts as deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, cast

from sqlalchemy import Column, MetaData, Table, event

from freehold.errors import Code, DeclarationError
from freehold.models.policy import Policy
from freehold.policies import Access, Command

_INFO_KEY: Final = "freehold"
ALL_COMMANDS: Final = frozenset(Command)
NAMING: Final = MappingProxyType(
    {
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


@dataclass(frozen=True)
class ColumnRules:
    """Which commands a caller may name the column in; the service may name it in all.

    ``secret``: nobody can guess its values.
    """

    select: bool = True
    insert: bool = True
    update: bool = True
    secret: bool = False

    def allows(self, command: Command) -> bool:
        """Whether a caller may name the column in ``command``; DELETE names none."""
        return {Command.SELECT: self.select, Command.INSERT: self.insert, Command.UPDATE: self.update}.get(
            command, True
        )


OPEN: Final = ColumnRules()


@dataclass(frozen=True)
class TableRules:
    """The rules of one table.

    ``owner``, ``updated_at`` and ``deleted_at`` are column names. ``commands`` are what an owner may do by the owner policies;
    ``policies`` replace them for the command and role they name, or add to them. ``functions`` give each a
    `DefinerFunction`, once the table is mapped. ``renamed_from`` and ``renamed_columns`` are what the table and its columns were called before.
    """

    owner: str | None = None
    access: Access | None = None
    commands: frozenset[Command] = ALL_COMMANDS
    policies: tuple[Policy, ...] = ()
    columns: Mapping[str, ColumnRules] = field(default_factory=lambda: MappingProxyType({}))
    updated_at: str | None = None
    deleted_at: str | None = None
    functions: tuple[Callable[[], Any], ...] = ()
    renamed_from: str | None = None
    renamed_columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, column: str) -> ColumnRules:
        """The rules of one column; a column without any is open."""
        return self.columns.get(column, OPEN)

    def declared(self, command: Command) -> bool:
        """Whether a policy of the table's own takes the place of the default owner policy of ``command``."""
        return any(policy.command is command and policy.names_authenticated for policy in self.policies)

    def owned(self, command: Command) -> bool:
        """Whether ``command`` can reach the caller's own rows only, so that statements carry the owner filter."""
        wider = (policy for policy in self.policies if policy.names_authenticated and not policy.owned)
        return self.owner is not None and all(policy.command is not command for policy in wider)

    def info(self) -> dict[str, Any]:
        """For ``Table(..., info=...)``."""
        return {_INFO_KEY: self}


def rules_of(table: Table) -> TableRules:
    """The rules of a table; raises `DeclarationError` (FH101) if it declares none."""
    rules = table.info.get(_INFO_KEY)
    if not isinstance(rules, TableRules):
        raise undeclared(table.name)
    return rules


def undeclared(table: str) -> DeclarationError:
    """The error for a table that does not say who may use it."""
    return DeclarationError(
        Code.ACCESS_UNDECLARED,
        f"Table {table!r} declares neither an owner nor an access.",
        detail="Without one of them nobody has decided who may read its rows.",
        hint=(
            "Add one of these lines to the model:\n"
            "    user_id: Col[UUID] = owner()            # each row belongs to one user\n"
            "    __access__ = Access.PUBLIC_READ         # everybody reads, the service writes\n"
            "    __access__ = Access.SERVICE_ONLY        # only the service\n"
            "    __policies__ = (Policy(Command.SELECT, to=Role.AUTHENTICATED, using=lambda t: ...),)"
        ),
    )


def schema(name: str = "public") -> MetaData:
    """A collection of tables, each of which must declare its rules.

    ``name`` is their PostgreSQL schema. It is written in every statement, so that no object of the same name
    earlier in somebody's search path can take a table's place.
    """
    metadata = MetaData(naming_convention=dict(NAMING), schema=name)
    metadata.info[_INFO_KEY] = True
    return metadata


def table_of(model: type[Any]) -> Table:
    """The table of a mapped class."""
    return cast(Table, model.__table__)


def owner_column(table: Table) -> Column[Any] | None:
    """The column that says whose a row is."""
    name = rules_of(table).owner
    return None if name is None else table.c[name]


@event.listens_for(Table, "after_parent_attach")
def _refuse_undeclared(table: Table, parent: MetaData) -> None:
    if parent.info.get(_INFO_KEY):
        rules_of(table)
