"""CHECKs that list the values of a column, and enum types: a Literal, in a model."""

from __future__ import annotations

import re
from typing import Final

from freehold.catalog import Fact, Kind, Snapshot
from freehold.pull.call import call, literal
from freehold.pull.expression import Expression, parse
from freehold.pull.table import Table

_CHECK: Final = re.compile(r"CHECK \((.*)\)", re.DOTALL)

Choices = tuple[str | int, ...]


def choices_of(table: Table) -> dict[str, tuple[Choices, Fact]]:
    """The values of those columns that a CHECK lists, with that CHECK; the first one of a column counts."""
    found: dict[str, tuple[Choices, Fact]] = {}
    for fact in table.constraints("check"):
        parsed = parse(condition(fact))
        listed = None if parsed is None else _listed(parsed)
        if listed and fact.flag("validated") and listed[0] not in found and _fits(table, *listed):
            found[listed[0]] = (listed[1], fact)
    return found


def condition(fact: Fact) -> str:
    """What a CHECK checks."""
    found = _CHECK.match(fact.text("definition"))
    return found[1] if found else ""


def annotation(values: Choices) -> str:
    """``Literal[...]`` of the values."""
    return f"Literal[{', '.join(literal(value) if isinstance(value, str) else str(value) for value in values)}]"


def enum_types(facts: Snapshot, schema: str) -> dict[str, tuple[Choices, str]]:
    """The enum types as columns name them: their labels, and the source of their type."""
    found: dict[str, tuple[Choices, str]] = {}
    for fact in facts.of(Kind.ENUM, schema):
        labels = fact.names("labels")
        source = call("ENUM", [*map(literal, labels), f"name={literal(fact.key[1])}"], indent=4)
        for name in (fact.key[1], f'"{fact.key[1]}"'):
            found[f"{schema}.{name}"] = (labels, source)
    return found


def _listed(expression: Expression) -> tuple[str, Choices] | None:
    if expression.kind == "in":
        column, values = expression.items[0], expression.items[1].values
    elif expression.kind == "compare" and expression.name == "==":
        column = expression.items[0]
        values = Expression("list", items=expression.items[1:]).values
    else:
        return None
    return (column.name, values) if column.kind == "column" and values else None


def _fits(table: Table, column: str, values: Choices) -> bool:
    """All of one Python type, which is that of the column."""
    fact = table.columns.get(column)
    if fact is None:
        return False
    sql_type = fact.text("type")
    wanted = str if sql_type == "text" or sql_type.startswith("character varying") else int
    return all(type(value) is wanted for value in values) and sql_type != "boolean"
