"""Pydantic models derived from models: what each holds, and what it keeps out."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar
from uuid import UUID

import pytest
from pydantic import BaseModel, Field, ValidationError, model_validator
from sqlalchemy import MetaData

from freehold import Col, Model, belongs_to, column, created_at, deleted_at, json, owner, primary_key, schema
from freehold.errors import Code, DeclarationError
from freehold.models import ColumnType
from freehold.schemas import InsertSchema, SelectSchema, UpdateSchema, insert_schema, select_schema, update_schema
from freehold.schemas.column import _sealed

T = TypeVar("T")


class Base(Model):
    """Tables of their own."""

    __abstract__ = True
    metadata: ClassVar[MetaData] = schema()


class Step(BaseModel):
    """What a JSON column holds."""

    text: str


class Plan(Base):
    """A model with a column of every kind."""

    __tablename__ = "plans"

    id: Col[UUID] = primary_key()
    user_id: Col[UUID] = owner()
    title: Col[Annotated[str, Field(min_length=1, max_length=20)]]
    status: Col[Literal["open", "done"]] = column(default="open")
    note: Col[Annotated[str, Field(max_length=5)] | None] = column(default=None)
    stars: Col[int] = column(default=0)
    due: Col[datetime | None] = column(default=None)
    steps: Col[list[Step]] = json(default_factory=list)
    external: Col[str | None] = column(default=None, insert=False, update=False)
    hidden: Col[str | None] = column(default=None, select=False, insert=False)
    created_at: Col[datetime] = created_at()
    deleted_at: Col[datetime | None] = deleted_at()


class Part(Base):
    """One that belongs to another."""

    __tablename__ = "parts"

    id: Col[UUID] = primary_key()
    user_id: Col[UUID] = owner()
    plan_id: Col[UUID] = belongs_to(Plan, update=False)


class PlanOut(SelectSchema[Plan], omit={"steps", "deleted_at"}):
    """A plan, for its owner."""

    late: bool = False


class NewPlan(InsertSchema[Plan]):
    """A new plan."""


class ChangePlan(UpdateSchema[Plan], only={"title", "note", "stars", "steps"}):
    """A change."""


def _fields(schema_: type[BaseModel]) -> list[str]:
    return list(schema_.model_fields)


def test_a_selected_row_has_what_callers_may_see() -> None:
    """In the model's order, without what is closed to SELECT or left out, and with what the class adds."""
    assert _fields(PlanOut) == [
        "id",
        "user_id",
        "title",
        "status",
        "note",
        "stars",
        "due",
        "external",
        "created_at",
        "late",
    ]
    assert "hidden" not in _fields(select_schema(Plan))
    assert "steps" in _fields(select_schema(Plan))


def test_a_new_row_has_what_callers_may_say() -> None:
    """Neither the key nor the owner, nor what the database or the service writes."""
    assert _fields(NewPlan) == ["title", "status", "note", "stars", "due", "steps"]
    assert _fields(insert_schema(Part)) == ["plan_id"]


def test_a_change_has_what_callers_may_change() -> None:
    """A column that is closed to UPDATE is not in it, one that only cannot be read is."""
    assert _fields(update_schema(Plan)) == ["title", "status", "note", "stars", "due", "steps", "hidden"]
    assert _fields(update_schema(Part)) == []


def test_defaults_are_carried_over() -> None:
    """What has one may be left out; a list is made anew each time."""
    first, second = NewPlan(title="a"), NewPlan(title="b")
    assert (first.status, first.note, first.stars, first.steps) == ("open", None, 0, [])
    assert first.steps is not second.steps
    assert NewPlan.model_json_schema()["required"] == ["title"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "title"),
        ({"title": ""}, "title"),
        ({"title": "x" * 21}, "title"),
        ({"title": None}, "title"),
        ({"title": "a", "status": "lost"}, "status"),
        ({"title": "a", "note": "123456"}, "note"),
        ({"title": "a", "stars": 2**63}, "stars"),
        ({"title": "a", "due": "2030-01-01T00:00:00"}, "due"),
        ({"title": "a", "steps": [{"txt": ""}]}, "steps"),
        ({"title": "a", "user_id": str(UUID(int=1))}, "user_id"),
        ({"title": "a", "external": "x"}, "external"),
    ],
)
def test_what_the_database_would_refuse_is_refused_before(values: dict[str, Any], field: str) -> None:
    """Lengths, choices, nulls, ranges, time zones, JSON, and every column that is not the caller's to write."""
    with pytest.raises(ValidationError) as caught:
        NewPlan.model_validate(values)
    assert {each["loc"][0] for each in caught.value.errors()} == {field}
    assert NewPlan.model_validate({"title": "a", "note": "12345", "stars": 2**63 - 1, "due": "2030-01-01T00:00:00Z"})


