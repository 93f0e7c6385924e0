"""Which facts name a column: read from PostgreSQL's own text, in which every name stands as it is.

More may be found than depends on the column, a name being no proof; what is found is at most made again as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.catalog import Fact, Key, Kind, Snapshot
from freehold.policies import quote_identifier

_TOKEN: Final = re.compile(r"""'(?:[^']|'')*'|(?<!:)(?<!\w)(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)(?!\w)""")
_REFERENCED: Final = re.compile(r"\bREFERENCES \S+?\(([^()]+)\)")
_TEXTS: Final = {
    Kind.POLICY: ("using", "check"),
    Kind.VIEW: ("definition",),
    Kind.TRIGGER: ("definition",),
    Kind.INDEX: ("definition",),
    Kind.COLUMN: ("generated",),
}

NAMING: Final = frozenset({Kind.POLICY, Kind.VIEW, Kind.TRIGGER})
"""The kinds of facts that hold a column fast by its name alone, and hold no rows."""


def names(text: str, name: str) -> bool:
    """Whether ``text``, SQL as PostgreSQL prints it, holds the identifier ``name``."""
    return any(_identifier(token[0]) == name for token in _TOKEN.finditer(text))


def renamed(text: str, name: str, new: str) -> str:
    """``text`` with the identifier ``new`` in place of ``name``, but for functions that are called so."""

    def exchanged(token: re.Match[str]) -> str:
        called = text[token.end() : token.end() + 1] == "("
        return quote_identifier(new) if _identifier(token[0]) == name and not called else token[0]

    return _TOKEN.sub(exchanged, text)


def mentions(column: Key, facts: Snapshot) -> Iterator[Fact]:
    """The facts that name ``column``: schema, table, column. What is attached to them is not among them."""
    views = set[Key]()
    for fact in facts.facts:
        if fact.kind is Kind.CONSTRAINT:
            found = _constrains(fact, column)
        elif fact.kind in _TEXTS and fact.key[:3] != column:
            found = _near(fact, column) and any(names(fact.text(each), column[2]) for each in _TEXTS[fact.kind])
        else:
            found = False
        if found:
            views |= {fact.key} if fact.kind is Kind.VIEW else set()
            yield fact
    yield from _over(views, facts)


def _near(fact: Fact, column: Key) -> bool:
    """Whether it belongs to the column's table, or says that it looks into it."""
    return fact.key[:2] == column[:2] or ("table", *column[:2]) in fact.requires


def _constrains(fact: Fact, column: Key) -> bool:
    definition = fact.text("definition")
    if fact.key[:2] == column[:2] and (column[2] in fact.names("columns") or names(_own(definition), column[2])):
        return True
    found = _REFERENCED.search(definition) if ("table", *column[:2]) in fact.requires else None
    return found is not None and names(found[1], column[2])


def _own(definition: str) -> str:
    """What a constraint says of its own table."""
    return definition.partition(" REFERENCES ")[0]


def _over(views: set[Key], facts: Snapshot) -> Iterator[Fact]:
    """Views over ``views``, and over those."""
    known = set(views)
    while True:
        more = [
            fact
            for fact in facts.of(Kind.VIEW)
            if fact.key not in known and any(need[0] == "view" and need[1:] in known for need in fact.requires)
        ]
        if not more:
            return
        known |= {fact.key for fact in more}
        yield from more


def _identifier(token: str) -> str:
    return token[1:-1].replace('""', '"') if token.startswith('"') else token
