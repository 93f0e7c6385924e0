"""The isolation matrix: wrong and unproven cells are findings, and a cell that became weaker is never overlooked."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from freehold.audit.found import Severity
from freehold.audit.matrix import Matrix, weakened
from freehold.audit.rules import found
from freehold.errors import ConfigurationError
from tests.unit.audit.sample import MATRIX


def _changed(**changes: object) -> Matrix:
    document: dict[str, Any] = copy.deepcopy(MATRIX)
    document["tables"][0]["cells"][1].update(changes)
    return Matrix.of(document)


def test_a_sound_matrix_has_no_finding() -> None:
    """Every denial with its control, every cell as expected."""
    assert list(found(Matrix.of(MATRIX))) == []


@pytest.mark.parametrize(
    ("changes", "rule"),
    [({"observed": "allowed"}, "AU821"), ({"control": "untested"}, "AU822"), ({"control": "failed"}, "AU822")],
)
def test_a_cell_that_is_wrong_or_unproven_is_found(changes: dict[str, str], rule: str) -> None:
    """One finding, named by command, form and caller."""
    ((other, each),) = found(_changed(**changes))
    assert (other.id, each.subject, each.key) == (rule, "public.tasks", "SELECT other (where)")


def test_a_function_that_needs_no_row_is_a_note() -> None:
    """Nothing that a proof can try would show more; a control that failed is no note."""
    for control, severity in (("untested", Severity.NOTE), ("failed", None)):
        document = copy.deepcopy(MATRIX)
        document["tables"][0]["kind"] = "function"
        document["tables"][0]["cells"][1]["control"] = control
        ((rule, each),) = found(Matrix.of(document))
        assert (rule.id, each.severity) == ("AU822", severity)


def test_untested_policies_and_disagreements_are_found() -> None:
    """What the proof itself complains about."""
    document = {
        **MATRIX,
        "untested_policies": ["public.tasks.p"],
        "disagreements": [{"name": "public.tasks", "reason": "r"}],
    }
    assert [rule.id for rule, _ in found(Matrix.of(document))] == ["AU822", "AU822"]


def test_what_became_weaker_is_said() -> None:
    """Denied to allowed, a lost control, a cell that is no longer tried; a dropped table is no weakness."""
    before = Matrix.of(MATRIX)
    assert list(weakened(before, before)) == []
    assert [each.split()[-2:] for each in weakened(before, _changed(observed="allowed"))] == [["is", "allowed"]]
    assert [each.split()[-1] for each in weakened(before, _changed(control="untested"))] == ["control"]
    fewer = copy.deepcopy(MATRIX)
    del fewer["tables"][0]["cells"][1]
    assert [each.split()[-1] for each in weakened(before, Matrix.of(fewer))] == ["tried"]
    assert list(weakened(before, Matrix.of({**MATRIX, "tables": []}))) == []
    assert list(weakened(_changed(observed="allowed"), before)) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 2}', '{"version": 1, "tables": [{}]}'])
def test_a_file_that_is_no_matrix_is_refused(text: str, tmp_path: Path) -> None:
    """With the command that writes one."""
    path = tmp_path / "m.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        Matrix.load(path)
    assert refused.value.code == "FH802"
    assert "freehold prove --json" in (refused.value.hint or "")
