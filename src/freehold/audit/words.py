"""The words and the SQL that rules have in common: lists of names, and questions that answer true once it is mended."""

from __future__ import annotations

from collections.abc import Iterable

from freehold.audit.catalog import Policy, Table, quoted
from freehold.audit.found import Fix
from freehold.policies import quote_identifier, quote_literal


def listed(names: Iterable[str]) -> str:
    """``anon and authenticated``."""
    sorted_names = sorted(names)
    return " and ".join(filter(None, (", ".join(sorted_names[:-1]), *sorted_names[-1:])))


def named(name: str) -> str:
    """``schema.name`` as a string constant that names the relation, whatever letters are in it."""
    return quote_literal(quoted(name))


def mine(table: Table) -> str:
    """The comparison of a table's owner column with the caller."""
    column = table.owner or "user_id"
    fact = table.columns.get(column)
    text_id = fact is not None and fact.text("type") != "uuid"
    caller = "(SELECT auth.jwt() ->> 'sub')" if text_id else "(SELECT auth.uid())"
    return f"{quote_identifier(column)} = {caller}"


def alter_policy(table: Table, policy: Policy, expression: str) -> str:
    """ALTER POLICY that makes ``expression`` all of it."""
    using = f" USING ({expression})" if policy.command != "INSERT" else ""
    check = f" WITH CHECK ({expression})" if policy.command in ("INSERT", "UPDATE", "ALL") else ""
    return f"ALTER POLICY {quote_identifier(policy.name)} ON {table.sql}{using}{check}"


def enabled(table: Table) -> Fix:
    """Row security, enabled and forced."""
    alter = f"ALTER TABLE {table.sql}"
    return Fix((f"{alter} ENABLE ROW LEVEL SECURITY", f"{alter} FORCE ROW LEVEL SECURITY"), mechanical=True)


def relation_is(name: str, expression: str) -> str:
    """Whether something holds of a relation, named ``c``."""
    return f"SELECT {expression} FROM pg_class c WHERE c.oid = {named(name)}::regclass"


def column_is(table: str, column: str, expression: str) -> str:
    """Whether something holds of a column, named ``a``."""
    return (
        f"SELECT {expression} FROM pg_attribute a "
        f"WHERE a.attrelid = {named(table)}::regclass AND a.attname = {quote_literal(column)}"
    )


def reached_by_nobody(name: str) -> str:
    """Whether no caller has a privilege on a relation."""
    privileges = "'SELECT, INSERT, UPDATE, REFERENCES'"
    return (
        "SELECT bool_and(NOT has_any_column_privilege(r, "
        f"{named(name)}, {privileges})) FROM unnest(ARRAY['anon', 'authenticated']) AS r"
    )


def policy_missing(policy: Policy) -> str:
    """Whether a policy is gone."""
    return (
        f"SELECT NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = {named(policy.table)}::regclass "
        f"AND polname = {quote_literal(policy.name)})"
    )


def policy_absent(policy: Policy, text: str) -> str:
    """Whether a policy no longer has this expression."""
    return (
        "SELECT NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = "
        f"{named(policy.table)}::regclass AND p.polname = {quote_literal(policy.name)} AND {quote_literal(text)} "
        "IN (pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)))"
    )
