"""AU821: an executed attack had another outcome than the models declare."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.found import Fix, Found, Severity
from freehold.audit.matrix import Matrix, attempts, grouped
from freehold.audit.rule import Rule


def _check(matrix: Matrix) -> Iterator[Found]:
    wrong = [cell for cell in matrix.cells if cell.observed != cell.expected]
    for table, command, cells in grouped(wrong):
        observed = cells[0].observed
        same = [cell for cell in cells if cell.observed == observed]
        yield Found(
            table,
            f"{command} on {table} was {observed}, and must not be: {attempts(same)}.",
            Fix(python="freehold audit database  # the rule that says why; then freehold prove again"),
            key=f"{command} {attempts(cells)}",
        )


RULE = Rule(
    id="AU821",
    title="A cell of the isolation matrix is wrong",
    severity=Severity.ERROR,
    why="The statement was run as that caller, on rows of two users. No argument about policies outweighs it.",
    remedy="Find the policy, grant or view that let it through; the other findings of the table usually name it.",
    about=Matrix,
    check=_check,
)
