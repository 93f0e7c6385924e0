"""Users with sessions, tokens and notes, as an application would declare them."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import UniqueConstraint

from freehold import Col, Command, Model, belongs_to, column, owner, primary_key, schema
from freehold.auth import ApiTokenTable, SessionTable


class Base(Model):
    __abstract__ = True
    metadata = schema()


class User(Base):
    __tablename__ = "users"

    id: Col[str] = owner(primary_key=True, commands=(Command.SELECT,))
    provider: Col[str] = column(default="github")
    external_id: Col[str | None] = column(default=None)
    email: Col[str | None] = column(default=None)
    access_token: Col[str | None] = column(default=None, select=False, insert=False, update=False)


class Account(Base):
    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("user_id", "provider"),)

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(User, commands=(Command.SELECT, Command.DELETE))
    provider: Col[str]
    external_user_id: Col[str]
    username: Col[str]


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


class Comment(Base):
    __tablename__ = "comments"

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(User)
    note_id: Col[str] = belongs_to(Note)
    text: Col[str]


class Key(Base):
    __tablename__ = "keys"
    __table_args__ = (UniqueConstraint("user_id", "provider"),)

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(User)
    provider: Col[str]
    value: Col[str]
