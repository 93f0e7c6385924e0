"""Many rows in one statement: INSERT ... SELECT from arrays, a parameter for each column.

PostgreSQL refuses COPY under row security; arrays take about as long. Of the new rows only what the database made comes
back, since the rest is known: the time and the memory of reading it are saved.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby, islice
from json import loads
from typing import Any, Final, cast

from sqlalchemy import Insert, Table, bindparam, func, insert, inspect, select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import UserDefinedType

from freehold.errors import Code, StatementError
from freehold.models import NEW, Document, Model, owner_column, rules_of, table_of
from freehold.scope.change import insertion, owner_value
from freehold.scope.compiler import CONFINED, Reach
from freehold.scope.plan import Prepared
from freehold.wire import array_text

CHUNK: Final = 5000
"""Rows in one round trip."""

_PIECE: Final = 2500  # of more: small enough that making and reading it hides behind the server's work on the others

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
    members: Sequence[Model]
    owner: Any
    everything: bool
    confined: bool

    def __len__(self) -> int:
        return len(self.members)

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
        given: dict[str, Any] = {f"given_{name}": _sent(table, name, self._column(name)) for name in self.names}
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
        """The rows that were given, with what the database made of them; raises where a trigger kept some out."""
        generated = self.generated
        if generated and len(returned) != len(self.members):
            raise StatementError(
                Code.ROW_COUNT,
                f"{len(self.members)} rows were inserted and {len(returned)} arrived.",
                hint="A trigger keeps rows out: insert them one by one to see which.",
            )
        readable = frozenset(self._readable())
        loaded = [vars(row) for row in self.members]
        for name in (NEW, *(name for name in self.names if name not in readable)):
            for each in loaded:
                each.pop(name, None)
        for name in self.names:
            if (kept := _document(self.model, name)) is not None:
                for each in loaded:
                    each[name] = kept(each[name])
        if self._owner_name is not None:
            for each in loaded:
                each[self._owner_name] = self.owner
        columns = [returned] if len(generated) == 1 else zip(*returned, strict=True)
        for name, values in zip(generated, columns, strict=True):
            for each, value in zip(loaded, values, strict=True):
                each[name] = value
        return list(self.members)

    def _column(self, name: str) -> list[Any]:
        return [row.__dict__[name] for row in self.members]


def chunks_of(rows: Sequence[Model], owner: str | None, reach: Reach) -> Iterator[Chunk | Single]:
    """The statements that insert ``rows`` in order: those that are alike together, as arrays."""
    confined = reach is Reach.OWNER
    size = CHUNK if len(rows) <= CHUNK else _PIECE
    for (model, keys, plain), group in groupby(rows, key=_likeness):
        names = _names(model, keys)
        column = owner_column(table_of(model))
        named = column is not None and column.key in names
        if not plain or not names or (named and confined):
            yield from (Single(row, owner, confined) for row in group)
            continue
        whose = None if column is None or named else owner_value(column, owner)
        while members := list(islice(group, size)):
            yield Chunk(model, names, members, whose, reach.closed_columns, confined)


async def inserted(
    chunks: Iterable[Chunk | Single], run: Callable[[Any], Awaitable[list[list[Any]]]]
) -> AsyncGenerator[list[Model]]:
    """The new rows of each chunk; while the server works on one, the next is made ready and the one before is read."""
    before: Chunk | Single | None = None
    answer: asyncio.Future[list[list[Any]]] | None = None
    try:
        for chunk in chunks:
            statement = chunk.statement()
            returned = [] if answer is None else (await answer)[0]
            answer = asyncio.ensure_future(run(statement))
            await asyncio.sleep(0)  # it is sent
            if before is not None:
                yield before.rows(returned)
            before = chunk
        if before is not None and answer is not None:
            yield before.rows((await answer)[0])
    finally:
        if answer is not None:
            answer.cancel()
            await asyncio.wait([answer])


def _likeness(row: Model) -> tuple[type[Model], tuple[str, ...], bool]:
    """What the rows of one statement have in common: the columns that they were given, none of them as an expression."""
    given = row.__dict__
    return type(row), tuple(given), _plain(tuple(map(type, given.values())))


@lru_cache(maxsize=1024)
def _plain(kinds: tuple[type[Any], ...]) -> bool:
    return not any(issubclass(kind, ClauseElement) for kind in kinds)


@cache
def _names(model: type[Model], keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in table_of(model).columns.keys() if name in keys)  # noqa: SIM118


def _sent(table: Table, name: str, values: list[Any]) -> str:
    kind = table.c[name].type
    if isinstance(kind, Document):
        return array_text([None if value is None else kind.encoded(value) for value in values])
    process = kind.dialect_impl(_DIALECT).bind_processor(_DIALECT)
    return array_text(values if process is None else [process(value) for value in values])


def _document(model: type[Model], name: str) -> Callable[[Any], Any] | None:
    """What a document is read back as: what its type makes of its JSON."""
    kind = table_of(model).c[name].type
    if not isinstance(kind, Document):
        return None
    return lambda value: None if value is None else kind.process_result_value(loads(kind.encoded(value)), _DIALECT)
