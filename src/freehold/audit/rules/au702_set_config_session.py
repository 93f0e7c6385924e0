"""AU702: set_config() for the session."""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.audit.found import Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.source import Module, literal, sql_calls

_SQL = re.compile(r"set_config\s*\([^;]*?,\s*false\s*\)", re.IGNORECASE)


def _check(module: Module) -> Iterator[Found]:
    for call, argument in sql_calls(module):
        text = literal(argument)
        if text and _SQL.search(text):
            yield module.found(
                call,
                "set_config(..., false) holds until the connection ends, for whoever gets it next.",
                "set_config(name, value, true)",
                ("false)", "true)"),
            )
    for call in module.calls:
        name = module.name_of(call.func)
        last = (
            call.args[2] if len(call.args) == 3 else next((k.value for k in call.keywords if k.arg == "is_local"), None)
        )
        if name.endswith("set_config") and getattr(last, "value", None) is False:
            yield module.found(
                call,
                f"{name}(..., False) holds until the connection ends.",
                "set_config(name, value, True)",
                ("False", "True"),
            )


RULE = Rule(
    id="AU702",
    title="set_config for the session",
    severity=Severity.ERROR,
    why="With is_local false the claims of one request stay on the connection, and the next request that sets none of its "
    "own is that user.",
    remedy="Pass true, in the transaction it is for; a scope does that.",
    about=Module,
    check=_check,
    example=Example(
        "connection.execute(\"select set_config('request.jwt.claims', %s, false)\", (claims,))\n",
        "connection.execute(\"select set_config('request.jwt.claims', %s, true)\", (claims,))\n",
    ),
)
