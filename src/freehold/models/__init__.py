"""Schema as code: models declare columns, who owns a row, and who may do what."""

from freehold.models.base import Model
from freehold.models.column import (
    belongs_to,
    column,
    created_at,
    deleted_at,
    json,
    owner,
    primary_key,
    updated_at,
)
from freehold.models.ddl import schema_statements
from freehold.models.identifier import text_id, uuid7
from freehold.models.policy import Policy, caller_id, claim
from freehold.models.protection import protection_of
from freehold.models.rules import ColumnRules, TableRules, owner_column, rules_of, schema, table_of
from freehold.models.statement import sql
from freehold.models.types import ColumnType

__all__ = [
    "ColumnRules",
    "ColumnType",
    "Model",
    "Policy",
    "TableRules",
    "belongs_to",
    "caller_id",
    "claim",
    "column",
    "created_at",
    "deleted_at",
    "json",
    "owner",
    "owner_column",
    "primary_key",
    "protection_of",
    "rules_of",
    "schema",
    "schema_statements",
    "sql",
    "table_of",
    "text_id",
    "updated_at",
    "uuid7",
]
