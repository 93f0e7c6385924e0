"""CHECKs that list the values of a column, and enum types: a Literal, in a model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.catalog import Fact, Kind, Snapshot
from freehold.pull.call import call, literal
from freehold.pull.expression import Expression, parse
from freehold.pull.kind import SQL_TYPES, ColumnKind, kind_of
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


def enum_types(facts: Snapshot) -> dict[str, tuple[Choices, str]]:
    """The enum types as columns name them: their labels, and the source of their type."""
    found: dict[str, tuple[Choices, str]] = {}
    for fact in facts.of(Kind.ENUM):
        labels = fact.names("labels")
        arguments = [*map(literal, labels), f"name={literal(fact.key[1])}", *_in_schema(fact)]
        found |= dict.fromkeys(spellings(fact), (labels, call("ENUM", arguments, indent=4)))
    return found


def domain_types(facts: Snapshot) -> dict[str, ColumnKind]:
    """The domains as columns name them: the annotation of what they are made of, and the source of their type."""
    found: dict[str, ColumnKind] = {}
    for fact in facts.of(Kind.DOMAIN):
        base = kind_of(fact.text("type"))
        inner = base and (base.sql_type or SQL_TYPES.get(base.annotation))
        if base and inner:
            arguments = [literal(fact.key[1]), inner, *_in_schema(fact, always=True), "create_type=False"]
            kind = ColumnKind(base.annotation, call("DOMAIN", arguments, indent=4))
            found |= dict.fromkeys(spellings(fact), kind)
    return found


def spellings(fact: Fact) -> Iterator[str]:
    """How ``format_type`` may write a type: each part in quotes where it has to be."""
    for schema in (fact.key[0], f'"{fact.key[0]}"'):
        for name in (fact.key[1], f'"{fact.key[1]}"'):
            yield f"{schema}.{name}"


def _in_schema(fact: Fact, *, always: bool = False) -> list[str]:
    return [f"schema={literal(fact.key[0])}"] if always or fact.key[0] != "public" else []


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
