"""Users and linked accounts: one account is never two people, and two people become one in one step or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from freehold import Database, UserScope
from freehold.auth import ApiTokens, Directory, ExternalAccount, Sessions
from freehold.errors import AccountTakenError, Code, UnauthenticatedError, UniqueViolationError
from freehold.wire import Connection
from tests.integration.auth.conftest import Holder
from tests.integration.auth.people import Account, Comment, Key, Note, User
from tests.integration.conftest import ALICE, BOB

ALICES = ExternalAccount("github", "a", "alice", "alice@new.example", access_token="gho_1")
BOBS = ExternalAccount("github", "b", "bob", "bob@example.com")
NEW = ExternalAccount("github", "n", "new", "new@example.com")


def of_user(account: ExternalAccount, user_id: str) -> Mapping[str, Any]:
    """What a sign-in writes of a user."""
    return {"email": account.email, "access_token": account.access_token}


def of_account(account: ExternalAccount, user_id: str) -> Mapping[str, Any]:
    """What it writes of a linked account."""
    return {"username": account.username}


@pytest.fixture
def directory(db: Database) -> Directory:
    """The application's."""
    return Directory(
        db=db,
        user=User,
        account=Account,
        of_user=of_user,
        of_account=of_account,
        moves=(Note, Comment, Key),
        yields=(Key,),
    )


async def test_signing_in_again_is_the_same_user(directory: Directory, admin: Connection) -> None:
    """Who the provider says it is stays who it was here; the address and the token are the new ones."""
    assert await directory.signed_in(ALICES) == ALICE
    row = admin.execute("select email, access_token from public.users where id = %s", (ALICE,)).fetchone()
    assert row == ("alice@new.example", "gho_1")
    assert await directory.signed_in(BOBS) == BOB
    assert await directory.signed_in(replace(ALICES, provider="other")) not in (ALICE, BOB)


async def test_many_sign_ins_at_once_make_one_user(directory: Directory, admin: Connection) -> None:
    """A new account that comes in ten times at once is one new user."""
    ids = set(await asyncio.gather(*(directory.signed_in(NEW) for _ in range(10))))
    assert len(ids) == 1
    assert admin.execute("select count(*) from public.users where external_id = 'n'").fetchone() == (1,)


async def test_a_linked_account_signs_its_user_in(directory: Directory, alice: UserScope) -> None:
    """After linking, both accounts are one user; linking again changes nothing but what the provider says."""
    await directory.link(NEW, ALICE)
    await directory.link(replace(NEW, username="renamed"), ALICE)
    assert await directory.signed_in(NEW) == ALICE
    assert await alice.all(select(Account.username)) == ["new"]
    await directory.link(ALICES, ALICE)
    assert len(await alice.all(select(Account))) == 1


async def test_another_users_account_is_not_taken(directory: Directory, admin: Connection) -> None:
    """Whoever links an account that is somebody's, own or linked, gets neither it nor its rows."""
    await directory.link(NEW, ALICE)
    for taken in (ALICES, NEW):
        with pytest.raises(AccountTakenError) as caught:
            await directory.link(taken, BOB)
        assert caught.value.code is Code.ACCOUNT_TAKEN
    assert admin.execute("select user_id from public.accounts").fetchall() == [(ALICE,)]
    assert await directory.signed_in(NEW) == ALICE


async def test_linking_and_signing_in_at_once(directory: Directory) -> None:
    """Whichever comes first, the account is one user's in the end."""
    _, signed_in = await asyncio.gather(
        directory.link(NEW, ALICE, merge=True), directory.signed_in(NEW), return_exceptions=True
    )
    assert await directory.signed_in(NEW) == ALICE
    assert isinstance(signed_in, str)


async def test_merging(
    directory: Directory,
    db: Database,
    alice: UserScope,
    bob: UserScope,
    tokens: ApiTokens,
    sessions: Sessions,
    holder: Holder,
) -> None:
    """Bob becomes Alice: what is his follows with what refers to it, her keys win, his sessions and tokens end."""
    note = await bob.insert(Note(text="bob's"))
    await bob.insert(Comment(note_id=note.id, text="on bob's"))
    await bob.insert_all([Key(provider="openai", value="bob's"), Key(provider="cursor", value="bob's")])
    await alice.insert(Key(provider="openai", value="alice's"))
    token = await tokens.create(Holder(bob, holder.verified), name="bob's", scopes=[])
    session = await sessions.begin(BOB)
    await directory.link(BOBS, ALICE, merge=True)
    assert await alice.all(select(Note.text, Comment.text).join(Comment, Comment.note_id == Note.id)) == [
        ("bob's", "on bob's")
    ]
    found = await alice.all(select(Key.provider, Key.value).order_by(Key.provider))
    assert found == [("cursor", "bob's"), ("openai", "alice's")]
    assert await bob.all(select(Note)) == []
    assert await directory.signed_in(BOBS) == ALICE
    with pytest.raises(UnauthenticatedError):
        await tokens(token.secret)
    with pytest.raises(UnauthenticatedError):
        await sessions(session.secret)


async def test_a_merge_that_cannot_be_is_not_begun(
    db: Database, directory: Directory, alice: UserScope, bob: UserScope
) -> None:
    """If two rows cannot both be Alice's and neither yields, everything is as it was: nothing is lost half-way."""
    strict = replace(directory, yields=())
    await bob.insert(Note(text="bob's"))
    for user in (alice, bob):
        await user.insert(Key(provider="openai", value="a key"))
    with pytest.raises(UniqueViolationError):
        await strict.link(BOBS, ALICE, merge=True)
    assert await bob.all(select(Note.text)) == ["bob's"]
    assert await alice.all(select(Note)) == []
    assert await directory.signed_in(BOBS) == BOB
