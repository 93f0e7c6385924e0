"""Sealed columns, told by the CHECK that lets nothing but ciphertext in, and the tables that they bring with them."""

from __future__ import annotations

import re
from typing import Final

from freehold.catalog import Fact
from freehold.encryption import PREFIX
from freehold.models import INDEX_SUFFIX, KEY_PROGRESS, USER_KEYS
from freehold.pull.choice import condition
from freehold.pull.item import plain_index
from freehold.pull.table import Table, names

_CHECK: Final = re.compile(rf"\(?(\w+|\"(?:[^\"]|\"\")+\") ~~ '{re.escape(PREFIX)}%'::text\)?")
_KEYS: Final = frozenset({"text", "uuid"})


def sealed_columns(table: Table) -> dict[str, Fact]:
    """The sealed columns of ``table``, each with its CHECK; none where its key could not bind a value to its row."""
    if not table.primary_key or table.columns[table.primary_key[-1]].text("type") not in _KEYS:
        return {}
    return {column: fact for fact in table.constraints("check") if (column := _sealed(table, fact))}


def blind_index(table: Table, column: str) -> str | None:
    """The column of the blind index beside a sealed one; None where it has none."""
    name = f"{column}{INDEX_SUFFIX}"
    beside = table.columns.get(name)
    if beside is None or beside.text("type") != "text" or beside.flag("not_null") or beside.text("default"):
        return None
    indexed = (plain_index(fact) for fact in table.indexes())
    return name if any(columns and columns[-1] == name for columns in indexed) else None


def is_keyring(table: Table) -> bool:
    """Whether it is one of the tables that sealed columns bring with them."""
    known = {each.name: each for each in (USER_KEYS, KEY_PROGRESS)}
    made = known.get(table.name)
    return made is not None and set(table.columns) == {column.name for column in made.columns}


def _sealed(table: Table, fact: Fact) -> str | None:
    found = _CHECK.fullmatch(condition(fact))
    if found is None or not fact.flag("validated"):
        return None
    (column,) = names(found[1])
    named = fact.key[2] == f"ck_{table.name}_{column}_sealed"
    plain = table.columns[column].text("type") == "text" and not table.columns[column].text("default")
    return column if named and plain else None
