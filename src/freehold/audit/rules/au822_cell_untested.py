"""AU822: a denial that would have been seen as one whatever the policies say."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.found import Fix, Found, Severity
from freehold.audit.matrix import Matrix, attempts, grouped
from freehold.audit.rule import Rule


def _check(matrix: Matrix) -> Iterator[Found]:
    for policy in matrix.untested_policies:
        yield Found(
            policy,
            f"Removing {policy} changes no cell: nothing shows that it does anything.",
            Fix(python="# drop it, or give freehold prove rows that it tells apart"),
        )
    for name, reason in matrix.disagreements:
        yield Found(
            name,
            f"The executed and the symbolic proof disagree about {name}: {reason}",
            Fix(python="# one of them is wrong: look at both before you believe either"),
            key="disagreement",
        )
    unproven = (cell for cell in matrix.cells if cell.observed == "denied" and cell.control != "passed")
    for table, command, cells in grouped(unproven):
        quiet = all(cell.kind == "function" and cell.control == "untested" for cell in cells)
        yield Found(
            table,
            f"No call of {table} was seen to depend on the rows that were made: {attempts(cells)}."
            if quiet
            else f"{command} on {table} is denied, and no control shows that it would be seen otherwise: {attempts(cells)}.",
            Fix(python="freehold prove  # with controls"),
            severity=Severity.NOTE if quiet else None,
            key=f"{command} {attempts(cells)}",
        )


RULE = Rule(
    id="AU822",
    title="A cell of the isolation matrix is not proven",
    severity=Severity.ERROR,
    why="A denial counts only beside an attack that succeeds once the guard is removed. Without it an empty table, a "
    "misspelt name or a failed login looks like isolation. Of a function that may need no row at all it is a note.",
    remedy="Run freehold prove with its controls; drop or test a policy that changes nothing.",
    about=Matrix,
    check=_check,
)
