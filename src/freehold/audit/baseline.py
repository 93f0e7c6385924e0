"""A baseline: findings that were looked at and accepted, each with its reason, in a file that is reviewed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from freehold.audit.finding import Finding
from freehold.errors import Code, ConfigurationError

_UNREVIEWED = "was there when the baseline was made"


@dataclass(frozen=True)
class Baseline:
    """``reasons``: why each finding is accepted, by fingerprint."""

    reasons: Mapping[str, str]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises `ConfigurationError` (FH801) for a file that is none."""
        rows: list[dict[str, Any]] = document(path).get("accepted", [])
        try:
            return cls({str(row["fingerprint"]): str(row["reason"]) for row in rows})
        except (TypeError, KeyError):
            raise unreadable(path, "an entry lacks a fingerprint or a reason") from None

    def with_findings(self, findings: Iterable[Finding]) -> str:
        """The file that accepts ``findings``: reasons that were written stay, gone findings go."""
        rows = [
            {
                "fingerprint": each.fingerprint,
                "rule": each.rule.id,
                "subject": each.found.subject,
                "reason": self.reasons.get(each.fingerprint, _UNREVIEWED),
            }
            for each in sorted(findings, key=lambda each: each.order)
        ]
        return json.dumps({"version": 1, "accepted": rows}, indent=2) + "\n"


def document(path: Path) -> dict[str, Any]:
    """A JSON object from a file. Raises `ConfigurationError` (FH801)."""
    try:
        loaded: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise unreadable(path, type(error).__name__) from None
    if not isinstance(loaded, dict):
        raise unreadable(path, "it holds no JSON object")
    return loaded  # pyright: ignore[reportUnknownVariableType]


def unreadable(path: Path, why: str) -> ConfigurationError:
    """The error for a baseline or an earlier report that cannot be used."""
    return ConfigurationError(
        Code.BASELINE_UNREADABLE,
        f"{path} cannot be read as a baseline or a report ({why}).",
        hint=f"freehold audit --baseline {path} --update-baseline writes a baseline; freehold audit --json a report.",
    )
