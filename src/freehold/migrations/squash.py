"""One revision instead of all: only where it makes the same facts, which is proven.

The old revisions' files go; what they held is kept in one file beside the new revision, for databases that have some of
them and not all, or that go back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from freehold.catalog import Snapshot
from freehold.errors import Code, MigrationError
from freehold.migrations.graph import check
from freehold.migrations.history import STEPS, UP, History, load, packed, unpacked
from freehold.migrations.manifest import VERSIONS, seal
from freehold.migrations.progress import Progress, Report, silent
from freehold.migrations.prove import prove
from freehold.migrations.remake import remake
from freehold.migrations.revision import Draft, scripts, write
from freehold.migrations.safety import Permit, sign
from freehold.migrations.script import Script
from freehold.migrations.shadow import Cluster

_STAGES: Final = 3
_ROWS: Final = re.compile(r"\s*(insert|copy|with|select|do|merge|call)\b", re.IGNORECASE)
_REASON: Final = "it is what the squashed revisions made"


@dataclass(frozen=True)
class Squashed:
    """``revision`` makes what ``replaces`` made; ``facts`` is the hash that both have."""

    revision: str
    replaces: tuple[str, ...]
    facts: str
    files: tuple[Path, ...]


def squash(directory: Path, message: str, cluster: Cluster, report: Report = silent) -> Squashed:
    """Writes one revision that makes what the whole history makes, and removes the others' files.

    Raises `MigrationError`: FH402-FH404 for the history, FH435 when there is nothing to squash, when revisions write
    rows, or when the facts would not be the same. Nothing is changed then.
    """
    history = load(directory)
    check(history)
    _refuse_pointless(history)
    report(Progress("history", message, 0, _STAGES))
    with cluster.database() as shadow:
        before = shadow.facts()
        for revision in history.revisions:
            shadow.apply(revision.up)
        desired, major = shadow.facts(), shadow.major
    report(Progress("proof", message, 1, _STAGES))
    up, down = _scripts(history, message, before, desired, major)
    _prove(cluster, up, down, before, desired)
    report(Progress("files", message, 2, _STAGES))
    old, kept = _kept(history)
    files = write(directory, message, up, down, desired)
    archive = directory / VERSIONS / f"{files[0].name.removesuffix(UP)}{STEPS}"
    archive.write_bytes(packed(kept))
    for path in old:
        path.unlink()
    seal(directory)
    report(Progress("files", message, _STAGES, _STAGES))
    return Squashed(up.revision, up.replaces, desired.hash, (*files, archive))


def _refuse_pointless(history: History) -> None:
    if len(history.revisions) < 2:
        raise _refused("There is nothing to squash: the history has fewer than two revisions.")
    writes = [revision.name for revision in history.revisions if any(map(_ROWS.match, revision.up.statements))]
    if writes:
        raise _refused(
            f"{', '.join(writes)} may write rows, which facts do not show, and a new database would lack them.",
            "Move these statements into a program that fills a new database.",
        )


def _scripts(history: History, message: str, before: Snapshot, desired: Snapshot, major: int) -> tuple[Script, Script]:
    up, down = scripts(remake(before, desired), Draft(message, (), f"{desired.hash} {major}"))
    replaces = tuple(revision.id for revision in history.revisions)
    notes = (*up.notes, f"squashed from {', '.join(revision.name for revision in history.revisions)}")
    return sign(replace(up, replaces=replaces, notes=notes), dict.fromkeys(Permit, _REASON)), down


def _prove(cluster: Cluster, up: Script, down: Script, before: Snapshot, desired: Snapshot) -> None:
    try:
        with cluster.database() as shadow:
            prove(shadow, up, down, before, desired)
    except MigrationError as error:
        raise _refused("One revision would not make what the history makes.", error.detail or error.message) from None


def _kept(history: History) -> tuple[list[Path], dict[str, bytes]]:
    """The files that go, and what of them is kept: the SQL, and what earlier squashes kept."""
    old: list[Path] = []
    kept: dict[str, bytes] = {}
    for revision in history.revisions:
        for ending in (UP, ".down.sql", ".py", STEPS):
            path = history.directory / VERSIONS / f"{revision.name}{ending}"
            if not path.exists():
                continue
            old.append(path)
            if ending == STEPS:
                kept.update(unpacked(path.read_bytes()))
            elif ending != ".py":
                kept[f"{VERSIONS}/{path.name}"] = path.read_bytes()
    return old, kept


def _refused(message: str, hint: str = "Nothing was changed.") -> MigrationError:
    return MigrationError(Code.SQUASH_DIFFERS, message, hint=hint)
