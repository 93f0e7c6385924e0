"""The pinned files are in step with pyproject.toml: every requirement pinned, nothing else, hashes everywhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
ALWAYS = [
    *PROJECT["project"]["dependencies"],
    *(line for group in PROJECT["dependency-groups"].values() for line in group),
]
FILES = {
    "requirements.txt": [*ALWAYS, *EXTRAS["embedded"]],
    "requirements-dev.txt": [*ALWAYS, *(line for extra in EXTRAS.values() for line in extra)],
}
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+).*\n(?P<rest>(?: {4}.*\n)*)", re.MULTILINE)


def _pins(file: str) -> list[re.Match[str]]:
    return list(PIN.finditer((ROOT / file).read_text()))


def _asked(file: str) -> dict[str, Requirement]:
    return {canonicalize_name(each.name): each for each in map(Requirement, FILES[file])}


@pytest.mark.parametrize("file", FILES)
def test_the_pins_are_what_pyproject_asks_for(file: str) -> None:
    """The pins that are there for freehold's own sake are its requirements, no more and no fewer."""
    direct = {pin["name"] for pin in _pins(file) if "freehold (pyproject.toml" in pin["rest"]}
    assert direct == set(_asked(file))


@pytest.mark.parametrize("file", FILES)
def test_the_pins_satisfy_pyproject(file: str) -> None:
    """No pin is older than the version that is asked for."""
    asked = _asked(file)
    wrong = [
        pin.group(0)
        for pin in _pins(file)
        if pin["name"] in asked and not asked[pin["name"]].specifier.contains(pin["version"])
    ]
    assert not wrong


@pytest.mark.parametrize("file", [*FILES, "requirements-uv.txt"])
def test_every_pin_has_a_hash(file: str) -> None:
    """Whatever pip downloads, it can verify."""
    assert _pins(file)
    assert [pin["name"] for pin in _pins(file) if "--hash=sha256:" not in pin["rest"]] == []


def test_both_files_pin_the_same_versions() -> None:
    """What the demo runs on is what the tests ran on."""
    development = {(pin["name"], pin["version"]) for pin in _pins("requirements-dev.txt")}
    assert {(pin["name"], pin["version"]) for pin in _pins("requirements.txt")} <= development
