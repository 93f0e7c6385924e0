"""Preparing a database for row security: roles, who-is-the-caller functions, and privileges for nobody by default.

Everything happens in one transaction, again and again with the same result, also when several processes do it at
once. What a host such as Supabase made is left as it is.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final, cast

from freehold.errors import (
    Code,
    ConfigurationError,
    DatabaseError,
    LockTimeoutError,
    PermissionDeniedError,
    RoleError,
)
from freehold.policies.quote import quote_identifier, quote_literal
from freehold.server._roles import ATTRIBUTES, Membership, RoleFact, RoleNames, refusals, role_statements
from freehold.wire import Connection, translated
from freehold.wire.password import scram_verifier

_OLDEST: Final = 150000
_LOCK: Final = 0x66726565686F6C64 >> 1  # "freehold", as a bigint
_LONGEST_WAIT: Final = 60.0
# Roles are cluster-wide and advisory locks are not: bootstraps of two databases can meet at the same role.
# 42710, 23505, 42P06: someone else made it first; XX000: "tuple concurrently updated".
_MET: Final = frozenset({"42710", "23505", "42P06", "XX000", "40001", "40P01"})
_SCRIPTS: Final = ("auth", "freehold", "hosted", "privileges", "roles", "state", "verify")


def bootstrap(connection: Connection, app: str, passwords: Mapping[str, str]) -> None:
    """Makes the roles, schema ``auth``, schema ``freehold`` and the privileges in ``connection``'s database.

    ``connection``: a superuser, or a role with CREATEROLE that may grant in this database; autocommit.
    ``passwords``: by role name; a role left out keeps the password it has, or has none. Only SCRAM verifiers are sent.

    Raises `ConfigurationError` (FH311) below PostgreSQL 15, `RoleError` (FH310) when an existing ``anon``,
    ``authenticated`` or ``service_role`` is unsafe, `PermissionDeniedError` (FH312) when the connection's role may not
    do this; its hint holds the SQL. `LockTimeoutError` (FH359) when another bootstrap does not end.
    """
    _require_version(connection)
    deadline = time.monotonic() + _LONGEST_WAIT
    while not _attempt(connection, RoleNames.of(app), passwords, last=time.monotonic() > deadline):
        time.sleep(random.uniform(0.005, 0.05))  # noqa: S311 (a pause)


def fingerprint(app: str) -> str:
    """What `bootstrap` leaves as the comment of schema ``freehold``: equal when there is nothing to do again."""
    content = "\0".join((app, *map(_script, _SCRIPTS)))
    return f"freehold bootstrap {hashlib.sha256(content.encode()).hexdigest()[:32]}"


def _require_version(connection: Connection) -> None:
    if connection.info.server_version < _OLDEST:
        raise ConfigurationError(
            Code.SERVER_TOO_OLD,
            f"The server is PostgreSQL {connection.info.server_version // 10000}; freehold needs 15 or later.",
            hint="Upgrade the server, to the latest minor version: 18.7, 17.12, 16.16 or 15.20 or later.",
        )


def _attempt(connection: Connection, names: RoleNames, passwords: Mapping[str, str], *, last: bool) -> bool:
    try:
        # The lock is polled: a session that waits in pg_advisory_lock() keeps a snapshot that stalls others.
        with translated(), connection.transaction():
            taken = connection.execute(b"select pg_try_advisory_xact_lock(%d)" % _LOCK).fetchone() == (True,)
            if taken:
                _prepare(connection, names, passwords)
            elif last:
                raise LockTimeoutError(
                    Code.LOCK_TIMEOUT,
                    "Another process has been preparing this database for a minute.",
                    hint="See pg_locks (locktype advisory) for its pid; try again when it has ended.",
                )
    except DatabaseError as error:
        if last or error.sqlstate not in _MET:
            raise
        return False
    return taken


def _prepare(connection: Connection, names: RoleNames, passwords: Mapping[str, str]) -> None:
    connection.execute(b"set local client_min_messages = error; set local search_path = pg_catalog, pg_temp")
    values = {"app": names.app, "service": names.service, "owner": names.owner, "fingerprint": fingerprint(names.app)}
    hosted, stranger, prepared, values["database"] = cast(
        "tuple[bool, bool, bool, str]", _rows(connection, "state", values)[0]
    )
    values["hosted"] = "on" if hosted else "off"
    facts = _read_roles(connection, values)
    _refuse_unsafe(facts)
    major = connection.info.server_version // 10000
    roles = role_statements(names, facts, major)
    # Where a superuser has run the SQL of FH312, whoever could not need not repeat it.
    if not (stranger and prepared and not roles and not _rows(connection, "verify", values)):
        _execute(connection, _steps(roles, values, borrow=_borrow(names.owner, major) if stranger else ()))
        if missing := _rows(connection, "verify", values):
            raise _forbidden("\n".join(str(row[0]) for row in missing), "GRANT or REVOKE had no effect.")
    for role, password in passwords.items():
        _set_password(connection, role, password)


def _steps(roles: tuple[str, ...], values: Mapping[str, str], *, borrow: tuple[str, ...]) -> tuple[str, ...]:
    scripts = ("freehold", "hosted") if values["hosted"] == "on" else ("auth", "freehold", "privileges")
    return (*roles, *borrow[:1], *(_filled(name, values) for name in scripts), *borrow[1:])


def _borrow(owner: str, major: int) -> tuple[str, ...]:
    """Membership of the owner's role while its schema is made: a role with CREATEROLE alone has none."""
    options = " WITH INHERIT TRUE, SET TRUE" if major >= 16 else ""
    name = quote_identifier(owner)
    return f"GRANT {name} TO CURRENT_USER{options};", f"REVOKE {name} FROM CURRENT_USER;"


