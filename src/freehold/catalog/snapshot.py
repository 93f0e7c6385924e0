"""A snapshot: the facts of one database at one moment, sorted, immutable, and the same text for the same schema."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from freehold.catalog.fact import Fact, Key, Kind


class Snapshot(Mapping[tuple[Kind, Key], Fact]):
    """Facts by kind and key, in that order; two are equal when the facts are."""

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self._facts = {fact.identity: fact for fact in sorted(facts, key=lambda fact: fact.identity)}

    def __getitem__(self, identity: tuple[Kind, Key]) -> Fact:
        return self._facts[identity]

    def __iter__(self) -> Iterator[tuple[Kind, Key]]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)

    def __repr__(self) -> str:
        return f"<Snapshot of {len(self)} facts, {self.hash[:12]}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Snapshot) and self._facts == other._facts

    def __hash__(self) -> int:
        return hash(self.hash)

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All of them, sorted."""
        return tuple(self._facts.values())

    def of(self, kind: Kind, *prefix: str) -> tuple[Fact, ...]:
        """The facts of one kind whose key begins with ``prefix``: a table's columns, say."""
        return self._children.get((kind, prefix), ())

    @cached_property
    def _children(self) -> Mapping[tuple[Kind, Key], tuple[Fact, ...]]:
        found: dict[tuple[Kind, Key], list[Fact]] = {}
        for fact in self._facts.values():
            for length in range(len(fact.key)):
                found.setdefault((fact.kind, fact.key[:length]), []).append(fact)
        return {prefix: tuple(facts) for prefix, facts in found.items()}

    @property
    def schemas(self) -> tuple[str, ...]:
        """The names of the schemas in it."""
        return tuple(fact.key[0] for fact in self.of(Kind.SCHEMA))

    @cached_property
    def hash(self) -> str:
        """SHA-256 over what is compared, in hexadecimal: equal for equal schemas."""
        lines = [[fact.kind, fact.key, fact.attributes] for fact in self._facts.values()]
        return hashlib.sha256(json.dumps(lines, separators=(",", ":")).encode()).hexdigest()

    def to_json(self) -> str:
        """JSON, one line for each fact, so that a difference between two files can be read."""
        return "[\n" + ",\n".join(_line(fact) for fact in self._facts.values()) + "\n]\n"

    @classmethod
    def from_json(cls, text: str) -> Snapshot:
        """The snapshot that `to_json` wrote. Raises ValueError, KeyError or TypeError when it did not."""
        rows: list[dict[str, Any]] = json.loads(text)
        return cls(
            Fact.of(Kind(row["kind"]), row["key"], row["attributes"], row.get("rank", 0), row.get("requires", ()))
            for row in rows
        )


def _line(fact: Fact) -> str:
    row: dict[str, object] = {"kind": fact.kind, "key": fact.key, "attributes": dict(fact.attributes)}
    if fact.rank:
        row["rank"] = fact.rank
    if fact.requires:
        row["requires"] = fact.requires
    return json.dumps(row, ensure_ascii=False)
