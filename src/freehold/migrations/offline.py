"""The SQL of revisions as one text for psql: units, ledger rows and guards, for whoever applies by hand.

Run with one connection (``psql -X -f``). A unit that the ledger has is passed over, so the text may be run again: what
was ended is gone on with, what is done is left. A unit outside a transaction notes its beginning and its end apart, as
`freehold migrate` does, so that a run that ends in between is seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from freehold.errors import Code, MigrationError
from freehold.migrations import ledger
from freehold.migrations.guard import PLAIN_DEFINITION, plain_definition
from freehold.migrations.history import History, Revision
from freehold.migrations.lock import KEY
from freehold.migrations.rules.name import qualified
from freehold.migrations.script import Batches, Index, Unit
from freehold.migrations.unit import Patience
from freehold.migrations.walk import SEES_ALL, condition_of
from freehold.policies import quote_identifier, quote_literal

_HEAD: Final = """\
-- freehold sql: {words}
-- Run it as the owner, on one connection: psql -X -f this-file "$OWNER_DATABASE_URL"
-- What the database has already is passed over.
\\set ON_ERROR_STOP on
set client_min_messages = warning; set lock_timeout = '{timeout}'; set statement_timeout = 0;
set idle_in_transaction_session_timeout = 0; set search_path = public; set check_function_bodies = off; set row_security = on;
do $freehold$
begin
    -- Asked for again and again: who waits in pg_advisory_lock() keeps CREATE INDEX CONCURRENTLY waiting.
    for attempt in 1 .. {attempts} loop
        if pg_try_advisory_lock({lock_class}, {lock_object}) then
            return;
        end if;
        commit;
        perform pg_sleep(0.2);
        commit;
    end loop;
    raise exception 'another migration is running';
end $freehold$;
"""
_GUARD: Final = """\
do $freehold$ begin
    if {condition} then
        raise exception {message};
    end if;
end $freehold$;
"""
_ONCE: Final = """\
select exists ({there}) as there \\gset freehold_
\\if :freehold_there
\\echo {said}
\\else
{body}\\endif
"""
# Ranges are half open, so that one form serves the first and the others; the last one has no end.
_BATCHES: Final = """\
do $freehold_batches$
#variable_conflict use_column
declare
    freehold_from record;
    freehold_to record;
begin
    select {key} into freehold_from from {table} order by {key} limit 1;
    loop
        exit when freehold_from is null;
        select {key} into freehold_to from {table} where ({key}) >= ({lower}) order by {key} offset {size} limit 1;
        if freehold_to is null then
            {statement} AND ({key}) >= ({lower});
        else
            {statement} AND ({key}) >= ({lower}) AND ({key}) < ({upper});
        end if;
        commit;
        freehold_from := freehold_to;
    end loop;
    if exists (select from {table} where {condition}) then
        raise exception {message};
    end if;
end $freehold_batches$;
"""
_INDEX: Final = """\
select coalesce(bool_or(i.indisvalid and i.indisready and {definition} = {expected}), false) as made,
       coalesce(bool_or(not (i.indisvalid and i.indisready)), false) as broken
