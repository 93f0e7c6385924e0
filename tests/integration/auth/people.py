"""Users with sessions, tokens and notes, as an application would declare them."""

from __future__ import annotations

from typing import ClassVar

from freehold import Col, Command, Model, column, owner, primary_key, schema
from freehold.auth import ApiTokenTable, SessionTable


class Base(Model):
    __abstract__ = True
    metadata = schema()


class User(Base):
    __tablename__ = "users"

    id: Col[str] = owner(primary_key=True, commands=(Command.SELECT,))
    email: Col[str | None] = column(default=None)


class Session(SessionTable, Base):
    __tablename__ = "sessions"
    __claims__: ClassVar = {"email": User.email}

    user_id: Col[str] = owner(User, commands=(Command.SELECT,))


class ApiToken(ApiTokenTable, Base):
    __tablename__ = "api_tokens"
    __claims__: ClassVar = {"email": User.email}
    __most__ = 5

    user_id: Col[str] = owner(User, commands=(Command.SELECT, Command.DELETE))


class Note(Base):
    __tablename__ = "notes"

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(User)
    text: Col[str]
