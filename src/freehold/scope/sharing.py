"""Which statements may share a connection: those that cannot leave anything behind on it.

A function can: ``set_config(..., false)``, advisory locks, whatever a function of one's own does. So a statement shares
only if every function in it is known to leave nothing, and no part of it is text that could hold another.
"""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy import ColumnClause, CompoundSelect, Select, TextClause, UpdateBase
from sqlalchemy.sql import visitors
from sqlalchemy.sql.functions import FunctionElement

_HARMLESS: Final = frozenset(
    [
        "abs",
        "age",
        "any_value",
        "array_agg",
        "array_append",
        "array_cat",
        "array_length",
        "array_position",
        "array_remove",
        "array_to_string",
        "avg",
        "bool_and",
        "bool_or",
        "btrim",
        "cardinality",
        "cast",
        "ceil",
        "ceiling",
        "char_length",
        "coalesce",
        "concat",
        "concat_ws",
        "count",
        "cume_dist",
        "current_date",
        "current_time",
        "current_timestamp",
        "date_part",
        "date_trunc",
        "dense_rank",
        "every",
        "exp",
        "extract",
        "first_value",
        "floor",
        "format",
        "gen_random_uuid",
        "greatest",
        "initcap",
        "json_agg",
        "json_array_length",
        "json_build_object",
        "json_object_agg",
        "jsonb_agg",
        "jsonb_array_elements",
        "jsonb_array_elements_text",
        "jsonb_array_length",
        "jsonb_build_array",
        "jsonb_build_object",
        "jsonb_each",
        "jsonb_exists",
        "jsonb_extract_path",
        "jsonb_extract_path_text",
        "jsonb_object_agg",
        "jsonb_object_keys",
        "jsonb_path_exists",
        "jsonb_path_match",
        "jsonb_path_query",
        "jsonb_path_query_array",
        "jsonb_path_query_first",
        "jsonb_set",
        "jsonb_strip_nulls",
        "jsonb_typeof",
        "lag",
        "last_value",
        "lead",
        "least",
        "left",
        "length",
        "ln",
        "localtime",
        "localtimestamp",
        "log",
        "lower",
        "lpad",
        "ltrim",
        "make_date",
        "make_interval",
        "max",
        "md5",
        "min",
        "mod",
        "mode",
        "now",
        "nth_value",
        "ntile",
        "nullif",
        "octet_length",
        "percent_rank",
        "percentile_cont",
        "percentile_disc",
        "phraseto_tsquery",
        "pi",
        "plainto_tsquery",
        "position",
        "pow",
        "power",
        "random",
        "rank",
        "regexp_replace",
        "repeat",
        "replace",
        "reverse",
        "right",
        "round",
        "row_number",
        "row_to_json",
        "rpad",
        "rtrim",
        "session_user",
        "setweight",
        "sha256",
        "sign",
        "split_part",
        "sqrt",
        "starts_with",
        "statement_timestamp",
        "stddev",
        "string_agg",
        "string_to_array",
        "strpos",
        "substr",
        "substring",
        "sum",
        "timezone",
        "to_char",
        "to_date",
        "to_json",
        "to_jsonb",
        "to_number",
        "to_timestamp",
        "to_tsquery",
        "to_tsvector",
        "translate",
        "trim",
        "trunc",
        "ts_headline",
        "ts_rank",
        "unnest",
        "upper",
        "user",
        "uuidv7",
        "variance",
        "websearch_to_tsquery",
        "width_bucket",
    ]
)
_QUOTED: Final = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
# What text needs to call a function, or to name a table; a backslash or a dollar could open a string of another kind.
_MORE_THAN_PLAIN: Final = re.compile(r"[(;\\$]|--|/\*|\b(?:select|from|join|table|with|into|union)\b", re.IGNORECASE)


def shares(statement: Any) -> bool:
    """Whether the statement may run on a connection that others use."""
    return not any(_opaque(element) or _may_leave_something(element) for element in _elements(statement))


def reads(statement: Any) -> bool:
    """Whether the statement only reads, so that it may be repeated when its answer was lost."""
    elements = _elements(statement)
    return isinstance(statement, (Select, CompoundSelect)) and not any(
        isinstance(each, UpdateBase) for each in elements
    )


def opaque(statement: Any) -> bool:
    """Whether a part of the statement is text that could name any table."""
    return any(_opaque(element) for element in _elements(statement))


def _elements(statement: Any) -> list[Any]:
    return list(visitors.iterate(statement))


def _opaque(element: Any) -> bool:
    if isinstance(element, TextClause):
        return _more_than_plain(element.text)
    if isinstance(element, ColumnClause):
        return bool(element.is_literal) and _more_than_plain(element.name)
    return False


def _more_than_plain(text: str) -> bool:
    return "\\" in text or _MORE_THAN_PLAIN.search(_QUOTED.sub("''", text)) is not None


def _may_leave_something(element: Any) -> bool:
    return isinstance(element, FunctionElement) and not _harmless(element)


def _harmless(function: Any) -> bool:
    return not getattr(function, "packagenames", ()) and str(getattr(function, "name", "")).lower() in _HARMLESS
