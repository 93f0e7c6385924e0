"""The data keys that this process has unwrapped: by owner and generation, bounded, and not for ever.

Plaintext keys live here and nowhere else. An owner whose keys are older than the lifetime is asked for again with
the next statement, so that a user who was forgotten elsewhere is forgotten here.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from freehold.encryption.data_key import DataKey
from freehold.encryption.envelope import PREFIX, generation_of
from freehold.encryption.ring import KeyRing, unknown_key
from freehold.errors import SealError

_OWNERS_KEPT: Final = 10_000
_LIFETIME: Final = 300.0
NO_KEY: Final = "\0"
"""How no stored value begins: PostgreSQL has no text with this character."""


class WrappedKey(NamedTuple):
    """A row of ``user_keys``."""

    user: str
    generation: int
    wrapped: str
    ring_key: str


@dataclass
class Tally:
    """How often something was noticed since the process started: plain numbers, for whatever collects metrics."""

    broken: int = 0
    """Values that did not open: changed, moved, or not what they claim to be."""
    key_unknown: int = 0
    """Values whose key was not to be had."""
    legacy_read: int = 0
    """Values of the old platform that were read: nothing vouches for them."""
    legacy_failed: int = 0
    """Values of the old platform that could not be read."""


class Held(NamedTuple):
    """The keys of one owner: until when they are relied on, and how values under the newest begin."""

    keys: dict[str, DataKey]
    newest: DataKey | None
    until: float
    begins: str
    own: OwnChain


class KeyChain:
    """What a ring opens. ``lifetime``: seconds, > 0, for which an owner's keys are kept."""

    def __init__(
        self,
        ring: KeyRing,
        *,
        kept: int = _OWNERS_KEPT,
        lifetime: float = _LIFETIME,
        clock: Callable[[], float] = time.monotonic,
        tally: Tally | None = None,
    ) -> None:
        self.ring = ring
        self.tally = tally or Tally()
        self._kept = kept
        self._lifetime = lifetime
        self._clock = clock
        self._held: OrderedDict[str, Held] = OrderedDict()

    def held(self, owner: str) -> Held | None:
        """The owner's keys, if they are here and young enough to be relied on."""
        held = self._held.get(owner)
        return held if held is not None and held.until > self._clock() else None

    def fresh(self, owner: str) -> bool:
        """Whether the owner's keys are here and young enough to be relied on."""
        return self.held(owner) is not None

    def learn(self, rows: Iterable[WrappedKey], asked: Iterable[str] = ()) -> None:
        """Takes in wrapped keys, all of each owner that is named; what cannot be unwrapped is missed when it is needed.

        ``asked``: owners who were asked for. One without a key is forgotten here too, and an answer that was overtaken by
        a newer one is dropped: keys that are relied on are neither, for the answer may be older than they.
        """
        found: dict[str, dict[int, DataKey | None]] = {}
        for row in rows:
            found.setdefault(row.user, {})[row.generation] = self._unwrapped(row)
        for user in asked:
            if user not in found and not self.fresh(user):
                self.forget(user)
        for user, keys in found.items():
            if max(keys) >= self._relied_on(user):
                self._hold(user, keys)
        while len(self._held) > max(self._kept, len(found)):
            self._held.popitem(last=False)

    def _relied_on(self, user: str) -> int:
        """The newest generation that is here and young enough; 0 without one."""
        held = self.held(user)
        return 0 if held is None or held.newest is None else generation_of(held.newest.kid) or 0

    def _hold(self, user: str, keys: dict[int, DataKey | None]) -> None:
        usable = {key.kid: key for key in keys.values() if key is not None}
        newest = keys[max(keys)]
        begins = NO_KEY if newest is None else f"{PREFIX}{newest.kid}."
        self._held[user] = Held(usable, newest, self._clock() + self._lifetime, begins, OwnChain(self, user))
        self._held.move_to_end(user)

    def _unwrapped(self, row: WrappedKey) -> DataKey | None:
        try:
            secret = self.ring.key(row.ring_key).unwrap(row.wrapped, row.user, row.generation)
        except SealError:
            self.tally.key_unknown += 1
            return None
        return DataKey(f"u{row.generation}", secret)

    def forget(self, owner: str) -> None:
        """Drops the keys of an owner."""
        self._held.pop(owner, None)

    def has(self, owner: str, kid: str) -> bool:
        """Whether a value of this owner under this key can be opened, without asking for keys."""
        held = self.held(owner)
        return not owner or (held is not None and kid in held.keys)

    def sealing(self, owner: str) -> DataKey:
        """The key that new values of an owner are sealed with: the newest generation; for "" the primary ring key."""
        if not owner:
            return self.ring.primary.data_key
        held = self._held.get(owner)
        if held is None or held.newest is None:
            raise unknown_key("The owner's data keys are not loaded, or the key ring cannot unwrap them.")
        return held.newest

    def opening(self, owner: str, kid: str) -> DataKey:
        """The one key that a value names; raises `SealError` (FH505) if it is not here."""
        held = self._held.get(owner)
        key = held.keys.get(kid) if held is not None else None
        if key is not None:
            return key
        if kid[:1] == "k" and not owner:
            return self.ring.key(kid[1:]).data_key
        raise unknown_key("The data key that a sealed value names is not loaded, or does not exist any more.")

    def begins(self, owner: str | None) -> str:
        """How the stored values begin that the owner's newest key opens; of no value, where it is not here."""
        held = self._held.get(owner or "")
        return NO_KEY if held is None else held.begins

    def generations(self, owner: str) -> tuple[DataKey, ...]:
        """Every key that values of an owner may be sealed with; for "" those of the ring."""
        if not owner:
            return tuple(self.ring.key(id_).data_key for id_ in self.ring.ids)
        held = self._held.get(owner)
        return () if held is None else tuple(held.keys.values())

    def __repr__(self) -> str:
        return f"<KeyChain of {len(self._held)} owners>"


class OwnChain:
    """A key chain for one caller: whoever else's keys are in the process, it opens the caller's own values only."""

    __slots__ = ("_chain", "_owner", "ring", "tally")

    def __init__(self, chain: KeyChain, owner: str | None) -> None:
        self._chain = chain
        self._owner = owner
        self.ring = chain.ring
        self.tally = chain.tally

    def opening(self, owner: str, kid: str) -> DataKey:
        """As `KeyChain.opening`; raises `SealError` (FH505) for another owner's."""
        if owner and owner != self._owner:
            raise unknown_key("The data key of another user is not this caller's to use.")
        return self._chain.opening(owner, kid)
