"""Models with sealed columns of every kind."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import UniqueConstraint

from freehold import Access, Col, Model, Policy, Role, Sealed, column, owner, primary_key, schema, sealed
from freehold.policies import Command


class Base(Model):
    """Tables of their own, beside those of other tests."""

    __abstract__ = True
    metadata = schema()


class Key(Base):
    """A value that can be looked for."""

    __tablename__ = "keys"
    __table_args__ = (UniqueConstraint("user_id", "provider"),)

    id: Col[str] = primary_key()
    user_id: Col[str] = owner()
    provider: Col[str]
    value: Col[Sealed[str]] = sealed(index=True)
    note: Col[str | None] = column(default=None)


class Connector(Base):
    """What the Node platform may have written: ciphertext, plain JSON, or NULL."""

    __tablename__ = "connectors"

    id: Col[UUID] = primary_key()
    user_id: Col[UUID] = owner()
    env: Col[Sealed[dict[str, str]] | None] = sealed(default=None, legacy=True)
    secret: Col[Sealed[str] | None] = sealed(default=None, legacy=True)
    blob: Col[Sealed[bytes] | None] = sealed(default=None)


class Config(Base):
    """No owner: sealed under the ring itself."""

    __tablename__ = "configs"
    __access__ = Access.SERVICE_ONLY

    id: Col[str] = primary_key()
    value: Col[Sealed[str]] = sealed()


class Person(Base):
    """A row that is its own owner."""

    __tablename__ = "people"

    id: Col[str] = owner(primary_key=True)
    token: Col[Sealed[str]]


class Shared(Base):
    """Everybody who is signed in sees the row; only its owner can open it."""

    __tablename__ = "shared"
    __policies__ = (Policy(Command.SELECT, to=Role.AUTHENTICATED, using=lambda t: t.id.is_not(None)),)

    id: Col[str] = primary_key()
    user_id: Col[str] = owner()
    value: Col[Sealed[str]] = sealed()


class Ledger(Base):
    """An owner that is a UUID."""

    __tablename__ = "ledgers"

    id: Col[UUID] = primary_key()
    user_id: Col[UUID] = owner()
    value: Col[Sealed[str]] = sealed()


class Member(Base):
    """Somebody who signs in, with the token of the account."""

    __tablename__ = "members"

    id: Col[str] = owner(primary_key=True)
    provider: Col[str]
    external_id: Col[str]
    access_token: Col[Sealed[str]] = sealed()


class Account(Base):
    """A further account, with its token."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("user_id", "provider"),)

    id: Col[str] = primary_key()
    user_id: Col[str] = owner()
    provider: Col[str]
    external_user_id: Col[str]
    access_token: Col[Sealed[str]] = sealed()
