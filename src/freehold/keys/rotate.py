"""Rotation: of the ring key, which wraps one row for each user's data key, and of a user's data key, which seals rows.

Old keys are kept until nothing needs them: a process that has cached an owner's keys may still write with the one
before the newest for as long as they are cached.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from freehold.encryption import PREFIX
from freehold.errors import Code, KeyWorkError
from freehold.keys.column import SealedColumn
from freehold.keys.job import PAGE, Job, Outcome, Progress, Report
from freehold.keys.session import KeySession

SETTLED: Final = "10 minutes"
"""How old the newest generation must be before the older ones may go: longer than any process keeps an owner's keys."""

_TO_WRAP: Final = "SELECT count(*) FROM public.user_keys WHERE ring_key_id <> %s"
_WRAPPED: Final = (
    "SELECT user_id, generation, wrapped_key, ring_key_id FROM public.user_keys "
    "WHERE ring_key_id <> %s AND (user_id, generation) > (%s, %s) ORDER BY user_id, generation LIMIT %s"
)
_REWRAP: Final = (
    "UPDATE public.user_keys AS k SET wrapped_key = new.w, ring_key_id = %s "
    "FROM unnest(%s::text[], %s::integer[], %s::text[], %s::text[]) AS new (u, g, o, w) "
    "WHERE k.user_id = new.u AND k.generation = new.g AND k.wrapped_key = new.o"
)
_GENERATIONS: Final = (
    "SELECT generation, created_at < now() - %s::interval FROM public.user_keys "
    "WHERE user_id = %s ORDER BY generation DESC"
)
_RETIRE: Final = "DELETE FROM public.user_keys WHERE user_id = %s AND generation < %s"


def rotate_ring(
    session: KeySession, columns: Iterable[SealedColumn], report: Report | None = None, *, dry: bool = False
) -> list[Outcome]:
    """Wraps every data key with the primary ring key, and seals with it what has no owner.

    What is done names the primary key, so a run that was stopped goes on by itself.
    """
    primary = session.ring.primary.id
    wrapping = Outcome(f"rotate ring {primary}", int(session.rows(_TO_WRAP, (primary,))[0][0]))
    if not dry:
        session.alone(wrapping.job)
        _rewrap(session, wrapping, report)
    outcomes = [wrapping]
    for column in columns:
        if not column.owned:
            condition = f"{column.value} IS NOT NULL AND NOT starts_with({column.value}, %s)"
            job = Job(f"{wrapping.job} {column.name}", column, column.place, condition, (f"{PREFIX}k{primary}.",))
            outcomes.append(Outcome(job.name, job.total(session)) if dry else job.run(session, report))
    return outcomes


def rotate_user(
    session: KeySession,
    columns: Iterable[SealedColumn],
    user: str,
    report: Report | None = None,
    *,
    dry: bool = False,
) -> list[Outcome]:
    """Gives a user a new data key, and seals all of the user's values with it.

    Again after ten minutes, it removes the older keys, once nothing is sealed with them; a run that was stopped goes on
    without making another key. Raises `KeyWorkError` (FH512) for somebody who has none.
    """
    found = session.rows(_GENERATIONS, (SETTLED, user))
    if not found:
        raise KeyWorkError(
            Code.KEY_OWNER_UNKNOWN,
            f"There is no data key of {user!r}.",
            hint="Give the id as the owner's column has it. Nothing of somebody without one opens.",
        )
    unfinished = len(found) > 1
    newest = found[0][0] + (0 if unfinished else 1)
    pending = [_user_job(column, user, newest) for column in columns if column.owned]
    if dry:
        return [Outcome(job.name, job.total(session)) for job in pending]
    if not unfinished:
        session.insert([(user, newest)])
    session.chain.forget(user)
    outcomes = [job.run(session, report) for job in pending]
    if unfinished and found[0][1] and not any(job.total(session) for job in pending):
        session.rows(_RETIRE + " RETURNING generation", (user, newest))
    return outcomes


def _user_job(column: SealedColumn, user: str, generation: int) -> Job:
    owner, type_ = column.key[0], column.types[0]
    condition = (
        f"{owner} = %s::{type_} AND {column.value} IS NOT NULL AND starts_with({column.value}, '{PREFIX}') "
        f"AND NOT starts_with({column.value}, %s)"
    )
    name = f"rotate user {user} u{generation} {column.name}"
    return Job(name, column, column.place, condition, (user, f"{PREFIX}u{generation}."))


def _rewrap(session: KeySession, outcome: Outcome, report: Report | None) -> None:
    primary, after = session.ring.primary, ("", 0)
    done = 0
    while rows := session.rows(_WRAPPED, (primary.id, *after, PAGE)):
        after = rows[-1][:2]
        new: list[tuple[Any, ...]] = []
        for user, generation, wrapped, ring_key in rows:
            secret = session.ring.key(ring_key).unwrap(wrapped, user, generation)
            new.append((user, generation, wrapped, primary.wrap(secret, user, generation)))
        arguments = [list(each) for each in zip(*new, strict=True)]
        outcome.sealed += session.connection.execute(_REWRAP.encode(), (primary.id, *arguments)).rowcount
        done += len(rows)
        if report is not None:
            report(Progress(outcome.job, done, max(done, outcome.total), None))
