"""Reading a policy's expression as PostgreSQL writes it: fully bracketed, so that its structure is its brackets.

Only text of ``pg_get_expr`` is read here, never what somebody typed. What is not understood counts as neither true nor
harmless: the executed plan and the isolation proof decide about it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

_TOKEN: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[()]|\bAND\b|\bOR\b|\s+|[^\s()'\"]+")
_IDENTITY: Final = re.compile(
    r"\bauth\.(?:uid|jwt|email|role|user_id)\(\)|\bcurrent_setting\(|\b(?:CURRENT_USER|SESSION_USER)\b", re.IGNORECASE
)
_CALLER: Final = (
    r"\(*(?: SELECT )?\(*(?:auth\.uid\(\)|auth\.jwt\(\) ->> 'sub'::text|"
    r"(?:NULLIF\()?current_setting\('[^']*'::text(?:, true)?\)[^()]*)"
)
_COLUMN: Final = r"(?P<column>\w+|\"(?:[^\"]|\"\")+\")"
_OWNED: Final = re.compile(rf"^\(*(?:\w+\.)?{_COLUMN}\)?(?:::\w+)? = {_CALLER}")
_OWNING: Final = re.compile(rf"^{_CALLER}.*?\)? = (?:\w+\.)?{_COLUMN}\)*$")
_NULL_MATCHES: Final = re.compile(r"\bNOT \([^()]* IS DISTINCT FROM|IS NOT DISTINCT FROM|\bCOALESCE\(|\bIS NULL\b")
_CALLER_S: Final = re.compile(
    r"""(?:\w+\.)?(?:\w+|"(?:[^"]|"")+") = \( SELECT (?:auth\.uid\(\)|\(auth\.jwt\(\) ->> 'sub'::text\))(?: AS \w+)?\)"""
)
_EQUAL: Final = re.compile(r"(?<![\w.\"])((?:[\w\"]+\.)?[\w\"]+) (?:=|>=|<=|IS NOT DISTINCT FROM) \1(?![\w.\"(])")


@cache
def terms(text: str, word: str) -> tuple[str, ...]:
    """The operands of AND or OR at the top of an expression; the expression alone where it is no such list."""
    inner = unwrapped(text)
    depth, found, current = 0, [""], ""
    for token in _TOKEN.findall(inner):
        depth += (token == "(") - (token == ")")  # noqa: S105 (brackets, not a password)
        if depth == 0 and token == word:
            found[-1] = current.strip()
            found.append("")
            current = ""
        else:
            current += token
    found[-1] = current.strip()
    return tuple(found) if len(found) > 1 else (text,)


@cache
def unwrapped(text: str) -> str:
    """The expression without the brackets around all of it."""
    while text.startswith("(") and _closes_last(text):
        text = text[1:-1].strip()
    return text


def _closes_last(text: str) -> bool:
    depth, place = 0, 0
    for token in _TOKEN.findall(text):
        place += len(token)
        depth += (token == "(") - (token == ")")  # noqa: S105 (brackets, not a password)
        if depth == 0:
            return place == len(text)
    return False


def conjuncts(text: str) -> tuple[str, ...]:
    """What must all hold."""
    parts = terms(text, "AND")
    return parts if len(parts) == 1 else tuple(each for part in parts for each in conjuncts(part))


def alternatives(text: str) -> tuple[str, ...]:
    """Any one of which is enough."""
    parts = terms(text, "OR")
    return parts if len(parts) == 1 else tuple(each for part in parts for each in alternatives(part))


def always_true(text: str) -> bool:
    """Whether it holds for every row, on the face of it: a constant, ``1 = 1``, or such an alternative."""
    if any(len(alternatives(part)) > 1 for part in conjuncts(text)) or len(conjuncts(text)) > 1:
        return all(any(always_true(each) for each in alternatives(part)) for part in conjuncts(text))
    inner = unwrapped(text)
    return inner == "true" or re.fullmatch(r"(\d+|'[^']*'(?:::\w+)?) = \1", inner) is not None


def names_row(text: str, columns: frozenset[str]) -> bool:
    """Whether it looks at the row: a column of the table, or another table's rows."""
    return "EXISTS" in text or " FROM " in text or any(re.search(rf"(?<![\w.]){re.escape(c)}\b", text) for c in columns)


def asks_caller(text: str) -> bool:
    """Whether it asks who the caller is."""
    return _IDENTITY.search(text) is not None


def owners(text: str) -> frozenset[str]:
    """The columns that every row it admits has equal to the caller's id."""
    return frozenset(column for part in conjuncts(text) for column in _owners_of(part))


def _owners_of(part: str) -> frozenset[str]:
    branches = alternatives(part)
    if len(branches) > 1:
        first, *others = (owners(each) for each in branches)
        return first.intersection(*others)
    match = _OWNED.match(unwrapped(part)) or _OWNING.match(unwrapped(part))
    return frozenset({match["column"].strip('"')}) if match else frozenset()


def tautologies(text: str) -> tuple[str, ...]:
    """Comparisons of a column with itself, which a captured name leaves behind."""
    return tuple(match.group() for match in _EQUAL.finditer(text) if not match[1].isdigit())


def admits_null(text: str) -> bool:
    """Whether a caller without an id may pass, on the face of it: what must equal the id as well lets nobody pass."""
    branches = alternatives(text)
    if len(branches) > 1:
        return any(map(admits_null, branches))
    parts = conjuncts(text)
    if len(parts) > 1:
        return not any(_CALLER_S.fullmatch(unwrapped(part)) for part in parts) and any(map(admits_null, parts))
    asking = (part for part in re.split(r"\bAND\b|\bOR\b", text) if asks_caller(part))
    return any(_NULL_MATCHES.search(part) for part in asking)


def _bare(text: str) -> str:
    """The text without its scalar subqueries, so that what is left runs for every row."""
    found = re.search(r"\( SELECT ", text)
    while found:
        depth, place = 0, found.start()
        for token in _TOKEN.findall(text[found.start() :]):
            place += len(token)
            depth += (token == "(") - (token == ")")  # noqa: S105 (brackets, not a password)
            if depth == 0:
                break
        if " FROM " in text[found.start() : place]:
            text = f"{text[: found.start()]}([{text[found.start() + 2 : place]}"
        else:
            text = text[: found.start()] + text[place:]
        found = re.search(r"\( SELECT ", text)
    return text


def unwrapped_calls(text: str) -> tuple[str, ...]:
    """The calls that ask who the caller is once for each row, not once for the statement."""
    calls = re.findall(r"\bauth\.\w+\(\)|\bcurrent_setting\([^()]*\)", _bare(text))
    return tuple(dict.fromkeys(calls))
