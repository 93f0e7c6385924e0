"""Many rows in one statement: INSERT ... SELECT from arrays, a parameter for each column.

PostgreSQL refuses COPY under row security; arrays take about as long. Of the new rows only what the database made comes
back, since the rest is known: the time and the memory of reading it are saved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from json import loads
from typing import Any, Final, cast

from sqlalchemy import Insert, Table, bindparam, func, insert, inspect, select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import UserDefinedType

from freehold.errors import Code, StatementError
from freehold.models import Document, Model, owner_column, rules_of, table_of
from freehold.scope.change import insertion, owner_value, values_of
from freehold.scope.compiler import CONFINED, Reach
from freehold.scope.plan import Prepared
from freehold.wire import array_text

CHUNK: Final = 5000
"""Rows in one statement."""

_DIALECT: Final[Any] = cast(Any, PGDialect_psycopg)()
_NAME: Final = "given"
_OWNER: Final = "given_owner"


class Array(UserDefinedType[Any]):
    """An array of a column's type, which travels as text."""

    cache_ok = True
    render_bind_cast = True

    def __init__(self, item: Any) -> None:
        self.item = item

    def get_col_spec(self, **options: Any) -> str:
        """Its name in a cast."""
        name: str = self.item.compile(dialect=_DIALECT)
        return f"{name}[]"


@dataclass(frozen=True, repr=False)
class Single:
    """A row that travels by itself, because one of its values is an expression, or it has none."""

    row: Model
    owner: str | None
    confined: bool

    def __len__(self) -> int:
        return 1

    def statement(self) -> Insert | Prepared:
        """INSERT of the row."""
        return insertion(self.row, self.owner, confined=self.confined)

    def rows(self, returned: Sequence[Any]) -> list[Model]:
        """The new row."""
        return list(returned)


@dataclass(frozen=True, repr=False)
class Chunk:
    """Rows of one model with values for the same columns; ``owner``: whose they are, where they do not say so."""

    model: type[Model]
    names: tuple[str, ...]
    values: Sequence[dict[str, Any]]
    owner: Any
    everything: bool
    confined: bool

    def __len__(self) -> int:
        return len(self.values)

    @property
    def generated(self) -> tuple[str, ...]:
        """The columns whose values come back: those that the database makes and the caller may read."""
        return tuple(name for name in self._readable() if name not in self.names and name != self._owner_name)

    @property
    def _owner_name(self) -> str | None:
        return None if self.owner is None else rules_of(table_of(self.model)).owner

    def _readable(self) -> Iterator[str]:
        rules = rules_of(table_of(self.model))
        for attribute in inspect(self.model).column_attrs:
            if self.everything or rules.of(attribute.columns[0].name).select:
                yield attribute.key

    def statement(self) -> Prepared:
        """INSERT of all of them."""
        table = table_of(self.model)
        columns = {name: [row[name] for row in self.values] for name in self.names}
        given = {f"given_{name}": _sent(table, name, values) for name, values in columns.items()}
        if self.owner is not None:
            given[_OWNER] = self.owner
        key = ("insert_all", self.model, self.names, self.owner is None, self.generated)
        return Prepared(key, self._build, given)

    def _build(self) -> Any:
        table, model = table_of(self.model), self.model
        arrays = [bindparam(f"given_{name}", type_=Array(table.c[name].type)) for name in self.names]
        rows = func.unnest(*arrays).table_valued(*self.names, name=_NAME).render_derived()
        chosen: list[Any] = [rows.c[name] for name in self.names]
        targets = list(self.names)
        if self._owner_name is not None:
            targets.append(self._owner_name)
            chosen.append(bindparam(_OWNER, type_=table.c[self._owner_name].type))
        statement: Any = insert(model).from_select(targets, select(*chosen), include_defaults=False)
        if self.confined:
            statement = statement.execution_options(**{CONFINED: True})
        generated = [getattr(model, name) for name in self.generated]
        return statement.returning(*generated) if generated else statement

    def rows(self, returned: Sequence[Any]) -> list[Model]:
        """The new rows: what was given, and what came back of each; raises where a trigger kept some out."""
        generated, known = self.generated, [name for name in self._readable() if name in self.names]
        count = len(returned) if generated else len(self.values)
        if count != len(self.values):
            raise StatementError(
                Code.ROW_COUNT,
                f"{len(self.values)} rows were inserted and {count} arrived.",
                hint="A trigger keeps rows out: insert them one by one to see which.",
            )
        wrapped = [returned] if len(generated) == 1 else list(zip(*returned, strict=True)) if generated else []
        columns: dict[str, Sequence[Any]] = dict(zip(generated, wrapped, strict=True))
        columns |= {name: _kept(self.model, name, [row[name] for row in self.values]) for name in known}
        owner = self._owner_name
        if owner is not None:
            columns[owner] = [self.owner] * count
        names, new, made = tuple(columns), object.__new__, list[Model]()
        for values in zip(*columns.values(), strict=True):
            row = new(self.model)
            row.__dict__.update(zip(names, values, strict=True))
            made.append(row)
        return made


def chunks_of(rows: Iterable[Model], owner: str | None, reach: Reach) -> Iterator[Chunk | Single]:
    """The statements that insert ``rows`` in order: those that are alike together, as arrays."""
    confined = reach is Reach.OWNER
    described = ((row, values_of(row)) for row in rows)
    for (model, names, plain), group in groupby(described, key=_likeness):
        column = owner_column(table_of(model))
        named = column is not None and column.key in names
        if not plain or (named and confined):
            yield from (Single(row, owner, confined) for row, _ in group)
            continue
        whose = None if column is None or named else owner_value(column, owner)
        while values := [each for _, each in islice(group, CHUNK)]:
            yield Chunk(model, names, values, whose, reach.closed_columns, confined)


def _likeness(described: tuple[Model, dict[str, Any]]) -> tuple[type[Model], tuple[str, ...], bool]:
    row, values = described
    plain = bool(values)
    for value in values.values():
        if isinstance(value, ClauseElement):
            plain = False
    return type(row), tuple(values), plain


def _sent(table: Table, name: str, values: list[Any]) -> str:
    kind = table.c[name].type
    if isinstance(kind, Document):
        return array_text([None if value is None else kind.encoded(value) for value in values])
    process = kind.dialect_impl(_DIALECT).bind_processor(_DIALECT)
    return array_text(values if process is None else [process(value) for value in values])


def _kept(model: type[Model], name: str, values: list[Any]) -> list[Any]:
    """The values as a statement would read them back; a document's are what its type makes of its JSON."""
    kind = table_of(model).c[name].type
    if not isinstance(kind, Document):
        return values
    stored = (None if value is None else loads(kind.encoded(value)) for value in values)
    return [kind.process_result_value(value, _DIALECT) for value in stored]
