"""Names of models."""

from __future__ import annotations

import pytest

from freehold.pull.name import attribute, class_names


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ("task_messages", "TaskMessage"),
        ("people", "Person"),
        ("categories", "Category"),
        ("addresses", "Address"),
        ("boxes", "Box"),
        ("status", "Status"),
        ("news", "News"),
        ("userProfiles", "UserProfile"),
        ("2fa", "T2fa"),
        ("models", "ModelRow"),
    ],
)
def test_a_table_is_named_in_the_singular(table: str, name: str) -> None:
    """As one row is called."""
    assert class_names([("public", table)]) == {("public", table): name}


def test_no_two_models_are_named_alike() -> None:
    """A table in the plural and one in the singular are two."""
    names = class_names([("public", "task"), ("public", "tasks"), ("public", "Tasks")])
    assert len(set(names.values())) == 3


@pytest.mark.parametrize(("column", "usable"), [("a", True), ("a b", False), ("class", False), ("metadata", False)])
def test_a_column_must_be_a_name(column: str, *, usable: bool) -> None:
    """SQLAlchemy and Python reserve some."""
    assert (attribute(column) is not None) is usable
