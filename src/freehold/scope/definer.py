"""Calls of functions that models declare (`freehold.models.DefinerFunction`), planned once for each function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Executable, bindparam

from freehold.models import DefinerFunction
from freehold.scope.plan import Prepared


def call_of(function: DefinerFunction, values: Mapping[str, Any]) -> Any:
    """A statement for a scope: SELECT of what ``function`` gives for ``values``, which are its arguments by name."""
    return Prepared((function.schema, function.name), lambda: _called(function), values)


def _called(function: DefinerFunction) -> Executable:
    return function.call(*(bindparam(name, type_=type_) for name, type_ in function.arguments.items()))
