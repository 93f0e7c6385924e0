"""The history of a schema: its revisions in order, read from files whose sums hold.

Reading it needs no Alembic: the graph stands in the SQL files' markers, and `graph` keeps Alembic's the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from freehold.catalog import Snapshot
from freehold.errors import Code, MigrationError
from freehold.migrations.manifest import FACTS, VERSIONS, verified
from freehold.migrations.script import Script, parse


@dataclass(frozen=True)
class Revision:
    """One revision; ``name`` is the file name without ending."""

    name: str
    up: Script
    down: Script

    @property
    def id(self) -> str:
        """The revision's id."""
        return self.up.revision

    @property
    def revises(self) -> tuple[str, ...]:
        """The ids of the revisions before it."""
        return self.up.revises


@dataclass(frozen=True)
class History:
    """All revisions, each behind those it revises."""

    directory: Path
    revisions: tuple[Revision, ...]
    kept: bytes | None = field(repr=False)

    @cached_property
    def facts(self) -> Snapshot | None:
        """What the head makes, as last generated: read when asked for, as it is large."""
        return None if self.kept is None else _facts(self.kept)

    @property
    def printed_by(self) -> str:
        """The major version of the server that printed the facts of the head."""
        return self.revisions[-1].up.facts.rpartition(" ")[2] if self.revisions else ""

    @property
    def head(self) -> str | None:
        """The id of the last revision; None without any."""
        return self.revisions[-1].id if self.revisions else None


def load(directory: Path) -> History:
    """The history in ``directory``; an absent one is empty.

    Raises `MigrationError`: FH402 for an edited file, FH403 for a missing one, FH404 for several heads.
    """
    contents = verified(directory)
    revisions = [_revision(path, contents) for path in contents if path.endswith(".up.sql")]
    return History(directory, _ordered(revisions), contents.get(FACTS))


def _revision(path: str, contents: Mapping[str, bytes]) -> Revision:
    name = path.removeprefix(f"{VERSIONS}/").removesuffix(".up.sql")
    back = f"{VERSIONS}/{name}.down.sql"
    if back not in contents:
        raise MigrationError(Code.REVISION_MISSING, f"{path} has no {name}.down.sql beside it.", hint="Restore it.")
    up, down = _script(path, contents[path]), _script(back, contents[back])
    return Revision(name, up, down)


def _script(path: str, content: bytes) -> Script:
    try:
        return parse(content.decode().replace("\r\n", "\n"))
    except ValueError as error:
        raise MigrationError(
            Code.HISTORY_EDITED, f"{path} is not as freehold writes it: {error}.", hint="Restore it, or generate again."
        ) from None


def _facts(content: bytes) -> Snapshot | None:
    try:
        return Snapshot.from_json(content.decode())
    except (ValueError, KeyError, TypeError):
        return None


def _ordered(revisions: Sequence[Revision]) -> tuple[Revision, ...]:
    known = {revision.id: revision for revision in revisions}
    for revision in revisions:
        for parent in revision.revises:
            if parent not in known:
                raise MigrationError(
                    Code.REVISION_MISSING,
                    f"Revision {revision.name} revises {parent}, which is not in the history.",
                    hint=f"Restore the files of {parent}: git log -- '*{parent}*'",
                )
    heads = sorted(known.keys() - {parent for revision in revisions for parent in revision.revises})
    if len(heads) > 1:
        names = ", ".join(known[head].name for head in heads)
        raise MigrationError(
            Code.HEADS_DIVERGED,
            f"The history has {len(heads)} heads: {names}.",
            hint="Two branches added a revision. Remove the newer one's files, and generate it again on top of the other.",
        )
    try:
        order = TopologicalSorter({id_: sorted(known[id_].revises) for id_ in sorted(known)}).static_order()
        return tuple(known[id_] for id_ in order)
    except CycleError:
        raise MigrationError(
            Code.HISTORY_EDITED, "The revisions revise each other in a circle.", hint="Restore the files from git."
        ) from None
