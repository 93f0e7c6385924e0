"""Each rule finds the schema it is there for, leaves its clean counterpart alone, and mends what it says it mends."""

from __future__ import annotations

import pytest

from freehold.audit.catalog import Catalog
from freehold.audit.explain import explain
from freehold.audit.finding import Found
from freehold.audit.rule import Example, Rule
from freehold.audit.rules import RULES, found
from freehold.wire import Connection
from tests.cluster import OWNER
from tests.integration.audit.conftest import Break, about_a_schema, catalog_of, violated

SCHEMAS = [rule for rule in RULES.values() if about_a_schema(rule)]


def _example(rule: Rule[object]) -> Example:
    assert rule.example is not None
    return rule.example


def _findings(rule: Rule[object], connection: Connection) -> list[Found]:
    catalog = catalog_of(connection)
    subject: object = catalog if rule.about is Catalog else explain(connection, catalog)
    return [each for other, each in found(subject) if other.id == rule.id]


def test_the_clean_database_is_clean(broken: Break) -> None:
    """Nothing is found where nothing is wrong; otherwise every finding below proves nothing."""
    with broken("select 1") as connection:
        assert violated(connection) == {}


@pytest.mark.parametrize("rule", SCHEMAS, ids=lambda rule: rule.id)
def test_a_broken_schema_is_found_and_mended(rule: Rule[object], broken: Break) -> None:
    """The rule finds its example; the SQL of its fix runs, and then neither the rule nor the verification complains."""
    example = _example(rule)
    with broken(example.bad, superuser=example.superuser) as connection:
        findings = _findings(rule, connection)
        assert findings
        for each in findings:
            assert each.message.endswith((".", ")"))
            assert each.fix.text
        for each in findings:
            if each.verify:
                assert _verified(connection, each) == (False,), each.verify
        if all(each.fix.sql for each in findings):
            _mend(connection, findings)
            assert [each.message for each in _findings(rule, connection)] == []
            assert [each.verify for each in findings if each.verify and _verified(connection, each) != (True,)] == []


@pytest.mark.parametrize("rule", SCHEMAS, ids=lambda rule: rule.id)
def test_the_clean_counterpart_is_not_found(rule: Rule[object], broken: Break) -> None:
    """What is close to the example, and right, raises no alarm."""
    example = _example(rule)
    with broken(example.good, superuser=example.superuser) as connection:
        assert [each.message for each in _findings(rule, connection)] == []


def _verified(connection: Connection, each: Found) -> tuple[object, ...] | None:
    connection.execute(b"set local search_path = ''")
    return connection.execute(each.verify.encode()).fetchone()


def _mend(connection: Connection, findings: list[Found]) -> None:
    """As the role that the fix says."""
    for each in findings:
        connection.execute(b"reset role" if each.fix.superuser else f"set local role {OWNER}".encode())
        for statement in each.fix.sql:
            connection.execute(statement.encode())
    connection.execute(b"reset role")
