"""The shape of a rule: what it does not override, it refuses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter

from freehold.catalog import Change, Fact
from freehold.errors import Code, MigrationError
from freehold.migrations.context import Context, Identity
from freehold.migrations.operation import Operation


class Rule:
    """Plans the changes of one kind of fact; refuses all of them until a subclass says how."""

    def plan(self, changes: Sequence[Change], context: Context) -> Iterator[Operation]:
        """The operations for ``changes``, all of one kind. Drops that follow from another drop need none."""
        for change in changes:
            if change.after is not None and change.before is not None:
                yield from self.alter(change, change.before, change.after, context)
            elif change.after is not None:
                yield from self.add(change.after, context)
            elif change.before is not None and not self.follows(change.before, context):
                yield from self.drop(change.before, context)

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        """Makes ``fact``."""
        raise unsupported(Change(None, fact))

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        """Undoes ``fact``."""
        raise unsupported(Change(fact, None))

    def alter(self, change: Change, before: Fact, after: Fact, context: Context) -> Iterator[Operation]:
        """Makes ``before`` into ``after`` in place."""
        raise unsupported(change)

    def recreates(self, change: Change) -> bool:
        """Whether the change is made by dropping the old and making the new, in the same transaction."""
        return False

    def follows(self, fact: Fact, context: Context) -> bool:
        """Whether ``fact`` goes by itself with something else that is dropped."""
        return context.absorbed(fact)


def unsupported(change: Change, hint: str | None = None) -> MigrationError:
    """The error for a change that no rule can make."""
    return MigrationError(
        Code.CHANGE_UNSUPPORTED,
        f"No rule can make this change: {change}.",
        detail=", ".join(f"{name}: {_shown(change, name)}" for name in sorted(change.altered)) or None,
        hint=hint or "Undo it in the models, or make it in smaller steps that are supported.",
    )


def refuse_blocking(change: Change, context: Context, why: str, instead: str = "") -> None:
    """Raises `MigrationError` (FH421) for a change that keeps everybody waiting, unless that was allowed."""
    if context.blocking:
        return
    raise MigrationError(
        Code.REWRITE_REFUSED,
        f"This would block a table in use: {change}.",
        detail=" ".join(
            filter(None, (why, ", ".join(f"{name}: {_shown(change, name)}" for name in sorted(change.altered))))
        ),
        hint=f"{instead or 'Leave it out.'} Where the table is small, or nobody uses it meanwhile: "
        "freehold generate --allow-blocking",
    )


def _shown(change: Change, name: str) -> str:
    before, after = (fact.text(name) if fact else "" for fact in (change.before, change.after))
    return f"{before or 'none'} -> {after or 'none'}"


def require_only(change: Change, *attributes: str) -> None:
    """Refuses a change that alters anything but ``attributes``."""
    if change.altered - set(attributes):
        raise unsupported(change)


def ranks(facts: Sequence[Fact]) -> dict[Identity, int]:
    """A place for each of ``facts`` behind those it requires; where they require each other, none has one."""
    names: dict[tuple[str, ...], Fact] = {(fact.kind.value, *fact.key): fact for fact in facts}
    graph = {name: [need for need in fact.requires if need in names and need != name] for name, fact in names.items()}
    sorter = TopologicalSorter({name: sorted(graph[name]) for name in sorted(graph)})
    try:
        order = tuple(sorter.static_order())
    except CycleError:
        return {}
    return {names[name].identity: place for place, name in enumerate(order)}
