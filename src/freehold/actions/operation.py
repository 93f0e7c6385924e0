"""An action in OpenAPI 3.1, exactly: what it reads, what it gives, and every problem it may answer with.

FastAPI cannot see any of it, because an action reads its request itself. Forms are left out: they are a browser's, what
is typed into one is text, and no JSON schema says which texts are a number or null.
"""

from __future__ import annotations

from collections import defaultdict
from http import HTTPStatus
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue

from freehold.actions.action import Action
from freehold.actions.inline import inlined
from freehold.actions.openapi import SCHEMAS, SECURED
from freehold.actions.outcome import Outcome, outcomes
from freehold.actions.problem import Problem
from freehold.actions.runner import JSON, Runner

PROBLEM: Final = "application/problem+json"
_REFERENCE: Final = "#/components/schemas/{model}"


class Exact(GenerateJsonSchema):
    """JSON schemas in which an output always has its fields, also those with a default."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        """What is written out is always there."""
        return self.mode == "serialization" or super().field_is_required(field, total)

    def str_schema(self, schema: Any) -> JsonSchemaValue:
        """What is read as text holds no NUL: see `freehold.actions.storable`."""
        text = super().str_schema(schema)
        return text if self.mode == "serialization" or "pattern" in text else {**text, "pattern": "^[^\\u0000]*$"}


class _Schemas:
    """Schemas of one operation, with the definitions they refer to."""

    def __init__(self) -> None:
        self.definitions: dict[str, Any] = {}

    def of(self, adapter: TypeAdapter[Any], mode: JsonSchemaMode) -> JsonSchemaValue:
        schema = adapter.json_schema(mode=mode, ref_template=_REFERENCE, schema_generator=Exact)
        title = schema.get("title")
        if title is not None and "properties" in schema:
            return self.named(title, schema)
        self.definitions |= schema.pop("$defs", {})
        return schema

    def named(self, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        """A reference to ``schema``, which is kept under ``name``."""
        self.definitions |= {**schema.pop("$defs", {}), name: schema}
        return {"$ref": _REFERENCE.format(model=name)}


def operation_of(runner: Runner) -> dict[str, Any]:
    """The operation of an action, with its schemas beside it."""
    action, schemas = runner.action, _Schemas()
    operation: dict[str, Any] = {
        "responses": _responses(runner, schemas),
        "security": [{"bearer": [action.scope] if action.scope else []}, {"session": []}],
        SECURED: [str(int(action.status))],
    }
    parameters = [*_path(runner), *(_query(runner) if action.reads else ()), *_headers(action)]
    if parameters:
        operation["parameters"] = parameters
    if not action.reads and (action.signature.input is not None or action.method != "DELETE"):
        content = schemas.of(runner.reader.adapter, "validation")
        operation["requestBody"] = {
            "required": action.signature.input is not None,
            "content": {JSON: {"schema": content}},
        }
    operation[SCHEMAS] = schemas.definitions
    return operation


def told(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What FastAPI is to write of the problems that a plain route may answer with: ``responses=told(401, 404)``."""
    schema = _without_nulls(inlined(Problem.model_json_schema()))
    content = {PROBLEM: {"schema": schema}}
    return {each: {"description": HTTPStatus(each).phrase, "content": content} for each in statuses}


def _path(runner: Runner) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": adapter.json_schema(schema_generator=Exact)}
        for name, adapter in runner.path.adapters.items()
    ]


def _query(runner: Runner) -> list[dict[str, Any]]:
    schema = inlined(runner.reader.adapter.json_schema(schema_generator=Exact))
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _without_null(each)}
        for name, each in schema.get("properties", {}).items()
    ]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """What a query can say: a parameter that is left out is null, no text is."""
    kinds = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if not kinds:
        return schema
    others = {key: value for key, value in schema.items() if key != "anyOf" and (key, value) != ("default", None)}
    return {**others, **kinds[0]} if len(kinds) == 1 else {**others, "anyOf": kinds}


def _headers(action: Action[..., Any]) -> list[dict[str, Any]]:
    if action.idempotent:
        about = "Makes the request happen once, however often it is sent within a day."
        schema: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 255}
        return [{"name": "Idempotency-Key", "in": "header", "required": False, "schema": schema, "description": about}]
    if action.tags:
        about = "The ETag of the answer that the caller has."
        schema = {"type": "string"}
        return [{"name": "If-None-Match", "in": "header", "required": False, "schema": schema, "description": about}]
    return []


def _responses(runner: Runner, schemas: _Schemas) -> dict[str, Any]:
    action = runner.action
    success: dict[str, Any] = {"description": (action.signature.output or Problem).__name__}
    if runner.output is None:
        success["description"] = "It is done."
    else:
        success["content"] = {JSON: {"schema": schemas.of(runner.output, "serialization")}}
    if action.location:
        success["headers"] = {"Location": {"schema": {"type": "string"}, "required": True}}
    responses = {str(int(action.status)): success}
    if action.tags:
        responses["304"] = {"description": "The caller has the newest answer."}
    return responses | _problems(action, schemas)


def _problems(action: Action[..., Any], schemas: _Schemas) -> dict[str, Any]:
    general = schemas.named(Problem.__name__, _without_nulls(Problem.model_json_schema(ref_template=_REFERENCE)))
    told: dict[HTTPStatus, list[Outcome]] = defaultdict(list)
    for each in outcomes(action):
        told[each.status].append(each)
    return {
        str(int(status)): {
            "description": status.phrase,
            "content": {PROBLEM: {"schema": _problem(several, general)}},
        }
        for status, several in sorted(told.items())
    }


def _problem(several: list[Outcome], general: dict[str, Any]) -> dict[str, Any]:
    """A problem of one status: one of those with a code, by its title, or one that has none."""
    kinds = [_known(each, general) for each in several]
    return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}


def _known(outcome: Outcome, general: dict[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {"title": {"const": outcome.title}, "status": {"const": int(outcome.status)}}
    if outcome.code is not None:
        known |= {"code": {"const": str(outcome.code)}, "type": {"const": f"/errors/{outcome.code}"}}
    return {"allOf": [general, {"type": "object", "properties": known, "required": [*known]}]}


def _without_nulls(schema: dict[str, Any]) -> dict[str, Any]:
    """A problem leaves out what it does not know."""
    properties = {name: _without_null(each) for name, each in schema["properties"].items()}
    return {**schema, "properties": properties}
