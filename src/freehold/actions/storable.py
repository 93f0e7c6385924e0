"""Text that PostgreSQL can hold: no NUL, and nothing that was not UTF-8 (manual, section 8.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

from freehold.errors import FieldError

_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


def pointer(*steps: object) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def unstorable(document: object, *place: object) -> Iterator[FieldError]:
    """An error for every text in a JSON document that cannot be stored, keys included."""
    if isinstance(document, str):
        if fault := _fault(document):
            yield FieldError(displayed(pointer(*place)), fault)
    elif isinstance(document, Mapping):
        for key, value in cast(Mapping[object, object], document).items():
            yield from unstorable(key, *place, key)
            yield from unstorable(value, *place, key)
    elif isinstance(document, Sequence):
        for number, value in enumerate(cast(Sequence[object], document)):
            yield from unstorable(value, *place, number)


def displayed(text: str) -> str:
    """The text with U+FFFD in place of what cannot be stored, so that it can be shown."""
    return _UNSTORABLE.sub("\ufffd", text)


def _fault(text: str) -> str | None:
    found = _UNSTORABLE.search(text)
    if found is None:
        return None
    return "A NUL character cannot be stored." if found.group() == "\0" else "This is not valid UTF-8 text."
