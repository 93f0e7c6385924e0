"""AU604: a @query filters or sorts by columns that no index helps with."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Table
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.queries import Queries, Use
from freehold.audit.rule import Example, Rule
from freehold.policies import quote_identifier


def _check(queries: Queries) -> Iterator[Found]:
    for use in queries.uses:
        table = queries.catalog.by_name.get(use.table)
        if table is not None and use.columns and not _served(table, use):
            columns = [*([table.owner] if table.owner else []), *dict.fromkeys((*use.filters, *use.order))]
            listed = ", ".join(quote_identifier(name) for name in columns)
            yield Found(
                f"{table.name}.{use.function}",
                f"{use.function} looks for {' and '.join(use.columns)} in {table.name}, and no index has that behind the owner.",
                Fix((f"CREATE INDEX ON {table.sql} ({listed})",), python=_model(columns), mechanical=True),
                key=",".join(use.columns),
                place=use.place,
            )


def _served(table: Table, use: Use) -> bool:
    """Whether an index has a column of the query first, or right behind the owner."""
    wanted = set(use.columns)
    for index in table.indexes:
        columns = (
            [name for name in index.columns if name != table.owner]
            if index.columns[:1] == (table.owner,)
            else list(index.columns)
        )
        if index.valid and columns[:1] and (columns[0] in wanted or (columns[0] == "" and index.columns)):
            return True
    return False


def _model(columns: list[str]) -> str:
    return "# in the model\n__table_args__ = (Index(None, " + ", ".join(f'"{name}"' for name in columns) + "),)"


RULE = Rule(
    id="AU604",
    title="A query has no index",
    severity=Severity.WARNING,
    why="The owner's index finds a user's rows; a query that then filters by status or sorts by created_at reads all of "
    "them, and the user with the most rows waits longest.",
    remedy="Add an index that begins with the owner and goes on with what the query compares, then what it sorts by.",
    about=Queries,
    check=_check,
    example=Example(
        'from freehold import query\n\n\nclass Note(Model):\n    __tablename__ = "notes"\n\n\n@query\n'
        "def recent(title: str):\n    return select(Note).where(Note.title == title).order_by(Note.created_at.desc())\n",
        'from freehold import query\n\n\nclass Note(Model):\n    __tablename__ = "notes"\n\n\n@query\n'
        "def one(id: UUID):\n    return select(Note).where(Note.id == id)\n",
    ),
)
