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
    sealed,
    updated_at,
)
from freehold.models.construct import NEW
from freehold.models.ddl import schema_statements
from freehold.models.document import Document
from freehold.models.function import DefinerFunction, functions_of
from freehold.models.identifier import text_id, uuid7
from freehold.models.keytable import KEY_PROGRESS, USER_KEYS
from freehold.models.policy import Policy, caller_id, claim
from freehold.models.protection import protection_of
from freehold.models.rules import ColumnRules, TableRules, owner_column, rules_of, schema, table_of
from freehold.models.sealed import INDEX_SUFFIX, places_of, plain, sealed_in, unplaced
from freehold.models.statement import sql
from freehold.models.types import ColumnType

__all__ = [
    "INDEX_SUFFIX",
    "KEY_PROGRESS",
    "USER_KEYS",
    "NEW",
    "ColumnRules",
    "ColumnType",
    "DefinerFunction",
    "Document",
    "Model",
    "Policy",
    "TableRules",
    "belongs_to",
    "caller_id",
    "claim",
    "column",
    "created_at",
    "deleted_at",
    "functions_of",
    "json",
    "owner",
    "owner_column",
    "primary_key",
    "places_of",
    "plain",
    "protection_of",
    "rules_of",
    "schema",
    "schema_statements",
    "sealed",
    "sealed_in",
    "sql",
    "table_of",
    "text_id",
    "unplaced",
    "updated_at",
    "uuid7",
]
