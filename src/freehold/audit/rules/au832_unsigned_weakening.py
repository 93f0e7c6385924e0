"""AU832: a revision guards less than before, and nobody answers for it."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.found import Found, Severity
from freehold.audit.revised import Revised
from freehold.audit.rule import Example, Rule
from freehold.migrations.safety import Permit


def _check(revised: Revised) -> Iterator[Found]:
    yield from revised.unsafe(Permit.SIGN_OFF)


RULE = Rule(
    id="AU832",
    title="A revision weakens without a sign-off",
    severity=Severity.ERROR,
    why="Row security that is lifted, a policy that is dropped or true for every row, a grant to PUBLIC: each may be meant, "
    "and each is how rows are shown to strangers. Whoever reviews the revision must see that somebody meant it.",
    remedy="Keep the guard, or say why not in a line of the revision that signs it off.",
    about=Revised,
    check=_check,
    example=Example(
        "-- freehold: revision 5d1f0a7c9e22\n-- freehold: unit transaction\n-- freehold: statement\n"
        'ALTER TABLE "public"."notes" DISABLE ROW LEVEL SECURITY;\n',
        "-- freehold: revision 5d1f0a7c9e22\n-- freehold: signed off row-security public.notes: rows moved, table dropped next\n"
        "-- freehold: unit transaction\n-- freehold: statement\n"
        'ALTER TABLE "public"."notes" DISABLE ROW LEVEL SECURITY;\n',
    ),
)
