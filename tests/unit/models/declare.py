"""Models declared inside a test, each on metadata of its own."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import registry

from freehold import Model, schema


def base() -> Any:
    """A base class whose tables, and the names of whose classes, are nobody else's."""
    metadata = schema()
    options = {"__abstract__": True, "__module__": __name__, "metadata": metadata}
    return type("Base", (Model,), {**options, "_sa_registry": registry(metadata=metadata)})
