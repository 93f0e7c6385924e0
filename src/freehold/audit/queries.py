"""What the ``@query`` functions of an application ask for: the columns they compare and sort by."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from freehold.audit.catalog import Catalog
from freehold.audit.found import Place
from freehold.audit.source import Function, Module, literal


@dataclass(frozen=True)
class Use:
    """One query's use of one table: ``filters`` are compared, ``order`` sorted by first."""

    table: str
    function: str
    filters: tuple[str, ...]
    order: tuple[str, ...]
    place: Place

    @property
    def columns(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(dict.fromkeys((*self.filters, *self.order)))


@dataclass(frozen=True)
class Queries:
    """The uses, and the catalog whose indexes should serve them."""

    uses: tuple[Use, ...]
    catalog: Catalog


def uses_of(modules: Sequence[Module]) -> tuple[Use, ...]:
    """The uses in the functions that ``query`` decorates."""
    tables = {name: table for module in modules for name, table in _tables(module)}
    return tuple(
        use
        for module in modules
        for function in module.functions
        if any(module.name_of(d).rpartition(".")[2] == "query" for d in function.decorator_list)
        for use in _uses(module, function, tables)
    )


def _tables(module: Module) -> Iterator[tuple[str, str]]:
    for node in module.nodes:
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.Assign) and [getattr(t, "id", "") for t in line.targets] == ["__tablename__"]:
                    name = literal(line.value)
                    if name:
                        yield node.name, f"public.{name}"


def _uses(module: Module, function: Function, tables: Mapping[str, str]) -> Iterator[Use]:
    filters: dict[str, list[str]] = {}
    order: dict[str, list[str]] = {}
    for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if name in ("where", "filter", "order_by"):
            into = order if name == "order_by" else filters
            for argument in call.args[: 1 if name == "order_by" else None]:
                for model, column in _columns(argument, tables):
                    into.setdefault(model, []).append(column)
    place = Place(module.path, function.lineno)
    for model in dict.fromkeys((*filters, *order)):
        yield Use(tables[model], function.name, tuple(filters.get(model, ())), tuple(order.get(model, ())), place)


def _columns(node: ast.expr, tables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id in tables:
            yield each.value.id, each.attr
