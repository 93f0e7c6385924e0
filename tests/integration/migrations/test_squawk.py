"""squawk's opinion of what is generated, and what happens without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from freehold.errors import Code, MigrationError
from freehold.migrations import squawk
from freehold.migrations.history import load
from freehold.migrations.script import Script, Unit
from freehold.migrations.squawk import program, refuse_squawked, unparsable

ROOT = Path(__file__).parents[3]


def test_squawk_is_asked_here() -> None:
    """The development environment has it, so that the tests of the corpus, each asking it, do ask it."""
    assert program() is not None


def test_what_squawk_finds_is_refused() -> None:
    """With its rule, the statement and where to read on."""
    unit = Unit(("ALTER TABLE tasks ADD COLUMN n integer NOT NULL", "ALTER TABLE tasks ADD CONSTRAINT c CHECK (n > 0)"))
    with pytest.raises(MigrationError) as refused:
        refuse_squawked(Script("abc", (), (), (unit,)))
    assert refused.value.code is Code.CHANGE_UNSAFE
    assert "ADD COLUMN n" in (refused.value.detail or "")
    assert "squawkhq.com" in (refused.value.hint or "")


def test_what_is_no_sql_is_told_as_such() -> None:
    """The statement, and not a page about a rule; what is SQL is not among it."""
    script = Script("abc", (), (), (Unit(("ALTER TABLE tasks FORCE ROW LEVEL SEKURITY", "SELECT 1")),))
    assert unparsable([script]) == ["ALTER TABLE tasks FORCE ROW LEVEL SEKURITY;"]
    assert unparsable([]) == []
    with pytest.raises(MigrationError, match="syntax-error") as refused:
        refuse_squawked(script)
    assert "freehold repair" in (refused.value.hint or "")


def test_without_squawk_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """False, which the command line shows; nothing fails."""
    monkeypatch.setattr(squawk, "program", lambda: None)
    assert refuse_squawked(Script("abc", (), (), (Unit(("ALTER TABLE t ADD COLUMN n integer NOT NULL",)),))) is False


@pytest.mark.parametrize("example", ["profiles", "coding_agents"])
def test_the_examples_are_clean(example: str) -> None:
    """Their migrations are made by the tool."""
    for revision in load(ROOT / "examples" / example / "migrations").revisions:
        assert refuse_squawked(revision.up)
