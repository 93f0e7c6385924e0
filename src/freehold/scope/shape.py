"""The rows of a statement as the caller wrote them: models, columns, or tuples of both.

A statement that names a model is expanded into the model's columns before it is compiled, so that the place of each
value in a row is known, and so that columns the caller may not read are never asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
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
    """What turns the values of a row into what the caller gets: one thing, or a tuple of several.

    It is a function written for these parts, because it runs for every row: unpacking into an instance's dictionary takes
    a third of the time of a loop. Instances are made as SQLAlchemy loads them, but for their state, which is made when
    something asks for it.
    """
    if len(parts) == 1 and parts[0].mapper is None and processors[parts[0].places[0]] is None:
        return itemgetter(parts[0].places[0])
    known: dict[str, Any] = {"new": object.__new__}
    lines = [f"    {', '.join(f'v{place}' for place in range(len(processors)))}, = values"]
    for number, part in enumerate(parts):
        lines += _part_lines(number, part, processors, known)
    made = ", ".join(f"p{number}" for number in range(len(parts)))
    source = "\n".join(("def make(values):", *lines, f"    return {made}"))
    exec(source, known)  # noqa: S102 - places and attribute names, nothing that a statement holds
    maker: RowMaker = known["make"]
    return maker


def _part_lines(
    number: int, part: Part, processors: Sequence[Processor | None], known: dict[str, Any]
) -> Iterator[str]:
    def value(place: int) -> str:
        if processors[place] is None:
            return f"v{place}"
        known[f"f{place}"] = processors[place]
        return f"f{place}(v{place})"

    if part.mapper is None:
        yield f"    p{number} = {value(part.places[0])}"
        return
    known[f"M{number}"] = part.mapper.class_
    indent = "    "
    if part.present is not None:
        yield f"    p{number} = None"
        yield f"    if v{part.present} is not None:"
        indent = "        "
    yield f"{indent}p{number} = new(M{number})"
    yield f"{indent}d = p{number}.__dict__"
    targets = "".join(f"d[{key!r}], " for key in part.keys)
    yield f"{indent}{targets}= {''.join(f'{value(place)}, ' for place in part.places)}"
