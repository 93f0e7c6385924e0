"""A form that is shown again."""

from __future__ import annotations

from freehold.actions import Form
from freehold.errors import FieldError


def test_it_remembers_what_was_typed() -> None:
    """And an emptied field stays empty, whatever was there before."""
    assert Form({"name": ""}).value("name", "before") == ""
    assert Form().value("name", "before") == "before"


def test_an_error_belongs_to_its_field() -> None:
    """The first one is shown, at that field only."""
    form = Form(errors=(FieldError("/name", "Short."), FieldError("/name", "Odd."), FieldError("/name/0", "Inner.")))
    assert form.error("name") == "Short."
    assert form.error("nam") is None


def test_what_was_typed_is_not_logged() -> None:
    """A form may hold a password."""
    assert "hunter2" not in repr(Form({"password": "hunter2"}))
