"""What is wrong with a value, as a sentence for the person who typed it, where Pydantic's is for programmers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_SENTENCES: Final = {
    "missing": "This is required.",
    "extra_forbidden": "This field is not known here.",
    "string_type": "This must be text.",
    "string_too_short": "Use at least {min_length} {characters}.",
    "string_too_long": "Use at most {max_length} {characters}.",
    "string_pattern_mismatch": "This does not have the form that is asked for.",
    "string_unicode": "This is not valid UTF-8 text.",
    "int_parsing": "This must be a whole number.",
    "int_type": "This must be a whole number.",
    "int_from_float": "This must be a whole number.",
    "float_parsing": "This must be a number.",
    "float_type": "This must be a number.",
    "finite_number": "This must be a number.",
    "bool_parsing": "This must be true or false.",
    "bool_type": "This must be true or false.",
    "list_type": "This must be a list.",
    "greater_than": "This must be more than {gt}.",
    "greater_than_equal": "This must be at least {ge}.",
    "less_than": "This must be less than {lt}.",
    "less_than_equal": "This must be at most {le}.",
    "literal_error": "This must be {expected}.",
    "enum": "This must be {expected}.",
    "json_invalid": "The body is not valid JSON: {error}.",
    "model_type": "This must be an object.",
    "dict_type": "This must be an object.",
    "model_attributes_type": "This must be an object.",
    "value_error": "{error}",
    "assertion_error": "{error}",
}


def sentence(error: Mapping[str, Any]) -> str:
    """The sentence for one of Pydantic's errors; its own where there is none better."""
    context: dict[str, Any] = error.get("ctx", {})
    length = context.get("min_length", context.get("max_length"))
    characters = "character" if length == 1 else "characters"
    try:
        return _SENTENCES[error["type"]].format(**context, characters=characters)
    except KeyError:
        return str(error["msg"])
