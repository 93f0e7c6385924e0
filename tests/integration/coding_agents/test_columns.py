"""What the owner of a row may not write, by SQL in the owner's own scope; the HTTP layer is out of the way."""

from __future__ import annotations

import pytest
from sqlalchemy import func, insert, select, update

from examples.coding_agents.models import ApiToken, Connector, Key, Setting, Task, TaskMessage, User
from freehold.encryption import Sealed
from freehold.errors import CheckViolationError, PermissionDeniedError, PolicyViolationError
from freehold.scope import Database, UserScope, set_
from freehold.wire import Connection

SEALED_OF_A_TASK = (
    "user_id", "prompt", "logs", "progress", "error", "max_duration", "created_at", "updated_at", "completed_at",
    "sandbox_id", "sandbox_url", "preview_url", "pr_url", "pr_number", "pr_status", "pr_merge_commit_sha",
    "agent_session_id", "last_heartbeat", "heartbeat_extension_count", "sub_agent_activity", "current_sub_agent",
)  # fmt: skip


@pytest.fixture
async def task(ada: UserScope) -> Task:
    """A pending task of Ada's."""
    return await ada.insert(Task(prompt="Write it"))


@pytest.mark.parametrize("column", SEALED_OF_A_TASK)
async def test_a_task_is_the_platforms_once_it_is_asked(ada: UserScope, db: Database, task: Task, column: str) -> None:
    """Its user has no privilege on the column; the service has."""
    change = update(Task).where(Task.id == task.id).values({column: Task.__table__.c[column]})
    with pytest.raises(PermissionDeniedError):
        await ada.all(change.returning(Task.id))
    service = db.as_service(reason="test", all_users=True)
    assert await service.all(change.returning(Task.id)) == [task.id]


@pytest.mark.parametrize("status", ["processing", "completed", "error"])
async def test_a_user_can_only_stop_and_go_on(ada: UserScope, task: Task, status: str) -> None:
    """No other status comes from the user, in SQL either; stopping, and waiting to be run, do."""
    with pytest.raises(PolicyViolationError):
        await ada.all(update(Task).where(Task.id == task.id).values(status=status).returning(Task.id))
    for own in ("stopped", "pending"):
        await ada.all(update(Task).where(Task.id == task.id).values(status=own).returning(Task.id))
        assert (await ada.get(Task, task.id)).status == own


async def test_a_user_deletes_softly_only(ada: UserScope, task: Task) -> None:
    """The row stays, so that use stays counted."""
    with pytest.raises(PermissionDeniedError):
        await ada.delete(Task, Task.id == task.id, hard=True)
    assert [each.id for each in await ada.delete(Task, Task.id == task.id)] == [task.id]


async def test_another_user_stops_and_deletes_nothing(ada: UserScope, grace: UserScope, task: Task) -> None:
    """The policies that replace the owner's still begin with the owner."""
    assert await grace.raw("update public.tasks set status = 'stopped' returning id") == []
    assert await grace.raw("update public.tasks set deleted_at = now() returning id") == []
    assert (await ada.get(Task, task.id)).status == "pending"
    assert len(await ada.raw("update public.tasks set status = 'stopped' returning id")) == 1


async def test_a_message_is_never_the_agents(ada: UserScope, task: Task) -> None:
    """Nor rewritten, once it was sent."""
    with pytest.raises(PermissionDeniedError):
        await ada.insert(TaskMessage(task_id=task.id, content="Done", role="agent"))
    message = await ada.insert(TaskMessage(task_id=task.id, content="Hello"))
    with pytest.raises(PermissionDeniedError):
        await ada.update(TaskMessage, TaskMessage.id == message.id, set_(TaskMessage.content, "Never said"))
    assert message.role == "user"


async def test_tokens_are_not_minted_by_insert(ada: UserScope, db: Database) -> None:
    """Nor prolonged, nor their hashes read; revoked they are."""
    token = ApiToken(name="laptop", token_hash="0" * 64, token_prefix="fhp_0000")
    with pytest.raises(PermissionDeniedError):
        await ada.insert(token)
    await db.as_service(reason="test", owner="ada").insert(token)
    with pytest.raises(PermissionDeniedError):
        await ada.update(ApiToken, ApiToken.id == token.id, set_(ApiToken.scopes, ["everything"]))
    with pytest.raises(PermissionDeniedError):
        await ada.all(select(ApiToken.token_hash))
    assert [each.name for each in await ada.all(select(ApiToken))] == ["laptop"]
    assert len(await ada.delete(ApiToken, ApiToken.id == token.id)) == 1


