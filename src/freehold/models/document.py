"""JSON columns: a Python type on one side, jsonb on the other, validated by Pydantic both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from freehold.errors import Code, StatementError

if TYPE_CHECKING:
    from pydantic import TypeAdapter


class Document(TypeDecorator[Any]):
    """The type of a ``json()`` column: jsonb that must fit ``annotation``, any type Pydantic can validate."""

    impl = JSONB
    cache_ok = True

    def __init__(self, annotation: Any = Any) -> None:
        super().__init__(none_as_null=True)
        self.annotation = annotation
        from pydantic import TypeAdapter  # noqa: PLC0415 - only models with documents need it

        self._adapter: TypeAdapter[Any] = TypeAdapter(annotation)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """The JSON value of a Python value; raises `StatementError` (FH210) without the value in it."""
        if value is None:
            return None
        return self._adapter.dump_python(self._validated(value), mode="json")

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """The Python value of a JSON value."""
        return None if value is None else self._validated(value)

    def encoded(self, value: Any) -> str:
        """The JSON text of a Python value."""
        return self._adapter.dump_json(self._validated(value)).decode()

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """Comparisons and jsonb operators take plain JSON, not the document's type."""
        return self.impl_instance.coerce_compared_value(op, value)

    def _validated(self, value: Any) -> Any:
        from pydantic import ValidationError  # noqa: PLC0415

        try:
            return self._adapter.validate_python(value)
        except ValidationError as error:
            places = (f"{'/'.join(map(str, each['loc'])) or '.'}: {each['type']}" for each in error.errors())
            raise StatementError(
                Code.VALUE_INVALID,
                "A JSON value does not fit the type of its column.",
                detail="; ".join(places),
                hint="Pass a value of the annotated type; if the stored rows are older than the type, migrate them.",
            ) from None
