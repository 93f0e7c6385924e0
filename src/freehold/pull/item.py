"""What stands in ``__table_args__``: the constraints and indexes that no column says."""

from __future__ import annotations

import re
from typing import Final

from freehold.catalog import Fact
from freehold.pull.call import call, literal
from freehold.pull.choice import condition
from freehold.pull.table import Reference, Table, names

_INDEX: Final = re.compile(
    r"CREATE (?P<unique>UNIQUE )?INDEX \S+ ON (?:ONLY )?\S+ USING (?P<method>\w+) \((?P<columns>.*?)\)"
    r"(?: INCLUDE \((?P<include>[^)]*)\))?(?P<distinct> NULLS NOT DISTINCT)?(?: WHERE (?P<where>\(.*\)))?",
    re.DOTALL,
)
_ACTION: Final = re.compile(r"ON (DELETE|UPDATE) (CASCADE|RESTRICT|SET NULL|SET DEFAULT)(?= |$)")
_LONE_COLON: Final = re.compile(r"(?<!:):(?!:)")
_ESCAPED_COLON: Final = r"\\:"


def unique(fact: Fact, table: Table) -> str | None:
    """A unique constraint; None where it says more than a model can."""
    columns = fact.names("columns")
    extra = fact.text("definition").removeprefix(f"UNIQUE ({', '.join(map(_written, columns))})")
    if extra not in {"", " DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED"}:
        return None
    name = f"uq_{table.name}_{'_'.join(columns)}"
    arguments = [*map(literal, columns), *_named(fact, name), *_deferred(fact)]
    return call("UniqueConstraint", arguments, indent=8)


def check(fact: Fact, table: Table) -> str:
    """A CHECK, in PostgreSQL's own words."""
    text = condition(fact)
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1] if _closes_last(text) else text
    prefix, name = f"ck_{table.name}_", fact.key[2]
    named = literal(name.removeprefix(prefix)) if name.startswith(prefix) else f"conv({literal(name)})"
    arguments = [_sql(text), f"name={named}"]
    return call("CheckConstraint", [*arguments, *_pending(fact)], indent=8)


def reference(found: Reference, table: Table) -> str | None:
    """A foreign key that no column says; None where it says more than a model can."""
    actions = {word.lower(): action for word, action in _ACTION.findall(found.rest)}
    rest = _ACTION.sub("", found.rest).replace("NOT VALID", "").replace("DEFERRABLE", "")
    if rest.replace("INITIALLY DEFERRED", "").strip():
        return None
    target = [literal(f"{'.'.join(found.target)}.{column}") for column in found.key]
    name = f"fk_{table.name}_{'_'.join(found.columns)}_{found.target[1]}"
    arguments = [f"[{', '.join(map(literal, found.columns))}]", f"[{', '.join(target)}]", *_named(found.fact, name)]
    arguments += [f"on{word}={literal(action)}" for word, action in sorted(actions.items())]
    return call("ForeignKeyConstraint", [*arguments, *_deferred(found.fact), *_pending(found.fact)], indent=8)


def index(fact: Fact) -> str | None:
    """An index; None where it says more than a model can."""
    found = _INDEX.fullmatch(fact.text("definition"))
    if found is None:
        return None
    columns = [_column(text) for text in _split(found["columns"])]
    arguments = [literal(fact.key[2]), *columns]
    arguments += ["unique=True"] if found["unique"] else []
    arguments += [f"postgresql_using={literal(found['method'])}"] if found["method"] != "btree" else []
    if found["include"]:
        arguments.append(f"postgresql_include=[{', '.join(map(literal, names(found['include'])))}]")
    arguments += ["postgresql_nulls_not_distinct=True"] if found["distinct"] else []
    if found["where"]:
        arguments.append(f"postgresql_where=text({_sql(found['where'][1:-1])})")
    return call("Index", arguments, indent=8)


def plain_index(fact: Fact) -> tuple[str, ...] | None:
    """The columns of an index that is nothing but them."""
    found = _INDEX.fullmatch(fact.text("definition"))
    if found is None or any((found["unique"], found["include"], found["distinct"], found["where"])):
        return None
    columns = _split(found["columns"])
    simple = found["method"] == "btree" and all(re.fullmatch(r'\w+|"[^"]+"', column) for column in columns)
    return tuple(name for column in columns for name in names(column)) if simple else None


def _sql(text: str) -> str:
    """SQL for ``text()``, which takes a lone colon for a parameter."""
    return literal(_LONE_COLON.sub(_ESCAPED_COLON, text))


def _column(text: str) -> str:
    simple = re.fullmatch(r'(\w+)|"([^"]+)"', text)
    return literal(simple[1] or simple[2]) if simple else f"text({_sql(text)})"


def _split(text: str) -> list[str]:
    """The parts between the commas outside brackets and quotes."""
    parts, depth, quote = [""], 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        else:
            depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _closes_last(text: str) -> bool:
    """Whether the first bracket is closed by the last character, quotes left aside."""
    return _balanced(re.sub(r"'(?:[^']|'')*'", "", text[1:-1]))


def _balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0


def _written(name: str) -> str:
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else f'"{name}"'


def _named(fact: Fact, convention: str) -> list[str]:
    return [] if fact.key[2] == convention else [f"name={literal(fact.key[2])}"]


def _deferred(fact: Fact) -> list[str]:
    if not fact.flag("deferrable"):
        return []
    return ["deferrable=True", *(['initially="DEFERRED"'] if fact.flag("deferred") else [])]


def _pending(fact: Fact) -> list[str]:
    return [] if fact.flag("validated") else ["postgresql_not_valid=True"]