async def test_nobody_makes_or_changes_users(ada: UserScope) -> None:
    """Not even oneself: an address is one that a provider verified."""
    with pytest.raises(PermissionDeniedError):
        await ada.update(User, User.id == "ada", set_(User.email, "ada@admins.example"))
    with pytest.raises(PermissionDeniedError):
        await ada.all(
            insert(User).values(id="eve", provider="github", external_id="1", username="eve").returning(User.id)
        )
    assert (await ada.one(select(User))).email == "ada@example.com"


async def test_secrets_are_sealed(ada: UserScope, grace: UserScope, admin: Connection) -> None:
    """Owners set their own and open them; what they, or anybody, read in SQL is ciphertext."""
    await ada.insert(Key(provider="openai", value=Sealed("sk-secret")))
    await ada.insert(Connector(name="issues", env=Sealed({"A": "env-secret"}), oauth_client_secret=Sealed("o-secret")))
    assert (await ada.one(select(Key.value))).reveal() == "sk-secret"
    env = await ada.one(select(Connector.env))
    assert env is not None
    assert env.reveal() == {"A": "env-secret"}
    assert (await ada.one(select(User))).access_token.reveal() == "a-secret-token-of-the-user"
    for table in ("users", "keys", "connectors"):
        for scope, rows in ((ada, 1), (grace, int(table == "users"))):
            found = await scope.raw(f"select * from public.{table}")  # type: ignore[arg-type]
            assert len(found) == rows
            assert "secret" not in repr(found)
    with pytest.raises(PermissionDeniedError):
        await ada.update(User, User.id == "ada", set_(User.access_token, Sealed("another")))
    with pytest.raises(CheckViolationError):
        await ada.raw("update public.keys set value = 'sk-plain'")


async def test_hashes_are_nobodys(ada: UserScope) -> None:
    """No caller reads the hash of a token, not even of their own."""
    with pytest.raises(PermissionDeniedError):
        await ada.raw("select token_hash from public.api_tokens")
    assert await ada.raw("select token_prefix from public.api_tokens") == []


async def test_a_limit_is_not_the_users_to_set(ada: UserScope, grace: UserScope, db: Database) -> None:
    """Preferences are; a limit is read, not inserted, changed, renamed or deleted."""
    await db.as_service(reason="test", owner="ada").insert(Setting(key="maxMessagesPerDay", value="20"))
    with pytest.raises(PolicyViolationError):
        await grace.insert(Setting(key="maxMessagesPerDay", value="10000"))
    assert await ada.update(Setting, Setting.key == "maxMessagesPerDay", set_(Setting.value, "10000")) == []
    assert await ada.delete(Setting, Setting.key == "maxMessagesPerDay") == []
    await ada.insert(Setting(key="theme", value="dark"))
    await grace.insert(Setting(key="theme", value="dark"))
    with pytest.raises(PolicyViolationError):
        await grace.update(Setting, Setting.key == "theme", set_(Setting.key, "maxMessagesPerDay"))
    assert len(await ada.update(Setting, Setting.key == "theme", set_(Setting.value, "light"))) == 1
    found = await ada.all(select(Setting.key, Setting.value).order_by(Setting.key))
    assert found == [("maxMessagesPerDay", "20"), ("theme", "light")]


async def test_every_timestamp_knows_its_zone(ada: UserScope, admin: Connection) -> None:
    """No column is a naive timestamp."""
    query = "select count(*) from information_schema.columns where table_schema = 'public' and data_type = %s"
    assert admin.execute(query, ("timestamp without time zone",)).fetchone() == (0,)
    assert admin.execute(query, ("timestamp with time zone",)).fetchone() > (15,)
    task = await ada.insert(Task(prompt="x"))
    assert task.created_at.tzinfo is not None
    assert await ada.one(select(func.count()).select_from(Task)) == 1
