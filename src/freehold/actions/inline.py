"""JSON schemas in one piece: inside an OpenAPI document, references into ``$defs`` would lead elsewhere."""

from __future__ import annotations

from typing import Any, cast


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """``schema`` with every definition where it is used; one that contains itself is "an object" the second time."""
    definitions = cast(dict[str, dict[str, Any]], schema.get("$defs", {}))

    def resolved(node: object, inside: frozenset[str]) -> Any:
        if isinstance(node, list):
            return [resolved(each, inside) for each in cast(list[object], node)]
        if not isinstance(node, dict):
            return node
        members = cast(dict[str, Any], node)
        others = {name: resolved(each, inside) for name, each in members.items() if name not in ("$defs", "$ref")}
        if not isinstance(members.get("$ref"), str):
            return others
        name = members["$ref"].rpartition("/")[2]
        if name in inside:
            return {"type": "object", **others}
        return {**resolved(definitions[name], inside | {name}), **others}

    return cast(dict[str, Any], resolved(schema, frozenset()))
