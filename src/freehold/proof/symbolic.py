"""The symbolic proof by `pgrls verify`, where it is installed, and where it and the executed proof disagree.

It is made of the same clone, of which two things are said in its words first: who the caller is, and who is none.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Table

from freehold.identity import Role
from freehold.models import rules_of
from freehold.proof.caller import Caller
from freehold.proof.matrix import Cell, Gap, Proof
from freehold.proof.relation import OWNER_NAMES
from freehold.wire import connect, translated

_SECONDS: Final = 120
ROUND: Final = ("learn from", "refer by")
_MODES: Final = {
    "anon": ((Caller.ANON,), ("SELECT",)),
    "cross-tenant": ((Caller.OTHER,), ("SELECT",)),
    "write": ((Caller.OTHER,), ("INSERT", "UPDATE", "DELETE")),
}
"""What each of its modes is about: callers and commands of the matrix."""

_SPELLED: Final = """
    WITH policy AS (
        SELECT p.*, pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS visible,
               pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS written,
               EXISTS (SELECT FROM pg_catalog.unnest(p.polroles) r (oid), pg_catalog.unnest(%(callers)s::text[]) c (name)
                        WHERE r.oid = 0 OR pg_catalog.pg_has_role(c.name, r.oid, 'MEMBER')) AS met
          FROM pg_catalog.pg_policy p
    )
    SELECT CASE WHEN met THEN pg_catalog.format('ALTER POLICY %%I ON %%s%%s%%s', polname, polrelid::pg_catalog.regclass,
               ' USING (' || pg_catalog.replace(visible, %(claim)s, %(id)s) || ')',
               ' WITH CHECK (' || pg_catalog.replace(written, %(claim)s, %(id)s) || ')')
           ELSE pg_catalog.format('DROP POLICY %%I ON %%s', polname, polrelid::pg_catalog.regclass) END
      FROM policy
     WHERE NOT met OR pg_catalog.strpos(pg_catalog.concat(visible, written), %(claim)s) > 0
"""
_CLAIM: Final = "(auth.jwt() ->> 'sub'::text)"
_ID: Final = "(auth.uid())::text"


@dataclass(frozen=True)
class Verdict:
    """``isolated``, ``leak`` or ``unverified``, for one table and one mode."""

    mode: str
    table: str
    verdict: str

    @property
    def subject(self) -> str:
        """What it is about, for people."""
        return f"pgrls --mode {self.mode}"

    def cells(self, proof: Proof) -> tuple[Cell, ...]:
        """The cells of the matrix that are about the same."""
        callers, commands = _MODES[self.mode]
        found = (cell for entry in proof.entries if entry.name == self.table for cell in entry.cells)
        return tuple(cell for cell in found if cell.caller in callers and cell.command in commands)

    def word(self, cells: Sequence[Cell]) -> str:
        """What it comes to, beside what was declared and executed."""
        if self.verdict == "isolated":
            return "proven"
        if cells and all(cell.expected == "allowed" for cell in cells):
            return "open as declared"
        if self.verdict == "leak":
            return "stopped by a missing privilege alone" if cells and _refused(cells) else "leaks"
        return "undecided"


def installed() -> bool:
    """Whether pgrls and its solver are there."""
    return find_spec("pgrls") is not None and find_spec("z3") is not None


def confirmed(proof: Proof, dsn: str, app: str, tables: Sequence[Table]) -> Proof:
    """``proof`` with what the symbolic proof of the same clone gave, in words, and where it says something else.

    ``dsn``: a superuser's, of the clone, whose policies are spelled otherwise afterwards. ``app``: the application's
    login. Where pgrls is missing the words say so; where it fails there is a gap. Raises `DatabaseError`.
    """
    if not installed():
        return replace(proof, symbolic="not run, pgrls is not installed (pip install 'freehold[audit]')")
    _spell(dsn, app)
    verdicts = list[Verdict]()
    for mode in _MODES:
        found = _verify(mode, dsn, _owners(tables))
        if found is None:
            gap = Gap("the symbolic proof", f"pgrls verify --mode {mode} failed; leave it out with --no-symbolic")
            return replace(proof, symbolic="failed", gaps=(*proof.gaps, gap))
        verdicts += found
    counts = Counter(each.word(each.cells(proof)) for each in verdicts)
    words = ", ".join(f"{number} {word}" for word, number in sorted(counts.items(), key=lambda each: -each[1]))
    return replace(proof, symbolic=words or "nothing to prove", disagreements=tuple(_disagreements(proof, verdicts)))


def _spell(dsn: str, app: str) -> None:
    """Says in the clone what pgrls reads: the caller's id as auth.uid(); no policies for roles that no caller is."""
    callers = [Role.ANON.value, Role.AUTHENTICATED.value, app]
    with connect(dsn) as admin, translated(), admin.transaction():
        admin.execute(b"SET LOCAL search_path = ''")
        parameters = {"callers": callers, "claim": _CLAIM, "id": _ID}
        for (statement,) in admin.execute(_SPELLED, parameters).fetchall():
            admin.execute(str(statement).encode())


def _owners(tables: Sequence[Table]) -> list[str]:
    """The names of owner columns."""
    declared = {owner for owner in (rules_of(table).owner for table in tables) if owner is not None}
    return sorted({*declared, *OWNER_NAMES})


def _verify(mode: str, dsn: str, owners: Sequence[str]) -> list[Verdict] | None:
    command = [sys.executable, "-m", "pgrls", "verify", "--mode", mode, "--format", "json"]
    with tempfile.TemporaryDirectory() as place:  # so that no configuration of the project's weakens it
        configuration = f"[lint.rules.SEC021]\nidentity_columns = {json.dumps(list(owners))}\n"
        (Path(place) / "pgrls.toml").write_text(configuration, encoding="utf-8")
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=False,
                timeout=_SECONDS,
                cwd=Path(place),
                env={**os.environ, "DATABASE_URL": dsn},
            )
            document: dict[str, Any] = json.loads(done.stdout)
            return [Verdict(mode, each["table"], each["verdict"]) for each in document["tables"]]
        except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError):
            return None


def _disagreements(proof: Proof, verdicts: Sequence[Verdict]) -> Iterator[Gap]:
    for each in verdicts:
        cells = each.cells(proof)
        # What goes round the policies (keys, references) is no predicate's fault.
        through = [cell for cell in cells if cell.observed == "allowed" and not cell.what.startswith(ROUND)]
        if each.verdict == "isolated" and through:
            yield Gap(each.table, f"{each.subject} proves isolation; executed, {through[0].command} got through")
        elif each.verdict == "leak" and not cells:
            yield Gap(each.table, f"{each.subject} finds a leak; nothing of it was executed")
        elif each.verdict == "leak" and not through and not _refused(cells):
            yield Gap(each.table, f"{each.subject} finds a leak; executed, nothing got through")


def _refused(cells: Sequence[Cell]) -> bool:
    """Pgrls judges predicates and not grants: where the privilege is missing, both may be right."""
    return all(cell.how == "error" for cell in cells)
