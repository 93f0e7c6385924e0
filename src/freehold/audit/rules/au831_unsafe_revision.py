"""AU831: a revision keeps everybody waiting, or loses rows."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.found import Found, Severity
from freehold.audit.revised import Revised
from freehold.audit.rule import Example, Rule
from freehold.migrations.safety import Permit


def _check(revised: Revised) -> Iterator[Found]:
    yield from revised.unsafe(Permit.BLOCKING, Permit.DROP)


RULE = Rule(
    id="AU831",
    title="A revision is unsafe on a database in use",
    severity=Severity.WARNING,
    why="An index that is built plainly, a constraint that reads the whole table, a dropped column: statements wait behind "
    "it, or fail in the release that still runs. freehold migrate refuses such a revision.",
    remedy="Write the form that holds its lock for milliseconds, or sign it off in the revision with the reason.",
    about=Revised,
    check=_check,
    example=Example(
        "-- freehold: revision 5d1f0a7c9e22\n-- freehold: unit transaction\n-- freehold: statement\n"
        "CREATE INDEX notes_title ON public.notes (title);\n",
        "-- freehold: revision 5d1f0a7c9e22\n-- freehold: unit autocommit\n-- freehold: statement\n"
        "CREATE INDEX CONCURRENTLY notes_title ON public.notes (title);\n",
    ),
)
