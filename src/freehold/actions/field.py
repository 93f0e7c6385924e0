"""The fields of a form post (application/x-www-form-urlencoded), as they were typed and as an input reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import parse_qsl

from freehold.actions.storable import displayed
from freehold.errors import Code, FieldError, InvalidInputError

_MOST: Final = 1000


@dataclass(frozen=True)
class Fields:
    """Names and what was sent for them, in order; what is not UTF-8 is kept as lone surrogates (PEP 383)."""

    sent: Mapping[str, list[str]] = field(repr=False)

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """The fields in ``body``; raises `InvalidInputError` (FH601) for more than a thousand."""
        try:
            text = body.decode("utf-8", "surrogateescape")
            pairs = parse_qsl(text, keep_blank_values=True, errors="surrogateescape", max_num_fields=_MOST)
        except ValueError:
            error = FieldError("", f"A form may have {_MOST} fields at most.")
            raise InvalidInputError(Code.INPUT_INVALID, "The form is too large.", errors=(error,)) from None
        sent: dict[str, list[str]] = {}
        for name, value in pairs:
            sent.setdefault(name, []).append(value)
        return cls(sent)

    @property
    def shown(self) -> Mapping[str, str]:
        """One text for each field, fit to be shown again."""
        return {displayed(name): displayed(values[-1]) for name, values in self.sent.items()}

    def document(self, lists: frozenset[str]) -> dict[str, str | list[str] | None]:
        """The fields as an object: a list for those named in ``lists`` and for those sent more than once."""
        return {name: values if name in lists or len(values) > 1 else values[0] for name, values in self.sent.items()}

    def filled(self, lists: frozenset[str], optional: frozenset[str]) -> dict[str, str | list[str] | None]:
        """The same for what a person filled in: a text field that was left empty says nothing, which is null."""
        read = self.document(lists)
        return {name: None if name in optional and value == "" else value for name, value in read.items()}
