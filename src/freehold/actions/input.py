"""From the body of a request to an action's input: all of it fits, or the caller learns what does not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from freehold.actions.field import Fields
from freehold.actions.inline import inlined
from freehold.actions.sentence import sentence
from freehold.actions.storable import displayed, pointer, unstorable
from freehold.errors import Code, FieldError, InvalidInputError

_MOST_ERRORS: Final = 50
_WHOLE: Final = frozenset({"json_invalid", "json_type"})
_ESCAPED_NUL: Final = b"\\u0000"
_OF_KEY: Final = "[key]"  # Pydantic's last step to an object's key that is wrong itself


class Nothing(BaseModel):
    """The input of an action that takes none: an empty object, or an empty body."""

    model_config = ConfigDict(extra="forbid")


class Reader:
    """Reads inputs of one model. What it refuses raises `InvalidInputError` (FH601) with a JSON pointer for each error."""

    def __init__(self, model: type[BaseModel] | None) -> None:
        self.model = model or Nothing
        self.adapter = TypeAdapter(self.model)
        properties = inlined(self.adapter.json_schema()).get("properties", {})
        self._lists = frozenset(name for name, schema in properties.items() if _may_be(schema, "array"))
        self._optional = frozenset(name for name, schema in properties.items() if _may_be(schema, "null"))

    def from_json(self, body: bytes) -> BaseModel:
        """The input in a JSON document (RFC 8259)."""
        if not body:
            if self.model is Nothing:
                return Nothing()
            raise invalid((FieldError("", "The body is empty: send a JSON object."),))
        try:
            value = self.adapter.validate_json(body, strict=True)
        except ValidationError as error:
            errors = error.errors(include_url=False, include_input=False)
            if errors[0]["type"] not in _WHOLE:
                _refuse_nul(body)
            raise invalid(field_errors(errors)) from None
        _refuse_nul(body)
        return value

    def from_form(self, fields: Fields) -> BaseModel:
        """The input in a form, as a person filled it in."""
        return self._from_text(fields.filled(self._lists, self._optional))

    def from_query(self, fields: Fields) -> BaseModel:
        """The input in the query of a URL."""
        return self._from_text(fields.document(self._lists))

    def _from_text(self, document: Mapping[str, object]) -> BaseModel:
        _refuse(unstorable(document))
        try:
            return self.adapter.validate_python(document)
        except ValidationError as error:
            raise invalid(field_errors(error.errors(include_url=False, include_input=False))) from None


def _may_be(schema: Mapping[str, Any], kind: str) -> bool:
    return any(each.get("type") == kind for each in (schema, *schema.get("anyOf", ())))


class Path:
    """Reads the parameters that a path names; what does not fit raises as `Reader` does."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self.adapters = {name: TypeAdapter[Any](annotation) for name, annotation in parameters.items()}

    def values(self, sent: Mapping[str, str]) -> dict[str, Any]:
        """The parameters' values in the path of a request."""
        _refuse(unstorable(dict(sent)))
        try:
            return {name: adapter.validate_python(sent[name]) for name, adapter in self.adapters.items()}
        except ValidationError as error:
            raise invalid(
                FieldError(pointer(name), each.message)
                for name, adapter in self.adapters.items()
                for each in _errors(adapter, sent[name])
            ) from error


def _errors(adapter: TypeAdapter[Any], text: str) -> Iterable[FieldError]:
    try:
        adapter.validate_python(text)
    except ValidationError as error:
        return field_errors(error.errors(include_url=False, include_input=False))
    return ()


def field_errors(errors: Iterable[Mapping[str, Any]]) -> Iterable[FieldError]:
    """Pydantic's errors as pointers and sentences."""
    for error in errors:
        place: tuple[object, ...] = () if error["type"] in _WHOLE else error["loc"]
        if len(place) > 1 and place[-1] == _OF_KEY:
            place = place[:-1]
        yield FieldError(displayed(pointer(*place)), sentence(error))


def invalid(errors: Iterable[FieldError]) -> InvalidInputError:
    """The error for an input with these faults, the first fifty of them."""
    return InvalidInputError(
        Code.INPUT_INVALID,
        "The input is not valid.",
        errors=tuple(errors)[:_MOST_ERRORS],
        hint="Correct it and repeat.",
    )


def _refuse_nul(body: bytes) -> None:
    if _ESCAPED_NUL in body:
        # Numbers stay text: they hold no NUL, and Python refuses to read the longest.
        _refuse(unstorable(json.loads(body, parse_int=str, parse_float=str)))


def _refuse(errors: Iterable[FieldError]) -> None:
    found = tuple(errors)
    if found:
        raise invalid(found)
