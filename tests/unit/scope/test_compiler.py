"""The owner filter: where it goes in every kind of statement, as exact SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import (
    column,
    delete,
    exists,
    func,
    insert,
    lateral,
    select,
    table,
    tablesample,
    text,
    union,
    update,
)
from sqlalchemy.orm import aliased

from freehold.errors import Code, StatementError
from freehold.models import table_of
from freehold.scope import with_deleted
from freehold.scope.compiler import Filter, Reach
from freehold.scope.plan import Planner
from tests.integration.scope.models import Announcement, Job, Message, Note, Profile, Task

OWNER = "0190a1b2-0000-7000-8000-00000000a11c"
MINE = Filter(Reach.CALLER)
T, M, N = table_of(Task), table_of(Message), table_of(Note)
A, B = aliased(Task, name="a"), aliased(Task, name="b")


def sql(statement: Any, filter_: Filter = MINE) -> str:
    """The SQL of a statement on one line, without its schema and its casts."""
    text_ = Planner().call(statement, filter_, OWNER).sql.decode()
    for noise in ("public.", "::VARCHAR", "::BIGINT", "::UUID", "::INTEGER"):
        text_ = text_.replace(noise, "")
    return " ".join(text_.split())


TASK = "tasks.user_id = $1 AND tasks.deleted_at IS NULL"

CORPUS: dict[str, tuple[Callable[[], Any], str]] = {
    "select": (lambda: select(Task.id), f"SELECT tasks.id FROM tasks WHERE {TASK}"),
    "where": (
        lambda: select(Message.id).where(Message.content == "c"),
        "SELECT messages.id FROM messages WHERE messages.content = $1 AND messages.user_id = $2",
    ),
    "or is kept apart": (
        lambda: select(Message.id).where((Message.content == "c") | (Message.content == "d")),
        (
            "SELECT messages.id FROM messages WHERE (messages.content = $1 OR messages.content = $2)"
            " AND messages.user_id = $3"
        ),
    ),
    "alias": (
        lambda: select(A.id),
        "SELECT a.id FROM tasks AS a WHERE a.user_id = $1 AND a.deleted_at IS NULL",
    ),
    "core table": (lambda: select(T.c.id), f"SELECT tasks.id FROM tasks WHERE {TASK}"),
    "core alias": (
        lambda: select(T.alias("x").c.id),
        "SELECT x.id FROM tasks AS x WHERE x.user_id = $1 AND x.deleted_at IS NULL",
    ),
    "sample": (
        lambda: select(tablesample(M, func.system(10), name="s").c.id),
        "SELECT s.id FROM messages AS s TABLESAMPLE system($1) WHERE s.user_id = $2",
    ),
    "count": (
        lambda: select(func.count()).select_from(Message),
        "SELECT count(*) AS count_1 FROM messages WHERE messages.user_id = $1",
    ),
    "join": (
        lambda: select(Message.id).join(Task, Task.id == Message.task_id),
        (
            "SELECT messages.id FROM messages JOIN tasks ON tasks.id = messages.task_id"
            " WHERE messages.user_id = $1 AND tasks.user_id = $1 AND tasks.deleted_at IS NULL"
        ),
    ),
    "self join": (
        lambda: select(A.id).join(B, A.id == B.id),
        (
            "SELECT a.id FROM tasks AS a JOIN tasks AS b ON a.id = b.id WHERE a.user_id = $1 AND a.deleted_at IS NULL"
            " AND b.user_id = $1 AND b.deleted_at IS NULL"
        ),
    ),
    "left join": (
        lambda: select(Task.id).outerjoin(Message, Message.task_id == Task.id),
        (
            "SELECT tasks.id FROM tasks LEFT OUTER JOIN messages ON messages.task_id = tasks.id"
            f" AND messages.user_id = $1 WHERE {TASK}"
        ),
    ),
    "left join of a table without an owner": (
        lambda: select(Announcement.id).outerjoin(Message, Message.id == Announcement.id),
        (
            "SELECT announcements.id FROM announcements LEFT OUTER JOIN messages ON messages.id = announcements.id"
            " AND messages.user_id = $1"
        ),
    ),
    "left join inside a join": (
        lambda: (
            select(Announcement.id)
            .outerjoin(Message, Message.id == Announcement.id)
            .join(Job, Job.id == Announcement.id)
        ),
        (
            "SELECT announcements.id FROM announcements LEFT OUTER JOIN messages ON messages.id = announcements.id"
            " AND messages.user_id = $1 JOIN jobs ON jobs.id = announcements.id"
        ),
    ),
    "cross": (
        lambda: select(Task.id, Message.id),
        (f"SELECT tasks.id, messages.id AS id_1 FROM tasks, messages WHERE {TASK} AND messages.user_id = $1"),
    ),
    "subquery": (
        lambda: select(select(Message.id).subquery("q").c.id),
        "SELECT q.id FROM (SELECT messages.id AS id FROM messages WHERE messages.user_id = $1) AS q",
    ),
    "exists": (
        lambda: select(Task.id).where(exists().where(Message.task_id == Task.id)),
        (
            "SELECT tasks.id FROM tasks WHERE (EXISTS (SELECT * FROM messages WHERE messages.task_id = tasks.id"
            f" AND messages.user_id = $1)) AND {TASK}"
        ),
    ),
    "in subquery": (
        lambda: select(Message.id).where(Message.task_id.in_(select(Note.id).where(Note.text == "t"))),
        (
            "SELECT messages.id FROM messages WHERE messages.task_id IN (SELECT notes.id FROM notes WHERE notes.text = $1)"
            " AND messages.user_id = $2"
        ),
    ),
    "scalar subquery": (
        lambda: select(
            Message.id,
            select(func.max(Task.priority)).where(Task.id == Message.task_id).scalar_subquery().label("p"),
        ),
        (
            "SELECT messages.id, (SELECT max(tasks.priority) AS max_1 FROM tasks WHERE tasks.id = messages.task_id"
            " AND tasks.user_id = $1 AND tasks.deleted_at IS NULL) AS p FROM messages WHERE messages.user_id = $1"
        ),
    ),
    "cte": (
        lambda: select(select(Message.id).cte("c").c.id),
        "WITH c AS (SELECT messages.id AS id FROM messages WHERE messages.user_id = $1) SELECT c.id FROM c",
    ),
    "union": (
        lambda: union(select(Message.id), select(Task.id)),
        "SELECT messages.id FROM messages WHERE messages.user_id = $1 UNION SELECT tasks.id FROM tasks WHERE " + TASK,
    ),
    "lateral": (
        lambda: _lateral(),  # noqa: PLW0108 - it is defined below
        (
            "SELECT tasks.id, l.content FROM tasks JOIN LATERAL (SELECT messages.content AS content FROM messages"
            f" WHERE messages.task_id = tasks.id AND messages.user_id = $1) AS l ON true WHERE {TASK}"
        ),
    ),
    "for update": (
        lambda: select(Message.id).with_for_update(skip_locked=True),
        "SELECT messages.id FROM messages WHERE messages.user_id = $1 FOR UPDATE SKIP LOCKED",
    ),
    "group and order": (
        lambda: select(Message.task_id, func.count()).group_by(Message.task_id).having(func.count() > 1),
        (
            "SELECT messages.task_id, count(*) AS count_1 FROM messages WHERE messages.user_id = $1"
            " GROUP BY messages.task_id HAVING count(*) > $2"
        ),
    ),
    "update": (
        lambda: update(Message).values(content="x"),
        "UPDATE messages SET content=$1 WHERE messages.user_id = $2",
    ),
    "core update": (
        lambda: update(M).values(content="x").where(M.c.id == "i"),
        "UPDATE messages SET content=$1 WHERE messages.id = $2 AND messages.user_id = $3",
    ),
    "update from": (
        lambda: update(Message).values(content=Task.title).where(Message.task_id == Task.id),
        (
            "UPDATE messages SET content=tasks.title FROM tasks WHERE messages.task_id = tasks.id"
            " AND messages.user_id = $1 AND tasks.user_id = $1 AND tasks.deleted_at IS NULL"
        ),
    ),
    "update with subquery": (
        lambda: update(Message).values(content=select(func.max(Task.title)).scalar_subquery()),
        (
            f"UPDATE messages SET content=(SELECT max(tasks.title) AS max_1 FROM tasks WHERE {TASK})"
            " WHERE messages.user_id = $1"
        ),
    ),
    "delete": (
        lambda: delete(Message).where(Message.id == "i"),
        "DELETE FROM messages WHERE messages.id = $1 AND messages.user_id = $2",
    ),
    "delete using": (
        lambda: delete(Message).where(Message.task_id == Task.id),
        (
            "DELETE FROM messages USING tasks WHERE messages.task_id = tasks.id AND messages.user_id = $1"
            " AND tasks.user_id = $1 AND tasks.deleted_at IS NULL"
        ),
    ),
    "insert from select": (
        lambda: insert(N).from_select(["user_id", "id", "text"], select(M.c.user_id, M.c.id, M.c.content), False),
        (
            "INSERT INTO notes (user_id, id, text) SELECT messages.user_id, messages.id, messages.content FROM messages"
            " WHERE messages.user_id = $1"
        ),
    ),
    "data-modifying cte": (
        lambda: select(delete(Message).returning(Message.id).cte("d").c.id),
        "WITH d AS (DELETE FROM messages WHERE messages.user_id = $1 RETURNING messages.id) SELECT d.id FROM d",
    ),
    "replaced policy": (lambda: select(Note.id), "SELECT notes.id FROM notes"),
    "replaced policy, another command": (
        lambda: delete(Note),
        "DELETE FROM notes WHERE notes.user_id = $1",
    ),
    "no owner": (lambda: select(Announcement.id), "SELECT announcements.id FROM announcements"),
    "uuid": (lambda: select(Profile.email), "SELECT profiles.email FROM profiles WHERE profiles.user_id = $1"),
    "soft-deleted": (
        lambda: with_deleted(select(Task.id)),
        "SELECT tasks.id FROM tasks WHERE tasks.user_id = $1",
    ),
}


def _lateral() -> Any:
    inner = lateral(select(Message.content).where(Message.task_id == Task.id), name="l")
    return select(Task.id, inner.c.content).join(inner, text("true"))


@pytest.mark.parametrize(("statement", "expected"), CORPUS.values(), ids=CORPUS)
def test_where_the_filter_goes(statement: Callable[[], Any], expected: str) -> None:
    """Every reference of an owned table carries it, and nothing else is changed."""
    assert sql(statement()) == expected


def test_the_owner_is_bound_as_what_the_column_is() -> None:
    """Text for text owners, a UUID for UUIDs."""
    assert Planner().call(select(Message.id), MINE, OWNER).values == [OWNER]
    (bound,) = Planner().call(select(Profile.id), MINE, OWNER).values
    assert str(bound).replace("-", "") == OWNER.replace("-", "")


def test_an_outer_join_of_a_join() -> None:
    """The conditions of the inner tables go into the ON of the outer join that may null them."""
    inner = M.join(N, N.c.id == M.c.id)
    statement = select(T.c.id).select_from(T.outerjoin(inner, M.c.task_id == T.c.id))
    assert sql(statement, Filter(Reach.OWNER)) == (
        "SELECT tasks.id FROM tasks LEFT OUTER JOIN (messages JOIN notes ON notes.id = messages.id)"
        " ON messages.task_id = tasks.id AND messages.user_id = $1 AND notes.user_id = $1"
        f" WHERE {TASK}"
    )


@pytest.mark.parametrize(
    "statement",
    [
        lambda: select(Task.id).join(Message, Task.id == Message.task_id, full=True),
        lambda: select(Job.id).join(Message, Job.id == Message.task_id, full=True),
        lambda: select(Note.id).join(Message, Note.id == Message.id, full=True),
    ],
    ids=["both owned", "one owned", "one replaced"],
)
def test_a_full_join_is_refused(statement: Callable[[], Any]) -> None:
    """FH205: neither ON nor WHERE could carry the filter without changing the result."""
    with pytest.raises(StatementError) as refused:
        sql(statement())
    assert refused.value.code is Code.JOIN_UNSUPPORTED


def test_a_full_join_of_subqueries_is_not() -> None:
    """The hint's way: the filter is inside."""
    left, right = select(Task.id).subquery("l"), select(Message.task_id).subquery("r")
    statement = select(left.c.id).select_from(left.join(right, left.c.id == right.c.task_id, full=True))
    assert sql(statement).count("user_id = $1") == 2


