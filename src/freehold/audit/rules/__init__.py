"""The rules, one file each: a module here named ``auNNN_...`` with a ``RULE`` is a rule."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final, TypeVar, cast

from freehold.audit.found import Found
from freehold.audit.rule import Rule

T = TypeVar("T")


def _load() -> Iterator[Rule[Any]]:
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith("au"):
            yield import_module(f"{__name__}.{module.name}").RULE


RULES: Final[Mapping[str, Rule[Any]]] = {rule.id: rule for rule in sorted(_load(), key=lambda rule: rule.id)}
"""By number."""


def found(subject: T) -> Iterator[tuple[Rule[T], Found]]:
    """What every rule that is about such a subject finds in it."""
    for rule in RULES.values():
        if isinstance(subject, rule.about):
            for each in rule.check(subject):
                yield cast("Rule[T]", rule), each
