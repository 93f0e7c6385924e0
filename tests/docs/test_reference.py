"""The reference pages list what there is: no more, and no less."""

from __future__ import annotations

import importlib
import re
from pathlib import PurePath

import pytest
import typer.main

import freehold
from freehold.cli.app import app
from freehold.cli.exits import Exit
from freehold.settings import Settings
from tests.docs.page import ROOT

REFERENCE = ROOT / "docs" / "reference"
_GROUP = typer.main.get_group(app)
COMMANDS = {name: _GROUP.get_command(None, name) for name in _GROUP.list_commands(None)}  # type: ignore[arg-type]


def _rows(page: str) -> list[list[str]]:
    """The cells of every table of a page, without their heads."""
    lines = (REFERENCE / page).read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    heads = {place for place, row in enumerate(cells) if place and set("".join(row)) <= set("-: ")}
    return [row for place, row in enumerate(cells) if place not in heads and place + 1 not in heads]


def _code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def _section(command: str) -> str:
    """What the page says under the heading of a command."""
    found = re.search(
        rf"^## {command}\n(.*?)(?=^## |\Z)", (REFERENCE / "commands.md").read_text(), re.MULTILINE | re.DOTALL
    )
    assert found, f"commands.md has no heading for {command}"
    return found[1]


def test_every_command_is_described() -> None:
    """The headings of the page are the commands of the application."""
    headings = re.findall(r"^## ([a-z]+)$", (REFERENCE / "commands.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_option_is_described(command: str) -> None:
    """Each command's table has its options, the short ones included, and no others."""
    names = {name for option in COMMANDS[command].params for name in (*option.opts, *option.secondary_opts)}
    known = {name for name in names if name.startswith("-")}  # the others are arguments
    shown = {
        name for line in _section(command).splitlines() if line.startswith("| `-") for name in _code(line.split("|")[1])
    }
    assert shown == known - {"--help"}


def test_every_exit_code_is_described() -> None:
    """The table of exit codes is the enumeration."""
    codes = [int(row[0]) for row in _rows("commands.md") if row[0].isdigit()]
    assert codes == sorted(Exit)


def test_every_setting_is_described() -> None:
    """The table of settings has each field with its variable and its default."""
    shown = {_code(row[0])[0]: (_code(row[1])[0], row[2]) for row in _rows("settings.md")}
    assert list(shown) == list(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        variable, default = shown[name]
        assert variable == field.validation_alias
        if field.default is not None:
            plain = field.default.as_posix() if isinstance(field.default, PurePath) else str(field.default)
            assert default == f"`{plain}`"


def test_every_export_is_described() -> None:
    """The tables of the public API, up to the other modules, name what `freehold` exports."""
    page = (REFERENCE / "public-api.md").read_text().partition("## Other modules")[0]
    cells = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert sorted(name for cell in cells for name in _code(cell)) == sorted(freehold.__all__)


def test_the_verbs_are_those_of_a_scope() -> None:
    """The row of `Scope` names its public methods."""
    row = next(row for row in _rows("public-api.md") if row[0] == "`Scope`")
    assert sorted(_code(row[1])[0].split()) == sorted(name for name in vars(freehold.Scope) if not name.startswith("_"))


def test_other_modules_have_what_the_page_says() -> None:
    """Each module beside the package's own exports has the names that stand beside it."""
    rows = [row for row in _rows("public-api.md") if _code(row[0])[0].startswith("freehold.")]
    assert rows
    for module, names in ((_code(row[0])[0], _code(row[1])) for row in rows):
        loaded = importlib.import_module(module)
        assert [name for name in names if not hasattr(loaded, name)] == []
