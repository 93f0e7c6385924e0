"""What DDL was seen to make is believed where nothing that decides about it has changed, and nowhere else."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from freehold.migrations import accept
from freehold.migrations.generate import generate, pending_changes, sound
from freehold.migrations.history import load
from freehold.migrations.recall import Recall
from freehold.migrations.shadow import Cluster
from tests.integration.migrations.conftest import APP, BASE, Origin, Target

MORE = "create table public.more (id bigint primary key)"


def _no_server() -> Cluster:
    raise AssertionError("a server was asked for")


@pytest.fixture
def recall(tmp_path: Path) -> Recall:
    """One that has seen nothing."""
    found = Recall.of(tmp_path / "seen", APP)
    assert found is not None
    return found


def test_models_that_were_seen_need_no_server(target: Target, recall: Recall) -> None:
    """The first check asks a server, the second does not; nor does it for what generate has just written."""
    with pytest.raises(AssertionError, match="a server was asked for"):
        pending_changes(BASE, sound(target.directory), _no_server, recall)  # type: ignore[arg-type]
    assert pending_changes(BASE, sound(target.directory), target.shadows, recall) == ()
    assert pending_changes(BASE, sound(target.directory), _no_server, recall) == ()  # type: ignore[arg-type]
    statements = (*BASE, MORE)
    assert generate(statements, target.directory, "more", target.cluster, recall=recall)
    assert pending_changes(statements, sound(target.directory), _no_server, recall) == ()  # type: ignore[arg-type]


def test_models_that_differ_are_found_also_when_they_were_seen(target: Target, recall: Recall) -> None:
    """Only agreement is believed: a difference is looked at, and named, each time."""
    for _ in range(2):
        changes = pending_changes((*BASE, MORE), sound(target.directory), target.shadows, recall)
        assert any("public.more" in str(change) for change in changes)


def test_what_decides_about_facts_is_part_of_what_is_remembered(origin: Origin, recall: Recall) -> None:
    """Another program, another set of roles, other statements, or facts that `repair` gave up: none is believed."""
    history = load(origin.directory)
    recall.keep(BASE, history.revisions[-1].up.facts)
    assert recall.agrees(BASE, history)
    other = Recall.of(recall.directory, "another")
    assert other is not None
    assert not other.agrees(BASE, history)
    assert not dataclasses.replace(recall, server="another").agrees(BASE, history)
    assert not recall.agrees(BASE[:-1], history)
    assert not recall.agrees(BASE, dataclasses.replace(history, kept=None))


def test_a_history_that_was_edited_and_accepted_is_looked_at(target: Target, recall: Recall) -> None:
    """`repair` takes the files as they are, so what their header says of facts no longer counts."""
    assert pending_changes(BASE, sound(target.directory), target.shadows, recall) == ()
    (script,) = (target.directory / "versions").glob("*.up.sql")
    script.write_text(f"{script.read_text()}\n-- freehold: statement\n\n{MORE};\n")
    accept(target.directory)
    changes = pending_changes(BASE, sound(target.directory), target.shadows, recall)
    assert [change.verb for change in changes if "public.more" in str(change)]


def test_what_is_damaged_or_cannot_be_written_is_nothing(recall: Recall) -> None:
    """It costs time, and is no error; the oldest go when there are many."""
    for number in range(120):
        recall.keep((str(number),), f"{'0' * 64} 18")
    assert len(list(recall.directory.iterdir())) <= 102
    assert (recall.directory / ".gitignore").read_text() == "*\n"
    assert recall.facts(("119",)) == f"{'0' * 64} 18"
    for file in recall.directory.iterdir():
        file.write_text("damaged")
    assert recall.facts(("119",)) is None
    blocked = dataclasses.replace(recall, directory=recall.directory / next(recall.directory.iterdir()).name)
    blocked.keep(("1",), f"{'0' * 64} 18")
    assert blocked.facts(("1",)) is None


def test_a_table_without_a_row_in_the_proof_is_named(target: Target) -> None:
    """A constraint that the made-up row does not fulfil leaves the table empty, and the summary says so."""
    picky = "create table public.picky (id bigint primary key, code text not null check (length(code) = 7))"
    first = target.generate(picky)
    assert first is not None
    assert not any("picky" in line for line in first.summary)  # it was not there before
    second = target.generate(picky, MORE, message="more")
    assert second is not None
    assert any("none could be made for table public.picky" in line for line in second.summary)
