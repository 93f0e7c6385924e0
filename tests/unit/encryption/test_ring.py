"""The key ring refuses what could not be used safely, and wraps data keys for one user and generation."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from freehold.encryption import FileKeys, KeyChain, KeyRing, KeyState, RingKey, WrappedKey
from freehold.encryption.chain import OwnChain
from freehold.errors import Code, ConfigurationError, FreeholdError, SealError

GOOD = RingKey("a", KeyState.PRIMARY, bytes(range(32))).text
OTHER = RingKey("b", KeyState.PRIMARY, bytes(range(1, 33))).text
OLD = "old:legacy:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "a:primary",
        "a:chief:" + GOOD.rpartition(":")[2],
        "A:primary:" + GOOD.rpartition(":")[2],
        "a:active:" + GOOD.rpartition(":")[2],
        GOOD[:-1],
        GOOD + "AA",
        "a:primary:" + "A" * 43,
        f"{GOOD},{GOOD}",
        f"{GOOD} {OTHER}",
        f"{GOOD} {GOOD.replace('a:primary', 'b:active')}",
        f"{GOOD} {OTHER.replace('b:primary', 'a:active')}",
        f"{GOOD} {OLD} {OLD.replace('old', 'older').replace('0', '1')}",
        f"{GOOD} old:legacy:{'ab' * 31}",
        f"{GOOD} old:legacy:{'ab' * 31}zz{'ab' * 10}",
    ],
)
def test_bad_rings(text: str) -> None:
    """Missing, short, weak, repeated and malformed keys; the message never shows one."""
    with pytest.raises(ConfigurationError) as error:
        KeyRing.parse(text)
    assert error.value.code is Code.KEYS_INVALID
    assert not any(part and part in str(error.value) for part in (GOOD.rpartition(":")[2], "0123456789abcdef"))


def test_a_ring_as_text() -> None:
    """Several keys, over lines, with comments; Node ignores what follows the digits of its key."""
    other = RingKey.new("b").text.replace("primary", "active")
    ring = KeyRing.parse(f"# of 2026\n{GOOD},\n  {other}  # the one before\n{OLD}zz\n")
    assert ring.primary.id == "a"
    assert ring.ids == ("a", "b")
    assert ring.legacy is not None
    assert "a" in repr(ring)
    assert GOOD.rpartition(":")[2] not in repr(ring) + repr(ring.primary)
    with pytest.raises(SealError):
        ring.key("c")


def test_an_old_key_need_not_look_random() -> None:
    """It was chosen elsewhere and seals nothing here: refusing it would strand its values. What is no key says what one is."""
    assert KeyRing.parse(f"{GOOD} old:legacy:{'ab' * 32}").legacy is not None
    with pytest.raises(ConfigurationError, match="not 32 bytes in hexadecimal") as refused:
        KeyRing.parse(f"{GOOD} old:legacy:{'ab' * 31}")
    assert "ENCRYPTION_KEY" in (refused.value.hint or "")


def test_a_wrapped_key_is_one_users() -> None:
    """Another user's, generation's or ring key's wrap does not unwrap."""
    ring, other = RingKey.new("a"), RingKey.new("b")
    wrapped = ring.wrap(bytes(range(32)), "ada", 1)
    assert ring.unwrap(wrapped, "ada", 1) == bytes(range(32))
    for key, user, generation, text in (
        (ring, "bob", 1, wrapped),
        (ring, "ada", 2, wrapped),
        (other, "ada", 1, wrapped),
        (ring, "ada", 1, wrapped[:-2]),
        (ring, "ada", 1, ""),
    ):
        with pytest.raises(SealError):
            key.unwrap(text, user, generation)


