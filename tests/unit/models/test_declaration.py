"""Models that cannot be right are refused where they are declared, with the line that puts them right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import pytest
from sqlalchemy import Column, Table, Text, literal, text
from sqlalchemy.orm import mapped_column

from freehold import Access, Col, Command, Model, Policy, Role, belongs_to, caller_id, column, json, owner, primary_key
from freehold.errors import Code, DeclarationError
from freehold.models import ColumnRules, rules_of, schema_statements, table_of
from tests.unit.models.declare import base


def _undeclared() -> Any:
    class Thing(base()):
        __tablename__ = "things"
        id: Col[UUID] = primary_key()


def _plain_table() -> Any:
    Table("things", base().metadata, Column("id", Text, primary_key=True))


def _nullable_owner() -> Any:
    class Thing(base()):
        __tablename__ = "things"
        id: Col[UUID] = primary_key()
        user_id: Col[UUID | None] = owner()


def _two_owners() -> Any:
    class Thing(base()):
        __tablename__ = "things"
        id: Col[UUID] = primary_key()
        user_id: Col[UUID] = owner()
        other_id: Col[UUID] = owner()


def _owner_and_access() -> Any:
    class Thing(base()):
        __tablename__ = "things"
        __access__ = Access.PUBLIC_READ
        id: Col[UUID] = primary_key()
        user_id: Col[UUID] = owner()


def _no_key() -> Any:
    class Thing(base()):
        __tablename__ = "things"
        user_id: Col[UUID] = owner()
        name: Col[str]


def _no_key_without_owner() -> Any:
    class Thing(base()):
        __tablename__ = "things"
        __access__ = Access.SERVICE_ONLY
        name: Col[str]


def _unknown_type() -> Any:
    class Thing(base()):
        __tablename__ = "things"
        id: Col[UUID] = primary_key()
        user_id: Col[UUID] = owner()
        what: Col[complex]


def _union() -> Any:
    class Thing(base()):
        __tablename__ = "things"
        id: Col[UUID] = primary_key()
        user_id: Col[UUID] = owner()
        what: Col[int | str]


def _bare_list() -> Any:
    class Thing(base()):
        __tablename__ = "things"
        id: Col[UUID] = primary_key()
        user_id: Col[UUID] = owner()
        what: Col[list[str]]


def _mixed_choices() -> Any:
    class Thing(base()):
        __tablename__ = "things"
        id: Col[UUID] = primary_key()
        user_id: Col[UUID] = owner()
        what: Col[Literal["a", 1]]


def _something_else_assigned() -> Any:
    class Thing(base()):
        __tablename__ = "things"
        id: Col[UUID] = primary_key()
        user_id: Col[UUID] = owner()
        what: Col[str] = "default"


def _sqlalchemys_own_word() -> Any:
    class Thing(base()):
        __tablename__ = "things"
        id: Col[UUID] = primary_key()
        user_id: Col[UUID] = owner()
        what: Col[str] = mapped_column(Text)


def _unresolvable() -> Any:
    class Thing(base()):
        __tablename__ = "things"
        id: Col[UUID] = primary_key()
        user_id: Col[NoSuchName] = owner()  # noqa: F821


MISTAKES: dict[str, tuple[Callable[[], Any], Code, str]] = {
    "nothing declared": (_undeclared, Code.ACCESS_UNDECLARED, "user_id: Col[UUID] = owner()"),
    "a plain table": (_plain_table, Code.ACCESS_UNDECLARED, "__access__ = Access.SERVICE_ONLY"),
    "nullable owner": (_nullable_owner, Code.OWNER_NULLABLE, "user_id: Col[UUID] = owner()"),
    "two owners": (_two_owners, Code.OWNER_REPEATED, "Keep one owner()"),
    "owner and access": (_owner_and_access, Code.OWNER_REPEATED, "__access__ alone"),
    "no key": (_no_key, Code.KEY_MISSING, "primary_key()"),
    "no key, no owner": (_no_key_without_owner, Code.KEY_MISSING, "primary_key()"),
    "unknown type": (_unknown_type, Code.COLUMN_TYPE_UNKNOWN, "json()"),
    "union": (_union, Code.COLUMN_TYPE_UNKNOWN, "json()"),
    "list": (_bare_list, Code.COLUMN_TYPE_UNKNOWN, "json()"),
    "mixed choices": (_mixed_choices, Code.COLUMN_TYPE_UNKNOWN, "strings only"),
    "a value": (_something_else_assigned, Code.COLUMN_TYPE_UNKNOWN, "column(default="),
    "mapped_column": (_sqlalchemys_own_word, Code.COLUMN_TYPE_UNKNOWN, "column(default="),
    "unresolvable": (_unresolvable, Code.COLUMN_TYPE_UNKNOWN, "TYPE_CHECKING"),
}


@pytest.mark.parametrize(("declare", "code", "fix"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_refused_with_its_fix(declare: Callable[[], Any], code: Code, fix: str) -> None:
    """The error names the table or the column, and its hint contains the line to write."""
    with pytest.raises(DeclarationError) as refused:
        declare()
    assert refused.value.code is code
    assert fix in (refused.value.hint or "")
    assert "thing" in str(refused.value).lower()


def _parent(base_: Any, key: Any = None, own: Any = None, **more: Any) -> Any:
    class Parent(base_):
        __tablename__ = "parents"
        id: Col[UUID] = key or primary_key()
        user_id: Col[UUID] = own or owner()

    return Parent


def _child_without_owner(base_: Any) -> None:
    parent = _parent(base_)

    class Child(base_):
        __tablename__ = "children"
        __access__ = Access.SERVICE_ONLY
        id: Col[UUID] = primary_key()
        parent_id: Col[UUID] = belongs_to(parent)


def _parent_without_owner(base_: Any) -> None:
    class Parent(base_):
        __tablename__ = "parents"
        __access__ = Access.SERVICE_ONLY
        id: Col[UUID] = primary_key()

    class Child(base_):
        __tablename__ = "children"
        id: Col[UUID] = primary_key()
        user_id: Col[UUID] = owner()
        parent_id: Col[UUID] = belongs_to(Parent)


def _another_type_of_owner(base_: Any) -> None:
    parent = _parent(base_)

    class Child(base_):
        __tablename__ = "children"
        id: Col[UUID] = primary_key()
        user_id: Col[str] = owner()
        parent_id: Col[UUID] = belongs_to(parent)


def _global_key(base_: Any) -> None:
    parent = _parent(base_, key=primary_key(scope="global"))

    class Child(base_):
        __tablename__ = "children"
        id: Col[UUID] = primary_key()
        user_id: Col[UUID] = owner()
        parent_id: Col[UUID] = belongs_to(parent)


def _users_with_another_key(base_: Any) -> None:
    parent = _parent(base_)

    class Child(base_):
        __tablename__ = "children"
        id: Col[UUID] = primary_key()
        user_id: Col[UUID] = owner(parent)


@pytest.mark.parametrize(
    "declare",
    [_child_without_owner, _parent_without_owner, _another_type_of_owner, _global_key, _users_with_another_key],
    ids=["child without owner", "parent without owner", "another type", "global key", "owner of something owned"],
)
def test_a_reference_needs_a_matching_owner_first_key(declare: Callable[[Any], None]) -> None:
    """FH104: a reference that leaves the owner out can point at another user's row."""
    with pytest.raises(DeclarationError) as refused:
        declare(base())
    assert refused.value.code is Code.PARENT_NOT_OWNED
    assert "parents" in refused.value.message


