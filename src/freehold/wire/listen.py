"""What others announce with NOTIFY, on a connection of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import psycopg
from psycopg import sql

from freehold.wire.connect import connect_async
from freehold.wire.sqlstate import connection_lost


async def listen(dsn: str, channel: str) -> AsyncGenerator[str | None]:
    """The payloads of ``channel``; the first is None, when everything that is announced from now on will come.

    Raises `ConnectionLostError`: FH307 if no server answers, FH308 when the connection ends.
    """
    connection = await connect_async(dsn)
    try:
        await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        yield None
        async for notification in connection.notifies():
            yield notification.payload
    except psycopg.Error as error:
        raise connection_lost(error.sqlstate) from None
    finally:
        await connection.close()
