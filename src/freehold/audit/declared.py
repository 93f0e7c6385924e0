"""A model's table as rules look at it: what it declares beyond what a catalog shows, and where it stands."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table

from freehold.audit.found import Place
from freehold.audit.source import shown
from freehold.models import Model, rules_of, table_of
from freehold.models.field import Field
from freehold.policies import Command


@dataclass(frozen=True)
class Declared:
    """A table and the class that declares it."""

    name: str
    table: Table
    place: Place | None
    fields: tuple[Field, ...] = ()

    def sealed(self, column: str) -> bool:
        """Whether the values of a column are encrypted before they are stored."""
        kinds = (type(self.table.c[column].type), *(field.type.python for field in self.fields if field.name == column))
        return any("sealed" in str(each).lower() for kind in kinds for each in getattr(kind, "__mro__", (kind,)))

    def closed(self, column: str) -> bool:
        """Whether no caller may name the column in a SELECT."""
        return not rules_of(self.table).of(column).allows(Command.SELECT)


def declared_models() -> tuple[Declared, ...]:
    """Every model that has been imported."""
    return tuple(_declared())


def _declared() -> Iterator[Declared]:
    mappers: Any = Model.registry.mappers
    for mapper in sorted(mappers, key=lambda mapper: str(mapper.class_.__name__)):
        model = cast("type[Model]", mapper.class_)
        table = table_of(model)
        yield Declared(f"{table.schema or 'public'}.{table.name}", table, _place(model), model.__fields__)


def _place(model: type[Model]) -> Place | None:
    try:
        file, (_, line) = inspect.getsourcefile(model), inspect.getsourcelines(model)
    except (OSError, TypeError):
        return None
    return Place(shown(file), line) if file else None
