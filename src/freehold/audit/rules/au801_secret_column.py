"""AU801: a column that seems to hold a secret is neither sealed nor a hash."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy import LargeBinary, String, Text

from freehold.audit.declared import Declared
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule

_SECRET = re.compile(
    r"(?:^|_)(?:secret|secrets|password|passwd|passphrase|token|tokens|api_?key|private_?key|credential|credentials|env)(?:$|_)",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"(?:_|^)(?:hash|hashed|digest|prefix|hint|last4|id|type|kind|count|name|at|url|used|limit|usage|sha256|fingerprint|fingerprints)$",
    re.IGNORECASE,
)


def _check(declared: Declared) -> Iterator[Found]:
    for column in declared.table.columns:
        looks = _SECRET.search(column.name) and not _HARMLESS.search(column.name)
        if not looks or not isinstance(column.type, (Text, String, LargeBinary)) or declared.sealed(column.name):
            continue
        closed = declared.closed(column.name)
        yield Found(
            f"{declared.name}.{column.name}",
            f"{declared.name}.{column.name} seems to hold a secret, and is "
            + (
                "kept as it is; no caller reads it, but a backup does."
                if closed
                else "kept as it is and read by callers."
            ),
            Fix(python=f"{column.name}: Col[Sealed[str]] = sealed()  # or keep only a hash: {column.name}_hash"),
            severity=Severity.WARNING if closed else None,
        )


RULE = Rule(
    id="AU801",
    title="A secret is neither sealed nor hashed",
    severity=Severity.ERROR,
    why="A token in plain text is in every backup, every replica, and in the answer of every SELECT that forgets to leave "
    "it out. Where no caller has the privilege to read the column this is a warning: a dump still has it.",
    remedy="Seal what must be read again; hash what is only compared.",
    about=Declared,
    check=_check,
    example=Example("    api_token: Col[str]\n", "    api_token_hash: Col[str]\n"),
    covers=("SEC045",),
)