def test_a_reference_of_another_type_than_the_key() -> None:
    """Text cannot refer to a UUID."""
    base_ = base()
    parent = _parent(base_)
    with pytest.raises(DeclarationError):

        class Child(base_):
            __tablename__ = "children"
            id: Col[UUID] = primary_key()
            user_id: Col[UUID] = owner()
            parent_id: Col[str] = belongs_to(parent)


def _with(*policies: Policy) -> Any:
    class Thing(base()):
        __tablename__ = "things"
        __policies__ = policies
        id: Col[UUID] = primary_key()
        user_id: Col[str] = owner()
        title: Col[str]

    return Thing


def _other_table() -> Any:
    class Other(base()):
        __tablename__ = "others"
        id: Col[UUID] = primary_key()
        user_id: Col[str] = owner()

    return Other


POLICY_MISTAKES: dict[str, tuple[Callable[[Any], Any], Code]] = {
    "unknown column": (lambda t: t.titel == "x", Code.POLICY_COLUMN_UNKNOWN),
    "unknown column inside": (lambda t: (t.user_id == caller_id()) | (t.titel == "x"), Code.POLICY_COLUMN_UNKNOWN),
    "another table's column": (lambda t: _other_table().user_id == caller_id(), Code.POLICY_COLUMN_UNKNOWN),
    "text": (lambda t: "user_id = auth.uid()", Code.POLICY_INVALID),
    "bool": (lambda t: True, Code.POLICY_INVALID),
    "nothing": (lambda t: None, Code.POLICY_INVALID),
    "a comparison that is none": (lambda t: t.title is None, Code.POLICY_INVALID),
    "text()": (lambda t: text("true"), Code.POLICY_INVALID),
    "unknown column by item": (lambda t: t["titel"] == "x", Code.POLICY_COLUMN_UNKNOWN),
}