def test_a_new_row_becomes_the_model() -> None:
    """With columns that the caller has no say in beside it."""
    row = NewPlan(title="a", steps=[Step(text="one")]).row()
    assert (type(row), row.title, row.status, row.steps) == (Plan, "a", "open", [Step(text="one")])
    plan_id = UUID(int=3)
    assert insert_schema(Part, omit={"plan_id"})().row(plan_id=plan_id).plan_id == plan_id  # type: ignore[attr-defined]


def test_absent_is_not_null() -> None:
    """Only what was sent is assigned, and null only where the column takes it."""
    changes = ChangePlan(note=None, stars=3).assignments()
    assert [(each.attribute.key, each.value) for each in changes] == [("note", None), ("stars", 3)]
    with pytest.raises(ValidationError):
        ChangePlan.model_validate({"title": None})
    with pytest.raises(ValidationError, match="Change at least one field"):
        ChangePlan.model_validate({})
    assert ChangePlan.model_json_schema()["minProperties"] == 1
    assert all("default" not in each for each in ChangePlan.model_json_schema()["properties"].values())


def test_a_row_that_is_older_than_the_rules_can_be_read() -> None:
    """Lengths bind who writes; a long title that is there already is no reason to fail."""
    row = Plan(title="x" * 30)
    row.user_id, row.created_at = UUID(int=1), datetime.now(UTC)
    row.external = None
    assert PlanOut.of(row).title == "x" * 30
    assert [each.late for each in PlanOut.all_of([row, row])] == [False, False]


def test_the_function_and_the_class_are_the_same() -> None:
    """Equal arguments give one class, whose name is good for a document; it may be a base."""
    assert select_schema(Plan, omit={"steps"}) is select_schema(Plan, omit=frozenset({"steps"}))
    assert select_schema(Plan).__name__ == "PlanSelect"
    assert select_schema(Plan, name="PlanRow").model_json_schema()["title"] == "PlanRow"

    class Shown(select_schema(Plan, only={"id", "title"})):  # type: ignore[misc]
        title: str = "none"

    assert _fields(Shown) == ["id", "title"]
    assert Shown(id=UUID(int=1)).title == "none"
    assert "Shown" in repr(Shown)
    assert Shown.model_json_schema()["title"] == "Shown"


@pytest.mark.parametrize(
    "derive",
    [
        lambda: select_schema(Plan, omit={"titel"}),
        lambda: insert_schema(Plan, only={"external"}),
        lambda: update_schema(Plan, only={"nothing"}),
        lambda: type(PlanOut)("Less", (PlanOut,), {}, omit={"title"}),
    ],
)
def test_a_misspelt_column_is_refused(derive: Any) -> None:
    """Where the schema is declared; so is taking away what a base has already."""
    with pytest.raises(DeclarationError) as caught:
        derive()
    assert caught.value.code is Code.SCHEMA_COLUMN
    assert caught.value.hint


def test_sealed_columns_are_never_in_a_schema() -> None:
    """By the name of their type, whatever else is said of them."""

    class Sealed(Generic[T]):
        """Stands in for the type of encrypted columns."""

    def kept(annotation: Any) -> Any:
        return SimpleNamespace(type=ColumnType.of(annotation))

    assert all(_sealed(kept(each)) for each in (Sealed[str], Sealed[str] | None, Sealed))
    assert not any(_sealed(each) for each in Plan.__fields__)


def _plan(**values: Any) -> Plan:
    plan = Plan(title="a", **values)
    vars(plan).update(id=UUID(int=1), user_id=UUID(int=2), external=None, created_at=datetime(2026, 1, 1, tzinfo=UTC))
    return plan


def test_a_row_is_read_alike_by_dictionary_and_by_attribute() -> None:
    """Whatever the class adds: a default, an attribute of the row, a name of its own, a look at the whole row."""

    class Renamed(SelectSchema[Plan], only={"id"}):
        called: str = Field(validation_alias="title")

    class Whole(SelectSchema[Plan], only={"id"}):
        title: str = ""

        @model_validator(mode="before")
        @classmethod
        def _shout(cls, row: Any) -> Any:
            return {"id": row.id, "title": row.title.upper()}

    class Tabled(SelectSchema[Plan], only={"id"}):
        registry_name: str = "none"
        metadata: Any

    row, late = _plan(), _plan()
    vars(late)["late"] = True
    assert [each.late for each in PlanOut.all_of([row, late])] == [False, True]
    for each in (row, late):
        assert PlanOut.of(each) == PlanOut.model_validate(each)
    assert Renamed.of(row).called == "a"
    assert Whole.of(row).title == "A"
    assert Tabled.of(row).metadata is Base.metadata


def test_a_row_is_validated_however_it_is_read() -> None:
    """What a table should not hold is not passed on."""
    assert PlanOut.of(_plan(status="done")).status == "done"
    row = _plan()
    vars(row)["status"] = "lost"
    with pytest.raises(ValidationError, match="status"):
        PlanOut.of(row)
