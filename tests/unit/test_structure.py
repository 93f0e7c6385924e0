"""The shape of the house: floors without cycles, one door per third party, modules with one idea, clean files."""

from __future__ import annotations

import re
import sys
import tomllib
from collections import defaultdict
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import grimp
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "freehold"
LONGEST_MODULE = 450
HOUSE_LANGUAGE = {"sqlalchemy", "pydantic", "pydantic_core", "typing_extensions"}
GENERATED = {"__pycache__", "_build", "results"}
PRIVATE = (".env", ".coverage", ".DS_Store")
# Written so that the pattern does not find itself.
PLACES = re.compile(
    r"index[-]url|extra[-]index|find[-]links|pypi[.]org|python[h]osted|npm[j]s[.]|[/]opt/|[/]work/|[/]root/"
)


@cache
def _imports() -> grimp.ImportGraph:
    return grimp.build_graph("freehold", include_external_packages=True, cache_dir=None)


def _files() -> Iterator[Path]:
    """What belongs to the repository: the files beside pyproject.toml, and its folders."""
    yield from (
        path for path in ROOT.iterdir() if path.is_file() and not path.name.startswith(PRIVATE) and path.name != ".git"
    )
    for folder in (".ci", "src", "examples", "tests", "benchmarks", "docs"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and GENERATED.isdisjoint(path.relative_to(ROOT).parts):
                yield path


def _doors() -> dict[str, set[str]]:
    """Third party to the packages that may import it, from the import-linter contracts."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    doors: dict[str, set[str]] = defaultdict(set)
    for contract in contracts:
        for allowed in contract.get("ignore_imports", ()):
            importer, third_party = allowed.split(" -> ")
            doors[third_party].add(importer.split(".")[1])
    return doors


def _third_parties() -> dict[str, set[str]]:
    """Third party to the packages that do import it."""
    graph = _imports()
    outside = {name for name in graph.modules if graph.is_module_squashed(name)} - sys.stdlib_module_names
    return {
        name: {importer.split(".")[1] for importer in graph.find_modules_that_directly_import(name)}
        for name in outside - HOUSE_LANGUAGE
    }


def test_imports_have_no_cycle() -> None:
    """Modules can be put in an order in which each imports only what came before."""
    graph = _imports()
    inside = {name for name in graph.modules if not graph.is_module_squashed(name)}
    order = TopologicalSorter({name: graph.find_modules_directly_imported_by(name) & inside for name in inside})
    try:
        order.prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(reversed(error.args[1])))


def test_every_third_party_has_a_door() -> None:
    """A third party is imported only by the packages that a contract in pyproject.toml names for it."""
    doors = _doors()
    through_the_wall = {name: users - doors[name] for name, users in _third_parties().items() if users - doors[name]}
    assert not through_the_wall


def test_the_doors_are_seen() -> None:
    """The positive control: the graph shows psycopg behind its door."""
    assert "wire" in _third_parties()["psycopg"]


def test_a_module_holds_one_idea() -> None:
    """Nothing in src or examples is longer than a reader's patience."""
    modules = [path for folder in ("src", "examples") for path in (ROOT / folder).rglob("*.py")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules}
    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_no_file_names_a_machine_or_an_index() -> None:
    """Addresses of package indexes and paths of somebody's machine stay out of the repository."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match.group()}"
        for path in _files()
        for number, line in enumerate(path.read_text(errors="ignore").splitlines(), 1)
        if (match := PLACES.search(line))
    ]
    assert not found


def test_every_package_is_on_the_code_map() -> None:
    """docs/explanation/code-map.md names each module and package directly below freehold."""
    code_map = (ROOT / "docs" / "explanation" / "code-map.md").read_text()
    packages = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert {name for name in packages if not name.startswith("_") and f"`{name}`" not in code_map} == set()


def test_sql_and_type_marker_are_in_the_package() -> None:
    """Files that are not Python lie inside the package, where the wheel takes them from."""
    assert (PACKAGE / "py.typed").is_file()
