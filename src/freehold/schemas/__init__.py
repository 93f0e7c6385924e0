"""Pydantic models derived from models, so that no API repeats its columns: what is read, what is new, what changes."""

from freehold.schemas.schema import (
    InsertSchema,
    SelectSchema,
    UpdateSchema,
    insert_schema,
    select_schema,
    update_schema,
)

__all__ = ["InsertSchema", "SelectSchema", "UpdateSchema", "insert_schema", "select_schema", "update_schema"]
