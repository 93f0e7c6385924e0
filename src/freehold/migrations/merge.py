"""Joining the heads that branches left: a revision without statements, once it is proven that their order is nothing.

The branches are replayed apart, and together in both orders. Where they touch different facts and give the same
database either way, nobody has to decide anything. A database that has one branch gets the other by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

from freehold.catalog import Change, Snapshot, diff
from freehold.errors import Code, MigrationError
from freehold.migrations.context import Context
from freehold.migrations.history import Revision, heads_of, revisions_of
from freehold.migrations.manifest import VERSIONS, united
from freehold.migrations.progress import Progress, Report, silent
from freehold.migrations.revision import write
from freehold.migrations.script import Script, Unit
from freehold.migrations.shadow import Cluster

_ID_LENGTH: Final = 12
_SHOWN: Final = 10
_STEPS: Final = 3
_NOTHING: Final = (Unit(()),)
"""One unit without statements: so that a database's ledger can say that it has the revision."""


@dataclass(frozen=True)
class Merged:
    """The revision that joins ``heads``, by name."""

    revision: str
    heads: tuple[str, ...]
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Branch:
    """What one head adds to what all have in common."""

    head: Revision
    revisions: tuple[Revision, ...]
    facts: Snapshot
    changes: tuple[Change, ...]


def merge(directory: Path, message: str, cluster: Cluster, report: Report = silent) -> Merged | None:
    """Writes the revision that joins all heads; None where there is one. The manifest may hold a conflict of git.

    Raises `MigrationError`: FH402, FH403 for the files, FH434 where the heads cannot be joined, naming the facts.
    """
    revisions = revisions_of(united(directory))
    heads = heads_of(revisions)
    if len(heads) < 2:
        return None
    report(Progress("branches", message, 0, _STEPS))
    common, lines = _parted(revisions, heads)
    base, _ = _replayed(cluster, common)
    branches = [_branch(cluster, head, common, line, base) for head, line in zip(heads, lines, strict=True)]
    _refuse_overlap(branches, base)
    report(Progress("both orders", message, 1, _STEPS))
    joined, major = _joined(cluster, common, branches, base)
    report(Progress("files", message, 2, _STEPS))
    up, down = _scripts(message, heads, f"{joined.hash} {major}")
    files = write(directory, message, up, down, joined)
    report(Progress("files", message, _STEPS, _STEPS))
    return Merged(up.revision, tuple(head.name for head in heads), files)


def _parted(
    revisions: Sequence[Revision], heads: Sequence[Revision]
) -> tuple[tuple[Revision, ...], list[tuple[Revision, ...]]]:
    """The revisions all heads stand on, and what each has beyond them, in order."""
    known = {revision.id: revision for revision in revisions}
    below = [set(_ancestors(head, known)) for head in heads]
    common = {id_ for id_ in known if all(id_ in ids for ids in below)}
    lines = [tuple(each for each in revisions if each.id in ids - common) for ids in below]
    return tuple(each for each in revisions if each.id in common), lines


def _ancestors(revision: Revision, known: dict[str, Revision]) -> Iterator[str]:
    yield revision.id
    for parent in revision.revises:
        yield from _ancestors(known[parent], known)


def _branch(
    cluster: Cluster, head: Revision, common: Sequence[Revision], line: tuple[Revision, ...], base: Snapshot
) -> Branch:
    facts, _ = _replayed(cluster, (*common, *line))
    return Branch(head, line, facts, diff(base, facts))


def _replayed(cluster: Cluster, revisions: Sequence[Revision]) -> tuple[Snapshot, int]:
    with cluster.database() as shadow:
        for revision in revisions:
            shadow.apply(revision.up)
        return shadow.facts(), shadow.major


def _refuse_overlap(branches: Sequence[Branch], base: Snapshot) -> None:
    """Raises `MigrationError` (FH434) for facts that two branches touch, or one touches where another drops its table."""
    for one, other in combinations(branches, 2):
        found = sorted({*_shared(one, other, base), *_shared(other, one, base)})
        if found:
            raise _conflict(one, other, "touch the same", found)


def _shared(one: Branch, other: Branch, base: Snapshot) -> Iterator[str]:
    touched = {change.fact.identity for change in other.changes}
    dropped = {change.fact.identity for change in other.changes if change.after is None}
    context = Context(base, one.facts, one.changes)
    for change in one.changes:
        if change.fact.identity in touched or context.subject(change.fact) in dropped:
            yield change.fact.name


def _joined(
    cluster: Cluster, common: Sequence[Revision], branches: Sequence[Branch], base: Snapshot
) -> tuple[Snapshot, int]:
    """What all branches make together, in one order and in the other."""
    changes = [change for branch in branches for change in branch.changes]
    gone = {change.fact.identity for change in changes}
    expected = Snapshot(
        [*(fact for fact in base.facts if fact.identity not in gone), *(each.after for each in changes if each.after)]
    )
    major = 0
    for order in (branches, tuple(reversed(branches))):
        try:
            found, major = _replayed(cluster, (*common, *(each for branch in order for each in branch.revisions)))
        except MigrationError as error:
            raise _conflict(order[0], order[-1], "cannot follow each other:", [error.detail or error.message]) from None
        if differing := diff(expected, found):
            raise _conflict(order[0], order[-1], "make something else together than apart:", list(map(str, differing)))
    return expected, major


def _conflict(one: Branch, other: Branch, words: str, facts: Sequence[str]) -> MigrationError:
    more = f" and {len(facts) - _SHOWN} more" if len(facts) > _SHOWN else ""
    files = " ".join(f"'*{VERSIONS}/{revision.name}.*'" for revision in other.revisions)
    return MigrationError(
        Code.BRANCHES_CONFLICT,
        f"{one.head.name} and {other.head.name} {words} {', '.join(facts[:_SHOWN])}{more}.",
        hint=f"Put one on top of the other. With the models merged: git rm {files}, then freehold repair, then "
        f'freehold generate -m "{other.head.up.notes[0] if other.head.up.notes else "change"}"',
    )


def _scripts(message: str, heads: Sequence[Revision], facts: str) -> tuple[Script, Script]:
    ids = tuple(head.id for head in heads)
    revision = hashlib.sha256("\0".join(("merge", *ids)).encode()).hexdigest()[:_ID_LENGTH]
    notes = (message, f"joins {' and '.join(head.name for head in heads)}, which touch different things")
    return Script(revision, ids, notes, _NOTHING, facts), Script(revision, ids, (f"undoes: {message}",), _NOTHING)
