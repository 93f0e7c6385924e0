"""The coding-agents platform with rows of three users, and what its models say each caller may do with them.

What is expected is read from the models' declarations, never from their policies' SQL: a policy that says something
else than the declaration is what these tests are to find.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import Table

from examples.coding_agents import models
from freehold import ANONYMOUS, Access, Command, Identity, Model, Role
from freehold.models import rules_of, table_of
from freehold.models.keytable import KEY_PROGRESS, USER_KEYS
from freehold.server import Endpoints
from freehold.wire import Connection, connect

ALICE, BOB, CAROL = "alice", "bob", "carol"
"""Alice's rows are attacked, Bob attacks, and Carol is whom rows are planted on: she has only a task."""

MODELS: Final[dict[str, type[Model]]] = {
    str(each.__tablename__): each
    for each in (
        models.User,
        models.Account,
        models.Key,
        models.ApiToken,
        models.Session,
        models.Task,
        models.TaskMessage,
        models.Connector,
        models.Setting,
    )
}
_DECLARED: Final = tuple(
    each
    for each in vars(models).values()
    if isinstance(each, type) and issubclass(each, Model) and "__table__" in vars(each)
)
TABLES: Final[tuple[Table, ...]] = tuple(
    dict.fromkeys(
        (
            *(table_of(each) for each in _DECLARED),
            *(models.User.metadata.tables[each.key] for each in (USER_KEYS, KEY_PROGRESS)),
            *(
                table
                for each in _DECLARED
                if each.metadata is not models.User.metadata
                for table in each.metadata.sorted_tables
            ),
        )
    )
)
"""What the example declares, the tables of its keys, and those of the library that come with what it uses; the process may
have imported other models too."""
REVISIONS: Final = tuple(
    path.read_text() for path in sorted((Path(models.__file__).parent / "migrations" / "versions").glob("*.up.sql"))
)

_NEW: Final[dict[str, dict[str, str]]] = {
    "users": {"provider": "github", "external_id": "{user}", "access_token": "fh1.u1.s", "username": "{user}"},
    "accounts": {"provider": "github", "external_user_id": "{user}", "access_token": "fh1.u1.s", "username": "{user}"},
    "keys": {"provider": "openai", "value": "fh1.u1.s"},
    "api_tokens": {"name": "t", "token_hash": "{user}", "token_prefix": "fh"},
    "sessions": {
        "secret_hash": "{user}",
        "expires_at": "2100-01-01T00:00:00Z",
        "ends_at": "2100-01-01T00:00:00Z",
        "idle_seconds": "60",
    },
    "tasks": {"prompt": "p"},
    "task_messages": {"task_id": "{user}-tasks", "content": "c"},
    "connectors": {"name": "n"},
    "settings": {"key": "theme", "value": "dark"},
}
_CHANGED: Final[dict[str, tuple[str, str]]] = {
    "users": ("name", "changed"),
    "accounts": ("username", "changed"),
    "keys": ("provider", "cursor"),
    "api_tokens": ("name", "changed"),
    "sessions": ("revoked_at", "2026-01-01T00:00:00Z"),
    "tasks": ("status", "stopped"),
    "task_messages": ("content", "changed"),
    "connectors": ("name", "changed"),
    "settings": ("value", "changed"),
}


def owner_of(table: Table) -> str:
    """The name of the owner column."""
    owner = rules_of(table).owner
    assert owner is not None
    return owner


def new_row(table: str, user: str, key: str) -> dict[str, str]:
    """A row of ``user``; of `users` it is the user."""
    values = {name: value.format(user=user) for name, value in _NEW[table].items()}
    return {"id": user, **values} if table == "users" else {"id": key, "user_id": user, **values}


def change(table: str) -> tuple[str, str]:
    """A column and what it becomes, as the table's owner policies allow if they allow anything."""
    return _CHANGED[table]


def key_of_row(table: str, user: str) -> str:
    """The id of the row that `seed` gives ``user``."""
    return user if table == "users" else f"{user}-{table}"


def seed_statements() -> Iterator[str]:
    """Everything for Alice and Bob; for Carol a task, which a message needs. For a superuser."""
    for table in MODELS:
        for user in (ALICE, BOB) if table not in ("users", "tasks") else (ALICE, BOB, CAROL):
            row = new_row(table, user, key_of_row(table, user))
            yield insertion(table, row)


def insertion(table: str, row: dict[str, str]) -> str:
    """INSERT of one row."""
    values = ", ".join(f"'{value}'" for value in row.values())
    return f"INSERT INTO public.{table} ({', '.join(row)}) VALUES ({values})"


# What the models declare ---------------------------------------------------------------------------------------------


def roles_for(table: Table, command: Command) -> frozenset[Role]:
    """The roles that may use a command at all, by the declaration."""
    rules = rules_of(table)
    found = {role for policy in rules.policies if policy.command is command for role in policy.to}
    if rules.owner is not None and command in rules.commands:
        found.add(Role.AUTHENTICATED)
    if rules.access is Access.PUBLIC_READ and command is Command.SELECT:
        found |= {Role.ANON, Role.AUTHENTICATED}
    return frozenset(found)


