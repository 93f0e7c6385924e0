"""Which row a sealed value belongs to: found in the statement that writes it, so that it is sealed for that row.

What cannot be sealed so is refused here or, further in, when its parameters are bound: nothing is ever sent plain.
"""

# What an INSERT or UPDATE assigns is SQLAlchemy's own business.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false
# ruff: noqa: SLF001

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Column, Insert, Table, Update, Uuid
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression, BooleanClauseList, Null

from freehold.encryption import KeyChain, Sealed, sealed_for
from freehold.errors import Code, IdentityError
from freehold.models import INDEX_SUFFIX, owner_column, places_of, plain, table_of, unplaced


@dataclass(frozen=True)
class RowPlace:
    """The row that values are sealed for; ``owner`` is "" in a table without owners."""

    owner: str
    row: str


Values = dict[str, Any]


def row_column(table: Table) -> Column[Any]:
    """The column that tells the rows of one owner apart; for a row that is its own owner, the owner."""
    owner = owner_column(table)
    key = list(table.primary_key)
    return next((column for column in key if column is not owner), key[0])


def owner_of(table: Table, values: Mapping[str, Any], caller: str | None) -> str | None:
    """Whose a row with these values is; the caller's if they do not say."""
    column = owner_column(table)
    if column is None:
        return ""
    given = values.get(column.key)
    if given is not None:
        return _canonical(column, given)
    if caller is not None and _canonical(column, caller) != caller:
        raise IdentityError(
            Code.IDENTITY_MALFORMED,
            "The caller's id is not written as PostgreSQL writes a UUID, and so are not the keys of what it seals.",
            hint="Give the id in lower case with its hyphens: Identity.user(UUID(id)).",
        )
    return caller


def sealed_values(table: Table, values: Values, caller: str | None, chain: KeyChain) -> Values:
    """The columns of a row with every sealed one as ciphertext, and its blind index beside it."""
    owner, key = owner_of(table, values, caller), row_column(table)
    row = owner if key is owner_column(table) else values.get(key.key)
    made = dict(values)
    for place in places_of(table):
        value = made.get(place.column)
        if value is None or isinstance(value, Null):
            if place.column in made and place.indexed:
                made[place.column + INDEX_SUFFIX] = None
            continue
        if not isinstance(value, Sealed):
            raise plain(place)
        if owner is None or row is None:
            raise unplaced(place)
        made[place.column] = sealed_for(value, place, owner, _canonical(key, row), chain)
        if place.indexed:
            made[place.column + INDEX_SUFFIX] = chain.sealing(owner).blind(
                place.codec.dump(value.reveal()), place.table, place.column, owner
            )
    return made


def assigns_sealed(statement: Any) -> bool:
    """Whether an INSERT or UPDATE writes sealed columns."""
    if not isinstance(statement, (Insert, Update)):
        return False
    names = {place.column for place in places_of(statement.table)}
    if names and not names.isdisjoint(getattr(statement, "_select_names", None) or ()):
        return True
    return bool(names) and any(not names.isdisjoint(values) for values in _rows(statement))


def owners_written(statement: Any, caller: str | None) -> set[str]:
    """Whose keys `sealed_statement` needs."""
    found = {owner_of(statement.table, values, caller) for values in _placed(statement)}
    return {owner for owner in found if owner}


def sealed_statement(statement: Any, caller: str | None, chain: KeyChain) -> Any:
    """The statement with every sealed value as ciphertext for its row; raises FH503, FH506."""
    table = statement.table
    _refuse_upsert(statement)
    rows = [sealed_values(table, values, caller, chain) for values in _placed(statement)]
    if isinstance(statement, Update):
        names = {*_rows(statement)[0], *(place.column + INDEX_SUFFIX for place in places_of(table) if place.indexed)}
        return statement.values({name: rows[0][name] for name in names if name in rows[0]})
    if statement._multi_values:
        bare: Any = statement._generate()
        bare._multi_values = ()
        return bare.values(rows)
    return statement.values(rows[0])


def key_condition(statement: Update) -> Values:
    """The values that the conditions of an UPDATE ask the key and the owner to be equal to."""
    return {column.key: value for column, value in _equalities(statement._where_criteria)}


def _placed(statement: Any) -> list[Values]:
    """The rows a statement writes, each with its key, as far as it is known."""
    table = statement.table
    if isinstance(statement, Update):
        owner, asked = owner_column(table), key_condition(statement)
        key = row_column(table)
        moved = [each.key for each in (owner, key) if each is not None and each.key in _rows(statement)[0]]
        if moved:
            raise unplaced(places_of(table)[0])
        known = {each.key: asked[each.key] for each in (owner, key) if each is not None and each.key in asked}
        return [{**_rows(statement)[0], **known}]
    if statement._select_names:
        raise unplaced(places_of(table)[0])
    return [_with_key(table, values) for values in _rows(statement)]


def _with_key(table: Table, values: Values) -> Values:
    """The values of a new row, its key made here if the caller left that to the column's default."""
    column = row_column(table)
    make: Callable[[Any], Any] | None = getattr(column.default, "arg", None)
    if values.get(column.key) is None and callable(make) and column is not owner_column(table):
        return {**values, column.key: make(None)}
    return values


def _canonical(column: Column[Any], value: Any) -> str:
    """A key as it will be read again: PostgreSQL has one spelling for a UUID."""
    if isinstance(column.type, Uuid) and isinstance(value, str):
        with suppress(ValueError):  # the database says what is wrong with it
            return str(UUID(value))
    return str(value)


def assigned(statement: Update) -> Values:
    """What an UPDATE assigns, by column."""
    return _named(statement._values or {})


def _rows(statement: Any) -> list[Values]:
    if getattr(statement, "_multi_values", None):
        return [_named(values) for group in statement._multi_values for values in group]
    return [_named(statement._values or {})]


def _named(values: Mapping[Any, Any]) -> Values:
    return {getattr(key, "key", key): literal_of(value) for key, value in values.items()}


def literal_of(value: Any) -> Any:
    """The value of a parameter; an expression stays what it is."""
    return value.value if isinstance(value, BindParameter) and not value.required else value


def _equalities(conditions: Any) -> Iterator[tuple[Column[Any], Any]]:
    for condition in conditions:
        if isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
            yield from _equalities(condition.clauses)
        elif isinstance(condition, BinaryExpression) and condition.operator is operators.eq:
            left, right = condition.left, condition.right
            if isinstance(left, Column) and isinstance(right, BindParameter) and right.value is not None:
                yield left, right.value


def refuse_sealed_upsert(model: type[Any], on: Sequence[str], changed: Sequence[str]) -> None:
    """The row that is there has another key than the one the values were sealed for, unless it is told by its key."""
    table = table_of(model)
    for place in places_of(table):
        if place.column in changed and row_column(table).key not in on:
            raise unplaced(place)


def _refuse_upsert(statement: Any) -> None:
    """The row that is there has another key than the one the value was sealed for."""
    clause = getattr(statement, "_post_values_clause", None)
    assigned = dict(getattr(clause, "update_values_to_set", None) or ())
    names = {getattr(key, "key", key) for key in assigned}
    for place in places_of(statement.table):
        if place.column in names:
            raise unplaced(place)
