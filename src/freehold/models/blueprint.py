"""The whole of a model's table, worked out from its fields before SQLAlchemy maps it: keys, constraints, rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Enum, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.schema import SchemaItem

from freehold.encryption import PREFIX
from freehold.errors import Code, DeclarationError
from freehold.models.column import REQUIRED, Declared
from freehold.models.field import Field
from freehold.models.policy import Policy
from freehold.models.rules import TableRules, owner_column, undeclared
from freehold.policies import Access, quote_identifier, quote_literal


@dataclass(frozen=True)
class Blueprint:
    """What a class declares about its table."""

    table: str
    fields: tuple[Field, ...]
    access: Access | None
    policies: tuple[Policy, ...]
    functions: tuple[Callable[[], Any], ...] = ()
    renamed_from: str | None = None

    @property
    def owner(self) -> Field | None:
        """The owner column."""
        return next((field for field in self.fields if field.declared.kind == "owner"), None)

    def rules(self) -> TableRules:
        """The rules of the table; raises `DeclarationError` when they are missing or contradict each other."""
        owners = [field for field in self.fields if field.declared.kind == "owner"]
        if not owners and self.access is None and not self.policies:
            raise undeclared(self.table)
        if len(owners) + (self.access is not None) > 1:
            raise DeclarationError(
                Code.OWNER_REPEATED,
                f"Table {self.table!r} declares more than one owner, or an owner and an access.",
                hint="Keep one owner() column, or __access__ alone; further rules go into __policies__.",
            )
        owner = owners[0] if owners else None
        if owner is not None and owner.type.nullable:
            raise DeclarationError(
                Code.OWNER_NULLABLE,
                f"The owner of table {self.table!r} may be NULL, so a row could belong to nobody.",
                hint=f"Write {owner.name}: Col[{getattr(owner.type.python, '__name__', 'UUID')}] = owner().",
            )
        return TableRules(
            owner=owner.name if owner else None,
            access=self.access,
            commands=owner.declared.commands if owner else frozenset(),
            policies=self.policies,
            columns={field.name: field.declared.rules for field in self.fields},
            updated_at=self._named(lambda declared: declared.touched),
            deleted_at=self._named(lambda declared: declared.kind == "deleted"),
            functions=self.functions,
            renamed_from=self.renamed_from,
            renamed_columns={
                field.name: field.declared.renamed_from for field in self.fields if field.declared.renamed_from
            },
        )

    def _named(self, wanted: Callable[[Declared], bool]) -> str | None:
        return next((field.name for field in self.fields if wanted(field.declared)), None)

    def items(self) -> Iterator[SchemaItem]:
        """The constraints and indexes of the table."""
        yield PrimaryKeyConstraint(*self._key())
        for field in self.fields:
            if field.type.choices is not None and not isinstance(field.sql_type, Enum):
                yield self._choice(field)
            yield from self._lengths(field)
            if field.declared.target is not None:
                yield self._reference(field, field.declared.target)
            if field.declared.unique:
                yield UniqueConstraint(*self._unique(field))
            if field.declared.kind == "sealed":
                yield from self._sealed(field)
            elif field.declared.index:
                yield Index(None, *self._owner_first(field))
        owner = self.owner
        if owner is not None and self._key()[0] != owner.name and not owner.declared.unique:
            yield Index(None, owner.name)

    def _key(self) -> list[str]:
        key = next((field for field in self.fields if field.declared.kind == "key"), None)
        owner = self.owner
        if key is not None:
            return [key.name] if key.declared.scope == "global" else self._owner_first(key)
        if owner is not None and (owner.declared.primary_key or owner.declared.unique):
            return [owner.name]
        raise DeclarationError(
            Code.KEY_MISSING,
            f"Table {self.table!r} has no primary key.",
            hint="Add id: Col[UUID] = primary_key(), or owner(primary_key=True) for a row that is its own owner.",
        )

    def _unique(self, field: Field) -> list[str]:
        return [field.name] if field.declared.scope != "owner" else self._owner_first(field)

    def _owner_first(self, field: Field) -> list[str]:
        owner = self.owner
        return [field.name] if owner is None or owner == field else [owner.name, field.name]

    def _sealed(self, field: Field) -> Iterator[SchemaItem]:
        """Nothing but sealed values, from when the old platform's are no longer read."""
        key = next(each for each in self.fields if each.name == self._key()[-1])
        if key.type.python not in (str, UUID) or field.declared.default not in (REQUIRED, None):
            raise DeclarationError(
                Code.SEALED_UNDECLARABLE,
                f"{self.table}.{field.name} cannot be sealed: a value is bound to a key that its client made, "
                "and has no default but None.",
                hint="Make the key of the table Col[UUID] or Col[str] = primary_key(); leave the default out.",
            )
        if not field.declared.legacy:
            yield CheckConstraint(f"{quote_identifier(field.name)} LIKE '{PREFIX}%'", name=f"{field.name}_sealed")

    def _choice(self, field: Field) -> CheckConstraint:
        listed = ", ".join(
            quote_literal(choice) if isinstance(choice, str) else str(choice) for choice in field.type.choices or ()
        )
        text = f"{quote_identifier(field.name)} IN ({listed})"
        return CheckConstraint(text.replace(":", r"\:"), name=field.name)

    def _lengths(self, field: Field) -> Iterator[CheckConstraint]:
        characters = f"char_length({quote_identifier(field.name)})".replace(":", r"\:")
        shortest, longest = field.type.length("min_length"), field.type.length("max_length")
        bounds = [f"{characters} >= {shortest:d}"] if shortest is not None else []
        bounds += [f"{characters} <= {longest:d}"] if longest is not None else []
        if bounds and field.declared.kind == "plain":
            yield CheckConstraint(" AND ".join(bounds), name=f"{field.name}_length")

    def _reference(self, field: Field, target: type[Any]) -> ForeignKeyConstraint:
        parent: Table = target.__table__
        columns = [field.name] if field.declared.kind == "owner" else self._owner_first(field)
        key = [column.name for column in parent.primary_key.columns]
        self._refuse_stranger(field, parent, key, columns)
        return ForeignKeyConstraint(
            columns, [parent.c[name] for name in key], ondelete=field.declared.on_delete.upper()
        )

    def _refuse_stranger(self, field: Field, parent: Table, key: list[str], columns: list[str]) -> None:
        """The parent's key must begin with its owner, and be of the types of our columns."""
        theirs = owner_column(parent)
        types = {each.name: type(each.sql_type) for each in self.fields}
        matches = (
            self.owner is not None
            and theirs is not None
            and key[0] == theirs.name
            and [types[name] for name in columns] == [type(parent.c[name].type) for name in key]
        )
        if not matches:
            raise DeclarationError(
                Code.PARENT_NOT_OWNED,
                f"{self.table}.{field.name} refers to {parent.name!r}, which has no matching owner-first key.",
                detail="A reference that leaves the owner out can point at another user's row.",
                hint=(
                    f"Give both tables an owner() of the same type, {parent.name!r} a primary_key() with the default "
                    "scope, and this column the type of that key, so that the reference is (owner, id)."
                ),
            )
