"""The constructor of a model: it takes the columns by name, and fills in what a new row is given by its maker.

The values go straight into the instance, without SQLAlchemy's bookkeeping, which `LazyState` makes when something asks for
it: a row that is made to be inserted by a scope never needs it, and it costs three times as much as everything else.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.orm import class_mapper

from freehold.models.column import REQUIRED
from freehold.models.field import Field

NEW: Final = "_freehold_new"
"""Marks an instance that was constructed, not loaded, until its state is made."""


class Construction:
    """What the constructor of one model takes and fills in."""

    def __init__(self, fields: tuple[Field, ...]) -> None:
        self._configured = False
        self.taken = frozenset(field.name for field in fields if field.declared.init)
        self.required = tuple(field.name for field in fields if field.declared.required and field.declared.rules.insert)
        filled = [field for field in fields if field.declared.rules.insert]
        self.factories = tuple(
            (field.name, factory) for field in filled if (factory := field.client_default()) is not None
        )
        self.constants = {NEW: True} | {
            field.name: field.declared.default
            for field in filled
            if field.client_default() is None and field.declared.default is not REQUIRED
        }

    def fill(self, instance: Any, values: dict[str, Any]) -> None:
        """Gives ``instance`` its values; raises TypeError for a column that is missing or that there is not."""
        if not self._configured:
            class_mapper(instance.__class__)  # SQLAlchemy finishes its mappings when they are first asked for
            self._configured = True
        if not self.taken.issuperset(values):
            unknown = next(column for column in values if column not in self.taken)
            raise TypeError(f"{type(instance).__name__}() has no column {unknown!r} to set")
        for column in self.required:
            if column not in values:
                raise TypeError(f"{type(instance).__name__}() is missing the column {column!r}")
        loaded = instance.__dict__
        loaded.update(self.constants)
        for column, factory in self.factories:
            if column not in values:
                loaded[column] = factory()
        loaded.update(values)
