"""What a proof has to look at: the tables, and the views and functions that a caller may reach, as the catalog has them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from typing import Any, Final, cast

from freehold.policies import quote_identifier
from freehold.wire import Connection, translated

HOSTED: Final = ("extensions", "graphql", "graphql_public", "realtime", "storage", "supabase_functions", "vault")
"""The schemas that a host such as Supabase keeps for itself."""

OWNER_NAMES: Final = ("user_id", "owner_id", "owner", "account_id", "tenant_id", "created_by")
"""What an owner column is called where no model names it."""


@dataclass(frozen=True)
class Column:
    """``category`` is pg_type's; ``open`` are ``role:COMMAND`` pairs that may name the column."""

    name: str
    type: str
    base: str
    category: str
    labels: tuple[str, ...] = ()
    length: int | None = None
    required: bool = False
    default: bool = False
    written: bool = True
    open: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Uniqueness:
    """A primary key or another unique index."""

    name: str
    columns: tuple[str, ...]
    primary: bool


@dataclass(frozen=True)
class Reference:
    """A foreign key."""

    name: str
    columns: tuple[str, ...]
    target: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Check:
    """A CHECK constraint, of the table or of a column's domain."""

    name: str
    columns: tuple[str, ...]
    definition: str


@dataclass(frozen=True)
class LivePolicy:
    """A policy as it is in the database; ``text`` are both of its expressions. ``roles`` is empty for everybody."""

    name: str
    permissive: bool
    roles: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class LiveGrant:
    """A privilege of a caller's role, on the table or on one column."""

    role: str
    privilege: str
    column: str | None


@dataclass(frozen=True)
class Relation:
    """A table, partition or view."""

    schema: str
    name: str
    kind: str
    relkind: str
    owner: str
    row_security: bool
    forced: bool
    parents: tuple[str, ...]
    columns: tuple[Column, ...]
    deletable: frozenset[str]
    keys: tuple[Uniqueness, ...]
    references: tuple[Reference, ...]
    checks: tuple[Check, ...]
    policies: tuple[LivePolicy, ...]
    grants: tuple[LiveGrant, ...]

    @property
    def full_name(self) -> str:
        """``schema.name``, for people and for reports."""
        return f"{self.schema}.{self.name}"

    @property
    def sql(self) -> str:
        """Its quoted name."""
        return f"{quote_identifier(self.schema)}.{quote_identifier(self.name)}"

    @cached_property
    def column(self) -> dict[str, Column]:
        """Its columns by name."""
        return {column.name: column for column in self.columns}

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The columns that tell its rows apart; every column where it has no key."""
        return self.keys[0].columns if self.keys else tuple(self.column)

    @property
    def guessed_owner(self) -> str | None:
        """The owner column of a table that no model declares: what its policies compare, or what the name says."""
        named = [name for name in OWNER_NAMES if name in self.column]
        texts = [policy.text for policy in self.policies]
        compared = [name for name in self.column if any(re.search(rf"\b{name} = ", text) for text in texts)]
        found = [name for name in compared if name in named] or named or compared
        return next(iter(found), None)

    def open_to(self, role: str, command: str) -> tuple[str, ...]:
        """The columns that ``role`` may name in ``command``."""
        return tuple(column.name for column in self.columns if f"{role}:{command}" in column.open)


@dataclass(frozen=True)
class Routine:
    """A function or procedure; ``arguments`` are those without a default.

    ``signature`` is what GRANT calls it, ``declared`` the signature by which a model declares it.
    """

    schema: str
    name: str
    procedure: bool
    arguments: tuple[Column, ...]
    signature: str
    declared: str | None

    @property
    def full_name(self) -> str:
        """``schema.name(types)``."""
        return f"{self.schema}.{self.name}({', '.join(argument.type for argument in self.arguments)})"

    @property
    def sql(self) -> str:
        """Its quoted name."""
        return f"{quote_identifier(self.schema)}.{quote_identifier(self.name)}"


@dataclass(frozen=True)
class Surface:
    """Everything of one database that a proof looks at."""

    relations: tuple[Relation, ...]
    routines: tuple[Routine, ...]
    by_name: dict[str, Relation] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {relation.full_name: relation for relation in self.relations})

    @property
    def tables(self) -> tuple[Relation, ...]:
        """What holds rows: no views."""
        return tuple(relation for relation in self.relations if relation.kind != "view")

    @property
    def views(self) -> tuple[Relation, ...]:
        """What shows the rows of others."""
        return tuple(relation for relation in self.relations if relation.kind == "view")


def surface(connection: Connection, callers: tuple[str, ...], functions: Iterable[str] = ()) -> Surface:
    """The surface of ``connection``'s database for the roles ``callers``; ``functions``: the signatures of declared ones."""
    parameters = {"callers": list(callers), "hosted": list(HOSTED), "declared": list(functions)}
    relations, routines = (
        [json.loads(str(row[0])) for row in _rows(connection, name, parameters)] for name in ("relation", "function")
    )
    return Surface(tuple(map(_relation, relations)), tuple(map(_routine, routines)))


def _rows(connection: Connection, name: str, parameters: dict[str, Any]) -> list[tuple[object, ...]]:
    sql = files("freehold.proof").joinpath("sql", f"{name}.sql").read_bytes()
    with translated():
        return connection.execute(sql, parameters).fetchall()


def _relation(facts: dict[str, Any]) -> Relation:
    return Relation(
        **{name: facts[name] for name in ("schema", "name", "kind", "relkind", "owner", "row_security", "forced")},
        parents=tuple(facts["parents"]),
        columns=tuple(map(_column, facts["columns"])),
        deletable=frozenset(facts["deletable"]),
        keys=tuple(Uniqueness(each["name"], tuple(each["columns"] or ()), each["primary"]) for each in facts["keys"]),
        references=tuple(
            Reference(each["name"], tuple(each["columns"]), each["target"], tuple(each["targets"]))
            for each in facts["references"]
        ),
        checks=tuple(
            Check(each["name"], tuple(each["columns"]), each["definition"])
            for each in (*facts["checks"], *facts["bounds"])
        ),
        policies=tuple(
            LivePolicy(each["name"], each["permissive"], tuple(each["roles"]), each["text"])
            for each in facts["policies"]
        ),
        grants=tuple(LiveGrant(**each) for each in facts["grants"]),
    )


def _column(facts: dict[str, Any]) -> Column:
    lists: dict[str, Any] = {
        "labels": tuple(facts["labels"]),
        "open": frozenset(cast(list[str], facts.get("open", []))),
    }
    return Column(**{**facts, **lists})


def _routine(facts: dict[str, Any]) -> Routine:
    arguments = tuple(_column({**each, "name": ""}) for each in facts["arguments"])
    names = ("schema", "name", "procedure", "signature", "declared")
    return Routine(arguments=arguments, **{name: facts[name] for name in names})
