"""Rows of two users in every table: what a proof attacks. A table that cannot be given any is named, with why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from freehold.errors import ConstraintError, DatabaseError
from freehold.policies import quote_identifier, quote_literal
from freehold.proof.caller import USERS
from freehold.proof.relation import Column, Relation, Surface
from freehold.proof.value import NULL, candidates
from freehold.wire import Connection, narrated

Row: TypeAlias = Mapping[str, str]
"""Column -> its value as SQL."""

_TRIES: Final = 200
_PARTITIONS_FROM: Final = 100  # a row of the table above may have come to lie in the partition
NOBODY: Final = "alice"
"""Whose the row of a table without an owner is called."""


@dataclass
class Seeds:
    """The rows by table and user, and a further one of each user that could be inserted; ``failed``: table -> why not."""

    owners: Mapping[str, str | None]
    rows: dict[tuple[str, str], Row] = field(default_factory=dict[tuple[str, str], Row])
    new: dict[tuple[str, str], Row] = field(default_factory=dict[tuple[str, str], Row])
    failed: dict[str, str] = field(default_factory=dict[str, str])

    def owner(self, relation: Relation) -> str | None:
        """The owner column of a table."""
        return self.owners.get(relation.full_name)


def seed(admin: Connection, surface: Surface, owners: Mapping[str, str | None], *, with_new: bool = True) -> Seeds:
    """Inserts the rows, as the superuser ``admin`` of a clone; parents come before what refers to them.

    ``with_new`` False leaves out the further rows.
    """
    seeds = Seeds(owners)
    for relation in _ordered(surface):
        users = tuple(USERS) if seeds.owner(relation) else (NOBODY,)
        first = _PARTITIONS_FROM if relation.kind == "partition" else 1
        try:
            for place, user in enumerate(users, start=first):
                # The new row is tried first and taken back, so that it does not meet the old one.
                if with_new:
                    new = make_row(admin, surface, seeds, relation, user, place + len(USERS))
                    seeds.new[relation.full_name, user] = new
                attempt = _Attempt(admin, surface, seeds, relation, user, place, begun=True)
                seeds.rows[relation.full_name, user] = attempt.row()
        except DatabaseError as error:
            seeds.failed[relation.full_name] = _reason(error)
    return seeds


def make_row(admin: Connection, surface: Surface, seeds: Seeds, relation: Relation, user: str, number: int) -> Row:
    """A further row of ``user`` that the table would take beside those it has; raises `DatabaseError` if there is none.

    ``number`` (> 0) makes it unlike others.
    """
    return _Attempt(admin, surface, seeds, relation, user, number).row(keep=False)


def _ordered(surface: Surface) -> list[Relation]:
    """Parents first; a circle is entered somewhere."""
    order = list[Relation]()
    visiting = set[str]()

    def visit(relation: Relation) -> None:
        if relation.full_name in visiting:
            return
        visiting.add(relation.full_name)
        for reference in relation.references:
            parent = surface.by_name.get(reference.target)
            if parent is not None:
                visit(parent)
        order.append(relation)

    for relation in surface.tables:
        visit(relation)
    return order


def _reason(error: DatabaseError) -> str:
    where = f" ({error.constraint})" if isinstance(error, ConstraintError) and error.constraint else ""
    return f"no row could be made for it: {error.detail or error.message}{where} [{error.sqlstate}]"


class _Attempt:
    """One row in the making: a candidate for each column, exchanged where a constraint objects.

    ``begun``: moments have not come yet, as in most rows (revoked, deleted, expires): absent, or far away. Policies and
    functions ask for that.
    """

    def __init__(
        self,
        admin: Connection,
        surface: Surface,
        seeds: Seeds,
        relation: Relation,
        user: str,
        number: int,
        *,
        begun: bool = False,
    ) -> None:
        self._admin = admin
        self._relation = relation
        self._fixed = self._given(surface, seeds, user)
        self._replica = any(reference.target not in surface.by_name for reference in relation.references)
        self._choices: dict[str, list[str]] = {}
        for column in relation.columns:
            wanted = column.written and not column.default and column.name not in self._fixed
            if wanted or (column.name in relation.key and column.name not in self._fixed and column.base == "uuid"):
                choices = list(candidates(column, relation.checks, user, number)) or [NULL]
                if begun and column.category == "D":
                    choices.sort(key=lambda value: (value != NULL, not value.startswith("'2999")))
                self._choices[column.name] = choices
        self._chosen = dict.fromkeys(self._choices, 0)

    def _given(self, surface: Surface, seeds: Seeds, user: str) -> dict[str, str]:
        """The columns whose values follow: the owner, and what refers to the user's rows of other tables."""
        relation = self._relation
        owner = seeds.owner(relation)
        given = {owner: _literal(USERS[user], relation.column[owner])} if owner else {}
        for reference in relation.references:
            parent = surface.by_name.get(reference.target)
            if parent is None:
                continue
            whose = user if seeds.owner(parent) else NOBODY
            row = seeds.rows.get((parent.full_name, whose))
            for mine, theirs in zip(reference.columns, reference.targets, strict=True):
                if mine != owner and (row is not None or not relation.column[mine].required):
                    given[mine] = row[theirs] if row is not None else NULL
        return given

    def row(self, *, keep: bool = True) -> Row:
        """The row as the database has it; raises the last `DatabaseError` when no candidates fit."""
        for _ in range(_TRIES):
            try:
                return self._insert(keep=keep)
            except ConstraintError as error:
                if not self._advance(error):
                    raise
        return self._insert(keep=keep)

    def _insert(self, *, keep: bool) -> Row:
        relation = self._relation
        values = self._fixed | {name: self._choices[name][place] for name, place in self._chosen.items()}
        names, shown = (
            ", ".join(map(quote_identifier, values)),
            (f"{quote_identifier(n)}::text" for n in relation.column),
        )
        body = f"({names}) VALUES ({', '.join(values.values())})" if values else "DEFAULT VALUES"
        sql = f"INSERT INTO {relation.sql} {body} RETURNING {', '.join(shown)}"
        self._admin.execute(b"BEGIN")
        try:
            with narrated():
                if self._replica:
                    self._admin.execute(b"SET LOCAL session_replication_role = replica")
                found = self._admin.execute(sql.encode()).fetchone() or ()
        except DatabaseError:
            self._admin.execute(b"ROLLBACK")
            raise
        self._admin.execute(b"COMMIT" if keep else b"ROLLBACK")
        row = {name: _literal(text, relation.column[name]) for name, text in zip(relation.column, found, strict=True)}
        return row if keep else {name: value for name, value in row.items() if relation.column[name].written}

    def _advance(self, error: ConstraintError) -> bool:
        """Exchanges the candidates that the constraint is about, like the wheels of an odometer."""
        for name in self._about(error):
            self._chosen[name] += 1
            if self._chosen[name] < len(self._choices[name]):
                return True
            self._chosen[name] = 0
        return False

    def _about(self, error: ConstraintError) -> list[str]:
        """The columns that a constraint names; of an unnamed one, those that the bounds of partitions do."""
        relation = self._relation
        columns: tuple[str, ...] = error.columns
        named: dict[str, tuple[str, ...]] = {check.name: check.columns for check in relation.checks}
        named |= {key.name: key.columns for key in relation.keys}
        columns = named.get(error.constraint or "the bounds of partitions", columns)
        return [name for name in columns if name in self._choices]


def _literal(text: object, column: Column) -> str:
    return NULL if text is None else f"{quote_literal(str(text))}::{column.type}"
