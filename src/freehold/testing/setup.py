"""What a project's tests run against: its settings, read once, and the tables that its revisions or models make."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy import Table

from freehold.errors import Code, ConfigurationError
from freehold.migrations import migrate
from freehold.models.load import declared_tables, load_statements
from freehold.settings import Settings
from freehold.wire import connect, narrated

_SOURCES = ("revisions", "models")


@dataclass(frozen=True)
class Setup:
    """``source`` says whether the tables come from the revisions in ``migrations`` or from the models' DDL."""

    app: str
    statements: tuple[str, ...]
    migrations: Path
    source: str

    @classmethod
    def of(cls, root: Path, models: str | None, migrations: str | None, source: str | None) -> Self:
        """From pytest's options, and ``[tool.freehold]`` or the environment where they say nothing.

        The revisions are used where there are any. Raises `ConfigurationError` (FH813) for an unknown source,
        `MigrationError` (FH401) where there are no models.
        """
        settings = Settings.load()
        statements = load_statements(models or settings.models)
        directory = root / (migrations or settings.migrations)
        chosen = source or ("revisions" if (directory / "versions").is_dir() else "models")
        if chosen not in _SOURCES:
            raise ConfigurationError(
                Code.TESTING_UNDECLARED,
                f"freehold_schema is {chosen!r}.",
                hint="Set it to revisions or to models in pytest's configuration, or leave it out.",
            )
        return cls(settings.app, statements, directory, chosen)

    def fill(self, owner_dsn: str) -> None:
        """Makes the tables in a new database."""
        if self.source == "revisions":
            migrate(owner_dsn, self.migrations)
            return
        with connect(owner_dsn) as owner, narrated():
            for statement in self.statements:
                owner.execute(statement.encode())

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables of the models."""
        return declared_tables()
