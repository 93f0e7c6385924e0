"""Running statements as their caller, in one round trip, on shared connections."""

from freehold.scope.ahead import Ahead
from freehold.scope.caller import Limits
from freehold.scope.change import Assignment, append, set_
from freehold.scope.compiler import with_deleted
from freehold.scope.database import Database, keys_of
from freehold.scope.metric import Metrics, StatementMetrics
from freehold.scope.outer import outer, tuples
from freehold.scope.page import Page
from freehold.scope.query import BoundQuery, Query, query
from freehold.scope.related import with_
from freehold.scope.scope import AnonymousScope, Scope, ServiceScope, UserScope
from freehold.scope.upsert import Upserted
from freehold.wire import PoolMetrics, PoolSize

__all__ = [
    "Ahead",
    "AnonymousScope",
    "Assignment",
    "BoundQuery",
    "Database",
    "Limits",
    "Metrics",
    "Page",
    "PoolMetrics",
    "PoolSize",
    "Query",
    "Scope",
    "ServiceScope",
    "StatementMetrics",
    "Upserted",
    "UserScope",
    "append",
    "keys_of",
    "outer",
    "query",
    "set_",
    "tuples",
    "with_",
    "with_deleted",
]
