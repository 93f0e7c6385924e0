"""Programs of their own among the benchmarks: which names are whose, and their place on the page."""

from __future__ import annotations

import importlib.util

import pytest

from benchmarks.case import CASES, OWN, own_programs, owner_of
from benchmarks.section import Section, carried_over

SECTION = Section("sealing", "what it costs", "About.", ("case", "freehold"))
PAGE = "# Benchmarks\n\n## list20: a list\n\nx\n\n## Notes\n\n- Cases.\n"


@pytest.mark.parametrize("name", ["clone", "generate100", "check8", "seal64", "open4k", "sealed20", "rotate"])
def test_a_name_has_one_program(name: str) -> None:
    """A case of its own is not one of the peers' too, and its program is there."""
    program = owner_of(name)
    assert program is not None
    assert name not in CASES
    assert importlib.util.find_spec(program) is not None


@pytest.mark.parametrize("name", ["list21", "seal65", "rotates", "generate", "list20"])
def test_other_names_have_none(name: str) -> None:
    """The control: a misspelt name is an error, and a peers' case is theirs."""
    assert owner_of(name) is None


def test_programs_get_the_names_that_were_asked_for() -> None:
    """Each is started once with its own names; without names every program measures all it has."""
    assert own_programs(["seal64", "list20", "check8", "rotate"]) == {
        "benchmarks.sealing": ["seal64", "rotate"],
        "benchmarks.migration": ["check8"],
    }
    assert own_programs([]) == {program: [] for program in OWN.values()}


def test_a_section_replaces_itself_and_nothing_else() -> None:
    """The first time before the notes, then in its place."""
    once = SECTION.placed(PAGE, {"seal64": ("1 µs",)})
    assert "| seal64 | 1 µs |" in once
    assert once.index("## list20") < once.index("## sealing") < once.index("## Notes")
    twice = SECTION.placed(once, {"seal64": ("2 µs",), "open64": ("3 µs",)})
    assert (twice.count("## sealing"), "1 µs" in twice, "| open64 | 3 µs |" in twice) == (1, False, True)
    assert twice.count("## Notes") == twice.count("## list20") == 1


def test_a_new_page_keeps_the_sections_of_programs() -> None:
    """A whole run of the peers' cases must not drop what others have measured, nor keep what it has measured itself."""
    old = SECTION.placed(PAGE, {"seal64": ("1 µs",)})
    new = carried_over(PAGE.replace("\nx\n", "\ny\n"), old)
    assert "| seal64 | 1 µs |" in new
    assert (new.count("## list20"), "\nx\n" in new) == (1, False)