def test_the_chain_selects_one_key() -> None:
    """By generation; the newest seals; what cannot be unwrapped is never replaced by another."""
    ring = KeyRing((RingKey.new("a"),))
    now = [0.0]
    chain = KeyChain(ring, kept=2, lifetime=10, clock=lambda: now[0])
    rows = [WrappedKey("ada", each, ring.primary.wrap(os.urandom(32), "ada", each), "a") for each in (1, 2)]
    chain.learn(rows)
    assert chain.sealing("ada").kid == "u2"
    assert chain.opening("ada", "u1").kid == "u1"
    for kid in ("u3", "ka", "u", "", "u1x"):
        with pytest.raises(SealError):
            chain.opening("ada", kid)
    with pytest.raises(SealError):
        OwnChain(chain, "bob").opening("ada", "u1")
    assert chain.fresh("ada")
    now[0] = 11
    assert not chain.fresh("ada")
    chain.learn([rows[0], rows[1]._replace(ring_key="gone")])
    with pytest.raises(SealError) as error:
        chain.sealing("ada")
    assert error.value.code is Code.SEAL_KEY_UNKNOWN
    assert chain.tally.key_unknown == 1
    for user in ("bob", "eve"):
        chain.learn([WrappedKey(user, 1, ring.primary.wrap(os.urandom(32), user, 1), "a")])
    assert not chain.has("ada", "u1")


def test_an_answer_that_was_overtaken_changes_nothing() -> None:
    """Of two that were asked at once the older may come last: it takes no key away, of those who had none either."""
    ring = KeyRing((RingKey.new("a"),))
    now = [0.0]
    chain = KeyChain(ring, lifetime=10, clock=lambda: now[0])
    rows = [WrappedKey("ada", each, ring.primary.wrap(os.urandom(32), "ada", each), "a") for each in (1, 2)]
    chain.learn(rows, ["ada"])
    chain.learn(rows[:1], ["ada"])
    chain.learn([], ["ada"])
    assert chain.sealing("ada").kid == "u2"
    chain.learn(rows[1:], ["ada"])
    assert not chain.has("ada", "u1"), "a generation that was retired is not kept"


def test_a_user_without_keys_is_forgotten() -> None:
    """Once the keys are too old to be relied on, an answer without any says that they were deleted."""
    ring = KeyRing((RingKey.new("a"),))
    now = [0.0]
    chain = KeyChain(ring, lifetime=10, clock=lambda: now[0])
    chain.learn([WrappedKey("ada", 1, ring.primary.wrap(os.urandom(32), "ada", 1), "a")], ["ada"])
    assert chain.has("ada", "u1")
    now[0] = 11
    assert not chain.has("ada", "u1")
    chain.learn([], ["ada"])
    with pytest.raises(SealError):
        chain.opening("ada", "u1")


def test_more_owners_than_are_kept() -> None:
    """Those of one answer are all there: they are about to be used, whatever the bound."""
    ring = KeyRing((RingKey.new("a"),))
    chain = KeyChain(ring, kept=2)
    users = ("ada", "bob", "eve")
    chain.learn(WrappedKey(each, 1, ring.primary.wrap(os.urandom(32), each, 1), "a") for each in users)
    assert all(chain.fresh(each) for each in users)
    chain.learn([WrappedKey("dan", 1, ring.primary.wrap(os.urandom(32), "dan", 1), "a")])
    assert [chain.fresh(each) for each in (*users, "dan")] == [False, False, True, True]


def test_a_file(tmp_path: Path) -> None:
    """A key file is made once, is private, and one that others may read is refused."""
    keys = FileKeys(tmp_path / "deep" / "keys", made=True)
    first = keys.ring().primary.secret
    assert keys.ring().primary.secret == first
    assert keys.path.stat().st_mode & 0o777 == 0o600
    keys.path.chmod(0o644)
    with pytest.raises(ConfigurationError) as error:
        keys.ring()
    assert error.value.code is Code.KEYS_INVALID
    with pytest.raises(FreeholdError) as missing:
        FileKeys(tmp_path / "none").ring()
    assert missing.value.code is Code.KEYS_MISSING
