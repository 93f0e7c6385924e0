"""An action in OpenAPI 3.1: what FastAPI cannot see, because an action reads its body itself."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from freehold.actions.action import Action
from freehold.actions.inline import inlined
from freehold.actions.input import Reader
from freehold.actions.problem import Problem

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"

_REFUSALS: Final = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)


def request_body(action: Action[..., Any], reader: Reader) -> dict[str, Any]:
    """The operation's ``requestBody``."""
    schema = inlined(reader.model.model_json_schema())
    types = [JSON, FORM] if action.page else [JSON]
    return {"required": action.signature.input is not None, "content": {each: {"schema": schema} for each in types}}


def refusals() -> dict[int | str, dict[str, Any]]:
    """The operation's ``responses`` other than success."""
    content = {"application/problem+json": {"schema": inlined(Problem.model_json_schema(mode="serialization"))}}
    return {int(status): {"description": status.phrase, "content": content} for status in _REFUSALS}
