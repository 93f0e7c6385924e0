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
from freehold.models.rules import rules_of


def load_statements(module: str | None) -> tuple[str, ...]:
    """The DDL of every model declared once ``module`` is imported.

    Raises `MigrationError` (FH401) when it cannot be imported or declares no model; a `DeclarationError` of a
    model passes through.
    """
    load(module)
    statements = declared_statements()
    if not statements:
        raise _unimportable(
            f"The module {module!r} declares no model.", "Name the module whose classes derive from Model."
        )
    return statements


def load_tables(module: str | None) -> tuple[Table, ...]:
    """The table of every model declared once ``module`` is imported; raises as `load_statements`."""
    load(module)
    return tuple(dict.fromkeys(table for metadata in _declared() for table in metadata.sorted_tables))


def load(module: str | None) -> None:
    """Imports the module of models; raises `MigrationError` (FH401)."""
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
    except (Exception, SystemExit) as error:  # an exit would be the command's, with a code that means something else
        raise _unimportable(
            f"The module of models {module!r} cannot be imported: {type(error).__name__}: {error}.",
            f"python -c 'import {module}' shows where; run freehold in the folder the import starts from.",
        ) from error
    finally:
        sys.path.pop(0)


def declared_statements() -> tuple[str, ...]:
    """The DDL of every model that is declared in this process."""
    # Two sets of models with sealed columns share the tables of their keys.
    return tuple(dict.fromkeys(statement for metadata in _declared() for statement in schema_statements(metadata)))


def declared_renames() -> tuple[tuple[str, str, str, str | None], ...]:
    """Schema, table, old name and (for a column) its name, of each rename that the models loaded so far declare."""
    found: list[tuple[str, str, str, str | None]] = []
    for metadata in _declared():
        for table in metadata.sorted_tables:
            rules, schema = rules_of(table), table.schema or "public"
            if rules.renamed_from:
                found.append((schema, table.name, rules.renamed_from, None))
            found += [(schema, table.name, old, column) for column, old in rules.renamed_columns.items()]
    return tuple(found)


def declared_tables() -> tuple[Table, ...]:
    """The tables of every model that is declared by now, parents first."""
    return tuple(table for metadata in _declared() for table in metadata.sorted_tables)


def _declared() -> list[MetaData]:
    mappers: Any = Model.registry.mappers
    return list(dict.fromkeys(cast(MetaData, mapper.class_.metadata) for mapper in mappers))


def _unimportable(message: str, hint: str) -> MigrationError:
    return MigrationError(Code.MODELS_UNIMPORTABLE, message, hint=hint)
