"""What a revision file calls: the SQL beside it, run through Alembic's own operations, online and offline."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from alembic import op
from sqlalchemy import DDL

from freehold.migrations.script import parse


def execute_beside(file: str, direction: Literal["up", "down"]) -> None:
    """Executes the statements of ``<file>.<direction>.sql``."""
    script = parse(Path(file).with_suffix(f".{direction}.sql").read_text(encoding="utf-8"))
    for statement in script.statements:
        # Not text(), which would take ":name" for a parameter.
        op.execute(DDL(statement.replace("%", "%%")))  # type: ignore[no-untyped-call]
