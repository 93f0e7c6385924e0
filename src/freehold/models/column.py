"""The words that declare columns: each gives a `Declared`, which the model turns into a mapped column.

Their return type is `Any`, so that ``title: Col[str] = column()`` is accepted; a type checker reads them as field
specifiers (PEP 681): ``init`` says whether the constructor takes the column, ``default`` whether it must.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Computed, func, literal_column
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeEngine

from freehold.models.rules import ALL_COMMANDS, OPEN, ColumnRules
from freehold.policies import Command

REQUIRED: Final[Any] = object()
"""The default of a column that has none."""

Action = Literal["cascade", "restrict"]
Generated = Literal["identity", "serial"]
Scope = Literal["owner", "global", "secret"]


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What was said about one column; the model decides what follows from it."""

    kind: Literal["plain", "key", "owner", "parent", "json", "deleted", "sealed"] = "plain"
    init: bool = True
    default: Any = REQUIRED
    default_factory: Callable[[], Any] | None = None
    server_default: ColumnElement[Any] | None = None
    computed: Computed | None = None
    rules: ColumnRules = OPEN
    unique: bool = False
    index: bool = False
    touched: bool = False
    target: type[Any] | None = None
    on_delete: Action = "cascade"
    scope: Scope = "owner"
    primary_key: bool = False
    commands: frozenset[Command] = ALL_COMMANDS
    legacy: bool = False
    sql_type: TypeEngine[Any] | None = None
    generated: Generated | None = None
    renamed_from: str | None = None

    @property
    def required(self) -> bool:
        """Whether the constructor must be given a value."""
        return self.init and self.default is REQUIRED and self.default_factory is None


def column(
    *,
    default: Any = REQUIRED,
    default_factory: Callable[[], Any] | None = None,
    init: bool = True,
    select: bool = True,
    insert: bool = True,
    update: bool = True,
    unique: bool = False,
    scope: Scope = "owner",
    index: bool = False,
    sql_type: TypeEngine[Any] | None = None,
    server_default: str | None = None,
    computed: str | None = None,
    renamed_from: str | None = None,
) -> Any:
    """A column of the annotated type.

    ``default``: the constructor's default and, for a plain value, the database's too. ``select``, ``insert``,
    ``update``: whether callers may name the column in that command; False withholds the privilege on it.
    ``unique``: per owner, where the table has one; with ``scope="global"`` among all rows, which is for values that no
    caller chooses, and with ``scope="secret"`` for the hash of a secret drawn at random, which callers neither read nor
    change: its being there tells nobody anything. ``index``: likewise owner first. ``renamed_from``: what it was called before, so that a migration renames
    it; it may stay. For a table that is taken over as it is, ``sql_type`` is its type
    in the database, and ``server_default`` the SQL of its default; with ``init=False`` the database makes the value.
    ``computed``: the SQL it is generated from, stored.
    """
    return Declared(
        renamed_from=renamed_from,
        init=init,
        default=default,
        default_factory=default_factory,
        server_default=_sql(server_default),
        computed=None if computed is None else Computed(computed, persisted=True),
        rules=ColumnRules(False, insert, False, True) if scope == "secret" else ColumnRules(select, insert, update),
        unique=unique,
        scope=scope,
        index=index,
        sql_type=sql_type,
    )


def primary_key(
    *,
    scope: Literal["owner", "global"] = "owner",
    generated: Generated | None = None,
    sql_type: TypeEngine[Any] | None = None,
    server_default: str | None = None,
    init: Literal[False] = False,
) -> Any:
    """A key made by the client, ordered by time: a UUID, or 26 characters for ``Col[str]``.

    The table's primary key is (owner, key). The rest is for a table that is taken over as it is: ``scope="global"``
    makes it the key alone; ``generated``: the database counts, by an identity column or a sequence (``serial``);
    ``server_default``: the SQL that makes it where the client is another program.
    """
    return Declared(
        kind="key",
        init=init,
        scope=scope,
        rules=ColumnRules(update=False),
        generated=generated,
        sql_type=sql_type,
        server_default=_sql(server_default),
    )


def owner(
    target: type[Any] | None = None,
    *,
    unique: bool = False,
    primary_key: bool = False,
    commands: Iterable[Command] = ALL_COMMANDS,
    sql_type: TypeEngine[Any] | None = None,
    init: Literal[False] = False,
) -> Any:
    """The column that says whose a row is: NOT NULL, the caller by default, never changed.

    ``target``: the model of the users, referred to with ON DELETE CASCADE. ``unique``: one row per user.
    ``primary_key``: the row is its own owner. ``commands``: what an owner may do; the others are for the service.
    """
    return Declared(
        kind="owner",
        init=init,
        target=target,
        unique=unique,
        primary_key=primary_key,
        commands=frozenset(commands),
        sql_type=sql_type,
        rules=ColumnRules(update=False),
    )


def belongs_to(
    target: type[Any],
    *,
    on_delete: Action = "cascade",
    default: Any = REQUIRED,
    insert: bool = True,
    update: bool = True,
    index: bool = True,
    init: bool = True,
    renamed_from: str | None = None,
) -> Any:
    """A row of ``target`` with the same owner, by the composite key (owner, id), so that it cannot be another's.

    ``index``: an index on (owner, this); without one, declare an index that begins so.
    """
    return Declared(
        kind="parent",
        init=init,
        target=target,
        on_delete=on_delete,
        default=default,
        index=index,
        rules=ColumnRules(insert=insert, update=update),
        renamed_from=renamed_from,
    )


def json(
    *,
    default: Any = REQUIRED,
    default_factory: Callable[[], Any] | None = None,
    init: bool = True,
    select: bool = True,
    insert: bool = True,
    update: bool = True,
    renamed_from: str | None = None,
) -> Any:
    """A jsonb column that holds any type Pydantic can validate, and is validated in both directions."""
    return Declared(
        kind="json",
        init=init,
        renamed_from=renamed_from,
        default=default,
        default_factory=default_factory,
        rules=ColumnRules(select, insert, update),
    )


def sealed(
    *,
    default: Any = REQUIRED,
    legacy: bool = False,
    index: bool = False,
    init: bool = True,
    select: bool = True,
    insert: bool = True,
    update: bool = True,
) -> Any:
    """A column that is encrypted at rest, for ``Col[Sealed[str]]``, ``Sealed[bytes]`` or a type for JSON.

    ``default``: None, or nothing. ``legacy``: values of the Node platform are still read; without it a CHECK refuses
    them. ``index``: a blind index beside it, for `Scope.matching`.
    """
    return Declared(
        kind="sealed",
        init=init,
        default=default,
        rules=ColumnRules(select, insert, update),
        legacy=legacy,
        index=index,
    )


def created_at(*, init: Literal[False] = False) -> Any:
    """When the row was inserted, by the database's clock."""
    return Declared(init=init, server_default=func.now(), rules=ColumnRules(insert=False, update=False))


def updated_at(*, init: Literal[False] = False) -> Any:
    """When the row was last written, kept by a trigger."""
    return Declared(init=init, server_default=func.now(), rules=ColumnRules(insert=False, update=False), touched=True)


def deleted_at(*, init: Literal[False] = False) -> Any:
    """When the row was deleted, or None: ``delete`` sets it, and statements leave such rows out."""
    return Declared(kind="deleted", init=init, default=None, rules=ColumnRules(insert=False))


def _sql(text: str | None) -> ColumnElement[Any] | None:
    return None if text is None else literal_column(text)