def _execute(connection: Connection, steps: tuple[str, ...]) -> None:
    try:
        with translated():
            for step in steps:
                connection.execute(step.encode())
    except PermissionDeniedError as error:
        raise _forbidden("\n".join(steps), error.detail) from None


def _set_password(connection: Connection, role: str, password: str) -> None:
    name = quote_identifier(role)
    try:
        with translated():
            verifier = quote_literal(scram_verifier(connection, role, password))
            connection.execute(f"ALTER ROLE {name} PASSWORD {verifier}".encode())
    except PermissionDeniedError as error:
        raise _forbidden(f"\\password {name}  -- in psql", error.detail) from None


def _forbidden(script: str, detail: str | None) -> PermissionDeniedError:
    return PermissionDeniedError(
        Code.BOOTSTRAP_FORBIDDEN,
        "The connection's role may not prepare this database.",
        sqlstate="42501",
        detail=detail,
        hint=f"As a superuser or the database's owner, run the following, then try again:\n{script}",
    )


def _refuse_unsafe(facts: Mapping[str, RoleFact]) -> None:
    if fixes := refusals(facts):
        raise RoleError(
            Code.ROLE_UNSAFE,
            "A role that callers' statements run as could step around row level security, or is not what it should be.",
            detail="It exists already, so it is not changed here.",
            hint="As a superuser, run:\n" + "\n".join(fixes),
        )


def _read_roles(connection: Connection, values: Mapping[str, str]) -> dict[str, RoleFact]:
    return {fact.name: fact for fact in map(_role_fact, _rows(connection, "roles", values))}


def _role_fact(row: tuple[object, ...]) -> RoleFact:
    name, *flags, memberships, escapes = row
    return RoleFact(
        cast(str, name),
        frozenset(attribute for attribute, flag in zip(ATTRIBUTES, flags, strict=True) if flag),
        tuple(Membership(**each) for each in json.loads(cast(str, memberships))),
        tuple(json.loads(cast(str, escapes))),
    )


def _rows(connection: Connection, script: str, values: Mapping[str, str]) -> list[tuple[object, ...]]:
    return connection.execute(_filled(script, values).encode()).fetchall()


def _filled(script: str, values: Mapping[str, str]) -> str:
    """A script with its variables, which are written as psql's: ``:"name"`` and ``:'name'``."""
    text = _script(script)
    for name, value in values.items():
        text = text.replace(f':"{name}"', quote_identifier(value)).replace(f":'{name}'", quote_literal(value))
    return text


@cache
def _script(name: str) -> str:
    return files("freehold.server").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
