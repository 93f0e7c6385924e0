"""A second opinion: squawk's rules over what a script runs, where squawk is installed.

What freehold decides by rules of its own, which know the tables and the models, is left out by name, with the reason.
The reason also stands in the revision, whether squawk is there or not, so that a revision is the same everywhere.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from freehold.errors import Code, MigrationError
from freehold.migrations.script import Script, Unit

_SECONDS: Final = 60
_OLDEST: Final = "15.0"
_SYNTAX: Final = "syntax-error"


@dataclass(frozen=True, slots=True)
class Exemption:
    """squawk rules that are not asked, where ``pattern`` occurs, and why; without a pattern it is a matter of style."""

    rules: tuple[str, ...]
    why: str
    pattern: str = ""


EXEMPTIONS: Final = (
    Exemption(
        (
            "prefer-bigint-over-int",
            "prefer-bigint-over-smallint",
            "prefer-big-int",
            "prefer-text-field",
            "prefer-identity",
        ),
        "types are what the models say",
    ),
    Exemption(("prefer-timestamp-tz", "ban-char-field"), "types are what the models say"),
    Exemption(
        ("prefer-robust-stmts",), "the ledger and the guard of a unit make it run again safely", r" CONCURRENTLY "
    ),
    Exemption(
        ("ban-drop-table", "ban-drop-column", "ban-drop-schema", "ban-drop-database"),
        "dropped with --allow-drop, or another column took its place",
        r"\bDROP (?:TABLE|COLUMN|SCHEMA) ",
    ),
    Exemption(
        ("ban-drop-constraint",), "the models no longer have it, or it was only on the way", r"\bDROP CONSTRAINT "
    ),
    Exemption(
        ("ban-drop-view", "ban-drop-function", "ban-drop-type", "ban-drop-sequence", "ban-drop-trigger"),
        "the models no longer have it, or have another; it holds no rows",
        r"^DROP (?:MATERIALIZED VIEW|VIEW|FUNCTION|PROCEDURE|TYPE|SEQUENCE|TRIGGER) ",
    ),
    Exemption(("ban-drop-not-null", "ban-drop-default"), "the models say so", r"\bDROP (?:NOT NULL|DEFAULT)$"),
    Exemption(
        ("changing-column-type",),
        "a longer varchar, or text, keeps the stored values; another type is there with --allow-blocking",
        r"\bALTER COLUMN .* TYPE ",
    ),
    Exemption(
        ("require-concurrent-index-creation", "require-concurrent-index-deletion"),
        "the table or view is as new, or --allow-blocking was given",
        r"^(?:CREATE(?: UNIQUE)?|DROP) INDEX (?!CONCURRENTLY)",
    ),
    Exemption(
        ("renaming-table", "renaming-column", "renaming-object"),
        "the models declare it with renamed_from, or a column of another type takes its place",
        r"\bRENAME (?:TO|COLUMN|CONSTRAINT) ",
    ),
    Exemption(
        ("ban-create-domain-with-constraint", "ban-alter-domain-with-add-constraint"),
        "the database has the domain, or the models say so; rows are read for a condition in a unit of its own",
        r"^(?:CREATE|ALTER) DOMAIN .*\bCONSTRAINT ",
    ),
    Exemption(
        ("ban-alter-identity",),
        "the column that takes the other's place counts on from where that one is",
        r"\bADD GENERATED \S+(?: DEFAULT)? AS IDENTITY ",
    ),
    Exemption(
        ("constraint-missing-not-valid", "disallowed-unique-constraint", "adding-serial-primary-key-field"),
        "there is no other way; --allow-blocking was given",
        r"\bADD CONSTRAINT \S+ (?:EXCLUDE|UNIQUE|PRIMARY KEY)(?! USING INDEX)",
    ),
)


def explained(script: Script) -> tuple[str, ...]:
    """A line for each of squawk's rules that some statement of ``script`` breaks on purpose."""
    statements = [statement.strip() for statement in script.statements]
    found = (each for each in EXEMPTIONS if each.pattern and any(re.search(each.pattern, text) for text in statements))
    return tuple(f"squawk {', '.join(each.rules)}: {each.why}" for each in found)


def program() -> str | None:
    """Where squawk is: beside this Python, or on the PATH; None where it is not installed."""
    return shutil.which("squawk", path=str(Path(sys.executable).parent)) or shutil.which("squawk")


def refuse_squawked(script: Script) -> bool:
    """Raises `MigrationError` (FH420) for what squawk finds and nobody explained; False where there is no squawk."""
    squawk = program()
    if squawk is None:
        return False
    # Left out here and not by --exclude, which fails for a rule that this version of squawk does not have.
    left_out = {rule for each in EXEMPTIONS for rule in each.rules}
    text = "".join(map(_executed, script.units))
    found = [each for each in _asked(squawk, text) if each[0] not in left_out]
    if found:
        lines = text.splitlines()
        details = (f"{rule}: {message} In: {lines[line].strip()}" for rule, message, line in found if line < len(lines))
        raise MigrationError(
            Code.CHANGE_UNSAFE,
            f"squawk finds revision {script.revision} unsafe on a database in use: {found[0][0]}.",
            detail="\n".join(_unique(details)),
            hint=_hint(found[0][0]),
        )
    return True


def unparsable(scripts: Iterable[Script]) -> list[str]:
    """The lines of ``scripts`` that are no SQL; none where there is no squawk to ask. Raises `MigrationError` (FH420)."""
    squawk = program()
    lines = "".join(_executed(unit) for script in scripts for unit in script.units).splitlines()
    found = _asked(squawk, "\n".join(lines)) if squawk and lines else []
    return _unique(lines[line].strip() for rule, _, line in found if rule == _SYNTAX and line < len(lines))


def _asked(squawk: str, text: str) -> list[tuple[str, str, int]]:
    """Rule, message and line, counted from 0, of each finding. Raises `MigrationError` (FH420) without an answer."""
    command = [squawk, "--reporter", "json", "--pg-version", _OLDEST]
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    try:
        rows: list[dict[str, Any]] = json.loads(done.stdout)
        return [(each["rule_name"], each["message"], each["line"]) for each in rows]
    except (ValueError, KeyError, TypeError):
        raise MigrationError(
            Code.CHANGE_UNSAFE,
            "squawk could not be asked.",
            detail=str(done.stderr)[:500],
            hint="pip install --upgrade squawk-cli, or uninstall it to do without.",
        ) from None


def _hint(rule: str) -> str:
    if rule == _SYNTAX:
        return "PostgreSQL would not take it either. Correct it, or restore the file; then run: freehold repair"
    return f"https://squawkhq.com/docs/{rule} says why, and what to write instead."


def _executed(unit: Unit) -> str:
    """A unit as it is run: with its timeouts, in a transaction or not."""
    body = "".join(f"{statement};\n" for statement in unit.statements)
    if unit.transactional:
        return f"begin;\nset local lock_timeout = '2s';\nset local statement_timeout = '0';\n{body}commit;\n"
    return f"set lock_timeout = '2s';\nset statement_timeout = '0';\n{body}"


def _unique(texts: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(texts))
