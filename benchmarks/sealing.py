"""``python -m benchmarks.sealing [CASES...]``: what sealing costs, in turns with the same work without it.

``seal64 open64 seal4k open4k``: a value for a row, beside AES-GCM alone with the same bound data. ``sealed20``: 20 rows with
a sealed column that nobody reveals, beside the same text in a plain one. ``rotate``: rows a second of the jobs behind
``keys rotate user`` and ``keys migrate-legacy``, while four writers are at work on the rows.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from sqlalchemy import select

from benchmarks.section import Section
from benchmarks.throwaway import database_with
from freehold import Col, Database, Model, Sealed, owner, primary_key, query, schema, sealed, set_
from freehold.encryption import DataKey, KeyRing, KeyState, RingKey, TextKeys
from freehold.encryption.envelope import associated_data
from freehold.keys import KeySession, Outcome, migrate_legacy, rotate_user, sealed_columns
from freehold.models import schema_statements
from freehold.wire import PoolSize

VALUES: Final = {"64": (64, 4.0), "4k": (4096, 6.0)}
CASES: Final = (*(f"{way}{size}" for size in VALUES for way in ("seal", "open")), "sealed20", "rotate")
_SECTION: Final = Section(
    "sealing",
    "sealed columns and their keys",
    "`seal` and `open`: a value for its row beside AES-GCM alone with the same bound data, both with a random nonce. "
    "`sealed20`: 20 rows with a sealed column that nobody reveals, beside the same stored text in a plain column. "
    "`rotate`: values a second of one job, while four writers in a process of their own change rows of the table.",
    ("case", "freehold", "against", "ratio or rate", "target", ""),
)
_PLACE: Final = ("keys", "value", "0190a1b2-0000-7000-8000-00000000a11c", "0190a1b2-0000-7000-8000-0000000000b0")
_SECRET: Final = bytes(range(32))
_RING: Final = f"{RingKey('b1', KeyState.PRIMARY, _SECRET[::-1]).text}, old:legacy:{_SECRET.hex()}"
_TURNS: Final = 60
_LISTED: Final = 20
_SEALED_MOST: Final = 1.05
_ROWS: Final = 20_000
_RATE_LEAST: Final = 8_000
_WRITERS: Final = 4
_PAUSE: Final = 0.01
_USER: Final = _PLACE[2]


class Base(Model):
    """Tables of their own."""

    __abstract__ = True
    metadata = schema()


class Secret(Base):
    """A row with a sealed column."""

    __tablename__ = "secrets"

    id: Col[str] = primary_key()
    user_id: Col[str] = owner()
    name: Col[str]
    value: Col[Sealed[str]] = sealed(legacy=True)


class Plain(Base):
    """The same with the text in it."""

    __tablename__ = "plains"

    id: Col[str] = primary_key()
    user_id: Col[str] = owner()
    name: Col[str]
    value: Col[str]


@query
def secrets():  # type: ignore[no-untyped-def]
    """Twenty rows with a sealed column."""
    return select(Secret).limit(_LISTED)


@query
def plains():  # type: ignore[no-untyped-def]
    """Twenty rows with the text."""
    return select(Plain).limit(_LISTED)


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sealing", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=" ".join(CASES))
    wanted = parser.parse_args().cases or CASES
    if unknown := sorted(set(wanted) - set(CASES)):
        parser.error(f"no case {' '.join(unknown)}; there are {' '.join(CASES)}")
    rows: dict[str, tuple[str, ...]] = {}
    for case in CASES:
        if case in wanted:
            for name, cells in _measured(case):
                rows[name] = cells
                print(f"{name}: {', '.join(cell for cell in cells if cell)}", flush=True)
    _SECTION.keep(rows)
    return 0


def _measured(case: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    if case == "sealed20":
        yield case, asyncio.run(_listed())
    elif case == "rotate":
        yield from _rotated()
    else:
        yield case, _value(case)


def _value(case: str) -> tuple[str, ...]:
    size, most = VALUES[case[4:]]
    key, raw, bound = DataKey("u1", _SECRET), AESGCM(_SECRET), associated_data("u1", *_PLACE)
    data = os.urandom(size)
    nonce = os.urandom(12)
    text, ciphertext = key.seal(data, *_PLACE), raw.encrypt(nonce, data, bound)
    ways: tuple[Callable[[], object], ...] = (
        (lambda: key.seal(data, *_PLACE), lambda: raw.encrypt(os.urandom(12), data, bound))
        if case.startswith("seal")
        else (lambda: key.open(text, *_PLACE), lambda: raw.decrypt(nonce, ciphertext, bound))
    )
    return _compared([[_loop(way) for way in ways] for _ in range(_TURNS)], most)


def _loop(way: Callable[[], object], times: int = 500) -> float:
    """Microseconds of one call."""
    begun = time.perf_counter_ns()
    for _ in range(times):
        way()
    return (time.perf_counter_ns() - begun) / times / 1000


async def _listed() -> tuple[str, ...]:
    with database_with(schema_statements(Base.metadata)) as (login, service):
        async with _database(login, service) as db:
            scope = db.as_user(_USER)
            rows = await scope.insert_all([Secret(name=f"n{n}", value=Sealed(f"sk-{n:061}")) for n in range(_LISTED)])
            stored = await db.as_service(reason="bench", all_users=True).raw("SELECT name, value FROM secrets")
            await scope.insert_all([Plain(name=name, value=value) for name, value in stored])
            if len(rows) != len(await scope.all(secrets())) or len(rows) != len(await scope.all(plains())):
                raise RuntimeError("rows are missing")
            turns = [[await _calls(scope.all, each) for each in (secrets, plains)] for _ in range(_TURNS)]
            return _compared(turns[1:], _SEALED_MOST)


async def _calls(run: Callable[[Any], Awaitable[object]], make: Callable[[], Any], times: int = 100) -> float:
    """Microseconds of one call, the median."""
    samples: list[int] = []
    for _ in range(times):
        begun = time.perf_counter_ns()
        await run(make())
        samples.append(time.perf_counter_ns() - begun)
    return statistics.median(samples) / 1000


def _compared(turns: list[list[float]], most: float) -> tuple[str, ...]:
    ours, theirs = (statistics.median(each) for each in zip(*turns, strict=True))
    ratio = statistics.median(turn[0] / turn[1] for turn in turns)
    verdict = "reached" if ratio <= most else "**missed**"
    return f"{ours:.1f} µs", f"{theirs:.1f} µs", f"{ratio:.2f} x", f"≤ {most:g} x", verdict


def _rotated() -> Iterator[tuple[str, tuple[str, ...]]]:
    columns = [each for each in sealed_columns(Base.metadata.sorted_tables) if each.table is Secret.__table__]
    with (
        database_with(schema_statements(Base.metadata)) as (login, service),
        KeySession.open(service, KeyRing.parse(_RING)) as session,
    ):
        session.connection.cursor().executemany(
            "INSERT INTO secrets (id, user_id, name, value) VALUES (%s, %s, %s, %s)",
            [(f"{n:08}", _USER, f"n{n}", _old(f"sk-{n}")) for n in range(_ROWS)],
        )
        session.connection.execute("ANALYZE secrets")
        works: dict[str, Callable[[], list[Outcome]]] = {
            "migrate-legacy": lambda: migrate_legacy(session, columns),
            "rotate user": lambda: rotate_user(session, columns, _USER),
        }
        for name, work in works.items():
            with _writers(login, service) as written:
                begun = time.perf_counter()
                outcomes = work()
                spent = time.perf_counter() - begun
            rate = sum(each.sealed for each in outcomes) / spent
            verdict = "reached" if rate >= _RATE_LEAST else "**missed**"
            yield (
                f"rotate: {name}",
                (
                    f"{_ROWS:,} values in {spent:.2f} s",
                    f"{written() / spent:,.0f} writes/s meanwhile",
                    f"{rate:,.0f}/s",
                    f"≥ {_RATE_LEAST:,}/s",
                    verdict,
                ),
            )


def _old(text: str) -> str:
    """As the Node platform stored it."""
    iv, padder = os.urandom(16), PKCS7(128).padder()
    encryptor = Cipher(AES256(_SECRET), CBC(iv)).encryptor()
    padded = padder.update(text.encode()) + padder.finalize()
    return f"{iv.hex()}:{(encryptor.update(padded) + encryptor.finalize()).hex()}"


@contextmanager
def _writers(login: str, service: str) -> Iterator[Callable[[], int]]:
    """Writers until the block ends; gives how often they have written. A lost update is an error."""
    context = multiprocessing.get_context("spawn")
    ready, over, count = context.Event(), context.Event(), context.Value("i", 0)
    process = context.Process(target=_write, args=(login, service, ready, over, count))
    process.start()
    try:
        ready.wait(60)
        yield lambda: int(count.value)
    finally:
        over.set()
        process.join(60)
    if process.exitcode:
        raise RuntimeError("a writer failed, or an update was lost")


def _write(login: str, service: str, ready: Any, over: Any, count: Any) -> None:
    async def run() -> None:
        async with _database(login, service) as db:
            scope, last = db.as_user(_USER), dict[str, str]()

            async def write(number: int) -> None:
                while not over.is_set():
                    id_ = f"{random.randrange(_ROWS // _WRITERS) * _WRITERS + number:08}"
                    value = f"{number} {time.monotonic_ns()}"
                    await scope.update(Secret, Secret.id == id_, set_(Secret.value, Sealed(value)))
                    last[id_], count.value = value, count.value + 1
                    ready.set()
                    await asyncio.sleep(_PAUSE)

            await asyncio.gather(*map(write, range(_WRITERS)))
            found = {row.id: row.value.reveal() for row in await scope.all(select(Secret)) if row.id in last}
            if found != last:
                raise RuntimeError("an update was lost")

    asyncio.run(run())


def _database(login: str, service: str) -> Database:
    return Database(login, service_dsn=service, size=PoolSize(largest=4, shared=2, patience=10.0), keys=TextKeys(_RING))


if __name__ == "__main__":
    sys.exit(main())
