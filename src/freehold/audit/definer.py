"""What models let run with the rights of the tables' owner: functions, who may execute each, and the policies they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Table

from freehold.catalog import Fact, Key, Kind, Snapshot
from freehold.models import DefinerFunction, functions_of
from freehold.models.function import opened_tables, owner_policy_name


@dataclass(frozen=True)
class Definers:
    """``functions``: the role that may execute each, by its facts, so that another body is another function."""

    functions: Mapping[Fact, str] = field(default_factory=dict[Fact, str])
    policies: frozenset[Fact] = frozenset()

    @classmethod
    def of(cls, tables: Iterable[Table], snapshot: Snapshot) -> Definers:
        """Those that the models of ``tables`` declare; ``snapshot`` is what the models make of an empty database."""
        known = tuple(tables)
        functions = [function for table in known for function in functions_of(table)]
        facts = {fact: function.to.value for function in functions for fact in _facts(function, snapshot)}
        return cls(facts, frozenset(_policies(known, snapshot)))

    def executor(self, snapshot: Snapshot, key: Key) -> str | None:
        """The role that is meant to execute a function; None for one that no model declares as it is."""
        fact = snapshot.get((Kind.FUNCTION, key))
        return None if fact is None else self.functions.get(fact)

    def opens(self, snapshot: Snapshot, key: Key) -> bool:
        """Whether a policy is one that the models' functions need."""
        return snapshot.get((Kind.POLICY, key)) in self.policies


def _facts(function: DefinerFunction, snapshot: Snapshot) -> Iterator[Fact]:
    for fact in snapshot.of(Kind.FUNCTION, function.schema, function.name):
        if function.body.strip() in fact.text("definition"):
            yield fact


def _policies(tables: Iterable[Table], snapshot: Snapshot) -> Iterator[Fact]:
    for table, command in opened_tables(tables):
        fact = snapshot.get((Kind.POLICY, (table.schema or "public", table.name, owner_policy_name(table, command))))
        if fact is not None:
            yield fact
