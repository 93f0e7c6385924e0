"""The SQL of revisions as one text for psql: units, ledger rows and guards, for whoever applies by hand.

Run with one connection (``psql -X -f``). A unit outside a transaction notes its beginning and its end apart, as
`freehold migrate` does, so that a run that ends in between is seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from freehold.errors import Code, MigrationError
from freehold.migrations import ledger
from freehold.migrations.history import History, Revision
from freehold.migrations.lock import KEY
from freehold.migrations.script import Batches, Mode, Unit
from freehold.policies import quote_identifier, quote_literal

_HEAD: Final = """\
-- freehold sql: {words}
-- Run it as the owner, on one connection: psql -X -f this-file "$OWNER_DATABASE_URL"
\\set ON_ERROR_STOP on
set lock_timeout = '{timeout}s'; set statement_timeout = 0; set search_path = public; set check_function_bodies = off;
select pg_advisory_lock({lock_class}, {lock_object});
"""
_GUARD: Final = """\
do $freehold$ begin
    if {condition} then
        raise exception {message};
    end if;
end $freehold$;
"""
_BATCH: Final = """\
do $freehold$
declare changed bigint;
begin
    loop
        {statement};
        get diagnostics changed = row_count;
        exit when changed = 0;
        commit;
    end loop;
end $freehold$;
"""


def selected(history: History, span: str | None, *, down: bool = False) -> tuple[Revision, ...]:
    """The revisions that ``span`` names, in the order they run.

    ``None``: all. ``a``: that one. ``a:b``: those after ``a`` up to ``b``; either may be left out. Ids may be cut
    short. Raises `MigrationError` (FH436) for an id that is not one revision.
    """
    revisions = history.revisions
    if span and ":" in span:
        first, _, last = span.partition(":")
        start = _place(history, first) + 1 if first else 0
        end = _place(history, last) + 1 if last else len(revisions)
        if start > end:
            raise _unknown(span, f"{last} comes before {first}", history)
        revisions = revisions[start:end]
    elif span:
        place = _place(history, span)
        revisions = revisions[place : place + 1]
    return tuple(reversed(revisions)) if down else revisions


def offline(revisions: Sequence[Revision], *, down: bool = False, timeout: float = 2.0) -> str:
    """The text that applies ``revisions``, or undoes them, in that order. ``timeout``: seconds to wait for a lock, > 0."""
    words = f"{'undoes' if down else 'applies'} {', '.join(revision.name for revision in revisions) or 'nothing'}"
    head = _HEAD.format(words=words, timeout=f"{timeout:g}", lock_class=KEY[0], lock_object=KEY[1])
    parts = [head, "" if down else f"{ledger.CREATE.decode().strip()};\n"]
    parts += [text for revision in revisions for text in (_undo(revision) if down else _apply(revision))]
    parts.append(f"select pg_advisory_unlock({KEY[0]}, {KEY[1]});\n")
    return "\n".join(part for part in parts if part)


def _apply(revision: Revision) -> Iterator[str]:
    yield f"-- {revision.name}\n" + "\n".join(f"-- {note}" for note in revision.up.notes)
    there = f"exists (select from freehold.ledger where revision = {quote_literal(revision.id)})"
    yield _guard(there, f"{revision.name} was begun or applied already: freehold status")
    for parent in revision.revises:
        done = (
            f"exists (select from freehold.ledger where revision = {quote_literal(parent)} and finished_at is not null)"
        )
        yield _guard(f"not {done}", f"{revision.name} comes after {parent}, which this database lacks")
    pairs = enumerate(zip(revision.up.units, revision.up.sums, strict=True), start=1)
    for number, (unit, checksum) in pairs:
        yield from _unit(revision, number, unit, checksum)


def _undo(revision: Revision) -> Iterator[str]:
    yield f"-- {revision.name}, undone"
    done = f"exists (select from freehold.ledger where revision = {quote_literal(revision.id)} and finished_at is not null)"
    yield _guard(f"not {done}", f"{revision.name} is not applied: freehold status")
    sums = revision.down.sums
    for number, (unit, checksum) in enumerate(zip(revision.down.units, sums, strict=True), start=1):
        last = number == len(sums)
        yield from _unit(revision, -number, unit, checksum, ends=ledger.forget_sql(revision.id) if last else None)
    if not sums:
        yield f"{ledger.forget_sql(revision.id)};\n"


def _unit(revision: Revision, number: int, unit: Unit, checksum: str, ends: str | None = None) -> Iterator[str]:
    done = ends or ledger.done_sql(revision.id, number, checksum).strip()
    place = f"-- unit {abs(number)}, {unit.mode}"
    if unit.transactional:
        yield "\n".join([place, "begin;", *(f"{statement};" for statement in unit.statements), f"{done};", "commit;\n"])
        return
    begun = ledger.begun_sql(revision.id, number, checksum).strip()
    if unit.mode is Mode.BATCHES and isinstance(unit.about, Batches):
        body = [_batched(statement, unit.about) for statement in unit.statements]
    else:
        body = [f"{statement};" for statement in unit.statements]
    yield "\n".join([place, f"{begun};", *body, f"{done};\n"])


def _batched(statement: str, about: Batches) -> str:
    """The statement over a limited number of rows again and again, until no row is left that it changes."""
    head, _, condition = statement.rpartition("\nWHERE ")
    table = f"{quote_identifier(about.schema)}.{quote_identifier(about.table)}"
    key = ", ".join(map(quote_identifier, about.key))
    few = f"({key}) in (select {key} from {table} where {condition} limit {about.size})"  # noqa: S608 - names are quoted
    return _BATCH.format(statement=f"{head}\n        WHERE {few}")


def _guard(condition: str, message: str) -> str:
    return _GUARD.format(condition=condition, message=quote_literal(message.replace("%", "%%")))


def _place(history: History, name: str) -> int:
    found = [place for place, revision in enumerate(history.revisions) if revision.id.startswith(name)]
    if len(found) != 1:
        raise _unknown(name, "no revision begins so" if not found else "several revisions begin so", history)
    return found[0]


def _unknown(name: str, why: str, history: History) -> MigrationError:
    return MigrationError(
        Code.REVISION_UNKNOWN,
        f"{name!r} does not name revisions of this history: {why}.",
        hint=f"They are, in order: {', '.join(revision.id for revision in history.revisions) or 'none'}.",
    )
