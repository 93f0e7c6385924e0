"""The history of a schema: its revisions in order, read from files whose sums hold.

Reading it needs no Alembic: the graph stands in the SQL files' markers, and `graph` keeps Alembic's the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

from freehold.catalog import Snapshot
from freehold.errors import Code, MigrationError
from freehold.migrations.manifest import FACTS, VERSIONS, verified
from freehold.migrations.script import Script, parse

UP: Final = ".up.sql"
STEPS: Final = ".steps.sql"
_STEP: Final = b"-- freehold: step "


@dataclass(frozen=True)
class Revision:
    """One revision; ``name`` is the file name without ending.

    ``steps``: the revisions it was squashed from, for databases that have some of them.
    """

    name: str
    up: Script
    down: Script
    steps: tuple[Revision, ...] = ()

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

    def seen_by(self, begun: Collection[str]) -> History:
        """The history of a database that has begun the revisions ``begun``: squashed ones are taken apart for it."""
        return replace(self, revisions=tuple(_apart(self.revisions, begun)))


def _apart(revisions: Sequence[Revision], begun: Collection[str]) -> Iterator[Revision]:
    for revision in revisions:
        if any(each.id in begun for each in within(revision)):
            yield from _apart(revision.steps, begun)
        else:
            yield revision


def within(revision: Revision) -> Iterator[Revision]:
    """Every revision that ``revision`` was squashed from, over all the times that was done."""
    for step in revision.steps:
        yield step
        yield from within(step)


def load(directory: Path) -> History:
    """The history in ``directory``; an absent one is empty.

    Raises `MigrationError`: FH402 for an edited file, FH403 for a missing one, FH404 for several heads.
    """
    contents = verified(directory)
    revisions = revisions_of(contents)
    heads = heads_of(revisions)
    if len(heads) > 1:
        raise MigrationError(
            Code.HEADS_DIVERGED,
            f"The history has {len(heads)} heads: {', '.join(head.name for head in heads)}.",
            hint="Two branches added a revision. Join them: freehold merge",
        )
    return History(directory, revisions, contents.get(FACTS))


def revisions_of(contents: Mapping[str, bytes]) -> tuple[Revision, ...]:
    """The revisions among files by path, each behind those it revises. Raises `MigrationError`: FH402, FH403."""
    return _ordered([_revision(path, contents) for path in contents if path.endswith(UP)])


def heads_of(revisions: Sequence[Revision]) -> tuple[Revision, ...]:
    """The revisions that no other revises, by id."""
    revised = {parent for revision in revisions for parent in revision.revises}
    return tuple(sorted((each for each in revisions if each.id not in revised), key=lambda each: each.id))


def _revision(path: str, contents: Mapping[str, bytes]) -> Revision:
    name = path.removeprefix(f"{VERSIONS}/").removesuffix(UP)
    back = f"{VERSIONS}/{name}.down.sql"
    if back not in contents:
        raise MigrationError(Code.REVISION_MISSING, f"{path} has no {name}.down.sql beside it.", hint="Restore it.")
    up, down = _script(path, contents[path]), _script(back, contents[back])
    return Revision(name, up, down, _steps(name, up, contents) if up.replaces else ())


def _steps(name: str, up: Script, contents: Mapping[str, bytes]) -> tuple[Revision, ...]:
    """The revisions ``up`` was squashed from. What an earlier squash kept lies in the later one's file, beside it."""
    kept = contents.get(f"{VERSIONS}/{name}{STEPS}")
    pool = contents if kept is None else unpacked(kept)
    paths = {path.removeprefix(f"{VERSIONS}/").partition("_")[0]: path for path in pool if path.endswith(UP)}
    missing = [id_ for id_ in up.replaces if id_ not in paths]
    if missing:
        raise MigrationError(
            Code.REVISION_MISSING,
            f"{name}{STEPS} lacks {', '.join(missing)}, which {name}{UP} was squashed from.",
            hint=f"Restore it: git checkout -- '*{name}{STEPS}'",
        )
    return tuple(_revision(paths[id_], pool) for id_ in up.replaces)


def packed(files: Mapping[str, bytes]) -> bytes:
    """Files by path as the one file that keeps them."""
    return b"".join(_STEP + path.encode() + b"\n" + content.rstrip(b"\n") + b"\n" for path, content in files.items())


def unpacked(content: bytes) -> Mapping[str, bytes]:
    """The files that were `packed`."""
    parts = content.replace(b"\r\n", b"\n").split(_STEP)[1:]
    pairs = (part.partition(b"\n") for part in parts)
    return {path.decode(): text for path, _, text in pairs}


def _script(path: str, content: bytes) -> Script:
    try:
        return parse(content.decode().replace("\r\n", "\n"))
    except ValueError as error:
        raise MigrationError(
            Code.HISTORY_EDITED,
            f"{path} is not as freehold writes it: {error}.",
            hint=f"Restore it in the directory of migrations (git checkout -- {path}), or undo what was edited.",
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
    try:
        order = TopologicalSorter({id_: sorted(known[id_].revises) for id_ in sorted(known)}).static_order()
        return tuple(known[id_] for id_ in order)
    except CycleError:
        raise MigrationError(
            Code.HISTORY_EDITED, "The revisions revise each other in a circle.", hint="Restore the files from git."
        ) from None
