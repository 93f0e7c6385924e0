"""Assertions about one attempt: a denial counts only if somebody else may do the very same thing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sized
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from freehold.errors import ForeignKeyError, FreeholdError, NotVisibleError, PermissionDeniedError

S = TypeVar("S")
T = TypeVar("T")

_DENIALS = (PermissionDeniedError, NotVisibleError, ForeignKeyError)


@dataclass(frozen=True)
class Denial:
    """How an attempt was denied: by an error, or by not finding a row."""

    how: Literal["error", "zero_rows"]
    error: FreeholdError | None = None


async def assert_denied(attempt: Callable[[S], Awaitable[Any]], *, to: S, control: S) -> Denial:
    """Makes ``attempt`` in the scope ``to``, which must get an error or no rows, and in ``control``, which must not.

    Without the control an attempt that can never succeed, such as one with a wrong id, would pass as a denial. An
    error that is no denial passes through. Raises AssertionError.
    """
    try:
        result = await attempt(to)
    except _DENIALS as error:
        denial = Denial("error", error)
    else:
        if not _is_nothing(result):
            raise AssertionError(f"The attempt was not denied: it gave {_shape(result)}.")
        denial = Denial("zero_rows")
    await assert_allowed(attempt, to=control, because="the control of the denial")
    return denial


async def assert_allowed(attempt: Callable[[S], Awaitable[T]], *, to: S, because: str = "it is allowed") -> T:
    """Makes ``attempt`` in the scope ``to``, which must give something; gives it. Raises AssertionError."""
    try:
        result = await attempt(to)
    except _DENIALS as error:
        raise AssertionError(f"The attempt was denied ({error.code}), and {because} asks for the contrary.") from error
    if _is_nothing(result):
        raise AssertionError(f"The attempt found no row, and {because} asks for one.")
    return result


def _is_nothing(result: object) -> bool:
    """None, no rows, or (of a batch) no rows at all."""
    rows: Any = result
    if isinstance(result, tuple) and rows and all(isinstance(each, list) for each in rows):
        return not any(rows)
    return result is None or (isinstance(result, Sized) and not isinstance(result, str) and not len(rows))


def _shape(result: object) -> str:
    """What a result is, without its values."""
    rows: Any = result
    return f"{len(rows)} rows" if isinstance(result, list) else f"a {type(result).__name__}"
