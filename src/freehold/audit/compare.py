"""What is new in a report against an earlier one: findings, gaps, and cells of the matrix that became weaker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from freehold.audit.baseline import document, unreadable
from freehold.audit.finding import Finding
from freehold.audit.found import Gap
from freehold.audit.matrix import Matrix, weakened
from freehold.audit.report import Report


@dataclass(frozen=True)
class Difference:
    """``gone`` are sentences: what the earlier report had and this one has not."""

    new: tuple[Finding, ...]
    gone: tuple[str, ...]
    unlooked: tuple[Gap, ...]
    weakened: tuple[str, ...]

    @property
    def worse(self) -> bool:
        """Whether anything is worse than before."""
        return bool(self.new or self.unlooked or self.weakened)

    @classmethod
    def between(cls, path: Path, report: Report) -> Self:
        """The difference from the report in ``path``, which ``--json`` wrote. Raises `ConfigurationError` (FH801)."""
        earlier = document(path)
        try:
            before: dict[str, Any] = {row["fingerprint"]: row for row in earlier["findings"]}
            gaps = {row["what"] for row in earlier["not_checked"]}
            matrix = Matrix.of(earlier["matrix"]) if earlier.get("matrix") else None
        except (KeyError, TypeError, ValueError):
            raise unreadable(path, "it is no report of freehold audit --json") from None
        now = {each.fingerprint for each in report.findings}
        gone = tuple(f"{row['rule']} {row['message']}" for key, row in before.items() if key not in now)
        return cls(
            tuple(each for each in report.findings if each.fingerprint not in before),
            gone,
            tuple(gap for gap in report.gaps if gap.needed and gap.what not in gaps),
            _weakened(matrix, report.matrix),
        )


def _weakened(before: Matrix | None, after: Matrix | None) -> tuple[str, ...]:
    if before is None:
        return ()
    return (
        tuple(weakened(before, after))
        if after is not None
        else ("the isolation matrix is missing; it was there before",)
    )
