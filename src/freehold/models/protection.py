"""From a model's rules to the policies and grants of its table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Column, ColumnElement, Table, and_, select, true
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.sql import visitors
from sqlalchemy.sql.selectable import SelectBase

from freehold.errors import Code, DeclarationError
from freehold.identity import Role
from freehold.models.policy import Policy, Predicate, caller_id
from freehold.models.rules import TableRules, owner_column, rules_of
from freehold.policies import Access, Command, Grant, PolicyText, Protection

_IDENTIFIER_BYTES = 63
_KNOWN: Final[WeakKeyDictionary[Table, Protection]] = WeakKeyDictionary()
_DIALECT: Final = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]


def protection_of(table: Table) -> Protection:
    """The policies and grants of ``table``.

    Raises `DeclarationError`: FH105 for a column the table does not have, FH106 for an expression that cannot be
    a policy.
    """
    found = _KNOWN.get(table)
    if found is None:
        found = _KNOWN[table] = _declared(table)
    return found


def _declared(table: Table) -> Protection:
    rules = rules_of(table)
    policies = tuple(_default_policies(rules)) + rules.policies
    owned = cache(lambda: _sql(table, and_(_mine(table))))  # most policies of most tables say just that
    return Protection(
        qualified(table),
        tuple(
            _resolve(table, policy, name, owned) for policy, name in zip(policies, _names(table, policies), strict=True)
        ),
        tuple(_grants(table, rules, policies)),
    )


def qualified(table: Table) -> str:
    """The quoted name of a table, with its schema."""
    return str(_DIALECT.identifier_preparer.format_table(table))


def _default_policies(rules: TableRules) -> Iterator[Policy]:
    if rules.access is Access.PUBLIC_READ:
        yield Policy(Command.SELECT, to=(Role.ANON, Role.AUTHENTICATED), using=lambda _: true())
    for command in Command:
        if command in rules.commands and not rules.declared(command):
            yield Policy(command, owned=True)


def _names(table: Table, policies: Sequence[Policy]) -> list[str]:
    """``table_command_role``, numbered from the second of its kind, and short enough for PostgreSQL to keep."""
    names: list[str] = []
    for policy in policies:
        tail = "_".join((policy.command.value.lower(), *(role.value for role in policy.to)))
        stem = f"{table.name}_{tail}"
        if len(stem.encode()) > _IDENTIFIER_BYTES - 4:
            stem = f"{hashlib.sha256(table.name.encode()).hexdigest()[:12]}_{tail}"
        count = sum(name == stem or name.startswith(f"{stem}_") for name in names)
        names.append(f"{stem}_{count + 1}" if count else stem)
    return names


def _resolve(table: Table, policy: Policy, name: str, owned: Callable[[], str]) -> PolicyText:
    return PolicyText(
        name,
        qualified(table),
        policy.command,
        policy.to,
        _text(table, policy, policy.using, owned) if policy.command.reads_rows else None,
        _text(table, policy, policy.check, owned) if policy.command.writes_rows else None,
    )


def _text(table: Table, policy: Policy, predicate: Predicate | None, owned: Callable[[], str]) -> str:
    if policy.owned and predicate is None:
        return owned()
    expressions = [_mine(table)] if policy.owned else []
    if predicate is not None:
        expressions.append(_expression(table, predicate))
    return _sql(table, and_(*expressions))


def _sql(table: Table, expression: ColumnElement[bool]) -> str:
    """The text of an expression in which ``table`` is the row at hand: a subquery refers to it, and does not read it."""
    compiler: Any = _DIALECT.statement_compiler(_DIALECT, None)
    compiler.stack.append({"correlate_froms": {table}, "asfrom_froms": {table}, "selectable": select(table)})
    return str(compiler.process(expression, literal_binds=True))


def _mine(table: Table) -> ColumnElement[bool]:
    owner = owner_column(table)
    if owner is None:
        raise DeclarationError(
            Code.POLICY_INVALID,
            f"A policy of table {table.name!r} is owned, and the table has no owner.",
            hint="Add an owner() column, or leave owned=True out.",
        )
    return owner == caller_id(owner.type)


def _expression(table: Table, predicate: Predicate) -> ColumnElement[bool]:
    try:
        expression = predicate(table.c)
    except (AttributeError, KeyError) as error:
        raise DeclarationError(
            Code.POLICY_COLUMN_UNKNOWN,
            f"A policy of table {table.name!r} names a column it does not have: {error.args[0]}.",
            hint=f"Its columns are {', '.join(table.c.keys())}.",
        ) from None
    if not isinstance(expression, ColumnElement):
        raise DeclarationError(
            Code.POLICY_INVALID,
            f"A policy of table {table.name!r} is no SQLAlchemy expression.",
            hint="Give using=lambda t: t.user_id == caller_id(), not a string or a bool.",
        )
    _refuse_strangers(table, expression)
    return expression


def _refuse_strangers(table: Table, expression: ColumnElement[bool]) -> None:
    """A column of another table outside a subquery would make PostgreSQL refuse the policy much later."""
    elements: list[Any] = list(visitors.iterate(expression))
    inside = {id(each) for query in elements if isinstance(query, SelectBase) for each in visitors.iterate(query)}
    outside = [element for element in elements if id(element) not in inside]
    for element in outside:
        if isinstance(element, Column) and element.table is not table:
            raise DeclarationError(
                Code.POLICY_COLUMN_UNKNOWN,
                f"A policy of table {table.name!r} names a column of {element.table.name!r}.",
                hint="Look into another table with select(...).where(...).exists().",
            )


def _grants(table: Table, rules: TableRules, policies: tuple[Policy, ...]) -> Iterator[Grant]:
    name = qualified(table)
    for command in Command:
        columns = _columns(table, rules, command)
        for role in (Role.ANON, Role.AUTHENTICATED):
            if any(policy.command is command and role in policy.to for policy in policies) and columns != ():
                yield Grant(name, command, role, columns)
        yield Grant(name, command, Role.SERVICE)


def _columns(table: Table, rules: TableRules, command: Command) -> tuple[str, ...] | None:
    """The columns a caller may name in ``command``; None for all, which includes columns added later."""
    open_columns = tuple(column.name for column in table.columns if rules.of(column.name).allows(command))
    return None if len(open_columns) == len(table.columns) else open_columns
