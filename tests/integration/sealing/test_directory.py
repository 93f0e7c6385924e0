"""Users whose tokens are sealed: signing in writes them, and what two users become one with is sealed for that one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from freehold import Database, Sealed, UserScope
from freehold.auth import Directory, ExternalAccount
from freehold.errors import UniqueViolationError
from tests.integration.sealing.conftest import ALICE, BOB
from tests.integration.sealing.models import Account, Connector, Key, Member

ALICES = ExternalAccount("github", "a", "alice", "alice@example.com", access_token="gho_alice")
BOBS = ExternalAccount("github", "b", "bob", "bob@example.com", access_token="gho_bob")


def _token(account: ExternalAccount, user_id: str) -> Mapping[str, Any]:
    return {"access_token": Sealed(account.access_token)}


@pytest.fixture
def directory(db: Database) -> Directory:
    """The application's."""
    ids = iter((ALICE, BOB))
    return Directory(
        db=db,
        user=Member,
        account=Account,
        of_user=_token,
        of_account=_token,
        moves=(Key, Connector),
        yields=(Key,),
        new_id=lambda: next(ids),
    )


async def test_tokens_are_sealed_at_every_sign_in(directory: Directory, alice: UserScope) -> None:
    """The first writes a user, the next its new token; so does linking, and signing in by the linked account."""
    assert await directory.signed_in(ALICES) == ALICE
    assert (await alice.one(select(Member))).access_token.reveal() == "gho_alice"
    assert await directory.signed_in(replace(ALICES, access_token="gho_new")) == ALICE
    assert (await alice.one(select(Member))).access_token.reveal() == "gho_new"
    await directory.link(BOBS, ALICE)
    assert (await alice.one(select(Account))).access_token.reveal() == "gho_bob"
    assert await directory.signed_in(replace(BOBS, access_token="gho_newer")) == ALICE
    assert (await alice.one(select(Account))).access_token.reveal() == "gho_newer"


async def test_merged_rows_are_sealed_for_their_new_owner(
    directory: Directory, alice: UserScope, bob: UserScope
) -> None:
    """Bob becomes Alice: what he sealed opens as hers and is found by its index; where she has the same key, hers stays."""
    assert [await directory.signed_in(each) for each in (ALICES, BOBS)] == [ALICE, BOB]
    await bob.insert_all([Key(provider=each, value=Sealed(f"bob's {each}"), note="n") for each in ("openai", "cursor")])
    await bob.insert(Connector(env=Sealed({"A": "b"})))
    await alice.insert(Key(provider="openai", value=Sealed("alice's")))
    await directory.link(BOBS, ALICE, merge=True)
    found = await alice.all(select(Key).order_by(Key.provider))
    assert [(row.provider, row.value.reveal(), row.note) for row in found] == [
        ("cursor", "bob's cursor", "n"),
        ("openai", "alice's", None),
    ]
    (connector,) = await alice.all(select(Connector))
    assert connector.env is not None
    assert (connector.env.reveal(), connector.secret) == ({"A": "b"}, None)
    assert len(await alice.all(select(Key).where(await alice.matching(Key.value, "bob's cursor")))) == 1


async def test_a_merge_that_cannot_be_leaves_what_is_sealed(
    directory: Directory, alice: UserScope, bob: UserScope
) -> None:
    """If neither row yields, both are still their owners'."""
    assert [await directory.signed_in(each) for each in (ALICES, BOBS)] == [ALICE, BOB]
    for scope, value in ((alice, "alice's"), (bob, "bob's")):
        await scope.insert(Key(provider="openai", value=Sealed(value)))
    with pytest.raises(UniqueViolationError):
        await replace(directory, yields=()).link(BOBS, ALICE, merge=True)
    assert [(await each.one(select(Key))).value.reveal() for each in (alice, bob)] == ["alice's", "bob's"]
