"""How bytes reach PostgreSQL: the only package that knows psycopg."""

from psycopg import AsyncConnection
from psycopg.abc import Transformer
from psycopg.pq import Format
from psycopg.pq.abc import PGresult

from freehold.wire.array import array_text
from freehold.wire.batch import StatementFailed, execute_batch
from freehold.wire.begin import begin_as
from freehold.wire.connect import Connection, connect, connect_async
from freehold.wire.link import Link
from freehold.wire.listen import listen
from freehold.wire.narrate import narrated
from freehold.wire.pool import Pool, PoolMetrics, PoolSize
from freehold.wire.sqlstate import connection_lost, error_from, translated, translated_error
from freehold.wire.step import Step, encoded, settings_sql, settings_step

__all__ = [
    "AsyncConnection",
    "Connection",
    "Format",
    "Link",
    "PGresult",
    "Pool",
    "PoolMetrics",
    "PoolSize",
    "StatementFailed",
    "Step",
    "Transformer",
    "array_text",
    "begin_as",
    "connect",
    "connect_async",
    "connection_lost",
    "encoded",
    "error_from",
    "listen",
    "execute_batch",
    "narrated",
    "settings_sql",
    "settings_step",
    "translated",
    "translated_error",
]
