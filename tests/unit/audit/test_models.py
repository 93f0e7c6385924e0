"""Rules about models and their queries: secrets by their names, indexes by what is really asked for."""

from __future__ import annotations

import ast

import pytest
from sqlalchemy import Column, MetaData, Table, Text

from freehold.audit.declared import Declared
from freehold.audit.queries import uses_of
from freehold.audit.rules import RULES, found
from freehold.audit.source import Module
from freehold.encryption import Codec, Place
from freehold.errors import Code, DeclarationError
from freehold.models import ColumnRules, TableRules
from freehold.models.sealed import SealedText
from freehold.policies import Access


def _declared(column: str, *, select: bool = True, kind: object = Text) -> Declared:
    rules = TableRules(access=Access.SERVICE_ONLY, columns={column: ColumnRules(select=select)})
    table = Table("t", MetaData(), Column(column, kind), info=rules.info())  # type: ignore[arg-type]
    return Declared("public.t", table, None)


@pytest.mark.parametrize(
    "name", ["token", "access_token", "client_secret", "password", "api_key", "apikey", "env", "private_key"]
)
def test_a_secret_is_recognised_by_its_name(name: str) -> None:
    """Read by callers it is an error; closed to them it is still in every backup."""
    ((rule, each),) = found(_declared(name))
    assert (rule.id, each.severity) == ("AU801", None)
    ((_, closed),) = found(_declared(name, select=False))
    assert closed.severity == "warning"


@pytest.mark.parametrize(
    "name", ["token_hash", "token_prefix", "tokens_used", "environment", "title", "secret_id", "passwordless"]
)
def test_what_is_no_secret_is_left_alone(name: str) -> None:
    """Hashes, prefixes, counters, and words that only contain one."""
    assert list(found(_declared(name))) == []


def test_the_example_of_the_rule() -> None:
    """Found, and beside it not found."""
    example = RULES["AU801"].example
    assert example is not None
    assert list(found(_declared(example.bad.strip().partition(":")[0])))
    assert list(found(_declared(example.good.strip().partition(":")[0]))) == []


def test_a_sealed_column_is_left_alone() -> None:
    """By the type that holds ciphertext, its blind index with it; a type that is only called so is none."""
    place = Place("t", "token", Codec(str), indexed=True)
    indexed = (Column("token", SealedText(place)), Column("token_index", Text))
    table = Table("t", MetaData(), *indexed, info=TableRules(access=Access.SERVICE_ONLY).info())
    assert list(found(Declared("public.t", table, None))) == []
    named = type("SealedText", (Text,), {})
    assert list(found(_declared("token", kind=named)))


def test_a_refused_model_is_a_finding() -> None:
    """With the error's own hint as the fix."""
    ((rule, each),) = found(DeclarationError(Code.ACCESS_UNDECLARED, "Table 'x' has no owner.", hint="Add owner()."))
    assert (rule.id, each.key, each.fix.python) == ("AU100", "FH101", "Add owner().")


def test_what_a_query_asks_for() -> None:
    """Columns that are compared, and the first that is sorted by, of each model; other functions are not looked at."""
    example = RULES["AU604"].example
    assert example is not None
    text = example.bad + "\ndef other():\n    return select(Note).where(Note.body == 'x')\n"
    (use,) = uses_of([Module("app.py", text, ast.parse(text))])
    assert (use.table, use.function, use.filters, use.order) == ("public.notes", "recent", ("title",), ("created_at",))
