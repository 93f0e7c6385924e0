"""The rules, one file each: a module here named ``auNNN_...`` with a ``RULE`` is a rule."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, Final, TypeVar, cast

from freehold.audit.found import Found
from freehold.audit.rule import Rule

T = TypeVar("T")
Failed = Callable[[Rule[Any], Exception], None]


def _load() -> Iterator[Rule[Any]]:
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith("au"):
            yield import_module(f"{__name__}.{module.name}").RULE


RULES: Final[Mapping[str, Rule[Any]]] = {rule.id: rule for rule in sorted(_load(), key=lambda rule: rule.id)}
"""By number."""


def found(subject: T, failed: Failed | None = None) -> Iterator[tuple[Rule[T], Found]]:
    """What every rule that is about such a subject finds in it.

    ``failed`` is told of a rule that raises, so that a schema no rule was made for costs one rule and not the audit.
    """
    for rule in RULES.values():
        if isinstance(subject, rule.about):
            yield from ((cast("Rule[T]", rule), each) for each in _checked(rule, subject, failed))


def _checked(rule: Rule[Any], subject: object, failed: Failed | None) -> Sequence[Found]:
    try:
        return list(rule.check(subject))
    except Exception as error:
        if failed is None:
            raise
        failed(rule, error)
        return ()