@pytest.mark.parametrize(("using", "code"), POLICY_MISTAKES.values(), ids=POLICY_MISTAKES)
def test_a_policy_that_cannot_be_one(using: Callable[[Any], Any], code: Code) -> None:
    """FH105 and FH106, where the class is defined."""
    with pytest.raises(DeclarationError) as refused:
        _with(Policy(Command.SELECT, to=Role.AUTHENTICATED, using=using))
    assert refused.value.code is code
    assert "things" in refused.value.message


ANY = lambda t: literal(True)  # noqa: E731


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (Command.SELECT, {}),
        (Command.SELECT, {"check": ANY}),
        (Command.SELECT, {"using": ANY, "check": ANY}),
        (Command.DELETE, {"check": ANY}),
        (Command.INSERT, {"using": ANY}),
        (Command.INSERT, {"using": ANY, "check": ANY}),
        (Command.UPDATE, {"check": ANY}),
        (Command.UPDATE, {}),
    ],
)
def test_a_policy_has_the_expressions_of_its_command(command: Command, options: dict[str, Any]) -> None:
    """SELECT and DELETE have using, INSERT has check, UPDATE both."""
    with pytest.raises(DeclarationError) as refused:
        Policy(command, to=Role.AUTHENTICATED, **options)
    assert refused.value.code is Code.POLICY_INVALID


@pytest.mark.parametrize("to", [(), Role.SERVICE, (Role.ANON, Role.SERVICE)], ids=["nobody", "service", "with service"])
def test_a_policy_is_for_callers(to: Any) -> None:
    """The service bypasses row security; PUBLIC and nobody cannot be said."""
    with pytest.raises(DeclarationError):
        Policy(Command.SELECT, to=to, using=ANY)


def test_an_update_policy_checks_new_rows_as_old_ones() -> None:
    """Unless it says otherwise: a check that is weaker by omission gives rows away."""
    policy = Policy(Command.UPDATE, to=Role.AUTHENTICATED, using=ANY)
    assert policy.check is policy.using


def test_two_policies_of_one_command_have_names_of_their_own() -> None:
    """PostgreSQL ORs them; a table may need both."""
    from freehold.models import protection_of  # noqa: PLC0415

    policy = Policy(Command.SELECT, to=Role.AUTHENTICATED, using=lambda t: t.user_id == caller_id())
    shared = Policy(Command.SELECT, to=Role.AUTHENTICATED, using=lambda t: t.title == "shared")
    names = [each.name for each in protection_of(table_of(_with(policy, shared))).policies]
    assert len(set(names)) == len(names)


