"""What pgrls finds, under freehold's numbers: a rule of ours where there is one, a number of its own where not.

pgrls is an extra. Its findings are merged with ours by table; where freehold means something by design that pgrls asks
about, `LEFT_OUT` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from freehold.audit.catalog import Catalog
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Rule
from freehold.audit.rules import RULES
from freehold.wire import Connection

LEFT_OUT: Final = {
    "HYG004": "freehold prove removes each policy and looks whether a cell changes (AU822)",
    "PERF005": "it reads statistics of a running server; AU602 asks the planner",
    "SEC001": "a table that callers do not reach keeps nobody apart; one that they reach is AU101",
    "SEC005": "a policy that does not look at the row is AU201 for writes, AU202 for a table with owners, and meant otherwise",
    "SEC007": "one permissive policy for each role and command is the design",
    "SEC008": "a table without owners may be read by everybody (Access.PUBLIC_READ); with owners it is AU202",
    "SEC014": "a definer function that callers may not execute is nobody's way in; one that they may is AU405",
    "SEC016": "service_role bypasses row security by design; logins and callers are AU502",
    "SEC009": "a table that only the service reaches needs no policy; a grant without a policy is AU102",
    "SEC022": "a table that only the service writes is the design; a grant without a policy is AU102",
    "SEC027": "an owner column that no policy compares is seen by AU201 and AU202",
    "SEC038": "a table without owners may be read by everybody (Access.PUBLIC_READ); with owners it is AU202",
    "SEC045": "secrets are judged with the models' column privileges in view (AU801)",
    "SEC047": "a reference that carries the owner cannot ask about another's rows; without it, it is AU301",
    "SEC049": "a table that callers may read is what grants are for; without row security it is AU101",
    "PERF003": "AU304 asks for the owner's index, and AU602 the planner; what else a policy compares is asked of the rows left",
    "SEC029": "the service's login becomes service_role by design; what else may be become is AU503",
    "SEC035": "uniqueness is judged with what callers may write in view (AU303)",
    "VIEW002": "callers cannot create functions, so a view leaks nothing through one",
}
"""Rules of pgrls that are not taken over, and why."""

_OWN: Final = {
    "SEC010": ("AU901", Severity.WARNING, "A policy is constant false", "Nobody ever passes it; a mistake, or a reminder that the grant should go."),
    "SEC013": ("AU902", Severity.WARNING, "A trigger can pass policies by", "Its function runs as its owner, on rows that the caller may not see."),
    "SEC017": ("AU903", Severity.WARNING, "A function is declared leakproof", "The planner lets it look at rows before the policies are asked."),
    "SEC018": ("AU904", Severity.WARNING, "A policy compares with the database role", "Every caller is the same role; the comparison tells nobody apart."),
    "SEC019": ("AU905", Severity.NOTE, "A setting is read that may be missing", "The statement fails where the setting was never made."),
    "SEC021": ("AU906", Severity.NOTE, "A policy names one user", "An id in a policy is a right that no table shows."),
    "SEC023": ("AU907", Severity.WARNING, "A policy for a role that no policy binds", "The role bypasses row security; the policy only looks as if it held."),
    "SEC024": ("AU908", Severity.NOTE, "A setting without a prefix", "Names without a dot are the server's own."),
    "SEC025": ("AU909", Severity.WARNING, "A policy reads an unguarded table", "Whoever writes that table decides who passes."),
    "SEC026": ("AU910", Severity.WARNING, "A policy matches by pattern", "LIKE and regular expressions match more than was meant, and lose the index."),
    "SEC031": ("AU911", Severity.WARNING, "A restrictive policy is constant true", "It restricts nothing."),
    "SEC034": ("AU912", Severity.WARNING, "A policy goes by the address", "Addresses change hands; ids do not."),
    "SEC036": ("AU913", Severity.ERROR, "A policy asks whether any user exists", "Without the caller in the subquery it is true for everybody."),
    "SEC037": ("AU914", Severity.WARNING, "A policy names an unknown role", "It denies silently."),
    "SEC046": ("AU915", Severity.ERROR, "An immutable function reads the session", "The planner keeps its answer for the next caller."),
    "SEC050": ("AU916", Severity.WARNING, "A storage policy without a bucket", "It holds for the files of every bucket."),
    "SEC055": ("AU917", Severity.WARNING, "Two ways to read the tenant", "One fails without a tenant, the other denies silently."),
    "HYG001": ("AU918", Severity.ERROR, "A policy names a missing column", "It fails at the first statement."),
    "HYG002": ("AU919", Severity.WARNING, "A policy is named like a placeholder", "Nobody knows what it is for."),
    "HYG003": ("AU920", Severity.NOTE, "A policy repeats another", "Both run for every row, and one will be changed without the other."),
}  # fmt: skip

_SEVERITY: Final = {"error": Severity.ERROR, "warning": Severity.WARNING, "info": Severity.NOTE}


class _Violation:
    """What a rule of pgrls found; its rules are asked all at once, not one by one."""


def _rule(name: str, number: str, severity: Severity, title: str, why: str) -> Rule[_Violation]:
    remedy = f"pgrls explain {name} has the background and an example."
    return Rule(
        id=number,
        title=title,
        severity=severity,
        why=why,
        remedy=remedy,
        about=_Violation,
        check=lambda _: (),
        covers=(name,),
    )


ADOPTED: Final = {name: _rule(name, *rest) for name, rest in _OWN.items()}
"""Rules of pgrls that have a number here, by their name there."""

_OURS: Final = {name: rule for rule in RULES.values() for name in rule.covers}


def installed() -> bool:
    """Whether pgrls is."""
    return find_spec("pgrls") is not None


def version() -> str:
    """Which one."""
    return str(getattr(import_module("pgrls"), "__version__", "unknown"))


def ask(connection: Connection, catalog: Catalog) -> Iterator[tuple[Rule[Any], Found]]:
    """What pgrls finds in the database, each under a rule of ours. Raises whatever pgrls does."""
    inspected: Any = import_module("pgrls.introspect").introspect(connection, list(catalog.snapshot.schemas))
    rules: list[Any] = import_module("pgrls.rules").all_rules()
    for rule in rules:
        if rule.id not in LEFT_OUT:
            for violation in rule.check(inspected, {}):
                if not _harmless(violation, catalog):
                    yield _numbered(violation)


def _harmless(violation: Any, catalog: Catalog) -> bool:
    """Whether it is a policy that models' functions need, or a trigger whose function has no more rights than its caller."""
    subject = _subject(violation)
    if any(
        policy.subject == subject and catalog.opens(policy) for table in catalog.tables for policy in table.policies
    ):
        return True
    definers = (f"{routine.schema}.{routine.name}" for routine in catalog.routines if routine.definer)
    return violation.rule_id == "SEC013" and not any(name in violation.message for name in definers)


