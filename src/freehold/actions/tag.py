"""What was read under a name, and whether it has changed since: versions in the database, one for each user and tag.

A version grows in the transaction of the change. A reader takes it before it reads, so an answer is never older than
the version it carries; at worst it is newer, and is read once more.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from sqlalchemy import BigInteger, Text, and_, cast, func, literal, select
from sqlalchemy.dialects.postgresql import BYTEA, aggregate_order_by, insert
from starlette.datastructures import Headers

from freehold.actions.announcement import CHANNEL
from freehold.actions.tables import Tag
from freehold.errors import Code, StatementError
from freehold.scope import Scope
from freehold.scope.ahead import Needless

_TAG: Final = re.compile(r"[A-Za-z0-9._:/@~-]{1,100}")
_MOST: Final = 50
_MOST_KNOWN: Final = 8
_ETAG: Final = re.compile(r'(?:W/)?"(?P<place>[\w-]{20})\.(?P<versions>[\w-]{43}=)"')


async def revalidate(scope: Scope, *tags: str, owner: str | None = None) -> None:
    """Says that what the scope's user reads under ``tags`` has changed: ETags change, and streams announce it.

    Use it in the transaction of the change, ``async with scope.transaction() as tx``; in an action that ``touches``
    something, ``ctx.scope`` is one. A service scope over all users must name the ``owner``. Raises `StatementError`
    (FH210) for more than fifty tags, or one that is none.
    """
    if not tags:
        return
    if len(tags) > _MOST or not all(_TAG.fullmatch(tag) for tag in tags):  # a NOTIFY has room for 8000 bytes
        raise StatementError(
            Code.VALUE_INVALID,
            f"At most {_MOST} tags of at most 100 letters, digits and ._:/@~- can be touched at once.",
            hint="Touch a tag that stands for all of them.",
        )
    names = sorted(set(tags))  # in order, so that two changes cannot wait for each other
    await scope.batch(*(_touch(each, owner) for each in names), _announce(names, owner))


def _touch(tag: str, owner: str | None) -> Any:
    # The clock, so that a version that was lost with its row, or with a restored database, does not come again.
    clock = cast(func.date_part("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)
    return (
        insert(Tag)
        .values(id=tag, version=clock, **({} if owner is None else {"user_id": owner}))
        .on_conflict_do_update(
            index_elements=["user_id", "id"], set_={"version": func.greatest(Tag.version + 1, clock)}
        )
        .returning(Tag.id)
    )


def _announce(tags: Sequence[str], owner: str | None) -> Any:
    payload = func.json_build_object("user", Tag.user_id, "tags", func.json_agg(Tag.id))
    announced = select(cast(func.pg_notify(CHANNEL, cast(payload, Text)), Text))
    mine = Tag.id.in_(tags) if owner is None else and_(Tag.id.in_(tags), Tag.user_id == owner)
    return announced.where(mine).group_by(Tag.user_id)


def versions(tags: Iterable[str], known: Sequence[bytes] = ()) -> Any:
    """SELECT of one row: a digest of the versions of ``tags`` for the caller, and 'true' if it is a known one.

    A tag that was never touched has no version.
    """
    each, order = Tag.id.concat("=").concat(cast(Tag.version, Text)), aggregate_order_by(literal(" ", Text), Tag.id)
    told = func.coalesce(func.string_agg(each, order), "")
    # No tag has a backslash, so the text is its own bytes.
    digest = func.sha256(cast(told, BYTEA), type_=BYTEA)
    return select(digest, Needless(digest.in_(known))).where(Tag.id.in_(sorted(tags)))


@dataclass(frozen=True)
class Place:
    """Whose answer to which request: what ETags of it have in common."""

    digest: str

    @classmethod
    def of(cls, *parts: str) -> Self:
        """The place of the request that ``parts`` tell from any other."""
        return cls(_text(hashlib.sha256("\0".join(parts).encode()).digest()[:15]))

    def etag(self, versions: bytes) -> str:
        """A weak ETag: equal ones mean an answer that says the same (RFC 9110, section 8.8.3)."""
        return f'W/"{self.digest}.{_text(versions)}"'

    def known(self, headers: Headers) -> list[bytes]:
        """The versions of the answers that the caller has already (If-None-Match), the first few.

        ``*`` asks whether there is anything at all, which nobody knows before the query.
        """
        sent = (each.strip() for value in headers.getlist("if-none-match") for each in value.split(","))
        found = (_ETAG.fullmatch(each) for each in sent)
        mine = [each["versions"] for each in found if each and each["place"] == self.digest]
        return [base64.urlsafe_b64decode(each) for each in mine[:_MOST_KNOWN]]


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode()
