"""Programs that are wrong: each line must be refused, by both checkers, with exactly this error.

An ignore that is not needed fails the check, so a mistake that is no longer found is found out.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from freehold import AnonymousScope, Database, Identity, Sealed, ServiceScope, UserScope, append, set_
from freehold.schemas import InsertSchema, SelectSchema, insert_schema, select_schema
from tests.typing.schema import LogEntry, Message, Secret, Setting, Task


def wrong_comparisons(key: UUID) -> None:
    select(Task).where(Task.title == 3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    select(Task).where(Task.title != 3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    select(Task).where(3 == Task.title)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    select(Task).where(Task.title > 3)  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnknownArgumentType]
    select(Task).where(Task.title <= b"t")  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnknownArgumentType]
    select(Task).where(Task.priority >= "1")  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnknownArgumentType]
    select(Task).where(Task.id == "text")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    select(Task).where(Task.id == str(key))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    select(Task).where(Task.title == None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    select(Task).where(Task.status == "pendign")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    select(Task).where(Task.note == 3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    select(Task).where(Task.created_at > "2020-01-01")  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnknownArgumentType]
    select(Task).where(Task.priority.between("a", "b"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    select(Task).where(Task.title.is_(3))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    select(Task).where(Task.title == Task.priority)  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnknownArgumentType]
    select(Task).where(Task.title == Task.id)  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnknownArgumentType]


def wrong_lists(key: UUID) -> None:
    select(Task).where(Task.id.in_(["x"]))  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    select(Task).where(Task.id.not_in(["x"]))  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    select(Task).where(Task.title.in_([1, 2]))  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    select(Task).where(Task.title.in_([key]))  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    select(Task).where(Task.status.in_(["pendign"]))  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    select(Task).where(Task.id.in_(select(Task.title)))  # pyright: ignore[reportArgumentType]


def wrong_patterns() -> None:
    select(Task).where(Task.title.like(3))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    select(Task).where(Task.title.startswith(3))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    select(Task).where(Task.title.ilike(b"t"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    select(Task).where(Task.title.endswith(None))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def wrong_joins() -> None:
    select(Task).join(Message, Message.task_id == Task.title)  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnknownArgumentType]
    select(Task).join(Setting, Setting.user_id == Task.user_id)  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnknownArgumentType]


def wrong_changes() -> None:
    set_(Task.title, 3)  # type: ignore[misc]  # pyright: ignore[reportArgumentType]
    set_(Task.title, None)  # type: ignore[misc]  # pyright: ignore[reportArgumentType]
    set_(Task.priority, "1")  # type: ignore[misc]  # pyright: ignore[reportArgumentType]
    set_(Task.status, "pendign")  # type: ignore[misc]  # pyright: ignore[reportArgumentType]
    set_(Task.id, "x")  # type: ignore[misc]  # pyright: ignore[reportArgumentType]
    set_(Task.title, Task.priority)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    set_(Task.note, 3)  # type: ignore[misc]  # pyright: ignore[reportArgumentType]
    set_(Task.titel, "t")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType, reportUnknownMemberType]
    append(Task.logs, "text")  # type: ignore[misc]  # pyright: ignore[reportArgumentType]
    append(Task.logs, [LogEntry(message="m")])  # type: ignore[misc]  # pyright: ignore[reportArgumentType]
    append(Task.title, "t")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def wrong_constructors(key: UUID) -> None:
    Task(titel="t")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Task(title="t", titel="t")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Task(title=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Task()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Task("t")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Task(title=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Task(title="t", status="pendign")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Task(title="t", logs=["text"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    Task(title="t", id=key)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Task(title="t", user_id=key)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Task(title="t", created_at=None)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Task(title="t", external_ref="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Message(content="c")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Message(task_id="text", content="c")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def wrong_attributes(task: Task) -> None:
    task.title = 5  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    task.title = None  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    task.id = "x"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    task.status = "pendign"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    task.logs = ["text"]  # type: ignore[list-item]  # pyright: ignore[reportAttributeAccessIssue]
    task.titel = "t"  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    print(task.titel)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    select(Task.titel)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType, reportUnknownMemberType]
    select(Task).where(Task.titel == "t")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType, reportUnknownMemberType]
    select(Task).order_by(Task.titel)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType, reportUnknownMemberType]


async def wrong_arguments(scope: UserScope, key: UUID) -> None:
    await scope.all(Task)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    await scope.all("select 1")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    await scope.insert(Task)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    await scope.insert("task")  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    await scope.insert_all(Task(title="t"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await scope.update(Task(title="t"), Task.id == key, set_(Task.title, "t"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await scope.update(Task, Task.title == 3, set_(Task.title, "t"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await scope.update(Task, Task.id == key, {"title": "t"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await scope.update(Task, Task.id == key, title="t")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await scope.delete(Task, Task.title == 3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await scope.delete(Task, True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await scope.get(key, Task)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await scope.batch()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await scope.raw(f"select '{key}'")  # pyright: ignore[reportArgumentType]


async def wrong_uses(scope: UserScope) -> None:
    task: Task = await scope.first(select(Task))  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    titles: list[int] = await scope.all(select(Task.title))  # pyright: ignore[reportAssignmentType]
    (await scope.first(select(Task))).title  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    tasks, messages = await scope.batch(select(Task))  # type: ignore[misc]  # pyright: ignore[reportAssignmentType, reportUnknownVariableType, reportUnusedVariable]
    scope.all(select(Task))  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]
    print(task, titles)


def for_users(scope: UserScope) -> None: ...
def for_the_service(scope: ServiceScope) -> None: ...
def for_anybody_not_signed_in(scope: AnonymousScope) -> None: ...


def wrong_scopes(db: Database, identity: Identity) -> None:
    for_users(db.as_service(reason="r"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for_users(db.as_anon())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for_the_service(db.as_user(identity))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for_the_service(db.as_anon())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for_anybody_not_signed_in(db.as_user(identity))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    db.as_service()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    db.as_user(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    db.as_user()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


class TaskOut(SelectSchema[Task]): ...


class NewTask(InsertSchema[Task]):
    late: bool = False


class Untyped(SelectSchema[str]): ...  # type: ignore[type-var]  # pyright: ignore[reportInvalidTypeArguments]


def wrong_schemas(task: Task, message: Message, new: NewTask) -> None:
    TaskOut.of(message)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    TaskOut.of("task")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    TaskOut.all_of([message])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    TaskOut.all_of(task)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    added: Message = new.row()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    late: str = new.late  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    print(added, late)
    select_schema(str)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    insert_schema(Task, omit=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def wrong_secrets(scope: UserScope, secret: Secret) -> None:
    Secret(value="plain")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Secret(value=Sealed(3))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Secret(value=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Secret(value=Sealed("x"), env={"A": "b"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Secret(value=Sealed("x"), env=Sealed("x"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    set_(Secret.value, "plain")  # type: ignore[misc]  # pyright: ignore[reportArgumentType]
    set_(Secret.value, Sealed(3))  # type: ignore[misc]  # pyright: ignore[reportArgumentType]
    set_(Secret.value, None)  # type: ignore[misc]  # pyright: ignore[reportArgumentType]
    set_(Secret.env, {"A": "b"})  # type: ignore[misc]  # pyright: ignore[reportArgumentType]
    select(Secret).where(Secret.value == "plain")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await scope.matching(Secret.value, 3)  # type: ignore[misc]  # pyright: ignore[reportArgumentType]
    await scope.matching(Secret.value, Sealed("x"))  # type: ignore[misc]  # pyright: ignore[reportArgumentType]
    text: str = secret.value  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    number: int = secret.value.reveal()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    print(secret.env.reveal(), text, number)  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    secret.value = "plain"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
