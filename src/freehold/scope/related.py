"""Rows with the rows that belong to them: two statements in one round trip, never one for each row.

The relation is the `belongs_to` column that the child already has; nothing else is declared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, cast, overload

from sqlalchemy import Select, select

from freehold.errors import Code, StatementError
from freehold.models import Model, owner_column, table_of
from freehold.scope.internals import model_of

M = TypeVar("M", bound=Model)
C1 = TypeVar("C1", bound=Model)
C2 = TypeVar("C2", bound=Model)
Ts = TypeVarTuple("Ts")

if TYPE_CHECKING:
    from sqlalchemy.sql.selectable import TypedReturnsRows

    class With(TypedReturnsRows[*Ts]):
        """A statement whose rows come with those that belong to them."""

        def __init__(self, statement: Select[Any], children: Sequence[type[Model]]) -> None: ...
        def statements(self) -> tuple[Any, ...]: ...
        def rows(self, results: Sequence[list[Any]]) -> list[Any]: ...

else:

    class With:
        """A statement whose rows come with those that belong to them."""

        def __init__(self, statement: Select[Any], children: Sequence[type[Model]]) -> None:
            self._statement = statement
            self._parent = _parent_of(statement)
            self._links = [(child, _link(child, self._parent)) for child in children]

        def statements(self) -> tuple[Any, ...]:
            """The parents', and one for each kind of children."""
            key = _key(self._parent)
            keys = self._statement.with_only_columns(getattr(self._parent, key), maintain_column_froms=True)
            children = (
                select(child).where(getattr(child, name).in_(keys)).order_by(*table_of(child).primary_key)
                for child, name in self._links
            )
            return (self._statement, *children)

        def rows(self, results: Sequence[list[Any]]) -> list[Any]:
            """Each parent with lists of its children."""
            parents, *others = results
            key = _key(self._parent)
            grouped = []
            for (_, name), children in zip(self._links, others, strict=True):
                by_parent: dict[Any, list[Any]] = {}
                for child in children:
                    by_parent.setdefault(getattr(child, name), []).append(child)
                grouped.append(by_parent)
            return [(parent, *(each.get(getattr(parent, key), []) for each in grouped)) for parent in parents]


@overload
def with_(statement: Select[M], child: type[C1], /) -> With[M, list[C1]]: ...
@overload
def with_(statement: Select[M], child: type[C1], other: type[C2], /) -> With[M, list[C1], list[C2]]: ...
def with_(statement: Any, /, *children: Any) -> Any:
    """``select(Task)`` with the rows that belong to each: ``(task, messages)``.

    A child is a model with a `belongs_to` column for the parent. Raises `StatementError` (FH213) where it has none, or two.
    """
    return cast(Any, With)(statement, children)


def _parent_of(statement: Any) -> type[Model]:
    entity = model_of(statement)
    if entity is None:
        raise StatementError(
            Code.RELATION_UNKNOWN,
            "Related rows are read with a select() of one model.",
            hint="with_(select(Task), Message)",
        )
    return entity


def _key(model: type[Model]) -> str:
    table = table_of(model)
    owner = owner_column(table)
    others = [column.key for column in table.primary_key if owner is None or column.key != owner.key]
    return str(others[-1]) if others else str(next(iter(table.primary_key)).key)


def _link(child: type[Model], parent: type[Model]) -> str:
    names = [
        field.name for field in child.__fields__ if field.declared.kind == "parent" and field.declared.target is parent
    ]
    if len(names) != 1:
        raise StatementError(
            Code.RELATION_UNKNOWN,
            f"{child.__name__} has {len(names) or 'no'} columns that belong to {parent.__name__}, where one is needed.",
            hint=f"Declare {parent.__name__.lower()}_id: Col[...] = belongs_to({parent.__name__}), or join the two.",
        )
    return names[0]
