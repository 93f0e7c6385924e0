"""What a change lets through that was kept apart before, judged on PostgreSQL's own text of each policy.

A changed expression counts as weaker unless it is the old one with something added by AND (or, for the new
restrictive policy, there was none): everything else needs a reader, and parentheses are never normalised away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from freehold.catalog import Change, Fact, Kind
from freehold.migrations.context import Context

_DATA: Final = {"table", "column", "view", "sequence", "schema"}
_INVOKER: Final = {f"security_invoker={word}" for word in ("true", "on", "1", "yes")}


def weakenings(changes: Sequence[Change], context: Context) -> tuple[str, ...]:
    """A sentence for each change that may let more through, or through another way; new tables have nothing to weaken."""
    return tuple(sentence for change in changes for sentence in _judge(change, context))


def _judge(change: Change, context: Context) -> Iterator[str]:
    if change.kind is Kind.TABLE and change.verb == "alter":
        for name, words in (("row_security", "row security disabled"), ("forced", "row security not forced")):
            if name in change.altered and not change.fact.flag(name):
                yield f"{change.fact.name}: {words}"
    if change.kind is Kind.POLICY and not context.absorbed(change.fact) and _guarded(change, context):
        yield from _policy(change)
    if change.after is not None:
        yield from _opening(change, change.after)


def _guarded(change: Change, context: Context) -> bool:
    """Whether the table has row security already; what a new or an open one gets takes nothing from it."""
    table = context.before.get((Kind.TABLE, change.key[:2]))
    return not context.new_table(change.fact) and (table is None or table.flag("row_security"))


def _opening(change: Change, after: Fact) -> Iterator[str]:
    """What is open by itself, on new things too."""
    if change.kind is Kind.GRANT and change.before is None and after.key[4] == "public" and after.key[0] in _DATA:
        yield f"{after.name}: granted to PUBLIC, whoever that will be"
    if change.kind is Kind.FUNCTION and after.flag("security_definer") and not _has_search_path(after):
        yield f"{after.name}: SECURITY DEFINER without SET search_path runs what its caller put there"
    if change.kind is Kind.VIEW and after.text("kind") == "view" and not _invoker(after):
        yield f"{after.name}: without security_invoker it shows what its owner may see"


def _has_search_path(function: Fact) -> bool:
    return any(setting.startswith("search_path=") for setting in function.names("settings"))


def _invoker(view: Fact) -> bool:
    return any(option.replace(" ", "") in _INVOKER for option in view.names("options"))


def _policy(change: Change) -> Iterator[str]:
    before, after = change.before, change.after
    if before is None and after is not None and after.flag("permissive"):
        yield f"{after.name}: a permissive policy is added for {', '.join(after.names('roles'))}"
    elif after is None and before is not None:
        yield f"{before.name}: a {'permissive' if before.flag('permissive') else 'restrictive'} policy is dropped"
    elif before is not None and after is not None:
        yield from _altered(change, before, after)


def _altered(change: Change, before: Fact, after: Fact) -> Iterator[str]:
    for name in sorted(change.altered & {"command", "permissive"}):
        yield f"{after.name}: {name} changed"
    old, new = set(before.names("roles")), set(after.names("roles"))
    if new - old if after.flag("permissive") else old - new:
        yield f"{after.name}: roles {', '.join(sorted(old))} became {', '.join(sorted(new))}"
    for name in sorted(change.altered & {"using", "check"}):
        if not _narrower(before.text(name), after.text(name)):
            yield f"{after.name}: {name} {before.text(name) or 'none'} became {after.text(name) or 'none'}"


def _narrower(before: str, after: str) -> bool:
    """Whether ``after`` is ``(before AND ...)``, the brackets of ``before`` being its own."""
    head = f"({before} AND "
    return bool(before) and before != "true" and after.startswith(head) and _balanced(before) and _joined_by_and(after)


def _balanced(text: str) -> bool:
    """Whether ``text`` is one bracketed expression, so that what follows it cannot reach into it."""
    if not text.startswith("(") or not text.endswith(")"):
        return False
    return _closing(text) == len(text) - 1


def _closing(text: str) -> int:
    """The index of the bracket that closes the first one, outside quotes; -1 without one."""
    depth, quote = 0, ""
    for place, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        else:
            depth += (character == "(") - (character == ")")
            if depth == 0:
                return place
    return -1


def _joined_by_and(text: str) -> bool:
    """Whether the brackets around ``text`` hold terms joined by AND alone, which PostgreSQL writes in one pair."""
    return _closing(text) == len(text) - 1