@pytest.mark.parametrize(
    "statement",
    [
        lambda: select(table("tasks", column("id"))),
        lambda: select(text("*")).select_from(table("tasks")),
        lambda: select(Message.id).join(table("tasks").alias("x"), text("true")),
        lambda: select(Message.id).where(exists(select(text("1")).select_from(table("tasks")))),
        lambda: select(text("*")).select_from(text("public.tasks")),
    ],
    ids=["table", "columns", "joined alias", "subquery", "text"],
)
@pytest.mark.parametrize("reach", [Reach.CALLER, Reach.OWNER, Reach.POLICY, Reach.UNNAMED])
def test_a_table_without_its_model_is_refused(statement: Callable[[], Any], reach: Reach) -> None:
    """FH203: what cannot be filtered is not run."""
    with pytest.raises(StatementError) as refused:
        sql(statement(), Filter(reach))
    assert refused.value.code in {Code.STATEMENT_UNSUPPORTED, Code.OWNER_UNNAMED}


@pytest.mark.parametrize("statement", [each for each, _ in CORPUS.values()], ids=CORPUS)
def test_the_service_must_name_its_owner(statement: Callable[[], Any]) -> None:
    """FH204 wherever an owned table is read or changed, however deep."""
    built = statement()
    everybody = sql(built, Filter(Reach.EVERYBODY))
    if "messages" not in everybody and "announcements" in everybody:
        assert sql(built, Filter(Reach.UNNAMED)) == everybody
        return
    with pytest.raises(StatementError) as refused:
        sql(built, Filter(Reach.UNNAMED))
    assert refused.value.code is Code.OWNER_UNNAMED


