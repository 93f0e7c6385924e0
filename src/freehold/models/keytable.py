"""The tables that sealed columns need: each user's wrapped data keys, and how far a rotation has come.

They are part of the metadata of whatever model has a sealed column, so that revisions carry them.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from freehold.models.policy import Policy
from freehold.models.rules import TableRules, schema
from freehold.policies import Access, Command

_FIRST: Final = 1


def _first(t: Any) -> Any:
    """A user makes the first of their keys; the later ones are for rotation, which the service does."""
    return t.generation == _FIRST


_USER_KEYS_RULES: Final = TableRules(
    owner="user_id",
    commands=frozenset({Command.SELECT, Command.INSERT}),
    policies=(Policy(Command.INSERT, owned=True, check=_first),),
)
_PROGRESS_RULES: Final = TableRules(access=Access.SERVICE_ONLY, commands=frozenset())


def _user_keys(metadata: MetaData) -> Table:
    return Table(
        "user_keys",
        metadata,
        Column("user_id", Text, primary_key=True),
        Column("generation", Integer, primary_key=True, autoincrement=False),
        Column("wrapped_key", Text, nullable=False),
        Column("ring_key_id", Text, nullable=False, index=True),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        info=_USER_KEYS_RULES.info(),
        schema="public",
    )


def _key_progress(metadata: MetaData) -> Table:
    return Table(
        "key_progress",
        metadata,
        Column("job", Text, primary_key=True),
        Column("after", JSONB, nullable=False),
        Column("done", BigInteger, nullable=False),
        Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        info=_PROGRESS_RULES.info(),
        schema="public",
    )


_STANDARD: Final = schema()
USER_KEYS: Final = _user_keys(_STANDARD)
KEY_PROGRESS: Final = _key_progress(_STANDARD)


def furnish(metadata: MetaData) -> None:
    """Adds the tables to ``metadata``, once."""
    for make, made in ((_user_keys, USER_KEYS), (_key_progress, KEY_PROGRESS)):
        if made.key not in metadata.tables:
            make(metadata)
