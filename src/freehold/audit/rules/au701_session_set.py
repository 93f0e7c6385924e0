"""AU701: a setting of the session, which outlives the request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.audit.found import Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.source import Module, literal, sql_calls

_SET = re.compile(r"(?:^|;)\s*SET\s+(?!LOCAL\b|TRANSACTION\b|CONSTRAINTS\b)(?:SESSION\s+)?[\w.\"]+", re.IGNORECASE)


def _check(module: Module) -> Iterator[Found]:
    for call, argument in sql_calls(module):
        text = literal(argument)
        match = _SET.search(text) if text else None
        if match:
            word = re.search(r"SET\b(\s+SESSION)?", match.group(), re.IGNORECASE)
            old = word.group() if word else "SET"
            yield module.found(
                call,
                f"{match.group().strip('; ')} holds until the connection ends, for whoever gets it next.",
                "SET LOCAL ...  # inside a transaction",
                (f"{old} ", f"{'set' if old.islower() else 'SET'} {'local' if old.islower() else 'LOCAL'} "),
            )


RULE = Rule(
    id="AU701",
    title="A session-level SET",
    severity=Severity.ERROR,
    why="SET survives COMMIT. On a pooled connection the next request inherits the role, the claims or the search_path of "
    "this one.",
    remedy="SET LOCAL, in the transaction it is for.",
    about=Module,
    check=_check,
    example=Example(
        'connection.execute("SET ROLE authenticated")\n', 'connection.execute("SET LOCAL ROLE authenticated")\n'
    ),
)
