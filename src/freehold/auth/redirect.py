"""Where somebody goes after signing in: a page of this site, whatever the link that led to the sign-in said."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from freehold.errors import Code, SignInError

_LONGEST: Final = 2000


def return_path(text: str) -> str:
    r"""``text``, if it is a path of this site for every browser; raises `SignInError` (FH710) otherwise.

    Browsers take ``//host`` and ``/\host`` for another host, a backslash for a slash, and leave tabs and line breaks out
    (WHATWG URL, basic URL parser).
    """
    plain = text.isascii() and text.isprintable() and not {" ", "\\"} & set(text) and len(text) <= _LONGEST
    if plain and text.startswith("/") and not text.startswith("//"):
        parts = urlsplit(text)
        if not parts.scheme and not parts.netloc:
            return text
    raise SignInError(
        Code.RETURN_REFUSED,
        "The address to return to is not a path of this site.",
        hint="Give a path that begins with one slash, such as /tasks; percent-encode what is not ASCII.",
    )
