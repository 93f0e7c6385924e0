"""The keys of a database, for its scopes: they come with the first statement that needs them, in the same round trip.

A statement that reads sealed columns carries one more, which reads its owner's wrapped keys, unless they are here.
One that writes them must have them before; they are asked for, or made, in a round trip of their own, once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from freehold.encryption import (
    DataKey,
    KeyChain,
    KeyProvider,
    OwnChain,
    Sealed,
    Stored,
    Tally,
    WrappedKey,
    generation_of,
    kid_of,
)
from freehold.errors import Code, ConfigurationError, SealError
from freehold.models import USER_KEYS, Model, places_of, table_of
from freehold.scope.caller import Caller
from freehold.scope.compiler import Filter, Reach
from freehold.scope.executor import Executor
from freehold.scope.placing import assigns_sealed, owner_of, owners_written, sealed_statement, sealed_values
from freehold.scope.plan import Call, Planner, Prepared
from freehold.scope.shape import Opening

_FIRST: Final = 1
_COLUMNS: Final = ("user_id", "generation", "wrapped_key", "ring_key_id")


@dataclass
class Vault:
    """The keys of one `Database`. ``tally`` counts what did not open."""

    provider: KeyProvider
    planner: Planner
    tally: Tally = field(default_factory=Tally)
    _chain: KeyChain | None = None
    _loading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def chain(self) -> KeyChain:
        """The key chain; raises `ConfigurationError` (FH501, FH502) without a usable ring."""
        if self._chain is None:
            async with self._loading:
                if self._chain is None:
                    ring = await asyncio.to_thread(self.provider.ring)
                    self._chain = KeyChain(ring, tally=self.tally)
        return self._chain

    async def run(self, executor: Executor, caller: Caller, calls: Sequence[Call]) -> list[list[Any]]:
        """The rows of calls of which some read sealed columns, with the keys to open them."""
        opening = self._expected(caller)
        complete = opening is not None
        if opening is None:
            opening = await self._opening(caller)
            complete = not self._lacks(caller)
        sent = [Call(call.plan, call.sql, call.values, opening) if call.plan.sealed else call for call in calls]
        if complete:
            results = await executor.run(sent)
        else:
            owner = caller.owner or ""
            *results, keys = await executor.run([*sent, self._keys_of(caller, [owner])])
            self._learn(keys, [owner])
        if opening.strange:
            await self.complete(executor, caller, opening)
        return results

    def _expected(self, caller: Caller) -> Opening | None:
        """What opens a caller's own rows, where their keys are here: the way most reads go, and therefore short."""
        if self._chain is None or caller.reach is not Reach.CALLER or caller.owner is None:
            return None
        held = self._chain.held(caller.owner)
        return None if held is None else Opening(held.own, held.begins)

    async def complete(self, executor: Executor, caller: Caller, opening: Opening) -> None:
        """Loads the keys of rows that were read, where they are others than those expected."""
        chain, strange = self._chain, opening.strange
        if chain is None or not strange:
            return
        owners = {str(owner) for owner, text in strange if owner is not None and _misses(chain, str(owner), text)}
        strange.clear()
        if caller.reach in (Reach.CALLER, Reach.POLICY):
            owners &= {caller.owner or ""}
        if owners:
            await self._load(executor, caller, owners)

    async def paged(self, caller: Caller, executor: Executor, call: Call) -> tuple[Call, Opening]:
        """A call that is read page by page."""
        opening = await self._opening(caller)
        if self._lacks(caller):
            await self._load(executor, caller, [caller.owner or ""])
        return call._replace(opening=opening), opening

    async def sealed(self, executor: Executor, caller: Caller, statements: Sequence[Any]) -> list[Any]:
        """The statements with what they write to sealed columns as ciphertext. ``executor`` commits by itself."""
        writes = [statement for statement in statements if assigns_sealed(statement)]
        if not writes:
            return list(statements)
        chain = await self.chain()
        owners = {owner for each in writes for owner in owners_written(each, caller.owner)}
        await self.ensure(executor, caller, owners)
        return [sealed_statement(each, caller.owner, chain) if assigns_sealed(each) else each for each in statements]

    async def seal_rows(self, executor: Executor, caller: Caller, rows: Sequence[Model]) -> None:
        """Seals what models hold for sealed columns, in place."""
        kinds = {kind for kind in set(map(type, rows)) if places_of(table_of(kind))}
        if not kinds:
            return
        found = [row for row in rows if type(row) in kinds]
        chain = await self.chain()
        owners = {owner_of(table_of(type(row)), vars(row), caller.owner) for row in found}
        await self.ensure(executor, caller, {owner for owner in owners if owner})
        for row in found:
            vars(row).update(sealed_values(table_of(type(row)), vars(row), caller.owner, chain))

    async def ensure(self, executor: Executor, caller: Caller, owners: Iterable[str]) -> None:
        """Has the data keys of ``owners`` here, the first one made for those who have none.

        It is committed before anything is sealed with it; of callers who come at once, all get the same one.
        """
        chain, wanted = await self.chain(), set(owners)
        if all(map(chain.fresh, wanted)):
            return
        known = await self._load(executor, caller, wanted)
        if new := sorted(wanted - known):
            await executor.run([self._first_key(caller, chain, owner) for owner in new])
            await self._load(executor, caller, wanted)

    async def reveal(self, executor: Executor, caller: Caller, sealed: Sealed[Any]) -> Any:
        """The value, its owner's keys loaded if they are not here."""
        if isinstance(sealed, Stored) and sealed.chain is not None and sealed.owner:
            opening = Opening(sealed.chain, strange=[(sealed.owner, sealed.text)])
            await self.complete(executor, caller, opening)
        return sealed.reveal()

    async def keys(self, executor: Executor, caller: Caller, owner: str) -> tuple[DataKey, ...]:
        """Every data key of an owner."""
        chain = await self.chain()
        if owner and not chain.fresh(owner):
            await self._load(executor, caller, [owner])
        return chain.generations(owner)

    async def _load(self, executor: Executor, caller: Caller, owners: Iterable[str]) -> set[str]:
        asked = sorted(owners)
        (rows,) = await executor.run([self._keys_of(caller, asked)])
        self._learn(rows, asked)
        return {row[0] for row in rows}

    def _learn(self, rows: Sequence[Any], asked: Sequence[str]) -> None:
        if self._chain is not None:
            self._chain.learn((WrappedKey(*row) for row in rows), asked)

    def _lacks(self, caller: Caller) -> bool:
        """Whether the keys of the one owner of a caller's rows have to be asked for."""
        if self._chain is None or caller.owner is None or caller.reach is Reach.POLICY:
            return False
        return not self._chain.fresh(caller.owner)

    async def _opening(self, caller: Caller) -> Opening:
        """Without a ring rows are still read; their sealed columns stay shut."""
        try:
            chain = self._chain or await self.chain()
        except ConfigurationError as error:
            if error.code is not Code.KEYS_MISSING:
                raise
            return Opening(None)
        return _opened(chain, caller)

    def _keys_of(self, caller: Caller, owners: Sequence[str]) -> Call:
        statement = Prepared(("user_keys",), _select_keys, {"owners": owners})
        return self.planner.prepared(statement, _filter(caller), caller.owner)

    def _first_key(self, caller: Caller, chain: KeyChain, owner: str) -> Call:
        _, secret = DataKey.new(f"u{_FIRST}")
        primary = chain.ring.primary
        values = (owner, _FIRST, primary.wrap(secret, owner, _FIRST), primary.id)
        named = {f"given_{name}": value for name, value in zip(_COLUMNS, values, strict=True)}
        return self.planner.prepared(Prepared(("first user_key",), _insert_key, named), _filter(caller), caller.owner)

    def __repr__(self) -> str:
        return "<Vault>"


def _opened(chain: KeyChain, caller: Caller) -> Opening:
    own = caller.reach in (Reach.CALLER, Reach.POLICY)
    return Opening(OwnChain(chain, caller.owner) if own else chain, chain.begins(caller.owner))


def _select_keys() -> Any:
    columns = USER_KEYS.c
    wanted = columns.user_id.in_(bindparam("owners", expanding=True))
    return select(*(columns[name] for name in _COLUMNS)).where(wanted)


def _insert_key() -> Any:
    return insert(USER_KEYS).values({name: bindparam(f"given_{name}") for name in _COLUMNS}).on_conflict_do_nothing()


def _filter(caller: Caller) -> Filter:
    """A service scope for one owner still reads and writes keys by naming their user."""
    return caller.filter if caller.reach in (Reach.CALLER, Reach.POLICY) else Filter(Reach.EVERYBODY)


def _misses(chain: KeyChain, owner: str, text: str) -> bool:
    try:
        kid = kid_of(text)
    except SealError:
        return False
    return generation_of(kid) is not None and not chain.has(owner, kid)