from pg_index i where i.indexrelid = to_regclass({name}) and i.indrelid = to_regclass({table}) \\gset freehold_
\\if :freehold_broken
DROP INDEX CONCURRENTLY {index};
\\endif
\\if :freehold_made
\\else
{statement};
\\endif
"""
_ATTEMPTS: Final = 300


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
    head = _HEAD.format(words=words, timeout=f"{timeout:g}s", attempts=_ATTEMPTS, lock_class=KEY[0], lock_object=KEY[1])
    parts = [head, f"{ledger.CREATE.decode().strip()};\n"]
    parts += [text for revision in revisions for text in (_undo if down else _apply)(revision, timeout)]
    parts.append(f"select pg_advisory_unlock({KEY[0]}, {KEY[1]}) as unlocked \\gset freehold_\n")
    return "\n".join(parts)


def _apply(revision: Revision, timeout: float) -> Iterator[str]:
    yield f"-- {revision.name}\n" + "\n".join(f"-- {note}" for note in revision.up.notes)
    for parent in revision.revises:
        lacking = f"not exists ({_entry(parent, 'finished_at is not null')})"
        yield _guard(lacking, f"{revision.name} comes after {parent}, which this database lacks")
    undone = f"exists ({_entry(revision.id, 'unit < 0')})"
    yield _guard(undone, f"{revision.name} was being undone, and is half there: freehold rollback")
    pairs = enumerate(zip(revision.up.units, revision.up.sums, strict=True), start=1)
    for number, (unit, checksum) in pairs:
        edited = f"unit = {number} and finished_at is not null and checksum <> {quote_literal(checksum)}"
        words = f"unit {number} of {revision.name} was changed after this database got it: freehold status"
        yield _guard(f"exists ({_entry(revision.id, edited)})", words)
        yield _once(revision, number, _unit(revision, number, unit, checksum, timeout))


def _undo(revision: Revision, timeout: float) -> Iterator[str]:
    yield f"-- {revision.name}, undone"
    half = f"exists ({_entry(revision.id, 'unit > 0 and finished_at is null')})"
    yield _guard(half, f"{revision.name} is half-applied; finish it first: freehold migrate")
    sums = revision.down.sums
    there = f"select where not exists ({_entry(revision.id, 'finished_at is not null')})"
    body = [f"{ledger.forget_sql(revision.id)};\n"] if not sums else []
    for number, (unit, checksum) in enumerate(zip(revision.down.units, sums, strict=True), start=1):
        ends = ledger.forget_sql(revision.id) if number == len(sums) else None
        body.append(_once(revision, -number, _unit(revision, -number, unit, checksum, timeout, ends)))
    yield _ONCE.format(there=there, said=f"{revision.name} is not there", body="\n".join(body))


def _once(revision: Revision, number: int, body: str) -> str:
    """``body``, unless the ledger has the unit."""
    there = _entry(revision.id, f"unit = {number} and finished_at is not null")
    return _ONCE.format(there=there, said=f"{revision.name}: unit {abs(number)} is done already", body=body)


def _unit(revision: Revision, number: int, unit: Unit, checksum: str, timeout: float, ends: str | None = None) -> str:
    done = ends or ledger.done_sql(revision.id, number, checksum).strip()
    place = f"-- unit {abs(number)}, {unit.mode}"
    if unit.transactional:
        return "\n".join(
            [place, "begin;", *(f"{statement};" for statement in unit.statements), f"{done};", "commit;\n"]
        )
    begun = ledger.begun_sql(revision.id, number, checksum).strip()
    return "\n".join([place, *_looked(revision, number, unit), f"{begun};", *_outside(unit, timeout), f"{done};\n"])


def _looked(revision: Revision, number: int, unit: Unit) -> Iterator[str]:
    """What nobody can look into is not run again, and rows that row security hides are not left out unseen."""
    if isinstance(unit.about, Batches):
        hidden = SEES_ALL.replace("%s", quote_literal(qualified(unit.about.schema, unit.about.table)))
        words = f"row security hides rows of {unit.about.schema}.{unit.about.table} from the role that migrates"
        yield _guard(f"not ({hidden})", words)
    elif unit.about is None:
        begun = f"exists ({_entry(revision.id, f'unit = {number}')})"
        words = f"unit {abs(number)} of {revision.name} was begun and not finished: freehold migrate says what to do"
        yield _guard(begun, words)


def _outside(unit: Unit, timeout: float) -> Iterator[str]:
    """What runs outside a transaction. Nobody waits behind an index that is built, so that it may wait longer itself."""
    if isinstance(unit.about, Batches):
        yield _batched(unit.statements[0], unit.about)
        return
    yield f"set lock_timeout = '{Patience().concurrent:g}s';"
    if isinstance(unit.about, Index):
        yield _index(unit.statements[0], unit.about)
    else:
        yield from (f"{statement};" for statement in unit.statements)
    yield f"set lock_timeout = '{timeout:g}s';"


def _index(statement: str, about: Index) -> str:
    name = qualified(about.schema, about.name)
    if not about.made:
        there = f"select where to_regclass({quote_literal(name)}) is null"
        return _ONCE.format(there=there, said=f"{about.name} is gone already", body=f"{statement};\n")
    return _INDEX.format(
        definition=PLAIN_DEFINITION.format("pg_get_indexdef(i.indexrelid)"),
        expected=quote_literal(plain_definition(statement)),
        name=quote_literal(name),
        table=quote_literal(qualified(about.schema, about.table)),
        index=name,
        statement=statement,
    )


def _batched(statement: str, about: Batches) -> str:
    """The statement over ranges of the key, a commit each; then no row may be left that it would change."""
    names = [quote_identifier(name) for name in about.key]
    left = f"rows of {about.schema}.{about.table} still fulfil the condition: something writes such rows; run it again"
    return _BATCHES.format(
        key=", ".join(names),
        lower=", ".join(f"freehold_from.{name}" for name in names),
        upper=", ".join(f"freehold_to.{name}" for name in names),
        table=qualified(about.schema, about.table),
        size=about.size,
        statement=statement,
        condition=condition_of(statement),
        message=quote_literal(left),
    )


def _entry(revision: str, condition: str) -> str:
    return f"select from freehold.ledger where revision = {quote_literal(revision)} and {condition}"


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