def test_the_reaches() -> None:
    """Who is filtered where a policy of the table's own replaces the owner policy, and who is not at all."""
    statement = select(Note.id)
    assert "WHERE" not in sql(statement, Filter(Reach.CALLER))
    assert "WHERE notes.user_id" in sql(statement, Filter(Reach.OWNER))
    for reach in (Reach.POLICY, Reach.EVERYBODY):
        assert "user_id" not in sql(select(Task.id), Filter(reach))
        assert "deleted_at IS NULL" in sql(select(Task.id), Filter(reach))


def test_a_shape_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other values, the same plan; another filter or another statement, another one."""
    planner = Planner()
    first = planner.call(select(Task.id).where(Task.title == "a"), MINE, "alice")
    second = planner.call(select(Task.id).where(Task.title == "b"), MINE, "bob")
    assert first.plan is second.plan
    assert (list(first.values), list(second.values)) == (["a", "alice"], ["b", "bob"])
    other = planner.call(select(Task.id).where(Task.title == "a"), Filter(Reach.EVERYBODY), None)
    assert other.plan is not first.plan
    deleted = planner.call(with_deleted(select(Task.id).where(Task.title == "a")), MINE, "alice")
    assert deleted.plan is not first.plan


def test_lists_of_any_length_share_a_plan() -> None:
    """IN is expanded for each call."""
    planner = Planner()
    one, three, none = (
        planner.call(select(Task.id).where(Task.title.in_(each)), MINE, "u") for each in (["a"], ["a", "b", "c"], [])
    )
    assert one.plan is three.plan is none.plan
    assert sorted(one.values) == ["a", "u"]
    assert sorted(three.values) == ["a", "b", "c", "u"]
    assert "u" in none.values
    assert one.sql != three.sql


def test_the_least_recently_used_plan_is_forgotten() -> None:
    """The memory is bounded."""
    planner = Planner(kept=2)
    a, b, c = (select(Task.id), select(Task.title), select(Task.status))
    first = planner.call(a, MINE, "u").plan
    planner.call(b, MINE, "u")
    assert planner.call(a, MINE, "u").plan is first
    planner.call(c, MINE, "u")
    assert planner.call(a, MINE, "u").plan is first
    assert len(planner._plans) == 2


@pytest.mark.parametrize("statement", [text("select 1"), func.now()], ids=["text", "function"])
def test_what_is_no_statement(statement: Any) -> None:
    """FH203."""
    with pytest.raises((StatementError, AttributeError)):
        sql(statement)
