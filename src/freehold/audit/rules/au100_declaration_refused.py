"""AU100: a model that cannot be enforced is refused where it is defined."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Rule
from freehold.errors import DeclarationError


def _check(error: DeclarationError) -> Iterator[Found]:
    yield Found("models", f"{error.code}: {error.message}", Fix(python=error.hint or ""), key=error.code)


RULE = Rule(
    id="AU100",
    title="A model is refused",
    severity=Severity.ERROR,
    why="A table without an owner or an access, an owner that may be NULL, a policy that names a column it does not have: "
    "the application does not start with such a model, and nothing else about the models can be looked at.",
    remedy="Do what the hint of the error says.",
    about=DeclarationError,
    check=_check,
)