def _numbered(violation: Any) -> tuple[Rule[Any], Found]:
    rule = _OURS.get(violation.rule_id) or ADOPTED.get(violation.rule_id) or _unknown(violation)
    severity = max(rule.severity, _SEVERITY[violation.severity], key=lambda each: each.rank)
    return rule, Found(
        _subject(violation),
        f"{_first_sentence(violation.message)} (pgrls {violation.rule_id})",
        Fix(python=f"pgrls explain {violation.rule_id}"),
        key=f"pgrls {violation.rule_id}",
        severity=severity,
    )


def _subject(violation: Any) -> str:
    return str(violation.location or "database").replace("/", ".")


def _first_sentence(text: str) -> str:
    """What was found, without the advice: the rule's page has that."""
    return re.split(r"(?<=[.:]) (?=[A-Z])| — ", " ".join(text.split()))[0].rstrip(".:") + "."


def _unknown(violation: Any) -> Rule[_Violation]:
    """A rule that a newer pgrls has: not lost, and told apart by its own name."""
    return _rule(
        str(violation.rule_id), "AU999", Severity.WARNING, str(violation.title), "A rule of pgrls newer than this list."
    )


def merged(
    ours: Sequence[tuple[Rule[Any], Found]], theirs: Sequence[tuple[Rule[Any], Found]]
) -> Iterator[tuple[Rule[Any], Found]]:
    """Theirs without what ours say already: the same rule about the same table."""
    said = {(rule.id, table_of_subject(each.subject)) for rule, each in ours}
    for rule, each in theirs:
        if (rule.id, table_of_subject(each.subject)) not in said:
            yield rule, each


def table_of_subject(subject: str) -> str:
    """``schema.table`` of a table, or of something of it."""
    return ".".join(subject.split(".")[:2])
