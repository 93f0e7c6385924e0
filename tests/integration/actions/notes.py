"""An application for these tests: notes, and actions and routes that succeed and fail in every way."""

from __future__ import annotations

import html
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import Body, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import CheckConstraint, MetaData, UniqueConstraint, select, true

from freehold import Col, Model, UserContext, action, belongs_to, column, created_at, json, owner, primary_key, schema
from freehold.actions import Caller, Form, Page, Problem, Visitor, install, router
from freehold.auth import SESSION_COOKIE, DevelopmentSessions, Verify
from freehold.errors import Code, FieldError, InvalidInputError
from freehold.scope import Database

SECRET = "a-secret-that-must-not-leak"


class Base(Model):
    """Tables of their own."""

    __abstract__ = True
    metadata: ClassVar[MetaData] = schema()


class Note(Base):
    """A note."""

    __tablename__ = "notes"
    __table_args__ = (UniqueConstraint("user_id", "title"), CheckConstraint("stars <= 5", name="stars"))

    id: Col[UUID] = primary_key()
    user_id: Col[UUID] = owner()
    title: Col[str]
    stars: Col[int] = column(default=0)
    details: Col[dict[str, str]] = json(default_factory=dict)
    flag: Col[str | None] = column(default=None, insert=False, update=False)
    created_at: Col[datetime] = created_at()


class Comment(Base):
    """A comment on a note."""

    __tablename__ = "comments"

    id: Col[UUID] = primary_key()
    user_id: Col[UUID] = owner()
    note_id: Col[UUID] = belongs_to(Note)


class Closed(BaseModel):
    """What inputs have in common."""

    model_config = ConfigDict(extra="forbid")


class AddNote(Closed):
    """A new note."""

    title: Annotated[str, Field(min_length=2, max_length=20)]
    stars: int = 0
    details: dict[str, str] = {}


class ById(Closed):
    """Which note."""

    id: UUID


class NoteOut(BaseModel):
    """A note, for its owner."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    title: str
    stars: int


class Fuller(NoteOut):
    """One that knows more than it may say."""

    secret: str = SECRET


async def show(ctx: UserContext, form: Form) -> str:
    """The page of the form."""
    notes = await ctx.scope.all(select(Note.title).order_by(Note.title))
    return f"[{html.escape(form.value('title'))}][{form.error('title')}][{form.message}]{','.join(notes)}"


@action("notes.add", page=Page("/notes?added", show))
async def add(ctx: UserContext, note: AddNote) -> NoteOut:
    """Adds a note."""
    if note.title == "taboo":
        raise InvalidInputError(Code.INPUT_INVALID, "No.", errors=(FieldError("/title", "Not this word."),))
    return NoteOut.model_validate(await ctx.scope.insert(Note(**note.model_dump())))


@action("notes.get")
async def get(ctx: UserContext, which: ById) -> NoteOut:
    """One note."""
    return NoteOut.model_validate(await ctx.scope.get(Note, which.id))


@action("notes.clear", page=Page("/notes", show))
async def clear(ctx: UserContext) -> None:
    """Removes every note of the caller's."""
    await ctx.scope.delete(Note, true())


@action("notes.comment")
async def comment(ctx: UserContext, which: ById) -> None:
    """Comments on a note."""
    await ctx.scope.insert(Comment(note_id=which.id))


@action("notes.flag")
async def flag(ctx: UserContext, which: ById) -> None:
    """Writes what callers may not."""
    await ctx.scope.raw("update public.notes set flag = 'x' where id = $1", which.id)


@action("notes.crash")
async def crash(ctx: UserContext) -> None:
    """Fails as programs do."""
    raise RuntimeError(SECRET)


@action("notes.wrong")
async def wrong(ctx: UserContext) -> NoteOut:
    """Gives something else than it says."""
    answer: Any = Closed()
    return answer


@action("notes.fuller")
async def fuller(ctx: UserContext) -> NoteOut:
    """Gives more than it says."""
    return Fuller(id=UUID(int=7), title="t", stars=1)


ACTIONS = (add, get, clear, comment, flag, crash, wrong, fuller)


def create_app(
    db: Database,
    sessions: DevelopmentSessions,
    *,
    verify: Verify | None = None,
    pages: bool = False,
) -> FastAPI:
    """The application, with plain FastAPI routes beside the actions."""
    app = FastAPI()
    page = _problem_page if pages else None
    verify = verify or sessions.verify
    install(app, db=db, verify=verify, cookie=SESSION_COOKIE, largest_body=4096, error_page=page)
    app.include_router(router(*ACTIONS))

    @app.get("/me")
    async def me(caller: Caller) -> str | None:
        return caller.identity.user_id

    @app.get("/whoever")
    async def whoever(caller: Visitor) -> str | None:
        return caller and caller.identity.user_id

    @app.get("/find")
    async def find(caller: Caller, title: str, limit: int = 5) -> list[str]:
        return await caller.scope.all(select(Note.title).where(Note.title == title).limit(limit))

    @app.put("/plain")
    async def plain(caller: Caller, note: Annotated[AddNote, Body()]) -> str:
        return note.title

    @app.get("/status/{status}")
    async def status(status: int) -> None:
        details: Any = {418: {"key": SECRET}, 499: "Gone home."}
        raise HTTPException(status, details.get(status, SECRET), {"X-Mine": "1"})

    @app.get("/crash")
    async def broken() -> None:
        raise RuntimeError(SECRET)

    return app


def _problem_page(problem: Problem) -> str:
    return f"<h1>{html.escape(problem.title)}</h1>"
