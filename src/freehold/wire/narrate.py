"""Errors for administration: an administrator's own statements failed, so the server's sentence may be shown."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import psycopg

from freehold.errors import DatabaseError
from freehold.wire.sqlstate import error_from

# Class 22 (data exception) repeats the value that did not fit; P0001 says whatever a function raised.
_MAY_HOLD_VALUES: Final = ("22", "P0")


@contextmanager
def narrated() -> Generator[None]:
    """Like `translated`, with the server's primary message as ``detail`` unless it may hold a row's values."""
    try:
        yield
    except psycopg.Error as error:
        raise _narrate(error) from None


def _narrate(error: psycopg.Error) -> DatabaseError:
    told = error_from(error.diag)
    state = error.diag.sqlstate
    if state is not None and not state.startswith(_MAY_HOLD_VALUES):
        told.detail = error.diag.message_primary
    return told
