"""A model's table as rules look at it: what it declares beyond what a catalog shows, and where it stands."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table

from freehold.audit.found import Place
from freehold.audit.source import shown
from freehold.models import INDEX_SUFFIX, Model, places_of, rules_of, table_of
from freehold.policies import Command


@dataclass(frozen=True)
class Declared:
    """A table and the class that declares it."""

    name: str
    table: Table
    place: Place | None

    def sealed(self, column: str) -> bool:
        """Whether a column holds ciphertext, or the blind index of one that does."""
        places = places_of(self.table)
        return column in {each.column for each in places} | {
            each.column + INDEX_SUFFIX for each in places if each.indexed
        }

    def closed(self, column: str) -> bool:
        """Whether no caller may name the column in a SELECT."""
        return not rules_of(self.table).of(column).allows(Command.SELECT)


def declared_models() -> tuple[Declared, ...]:
    """Every model that has been imported."""
    return tuple(_declared())


def secrets_of(tables: Iterable[Table]) -> Mapping[str, frozenset[str]]:
    """By table that a model declares: the columns whose values nobody can guess."""
    return {
        f"{table.schema or 'public'}.{table.name}": frozenset(
            column.name for column in table.columns if rules_of(table).of(column.name).secret
        )
        for table in tables
    }


def _declared() -> Iterator[Declared]:
    mappers: Any = Model.registry.mappers
    for mapper in sorted(mappers, key=lambda mapper: str(mapper.class_.__name__)):
        model = cast("type[Model]", mapper.class_)
        table = table_of(model)
        yield Declared(f"{table.schema or 'public'}.{table.name}", table, _place(model))


def _place(model: type[Model]) -> Place | None:
    try:
        file, (_, line) = inspect.getsourcefile(model), inspect.getsourcelines(model)
    except (OSError, TypeError):
        return None
    return Place(shown(file), line) if file else None
