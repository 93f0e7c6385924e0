"""PostgreSQL's text of a boolean expression as SQLAlchemy source: what policies and checks are mostly made of.

The text is what ``pg_get_expr`` writes, with a pair of brackets around every operator. What is not understood is
refused, and the caller keeps the SQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from freehold.pull.call import literal

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<text>E?'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<quoted>"(?:[^"]|"")+")|(?P<word>\w+)
    |(?P<symbol>::|->>|<>|<=|>=|[()\[\],.=<>]))""",
    re.VERBOSE,
)
_COMPARE: Final = {"=": "==", "<>": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_IMPLIED: Final = frozenset({"text", "integer", "bigint", "smallint"})
_JWT: Final = ("auth", ".", "jwt", "(", ")", "->>")
_UID: Final = ("auth", ".", "uid", "(", ")")


@dataclass(frozen=True)
class Expression:
    """``kind`` says what it is; ``items`` are the parts of ``and``, ``or`` and ``not``, or ``(left, right)`` of ``compare``.

    ``name`` is a column's name, a comparison's operator, a claim's name, or a value's Python source.
    """

    kind: str
    name: str = ""
    items: tuple[Expression, ...] = ()

    @property
    def terms(self) -> tuple[Expression, ...]:
        """What is joined by AND at the top."""
        return self.items if self.kind == "and" else (self,)

    @property
    def values(self) -> tuple[str | int, ...] | None:
        """The values of a list of constants."""
        found = [_constant(item.name) for item in self.items] if self.kind == "list" else [None]
        return None if None in found else tuple(value for value in found if value is not None)


Render: TypeAlias = Callable[[Expression, frozenset[str]], str]


class _NotUnderstoodError(Exception):
    """The text holds something this module has no source for."""


def parse(text: str) -> Expression | None:
    """The expression of ``text``; None where something in it is not understood."""
    try:
        return _Parser(_tokens(text)).whole()
    except _NotUnderstoodError:
        return None


def source(expression: Expression, uuids: frozenset[str] = frozenset()) -> str:
    """SQLAlchemy source over ``t``, the table's columns. ``uuids``: the columns that are UUIDs."""
    render = _RENDER.get(expression.kind)
    return render(expression, uuids) if render else expression.name


def _tokens(text: str) -> list[str]:
    tokens, place = list[str](), 0
    while place < len(text.rstrip()):
        found = _TOKEN.match(text, place)
        if found is None:
            raise _NotUnderstoodError
        tokens.append(found.group().strip())
        place = found.end()
    return tokens


class _Parser:
    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tokens
        self.place = 0

    def whole(self) -> Expression:
        found = self.either()
        if self.place < len(self.tokens):
            raise _NotUnderstoodError
        return found

    def either(self) -> Expression:
        return self._joined("OR", "or", lambda: self._joined("AND", "and", self._negated))

    def _joined(self, word: str, kind: str, part: Callable[[], Expression]) -> Expression:
        parts = [part()]
        while self._take(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Expression(kind, items=tuple(parts))

    def _negated(self) -> Expression:
        return Expression("not", items=(self._negated(),)) if self._take("NOT") else self._compared()

    def _compared(self) -> Expression:
        left = self._cast()
        if self._take("IS"):
            kind = "filled" if self._take("NOT") else "empty"
            self._need("NULL")
            return Expression(kind, items=(left,))
        for operator, python in _COMPARE.items():
            if self._take(operator):
                return self._right(left, python)
        return left

    def _right(self, left: Expression, python: str) -> Expression:
        for word, operator, kind in (("ANY", "==", "in"), ("ALL", "!=", "not in")):
            if self._take(word):
                if python != operator:
                    raise _NotUnderstoodError
                return Expression(kind, items=(left, self._cast()))
        return Expression("compare", python, (left, self._cast()))

    def _cast(self) -> Expression:
        found = self._primary()
        while self._take("::"):
            self._type()
        return found

    def _type(self) -> None:
        """Only casts that PostgreSQL adds by itself, and will add again, may be left out."""
        name = self._word()
        if name == "character":
            self._need("varying")
        elif name not in _IMPLIED:
            raise _NotUnderstoodError
        if self._take("["):
            self._need("]")

    def _primary(self) -> Expression:
        word = self._peek()
        if word == "(":
            self.place += 1
            found = self._selected() if self._take("SELECT") else self.either()
            self._need(")")
            return found
        if self._follows(*_UID):
            return Expression("caller")
        if self._follows(*_JWT):
            return self._claim()
        if word == "ARRAY":
            return self._list()
        self.place += 1
        if word in {"true", "false"}:
            return Expression("truth", word)
        if word[:1] in "'E" and word.endswith("'"):
            return Expression("value", literal(_unquoted(word)))
        if re.fullmatch(r"-?\d+(\.\d+)?", word):
            return Expression("value", word)
        if self._peek() in {"(", "."} or not re.fullmatch(r'\w+|".*"', word) or word in {"NULL", "CASE", "SELECT"}:
            raise _NotUnderstoodError
        return Expression("column", word[1:-1].replace('""', '"') if word.startswith('"') else word)

    def _selected(self) -> Expression:
        found = self._cast()
        if found.kind not in {"caller", "claim"}:
            raise _NotUnderstoodError
        if self._take("AS"):
            self._word()
        return found

    def _claim(self) -> Expression:
        token = self._word()
        name = _unquoted(token) if token.endswith("'") else ""
        if not name:
            raise _NotUnderstoodError
        if self._take("::"):
            self._type()
        return Expression("caller") if name == "sub" else Expression("claim", name)

    def _list(self) -> Expression:
        self.place += 1
        self._need("[")
        items = [self._cast()]
        while self._take(","):
            items.append(self._cast())
        self._need("]")
        return Expression("list", items=tuple(items))

    def _peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def _word(self) -> str:
        self.place += 1
        if self.place > len(self.tokens):
            raise _NotUnderstoodError
        return self.tokens[self.place - 1]

    def _take(self, token: str) -> bool:
        found = self._peek() == token
        self.place += found
        return found

    def _need(self, token: str) -> None:
        if not self._take(token):
            raise _NotUnderstoodError

    def _follows(self, *tokens: str) -> bool:
        found = tuple(self.tokens[self.place : self.place + len(tokens)]) == tokens
        self.place += len(tokens) if found else 0
        return found


def _unquoted(token: str) -> str:
    if token.startswith("E"):
        return token[2:-1].replace("''", "'").replace("\\\\", "\\")
    return token[1:-1].replace("''", "'")


def _constant(name: str) -> str | int | None:
    if re.fullmatch(r"-?\d+", name):
        return int(name)
    return name[1:-1] if name.startswith('"') and "\\" not in name else None


def _column(expression: Expression, _: frozenset[str]) -> str:
    usable = expression.name.isidentifier()
    return f"t.{expression.name}" if usable else f"t[{literal(expression.name)}]"


def _compare(expression: Expression, uuids: frozenset[str]) -> str:
    left, right = expression.items
    if left.kind == "caller":
        left, right = right, left
    kind = "UUID" if left.kind == "column" and left.name in uuids else ""
    other = f"caller_id({_column(left, uuids)}.type)" if kind and right.kind == "caller" else source(right, uuids)
    return f"{source(left, uuids)} {expression.name} {other}"


def _among(expression: Expression, uuids: frozenset[str]) -> str:
    left, right = expression.items
    word = "in_" if expression.kind == "in" else "not_in"
    return f"{source(left, uuids)}.{word}([{', '.join(item.name for item in right.items)}])"


def _call(name: str) -> Render:
    return lambda expression, uuids: f"{name}({', '.join(source(item, uuids) for item in expression.items)})"


_RENDER: Final[Mapping[str, Render]] = {
    "and": _call("and_"),
    "or": _call("or_"),
    "not": _call("not_"),
    "column": _column,
    "compare": _compare,
    "in": _among,
    "not in": _among,
    "filled": lambda expression, uuids: f"{source(expression.items[0], uuids)}.is_not(None)",
    "empty": lambda expression, uuids: f"{source(expression.items[0], uuids)}.is_(None)",
    "truth": lambda expression, _: f"{expression.name}()",
    "caller": lambda _, __: "caller_id()",
    "claim": lambda expression, _: f"claim({literal(expression.name)})",
}
