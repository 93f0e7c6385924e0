"""A connection of the service, and the data keys of the owners it meets."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Self

from freehold.encryption import DataKey, KeyChain, KeyRing, WrappedKey
from freehold.errors import Code, KeyWorkError
from freehold.wire import Connection, connect, translated

_ROLE: Final = b"SET ROLE service_role"
_LOCK: Final = b"SELECT pg_try_advisory_lock(hashtextextended('freehold keys ' || %s, 0))"
_READ: Final = b"SELECT user_id, generation, wrapped_key, ring_key_id FROM public.user_keys WHERE user_id = ANY(%s)"
_FIRST: Final = (
    b"INSERT INTO public.user_keys (user_id, generation, wrapped_key, ring_key_id) "
    b"SELECT * FROM unnest(%s::text[], %s::integer[], %s::text[], %s::text[]) ON CONFLICT DO NOTHING"
)


@dataclass
class KeySession:
    """The service's connection and the key ring."""

    connection: Connection
    ring: KeyRing
    chain: KeyChain

    @classmethod
    @contextmanager
    def open(cls, dsn: str, ring: KeyRing) -> Generator[Self]:
        """Logs in as the service; raises `DatabaseError`."""
        with translated(), connect(dsn) as connection:
            connection.execute(_ROLE)
            yield cls(connection, ring, KeyChain(ring, lifetime=float("inf")))

    def alone(self, job: str) -> None:
        """Refuses to begin what another process is doing (`KeyWorkError`, FH510)."""
        if self.connection.execute(_LOCK, (job,)).fetchone() != (True,):
            raise KeyWorkError(
                Code.ROTATION_BUSY,
                f"Another process is at it: {job}.",
                hint="Let it finish; it goes on where it stopped if it is started again.",
            )

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        return self.connection.execute(sql.encode(), values).fetchall()

    def learn(self, owners: Iterable[str]) -> None:
        """Loads the data keys of owners, and makes the first one of those who have none."""
        wanted = sorted({owner for owner in owners if owner and not self.chain.fresh(owner)})
        if not wanted:
            return
        known = self._load(wanted)
        new = [owner for owner in wanted if owner not in known]
        if new:
            self.insert([(owner, 1) for owner in new])
            self._load(new)

    def insert(self, keys: Sequence[tuple[str, int]]) -> None:
        """New data keys for users and generations; one that is there stays as it is."""
        primary = self.ring.primary
        wrapped = [primary.wrap(DataKey.new(f"u{number}")[1], user, number) for user, number in keys]
        users, numbers = [user for user, _ in keys], [number for _, number in keys]
        self.connection.execute(_FIRST, (users, numbers, wrapped, [primary.id] * len(keys)))

    def _load(self, owners: Sequence[str]) -> set[str]:
        found: list[Any] = self.connection.execute(_READ, (list(owners),)).fetchall()
        rows = [WrappedKey(*row) for row in found]
        self.chain.learn(rows)
        return {row.user for row in rows}
