"""A transaction begun as a caller on a connection that somebody else drives, in one round trip."""

from __future__ import annotations

from psycopg import AsyncConnection, AsyncRawCursor

from freehold.wire.step import Step


async def begin_as(connection: AsyncConnection, settings: Step) -> None:
    """BEGIN and the caller's settings."""
    values = [bytes(value or b"").decode() for value in settings.parameters]
    async with connection.pipeline():
        await connection.execute("BEGIN")
        await AsyncRawCursor(connection).execute(settings.sql, values)
