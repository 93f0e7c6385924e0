"""The assertions: a denial is an error of the right kind or nothing, and counts only beside its control."""

from __future__ import annotations

from typing import Any

import pytest

from freehold.errors import Code, DatabaseError, NotVisibleError
from freehold.testing import assert_allowed, assert_denied

MISSING = NotVisibleError(Code.NOT_VISIBLE, "none", hint="none")


async def give(result: Any) -> Any:
    """What a scope that answers ``result`` does: errors are raised."""
    if isinstance(result, Exception):
        raise result
    return result


@pytest.mark.parametrize("nothing", [None, [], ([], [])])
async def test_nothing_is_a_denial_by_zero_rows(nothing: Any) -> None:
    """None, no rows, and a batch without rows."""
    assert (await assert_denied(give, to=nothing, control=["row"])).how == "zero_rows"


async def test_an_error_is_a_denial_by_error() -> None:
    """The error is given back."""
    denial = await assert_denied(give, to=MISSING, control=["row"])
    assert (denial.how, denial.error) == ("error", MISSING)


@pytest.mark.parametrize("something", [["row"], ([], ["row"]), 0, False, "text"])
async def test_something_is_no_denial(something: Any) -> None:
    """A row, also one in a batch, or a value, zero included."""
    with pytest.raises(AssertionError, match="was not denied"):
        await assert_denied(give, to=something, control=["row"])


@pytest.mark.parametrize("control", [[], None, MISSING])
async def test_a_denial_needs_its_control(control: Any) -> None:
    """What nobody may do proves nothing."""
    with pytest.raises(AssertionError, match="the control of the denial"):
        await assert_denied(give, to=[], control=control)


async def test_another_error_passes_through() -> None:
    """A statement that fails for its own reasons is not denied."""
    broken = DatabaseError(Code.DATABASE, "broken", sqlstate="42601")
    with pytest.raises(DatabaseError):
        await assert_denied(give, to=broken, control=["row"])


async def test_a_message_shows_no_values() -> None:
    """How many rows came is said, not which."""
    with pytest.raises(AssertionError) as caught:
        await assert_denied(give, to=["a secret"], control=["row"])
    assert "1 rows" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert await assert_allowed(give, to=["row"]) == ["row"]
