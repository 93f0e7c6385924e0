"""References in JSON schemas, renamed wherever they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast


def renamed(node: Any, names: Mapping[str, str]) -> Any:
    """``node`` with every ``$ref`` that is among ``names`` as they have it."""
    if isinstance(node, list):
        return [renamed(each, names) for each in cast(list[object], node)]
    if not isinstance(node, dict):
        return node
    members = cast(dict[str, Any], node)
    found = {key: renamed(value, names) for key, value in members.items()}
    reference = members.get("$ref")
    if isinstance(reference, str):
        found["$ref"] = names.get(reference, reference)
    return found
