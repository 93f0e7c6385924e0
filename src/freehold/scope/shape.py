"""The rows of a statement as the caller wrote them: models, columns, or tuples of both.

A statement that names a model is expanded into the model's columns before it is compiled, so that the place of each
value in a row is known, and so that columns the caller may not read are never asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Mapper
from sqlalchemy.orm.util import AliasedInsp

from freehold.models import rules_of, table_of
from freehold.scope.internals import Processor

RowMaker = Callable[[Sequence[Any]], Any]


@dataclass
class Columns:
    """The columns a statement asks for, each once."""

    elements: list[Any] = field(default_factory=list[Any])
    _places: dict[int, int] = field(default_factory=dict[int, int])

    def place(self, element: Any) -> int:
        """Where ``element`` stands in a row; it is added if it is new."""
        if id(element) not in self._places:
            self._places[id(element)] = len(self.elements)
            self.elements.append(element)
        return self._places[id(element)]


@dataclass(frozen=True)
class Part:
    """One item of a row: a value, or a model's columns.

    ``present``: the place of a column that is never NULL in a row of the model, so that the outer side of a join
    without a match is told from a row.
    """

    places: tuple[int, ...]
    mapper: Mapper[Any] | None = None
    keys: tuple[str, ...] = ()
    present: int | None = None


def parts_of(items: Sequence[Any], columns: Columns, *, everything: bool) -> tuple[Part, ...]:
    """The parts of a row with these items; ``everything`` includes columns that callers may not read."""
    return tuple(_part(item, columns, everything) for item in items)


def _part(item: Any, columns: Columns, everything: bool) -> Part:
    target: Any = inspect(item, raiseerr=False)
    if type(target) not in (AliasedInsp, Mapper):
        return Part((columns.place(item),))
    return _model(target.mapper, item, columns, everything)


def _model(mapper: Mapper[Any], entity: Any, columns: Columns, everything: bool) -> Part:
    rules = rules_of(table_of(mapper.class_))
    keys = tuple(
        attribute.key for attribute in mapper.column_attrs if everything or rules.of(attribute.columns[0].name).select
    )
    places = tuple(columns.place(getattr(entity, key)) for key in keys)
    present = dict(zip(keys, places, strict=True)).get(mapper.get_property_by_column(mapper.primary_key[-1]).key)
    return Part(places, mapper, keys, present)


def row_maker(parts: Sequence[Part], processors: Sequence[Processor | None]) -> RowMaker:
    """What turns the values of a row into what the caller gets: one thing, or a tuple of several."""
    makers = [_maker(part, processors) for part in parts]
    if len(makers) == 1:
        return makers[0]
    return lambda values: tuple(make(values) for make in makers)


def _maker(part: Part, processors: Sequence[Processor | None]) -> RowMaker:
    if part.mapper is None:
        (place,) = part.places
        process = processors[place]
        if process is None:
            return lambda values: values[place]
        return lambda values: process(values[place])
    return _model_maker(part, part.mapper, processors)


def _model_maker(part: Part, mapper: Mapper[Any], processors: Sequence[Processor | None]) -> RowMaker:
    """Instances as SQLAlchemy loads them, but for their state, which is made when something asks for it."""
    model, new = mapper.class_, object.__new__
    pairs = tuple(zip(part.keys, part.places, strict=True))
    processed = tuple((key, process) for key, place in pairs if (process := processors[place]) is not None)
    present = part.present
    keys, whole = part.keys, part.places == tuple(range(len(processors)))

    def make(values: Sequence[Any]) -> Any:
        if present is not None and values[present] is None:
            return None
        instance = new(model)
        loaded = instance.__dict__
        if whole:
            loaded.update(zip(keys, values, strict=True))
        else:
            for key, place in pairs:
                loaded[key] = values[place]
        for key, process in processed:
            loaded[key] = process(loaded[key])
        return instance

    return make
