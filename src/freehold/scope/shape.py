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

from freehold.encryption import NO_KEY, KeyChain, OwnChain, Place, Stored
from freehold.models import owner_column, rules_of, sealed_in, table_of, unplaced
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
    sealed: tuple[SealedAt, ...] = ()


@dataclass(frozen=True)
class SealedAt:
    """A sealed value in a row: its own place, and those of the owner and the key it is bound to."""

    place: int
    owner: int | None
    row: int
    column: Place


@dataclass(slots=True)
class Opening:
    """What the sealed values of one run are opened with.

    ``begins``: how a stored value under the caller's newest key begins; ``strange`` collects the others, with owners.
    """

    chain: KeyChain | OwnChain | None
    begins: str = NO_KEY
    strange: list[tuple[Any, str]] = field(default_factory=list[tuple[Any, str]])


def parts_of(items: Sequence[Any], columns: Columns, *, everything: bool) -> tuple[Part, ...]:
    """The parts of a row with these items; ``everything`` includes columns that callers may not read."""
    return tuple(_part(item, columns, everything) for item in items)


def _part(item: Any, columns: Columns, everything: bool) -> Part:
    target: Any = inspect(item, raiseerr=False)
    if type(target) not in (AliasedInsp, Mapper):
        return _value(item, columns)
    return _model(target.mapper, item, columns, everything)


def _value(item: Any, columns: Columns) -> Part:
    """A column or expression; beside a sealed column the row it is bound to is asked for."""
    column = sealed_in(item)
    if column is None:
        return Part((columns.place(item),))
    source: Any = getattr(item, "parent", None)
    try:
        table = table_of(source.mapper.class_) if source is not None else item.table
        others = _binding(table, source.entity if source is not None else table.c)
    except (AttributeError, KeyError):
        raise unplaced(column) from None
    place = columns.place(item)
    owner, row = (None if each is None else columns.place(each) for each in others)
    if row is None:
        raise unplaced(column)
    return Part((place,), sealed=(SealedAt(place, owner, row, column),))


def _binding(table: Any, source: Any) -> tuple[Any, Any]:
    """The owner and the key, as ``source`` (an entity, an alias, or columns) has them."""
    owner = owner_column(table)
    key = next((each for each in table.primary_key if each is not owner), owner)
    found = [None if each is None else getattr(source, each.key) for each in (owner, key)]
    return found[0], found[1]


def _model(mapper: Mapper[Any], entity: Any, columns: Columns, everything: bool) -> Part:
    rules = rules_of(table_of(mapper.class_))
    keys = tuple(
        attribute.key for attribute in mapper.column_attrs if everything or rules.of(attribute.columns[0].name).select
    )
    places = tuple(columns.place(getattr(entity, key)) for key in keys)
    present = dict(zip(keys, places, strict=True)).get(mapper.get_property_by_column(mapper.primary_key[-1]).key)
    return Part(places, mapper, keys, present, tuple(_sealed_of(mapper, dict(zip(keys, places, strict=True)))))


def _sealed_of(mapper: Mapper[Any], places: dict[str, int]) -> Iterator[SealedAt]:
    table = table_of(mapper.class_)
    owner = owner_column(table)
    key = next((each for each in table.primary_key if each is not owner), owner)
    for name, place in places.items():
        column = sealed_in(table.c[name])
        if column is not None and key is not None:
            yield SealedAt(place, None if owner is None else places[owner.key], places[key.key], column)


def row_maker(parts: Sequence[Part], processors: Sequence[Processor | None]) -> Callable[[Opening | None], RowMaker]:
    """What gives, for one run, what turns the values of a row into what the caller gets: one thing, or several.

    It is a function written for these parts, because it runs for every row: unpacking into an instance's dictionary takes
    a third of the time of a loop. Instances are made as SQLAlchemy loads them, but for their state, which is made when
    something asks for it.
    """
    sealed = {each.place: each for part in parts for each in part.sealed}
    if len(parts) == 1 and parts[0].mapper is None and not sealed and processors[parts[0].places[0]] is None:
        getter = itemgetter(parts[0].places[0])
        return lambda _: getter
    known: dict[str, Any] = {"new": object.__new__, "Stored": Stored}
    lines = [f"    {', '.join(f'v{place}' for place in range(len(processors)))}, = values"]
    for each in sealed.values():
        lines += _sealed_lines(each, known)
    processors = [None if place in sealed else each for place, each in enumerate(processors)]
    for number, part in enumerate(parts):
        lines += _part_lines(number, part, processors, known)
    made = ", ".join(f"p{number}" for number in range(len(parts)))
    source = "\n".join(("def make(values):", *lines, f"    return {made}"))
    if not sealed:
        exec(source, known)  # noqa: S102 - places and attribute names, nothing that a statement holds
        maker: RowMaker = known["make"]
        return lambda _: maker
    inner = source.replace("\n", "\n    ")
    exec(f"def opened(chain, begins, strange):\n    {inner}\n    return make", known)  # noqa: S102 - the same
    opened = known["opened"]

    def maker_of(opening: Opening | None) -> RowMaker:
        opening = opening or Opening(None)
        run: RowMaker = opened(opening.chain, opening.begins, opening.strange.append)
        return run

    return maker_of


def _sealed_lines(each: SealedAt, known: dict[str, Any]) -> Iterator[str]:
    """The value as `freehold.encryption.loaded` makes it, without the call."""
    known[f"c{each.place}"] = each.column
    text, owner = f"v{each.place}", "''" if each.owner is None else f"v{each.owner}"
    yield f"    if {text} is not None:"
    yield f"        if begins not in {text}: strange(({owner}, {text}))"
    yield "        s = Stored()"
    yield f"        s.text = {text}; s.owner = {owner}; s.row = v{each.row}; s.place = c{each.place}; s.chain = chain"
    yield f"        {text} = s"


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
