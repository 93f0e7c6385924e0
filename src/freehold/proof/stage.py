"""Where attacks run: one login session on a clone, in a transaction that is rolled back, with a superuser's eye in it.

The statements are sent by the application's login role itself. What only a superuser can do in the same transaction
(look at every row, make room, take a guard away) is done by functions of the clone's, with SECURITY DEFINER, which the
schema under proof does not have.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, Final, TypeAlias

from freehold.errors import DatabaseError
from freehold.policies import quote_identifier
from freehold.proof.attack import Attack, Outcome
from freehold.wire import Connection, translated

_BODY: Final = "$freehold$"
_FUNCTIONS: Final = """
CREATE SCHEMA freehold_proof;
GRANT USAGE ON SCHEMA freehold_proof TO PUBLIC;
CREATE FUNCTION freehold_proof.look(query text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$ DECLARE answer text; BEGIN EXECUTE query INTO answer; RETURN answer; END $$;
CREATE FUNCTION freehold_proof.run(statements text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET session_replication_role = replica
    AS $$ BEGIN EXECUTE statements; END $$;
"""
_AS_OWNER: Final = """
CREATE FUNCTION freehold_proof.{name}(statement text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS $$ DECLARE found bigint; BEGIN EXECUTE statement; GET DIAGNOSTICS found = ROW_COUNT; RETURN found; END $$;
GRANT CREATE, USAGE ON SCHEMA freehold_proof TO {name};
ALTER FUNCTION freehold_proof.{name}(text) OWNER TO {name};
REVOKE CREATE ON SCHEMA freehold_proof FROM {name};
"""


def furnish(admin: Connection, owners: Iterable[str]) -> None:
    """Makes the functions in ``admin``'s database: of the superuser's, and one of each of the tables' owners."""
    with translated():
        admin.execute(_FUNCTIONS.encode())
        for owner in owners:
            admin.execute(_AS_OWNER.format(name=quote_identifier(owner)).encode())


_AGAIN_ALLOWED: Final = 5
_AGAIN: Final = 40
"""How often an answer is asked for again: one that says how many microseconds a call took is often the same a few times."""
Rows: TypeAlias = tuple[tuple[str, ...], ...]
"""An answer: the values of each row, as Python writes them."""


class Stage:
    """The login session; ``owners``: whose the tables are, by place."""

    def __init__(self, login: Connection) -> None:
        self._login = login
        self._seen: dict[tuple[str, str], str] = {}
        self.attempts = 0

    @contextmanager
    def open(self) -> Generator[None]:
        """The transaction in which attacks are made, and which leaves nothing behind."""
        self._login.execute(
            b"BEGIN; SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL statement_timeout = '10s'; SET LOCAL client_min_messages = error"
        )
        try:
            yield
        finally:
            self._login.execute(b"ROLLBACK")
            self._seen.clear()

    def attempt(self, attack: Attack, owner: str | None, change: str = "") -> Outcome:
        """Makes an attack, after the superuser made ``change``; the savepoint takes both back."""
        self.attempts += 1
        self._login.execute(b"SAVEPOINT attack")
        try:
            with translated():
                self._prepare(attack, change)
                if attack.judge == "difference":
                    return self._compared(attack, owner)
                return self._judged(attack, owner)
        finally:
            self._login.execute(b"ROLLBACK TO SAVEPOINT attack")

    def _prepare(self, attack: Attack, change: str) -> None:
        statements = "; ".join(each for each in (attack.prepare, change) if each)
        if statements:
            self._call("run", statements)

    def _judged(self, attack: Attack, owner: str | None) -> Outcome:
        place = (attack.prepare, attack.look)
        if attack.look and place not in self._seen:
            self._seen[place] = self._look(attack.look)
        self._become(attack)
        try:
            count, shown = self._send(attack, owner)
        except DatabaseError as error:
            return Outcome(attack.judge == "oracle" and error.sqlstate == "23505", "error", error.sqlstate)
        changed = bool(attack.look) and self._look(attack.look) != self._seen[place]
        reached = {
            "rows": changed or (shown and count > attack.own),
            "success": count > 0,
            "named": True,
            "oracle": False,
        }[attack.judge]
        return Outcome(reached, "rows" if reached or (attack.judge == "oracle" and count) else "zero_rows")

    def _compared(self, attack: Attack, owner: str | None) -> Outcome:
        """Whether the answer, or what is written, depends on the owner's rows."""
        before = self._look(attack.look) if attack.look else ""
        answers = [self._answer(attack, owner, "")]
        if isinstance(answers[0], Outcome):
            return answers[0]
        if attack.look and answers[0][1] != before:
            return Outcome(True, "rows")
        answers.append(self._answer(attack, owner, attack.without))
        if isinstance(answers[1], Outcome):
            return Outcome(True, "rows")
        if answers[0][0] != answers[1][0]:
            again: list[Rows] = []
            for _ in range(_AGAIN if attack.expected is False else _AGAIN_ALLOWED):
                each = self._answer(attack, owner, "")
                if isinstance(each, Outcome):
                    return Outcome(True, "rows")
                again.append(each[0])
                if not _depends(answers[0][0], answers[1][0], again):
                    return Outcome(False, "zero_rows")
            return Outcome(True, "rows")
        return Outcome(False, "zero_rows")

    def _answer(self, attack: Attack, owner: str | None, change: str) -> Any:
        self._login.execute(b"SAVEPOINT answer")
        try:
            if change:
                self._call("run", change)
            self._become(attack)
            cursor = self._login.execute(attack.sql.encode())
            rows = cursor.fetchall() if cursor.description else []
            answer: Rows = tuple(sorted(tuple(map(repr, row)) for row in rows))
            return answer, self._look(attack.look) if attack.look else ""
        except Exception as error:
            state = getattr(error, "sqlstate", None)
            if state is None:
                raise
            return Outcome(False, "error", str(state))
        finally:
            self._login.execute(b"ROLLBACK TO SAVEPOINT answer")

    def _become(self, attack: Attack) -> None:
        if attack.session.statement:
            self._login.execute(attack.session.statement.encode())

    def _send(self, attack: Attack, owner: str | None) -> tuple[int, bool]:
        """How many rows it gave or wrote, and whether it gave them."""
        with translated():
            if attack.session.as_owner:
                found = self._call(quote_identifier(owner or ""), attack.sql)
                shown = attack.command == "SELECT" or attack.form == "returning"
                return int(str(found)), shown
            cursor = self._login.execute(attack.sql.encode())
        return cursor.rowcount, cursor.description is not None  # a SELECT without columns has an empty description

    def _look(self, query: str) -> str:
        return str(self._call("look", query))

    def _call(self, function: str, argument: str) -> object:
        sql = f"SELECT freehold_proof.{function}({_BODY}{argument}{_BODY})"
        row = self._login.execute(sql.encode()).fetchone()
        return row[0] if row else None


def _depends(rows: Rows, without: Rows, again: Sequence[Rows]) -> bool:
    """Whether an answer says otherwise ``without`` the owner's rows, where it is the same each time it is given ``again``.

    What differs by itself is the clock's, or chance.
    """
    if any(len(each) != len(rows) for each in (without, *again)):
        return True
    repeated = zip(*(chain(*each) for each in again), strict=True)
    values = zip(chain(*rows), chain(*without), repeated, strict=True)
    return any(set(same) == {value} and value != gone for value, gone, same in values)
