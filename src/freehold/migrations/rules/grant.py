"""Grants: merged to one statement for each object and grantee, and never on a table that is not guarded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from freehold.catalog import Change, Fact, Kind
from freehold.migrations.context import Context, Identity, grant_subject
from freehold.migrations.operation import Operation, Phase
from freehold.migrations.rules.guard import refuse_unguarded
from freehold.migrations.rules.name import columns, qualified, role
from freehold.migrations.rules.privilege import MAINTAIN, granted, revoked
from freehold.migrations.rules.rule import Rule

_REVOKE: Final = "REVOKE {} ON {} FROM {}"
_GRANT: Final = "GRANT {} ON {} TO {}"
# One statement: what it is on, for whom, with or without the right to pass it on.
_Group = tuple[str, str, bool]


class GrantRule(Rule):
    """Revoked first, granted last."""

    def plan(self, changes: Sequence[Change], context: Context) -> Iterator[Operation]:
        gone = [c.before for c in changes if c.before and c.after is None and not context.absorbed(c.before)]
        new = [c.after for c in changes if c.after and not _demoted(c)]
        new += dict.fromkeys(_swept(gone, new, context))
        for fact in new:
            refuse_unguarded(fact, context)
        yield from _statements(gone, context, _REVOKE, drop=True)
        demoted = [c.after for c in changes if c.after and _demoted(c)]
        yield from _statements(demoted, context, "REVOKE GRANT OPTION FOR {} ON {} FROM {}", drop=True)
        yield from _statements(new, context, _GRANT, drop=False)


def _demoted(change: Change) -> bool:
    return change.verb == "alter" and not change.fact.flag("grantable")


def _swept(gone: Iterable[Fact], new: Sequence[Fact], context: Context) -> Iterator[Fact]:
    """Grants that stay, but go with a revoked one: granted again.

    Those on columns go with one on the whole table (manual, REVOKE), all of them with MAINTAIN, for which ALL is said.
    """
    present = {fact.identity for fact in new}
    for fact in gone:
        kind, schema, name, _, grantee, privilege = fact.key
        swept = ("column",) if kind in {"table", "view"} else ()
        for each in (kind, *swept) if privilege == MAINTAIN else swept:
            for other in context.after.of(Kind.GRANT, each, schema, name):
                if other.key[4] == grantee and privilege in {MAINTAIN, other.key[5]} and other.identity not in present:
                    yield other


def _statements(facts: Iterable[Fact], context: Context, form: str, *, drop: bool) -> Iterator[Operation]:
    groups: defaultdict[_Group, list[Fact]] = defaultdict(list)
    for fact in facts:
        grantable = fact.flag("grantable") and not drop
        groups[_target(fact, context), fact.key[4], grantable].append(fact)
    for (target, grantee, grantable), members in groups.items():
        listed = _privileges(members, context)
        if form == _REVOKE:
            listed = revoked(listed)
        if form == _GRANT:
            listed = granted(listed, _held(members[0], context, grantable=grantable))
        sql = form.format(listed, target, role(grantee))
        sql += " WITH GRANT OPTION" if grantable else ""
        yield Operation(Phase.GRANT, (target, grantee), sql, drop=drop)


def _held(one: Fact, context: Context, *, grantable: bool) -> set[str]:
    """What the grantee of ``one`` holds afterwards on the same object."""
    kind, schema, name, _, grantee = one.key[:5]
    facts = context.after.of(Kind.GRANT, kind, schema, name)
    return {fact.key[5] for fact in facts if fact.key[4] == grantee and (fact.flag("grantable") or not grantable)}


def _privileges(facts: Sequence[Fact], context: Context) -> str:
    """``SELECT, UPDATE ("a", "b")``, the columns as they stand in the table."""
    whole = sorted({fact.key[5] for fact in facts if fact.key[0] != "column"})
    parts: defaultdict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.key[0] == "column":
            parts[fact.key[5]].append(fact)
    listed = [
        f"{privilege} {columns(tuple(fact.key[3] for fact in sorted(parts[privilege], key=context.column_rank)))}"
        for privilege in sorted(parts)
    ]
    return ", ".join([*whole, *listed])


def _target(fact: Fact, context: Context) -> str:
    kind, schema, name, detail = fact.key[:4]
    if kind in {"table", "column", "view"}:
        return f"TABLE {qualified(schema, name)}"
    if kind == "schema":
        return f"SCHEMA {qualified(schema)}"
    if kind == "function":
        function = _fact(grant_subject(fact.key), context)
        return f"{function.text('kind').upper()} {qualified(schema, name)}({detail})"
    return f"{'TYPE' if kind in {'enum', 'domain'} else kind.upper()} {qualified(schema, name)}"


def _fact(identity: Identity, context: Context) -> Fact:
    return context.after.get(identity) or context.before[identity]
