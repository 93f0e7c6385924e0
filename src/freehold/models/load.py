"""The models of an application, found by importing the module that declares them."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from sqlalchemy import MetaData, Table

from freehold.errors import Code, FreeholdError, MigrationError
from freehold.models.base import Model
from freehold.models.ddl import schema_statements


def load_statements(module: str | None) -> tuple[str, ...]:
    """The DDL of every model declared once ``module`` is imported.

    Raises `MigrationError` (FH401) when it cannot be imported or declares no model; a `DeclarationError` of a
    model passes through.
    """
    if module is None:
        raise _unimportable(
            "No module of models is named.",
            'Set models = "app.models" under [tool.freehold] in pyproject.toml, or FREEHOLD_MODELS=app.models.',
        )
    sys.path.insert(0, str(Path.cwd()))
    try:
        import_module(module)
    except FreeholdError:
        raise
    except Exception as error:
        raise _unimportable(
            f"The module of models {module!r} cannot be imported: {type(error).__name__}: {error}.",
            f"python -c 'import {module}' shows where; run freehold in the folder the import starts from.",
        ) from error
    finally:
        sys.path.pop(0)
    statements = tuple(statement for metadata in _declared() for statement in schema_statements(metadata))
    if not statements:
        raise _unimportable(
            f"The module {module!r} declares no model.", "Name the module whose classes derive from Model."
        )
    return statements


def declared_tables() -> tuple[Table, ...]:
    """The tables of every model that is declared by now, parents first."""
    return tuple(table for metadata in _declared() for table in metadata.sorted_tables)


def _declared() -> list[MetaData]:
    mappers: Any = Model.registry.mappers
    return list(dict.fromkeys(cast(MetaData, mapper.class_.metadata) for mapper in mappers))


def _unimportable(message: str, hint: str) -> MigrationError:
    return MigrationError(Code.MODELS_UNIMPORTABLE, message, hint=hint)
