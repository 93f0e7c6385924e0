"""The OpenAPI 3.1 document of an application with actions: FastAPI's, completed by what actions say of themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, cast

from fastapi import FastAPI

from freehold.actions.reference import renamed

SCHEMAS: Final = "x-freehold-schemas"
"""Where an operation keeps the schemas it refers to, until the document gathers them."""

SECURED: Final = "x-freehold-secured"
_PREFIX: Final = "#/components/schemas/"


def describe(app: FastAPI, cookie: str) -> None:
    """Makes ``app.openapi()`` complete: the actions' schemas, and how callers prove who they are."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        _complete(document, cookie)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(document: dict[str, Any], cookie: str) -> None:
    components: dict[str, Any] = document.setdefault("components", {})
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    for operation in _operations(document):
        if SCHEMAS not in operation:
            continue
        own = cast(dict[str, Any], operation.pop(SCHEMAS))
        names = {name: _free(name, schema, schemas) for name, schema in own.items()}
        places = {_PREFIX + name: _PREFIX + free for name, free in names.items()}
        for name, schema in own.items():
            schemas[names[name]] = renamed(schema, places)
        complete = renamed(operation, places)
        operation.clear()
        operation.update(complete)
        operation.get("responses", {}).pop("200", None) if "200" not in operation.pop(SECURED) else None
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "description": "A token, in Authorization: Bearer."},
            "session": {"type": "apiKey", "in": "cookie", "name": cookie, "description": "The session of a browser."},
        }


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in cast(dict[str, dict[str, Any]], document.get("paths", {})).values():
        yield from (each for each in item.values() if isinstance(each, dict))


def _free(name: str, schema: Any, taken: dict[str, Any]) -> str:
    """The name, numbered if another schema has it."""
    number, free = 1, name
    while free in taken and taken[free] != schema:
        number += 1
        free = f"{name}_{number}"
    return free
