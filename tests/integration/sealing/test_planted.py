"""A planted secret is looked for where secrets leak: logs of the server and of freehold, activity, errors, JSON."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict
from sqlalchemy import insert, select, update

from freehold import Database, Sealed, UserScope, set_
from freehold.encryption import TextKeys
from freehold.errors import FreeholdError
from freehold.models import schema_statements
from freehold.server import EmbeddedServer, Endpoints, bootstrap, create_database
from freehold.wire import Connection, PoolSize, connect
from tests.integration.sealing.conftest import ALICE, KEYS, RING, database
from tests.integration.sealing.models import Base, Connector, Key

PLANTED = "sk-PLANTED-7f3a9c"
_LOGGED = (
    "alter system set log_statement = 'all'",
    "alter system set log_min_duration_statement = 0",
    "alter system set log_parameter_max_length = -1",
    "alter system set log_parameter_max_length_on_error = -1",
    "alter system set log_min_messages = 'debug1'",
)


async def _used(scope: UserScope) -> None:
    """The secret through the verbs, and into an error of the database's."""
    row = await scope.insert(Key(provider="a", value=Sealed(PLANTED)))
    await scope.update(Key, Key.id == row.id, set_(Key.value, Sealed(PLANTED)))
    await scope.all(update(Key).where(Key.id == row.id).values(value=Sealed(PLANTED)).returning(Key.id))
    await scope.all(select(Key).where(await scope.matching(Key.value, PLANTED)))
    await scope.insert(Connector(env=Sealed({"TOKEN": PLANTED}), blob=Sealed(PLANTED.encode())))
    with pytest.raises(FreeholdError):
        await scope.insert(Key(provider="a", value=Sealed(PLANTED)))
    async with scope.session() as session:
        session.add(Key(provider="b", value=Sealed(PLANTED)))
        await session.commit()
    assert (await scope.get(Key, row.id)).value.reveal() == PLANTED


@pytest.mark.slow
async def test_the_server_logs_ciphertext(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A server that logs every statement with its parameters, and those of errors, has no secret and no key in its log."""
    directory = tmp_path_factory.mktemp("s")
    with EmbeddedServer.start(directory, durable=False) as server:
        with connect(server.admin_dsn()) as admin:
            create_database(admin, "planted")
            for statement in (*_LOGGED, "select pg_reload_conf()"):
                admin.execute(statement.encode())
        roles = ("planted", "planted_service", "planted_owner")
        with connect(server.admin_dsn("planted")) as admin:
            bootstrap(admin, "planted", {name: server.password(name) for name in roles})
        with connect(server.dsn("planted_owner", "planted")) as own:
            for statement in schema_statements(Base.metadata):
                own.execute(statement.encode())
        size = PoolSize(largest=2, shared=1, patience=10.0)
        async with Database(server.dsn("planted", "planted"), size=size, keys=TextKeys(KEYS)) as db:
            await _used(db.as_user(ALICE))
            await db.as_user(ALICE).all(insert(Key).values(provider="logged", user_id=ALICE, value=Sealed(PLANTED)))
        log = "".join(path.read_text(errors="replace") for path in _logs(directory))
    assert "logged" in log  # the control: parameters are in it
    assert "fh1.u1." in log
    _clean(log)


def _logs(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*log*") if path.is_file() and "pg_wal" not in path.parts]


def _clean(text: str) -> None:
    assert PLANTED not in text
    assert PLANTED.encode().hex() not in text
    assert RING.text.rpartition(":")[2] not in text


@pytest.fixture
async def logging_all(endpoints: Endpoints) -> AsyncIterator[UserScope]:
    """A user of a database that logs every statement as slow, with its plan."""
    size = PoolSize(largest=4, shared=2, patience=5.0)
    async with Database(endpoints.login, size=size, keys=TextKeys(KEYS), slow=0.0, slow_plans=True) as db:
        yield db.as_user(ALICE)


async def test_freeholds_own_log_and_the_servers_activity(
    logging_all: UserScope, admin: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    """Slow statements with plans have placeholders; whoever may look at other sessions sees them too."""
    with caplog.at_level(logging.DEBUG):
        await _used(logging_all)
        seen = "\n".join(row[0] for row in admin.execute("select query from pg_stat_activity where query is not null"))
        async with asyncio.timeout(20):  # it is asked for behind the statement, where a connection is free
            while "the plan of" not in caplog.text:
                await logging_all.all(select(Key))
                await asyncio.sleep(0.05)
    assert "slow: " in caplog.text
    assert "slow: no plan of" not in caplog.text
    assert "keys" in seen
    _clean(caplog.text + seen)


class _Out(BaseModel):
    """What an endpoint would answer with."""

    model_config = ConfigDict(from_attributes=True)
    provider: str
    value: Sealed[str]


async def test_errors_and_answers(alice: UserScope, endpoints: Endpoints, admin: Connection) -> None:
    """Every error with its traceback and its causes, repr, str, format, JSON and the schema of an answer: none shows it."""
    made = await alice.insert(Key(provider="a", value=Sealed(PLANTED)))
    said = [repr(made), str(made.value), f"{made.value!r} {made.value}", repr(vars(made))]
    said += [_Out.model_validate(made).model_dump_json(), json.dumps(_Out.model_json_schema())]
    assert '"**********"' in said[-2]
    attempts = [
        lambda: alice.insert(Key(provider="a", value=Sealed(PLANTED))),
        lambda: alice.insert(Key(provider="b", value=PLANTED)),  # type: ignore[arg-type]
        lambda: alice.insert(Key(provider="b", value=Sealed({"a": PLANTED}))),  # type: ignore[arg-type]
        lambda: alice.insert(Connector(env=Sealed([PLANTED]))),  # type: ignore[arg-type]
        lambda: alice.update(Key, Key.id == made.id, set_(Key.value, PLANTED)),  # type: ignore[misc]
        lambda: alice.all(
            insert(Key).from_select(["id", "value"], select(Key.id, Key.value).where(Key.note == PLANTED))
        ),
        lambda: alice.all(insert(Key).values(provider=None, user_id=ALICE, value=Sealed(PLANTED))),
    ]
    for attempt in attempts:
        with pytest.raises(FreeholdError) as error:
            await attempt()  # type: ignore[no-untyped-call]
        said.append(_all_of(error.value))
    stored = str(admin.execute("select value from public.keys").fetchone())
    admin.execute("update public.keys set value = overlay(value placing 'AAAA' from 20)")
    async with database(endpoints) as other:
        broken = (await other.as_user(ALICE).one(select(Key))).value
        with pytest.raises(FreeholdError) as error:
            broken.reveal()
    said.append(_all_of(error.value))
    assert len(said) == len(attempts) + 7
    for each in said:
        _clean(each)
        assert stored[10:40] not in each


def _all_of(error: BaseException) -> str:
    """The error as a log with the values of local variables would have it, where they are freehold's own errors."""
    text = io.StringIO()
    traceback.TracebackException.from_exception(error).print(file=text)
    return f"{text.getvalue()} {error!r} {vars(error)!r}"