def test_policies_of_a_table_with_a_long_name_have_names_of_their_own() -> None:
    """However long the table's name is."""
    from freehold.models import protection_of  # noqa: PLC0415

    class Thing(base()):
        __tablename__ = "t" * 60
        __policies__ = (
            Policy(Command.SELECT, to=Role.ANON, using=lambda t: t.title == "a"),
            Policy(Command.SELECT, to=Role.AUTHENTICATED, using=lambda t: t.title == "b"),
        )
        id: Col[UUID] = primary_key()
        title: Col[str]

    names = [each.name for each in protection_of(table_of(Thing)).policies]
    assert len(set(names)) == len(names)


def test_a_model_without_a_table_name() -> None:
    """It is a mistake like the others."""
    with pytest.raises(DeclarationError):

        class Thing(base()):
            id: Col[UUID] = primary_key()
            user_id: Col[UUID] = owner()


def test_a_naive_default_is_refused() -> None:
    """A timestamp without a zone means another moment on every machine."""
    with pytest.raises(DeclarationError) as refused:

        class Thing(base()):
            __tablename__ = "things"
            id: Col[UUID] = primary_key()
            user_id: Col[UUID] = owner()
            due: Col[datetime] = column(default=datetime(2030, 1, 1))  # noqa: DTZ001

    assert refused.value.code is Code.TIMESTAMP_NAIVE


def test_a_mutable_default_is_refused() -> None:
    """FH113: every instance would share it. A dataclass refuses it too."""
    with pytest.raises(DeclarationError) as refused:

        class Thing(base()):
            __tablename__ = "things"
            id: Col[UUID] = primary_key()
            user_id: Col[UUID] = owner()
            names: Col[list[str]] = json(default=[])

    assert refused.value.code is Code.DEFAULT_SHARED


def test_the_constructor_takes_columns_by_name() -> None:
    """Required ones must be given, unknown ones and those the database makes are refused."""
    thing = _with()
    with pytest.raises(TypeError, match="missing the column 'title'"):
        thing()
    for refused in ("titel", "user_id", "id"):
        with pytest.raises(TypeError, match=f"no column '{refused}'"):
            thing(title="t", **{refused: "x"})
    made = thing(title="t")
    assert made.title == "t"
    assert isinstance(made.id, UUID)


def test_a_repr_shows_the_key_only() -> None:
    """Other columns may be secrets."""
    thing = _with()(title="s3cret")
    assert "s3cret" not in repr(thing)
    assert str(thing.id) in repr(thing)


def test_columns_of_a_mixin_come_first() -> None:
    """And each model has its own."""

    class Named:
        name: Col[str]

    class Thing(Named, base()):
        __tablename__ = "things"
        id: Col[UUID] = primary_key()
        user_id: Col[UUID] = owner()

    assert table_of(Thing).columns.keys() == ["name", "id", "user_id"]
    assert rules_of(table_of(Thing)).owner == "user_id"


def test_a_model_of_one_metadata_is_not_in_another() -> None:
    """Tests leave nothing in ``Model.metadata``."""
    _with()
    assert "public.things" not in Model.metadata.tables


def test_the_hash_of_a_secret_is_unique_for_everybody_and_shown_to_nobody() -> None:
    """Callers may give it once, and neither read nor change it: that it is there already tells nothing."""

    class Link(base()):
        __tablename__ = "links"
        id: Col[UUID] = primary_key()
        user_id: Col[UUID] = owner()
        code_hash: Col[str] = column(unique=True, scope="secret")

    assert rules_of(table_of(Link)).of("code_hash") == ColumnRules(select=False, insert=True, update=False, secret=True)
    assert "UNIQUE (code_hash)" in schema_statements(table_of(Link).metadata)[0]
