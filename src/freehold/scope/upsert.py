"""INSERT that becomes an UPDATE where the row is there already, and says which of the two it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import Column, PrimaryKeyConstraint, Table, UniqueConstraint, and_, bindparam, or_, select
from sqlalchemy.dialects.postgresql import insert

from freehold.errors import Code, StatementError
from freehold.models import Model, owner_column, rules_of, table_of
from freehold.scope.change import owner_value, refuse_other_owner, values_of
from freehold.scope.compiler import CONFINED
from freehold.scope.plan import Prepared
from freehold.typing import Attr

M = TypeVar("M", bound=Model)

Outcome = Literal["inserted", "updated", "unchanged"]


@dataclass(frozen=True)
class Upserted(Generic[M]):
    """The row as the database has it now, and what was done to it."""

    row: M
    outcome: Outcome


@dataclass(frozen=True, repr=False)
class Upsert(Generic[M]):
    """An upsert of one row: ``on`` are the columns that tell whether it is there, ``values`` what it was given."""

    model: type[M]
    on: tuple[str, ...]
    changed: tuple[str, ...]
    values: dict[str, Any]

    @classmethod
    def of(
        cls, row: M, on: Sequence[Attr[Any]], changed: Sequence[Attr[Any]] | None, owner: str | None, *, confined: bool
    ) -> Upsert[M]:
        """The upsert of ``row``; raises `StatementError` (FH203) where ``on`` is no unique key of its table."""
        model, table = type(row), table_of(type(row))
        values = values_of(row)
        column = owner_column(table)
        if column is not None:
            given = values.setdefault(column.key, owner_value(column, owner))
            if confined:
                refuse_other_owner(column, given, owner)
        target = _target(table, column, [attribute.key for attribute in on])
        rules = rules_of(table)
        fixed = {*target, *(each.key for each in table.primary_key), rules.owner}
        chosen = (
            [each.key for each in changed] if changed is not None else [name for name in values if name not in fixed]
        )
        return cls(model, target, tuple(name for name in chosen if rules.of(name).update), values)

    def statements(self) -> tuple[Prepared, Prepared]:
        """The row as it was before, and the change."""
        names = tuple(self.values)
        given = {f"given_{name}": value for name, value in self.values.items()}
        key = {f"given_{name}": self.values[name] for name in self.on}
        return (
            Prepared(("upsert before", self.model, self.on), self._before, key),
            Prepared(("upsert", self.model, names, self.on, self.changed), self._change, given),
        )

    def _before(self) -> Any:
        columns = table_of(self.model).c
        matches = (columns[name] == bindparam(f"given_{name}", type_=columns[name].type) for name in self.on)
        return select(self.model).where(and_(*matches))

    def _change(self) -> Any:
        table, rules = table_of(self.model), rules_of(table_of(self.model))
        given = {name: bindparam(f"given_{name}", type_=table.c[name].type) for name in self.values}
        statement = insert(self.model).values(given).execution_options(**{CONFINED: True})
        if not self.changed:
            return statement.on_conflict_do_nothing(index_elements=list(self.on)).returning(self.model)
        excluded = statement.excluded
        assigned: dict[str, Any] = {name: excluded[name] for name in self.changed}
        differs = [table.c[name].is_distinct_from(excluded[name]) for name in self.changed]
        if rules.deleted_at is not None:
            assigned[rules.deleted_at] = None
            differs.append(table.c[rules.deleted_at].is_not(None))
        return statement.on_conflict_do_update(
            index_elements=list(self.on), set_=assigned, where=or_(*differs)
        ).returning(self.model)

    def outcome(self, before: Sequence[M], after: Sequence[M]) -> Upserted[M] | None:
        """What happened; None where another transaction was quicker, and the row has to be read again."""
        if not after:
            return Upserted(before[0], "unchanged") if before else None
        made = [column.key for column in table_of(self.model).primary_key if column.key not in self.on]
        if made:
            same = all(getattr(after[0], name) == self.values.get(name) for name in made)
            return Upserted(after[0], "inserted" if same else "updated")
        return Upserted(after[0], "updated" if before else "inserted")


def _target(table: Table, owner: Column[Any] | None, on: Sequence[str]) -> tuple[str, ...]:
    """The columns of the unique key that ``on`` names, with or without the owner, which it may leave out."""
    unique = [each for each in table.constraints if isinstance(each, (PrimaryKeyConstraint, UniqueConstraint))]
    keys = [tuple(each.columns.keys()) for each in unique]
    keys += [tuple(index.columns.keys()) for index in table.indexes if index.unique]
    named = {frozenset(on), frozenset({*on, owner.key}) if owner is not None else frozenset(on)}
    for key in keys:
        if frozenset(key) in named:
            return key
    raise StatementError(
        Code.STATEMENT_UNSUPPORTED,
        f"No unique key of {table.name!r} is made of {', '.join(on) or 'no column'}.",
        hint="Name the columns of a unique constraint: upsert(row, on=[Key.provider]).",
    )