@dataclass(frozen=True)
class Caller:
    """Somebody who tries: ``identity`` None is a connection on which nothing was set."""

    name: str
    identity: Identity | None
    settings: tuple[tuple[str, str], ...] = ()

    def expects(self, table: Table, command: Command) -> str:
        """``done``, ``nothing`` (the rows are not seen) or ``denied`` (an error), on rows that are not Bob's.

        ``done`` is for the rows' owner alone; a row for somebody else is never accepted.
        """
        role = None if self.identity is None else self.identity.role
        if role not in roles_for(table, command) or not _may_name(table, command):
            return "denied"
        if self.name == "owner":
            return "done"
        return "denied" if command is Command.INSERT else "nothing"


def _may_name(table: Table, command: Command) -> bool:
    return command is not Command.UPDATE or rules_of(table).of(change(table.name)[0]).update


CALLERS: Final = (
    Caller("owner", Identity.user(ALICE)),
    Caller("other", Identity.user(BOB)),
    Caller("anon", ANONYMOUS),
    Caller("nobody", None),
    Caller("no claims", Identity(Role.AUTHENTICATED, None, ""), (("role", "authenticated"),)),
)
ATTACKERS: Final = CALLERS[1:]


# The statements ------------------------------------------------------------------------------------------------------


def attacks(table: str, command: Command) -> Iterator[tuple[str, str]]:
    """The command at Alice's row, or planting one on Carol: bare, with WHERE, with RETURNING."""
    key, name = key_of_row(table, ALICE), f"public.{table}"
    column, value = change(table)
    if command is Command.SELECT:
        yield "bare", f"SELECT id FROM {name}"
        yield "where", f"SELECT id FROM {name} WHERE id = '{key}'"
        yield "count", f"SELECT id FROM (SELECT id, count(*) OVER () FROM {name}) AS counted"
    elif command is Command.UPDATE:
        yield "bare", f"UPDATE {name} SET {column} = '{value}'"
        yield "where", f"UPDATE {name} SET {column} = '{value}' WHERE id = '{key}'"
        yield "returning", f"UPDATE {name} SET {column} = '{value}' RETURNING id"
    elif command is Command.DELETE:
        yield "bare", f"DELETE FROM {name}"
        yield "where", f"DELETE FROM {name} WHERE id = '{key}'"
        yield "returning", f"DELETE FROM {name} WHERE id = '{key}' RETURNING id"
    else:
        victim = "mallory" if table == "users" else CAROL
        row = new_row(table, victim, "planted")
        yield "bare", insertion(table, row)
        yield "where", f"{insertion(table, row).replace('VALUES (', 'SELECT ').removesuffix(')')} WHERE true"
        yield "returning", f"{insertion(table, row)} RETURNING id"


@dataclass
class Platform:
    """A copy of the platform's database, attacked again and again."""

    endpoints: Endpoints
    login: Connection
    service: Connection
    superuser: Connection
    _clean: str = field(default="", repr=False)

    @classmethod
    @contextmanager
    def of(cls, endpoints: Endpoints, admin_dsn: str) -> Iterator[Platform]:
        """Connections as the login role, as the service, and as a superuser who mends what was broken."""
        assert endpoints.service is not None
        with connect(endpoints.login) as login, connect(endpoints.service) as service, connect(admin_dsn) as superuser:
            service.execute("SET ROLE service_role")
            made = cls(endpoints, login, service, superuser)
            made.restore()
            made._clean = made.content()
            yield made

    def content(self) -> str:
        """Every row of every table, as the service reads them, and how many data keys there are."""
        keys = self.service.execute(b"SELECT count(*) FROM public.user_keys").fetchone()
        return "\n".join([f"keys: {keys}", *(f"{table}: {self.rows(table)}" for table in MODELS)])

    def rows(self, table: str) -> str:
        """Every row of a table, in order, but for the clocks' columns."""
        query = f"SELECT string_agg((to_jsonb(t) - 'updated_at' - 'created_at')::text, E'\\n' ORDER BY id) FROM public.{table} AS t"
        return str((self.service.execute(query.encode()).fetchone() or ("",))[0])

    def restore(self) -> None:
        """The rows as they were, if an attack changed them, and no data key: each test has a ring of its own."""
        if self._clean and self.content() == self._clean:
            return
        with self.superuser.transaction():
            for table in ("user_keys", *reversed(MODELS)):
                self.superuser.execute(f"DELETE FROM public.{table}".encode())
            for statement in seed_statements():
                self.superuser.execute(statement.encode())

    def make_room(self, table: str) -> None:
        """Removes Alice's row, where a second one of hers would be a duplicate."""
        if table not in ("users", "tasks", "task_messages"):
            self.superuser.execute(f"DELETE FROM public.{table} WHERE user_id = '{ALICE}'".encode())

    def rows_of(self, table: str, user: str) -> str:
        """What the service finds of ``user`` in a table."""
        owner = owner_of(table_of(MODELS[table]))
        query = (
            "SELECT coalesce(string_agg((to_jsonb(t) - 'updated_at' - 'created_at')::text, E'\\n' ORDER BY id), '')"
            f" FROM public.{table} AS t WHERE {owner} = '{user}'"
        )
        return str((self.service.execute(query.encode()).fetchone() or ("",))[0])


def settings_of(caller: Caller) -> tuple[tuple[str, str], ...]:
    """What is set on the connection before the attack."""
    if caller.settings or caller.identity is None:
        return caller.settings
    return caller.identity.settings
