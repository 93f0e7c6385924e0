"""Source code as rules look at it: parsed, never imported, with what stands around each call."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from freehold.audit.found import Edit, Fix, Found, Gap, Place

_LEFT_OUT: Final = frozenset({
    "__pycache__", "_build", "build", "dist", "env", "node_modules", "site-packages", "tests", "test", "venv", "versions",
})  # fmt: skip
_ACCEPTED: Final = re.compile(r"#\s*audit:\s*(AU\d{3})\s+(\S.*)$")
_RAW: Final = frozenset({"raw", "execute", "exec_driver_sql", "executemany", "fetch", "fetchrow", "fetchval", "text"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One file of Python."""

    path: str
    text: str = field(repr=False)
    tree: ast.Module = field(repr=False)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def calls(self) -> tuple[ast.Call, ...]:
        """Every call."""
        return tuple(node for node in self.nodes if isinstance(node, ast.Call))

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """Every function."""
        return tuple(node for node in self.nodes if isinstance(node, Function))

    @cached_property
    def imported(self) -> dict[str, str]:
        """The names that imports bind, and what they are: ``jwt`` is ``jwt``, ``decode`` is ``jwt.decode``."""
        found: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
        return found

    def name_of(self, node: ast.expr) -> str:
        """A dotted name with its first part as imported; empty for anything else."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            base = self.name_of(node.value)
            return f"{base}.{node.attr}" if base else f".{node.attr}"
        return ""

    def found(self, node: ast.expr | ast.stmt, message: str, python: str, edit: tuple[str, str] | None = None) -> Found:
        """What a rule found at a node; the key is the line's text, so that it stays the same when lines move."""
        place = Place(self.path, node.lineno)
        line = self.text.splitlines()[node.lineno - 1].strip()
        change = Edit(place, *edit) if edit and self._line(place).count(edit[0]) == 1 else None
        return Found(self.path, message, Fix(python=python, edit=change), key=line, place=place)

    def _line(self, place: Place) -> str:
        return self.text.splitlines()[place.line - 1]

    @cached_property
    def accepted(self) -> dict[tuple[str, int], str]:
        """Rules that a comment with a reason accepts, by rule and line: ``# audit: AU703 a list of our own names``."""
        found: dict[tuple[str, int], str] = {}
        for number, line in enumerate(self.text.splitlines(), start=1):
            if match := _ACCEPTED.search(line):
                found[match[1], number if line.split("#")[0].strip() else number + 1] = match[2]
        return found


def sql_calls(module: Module) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Calls that take SQL text, with the argument that is it."""
    for call in module.calls:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in _RAW and call.args:
            yield call, call.args[0]


def literal(node: ast.expr) -> str | None:
    """The text of a string constant; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
        return node.value if isinstance(node.value, str) else node.value.decode(errors="replace")
    return None


def read_sources(paths: Sequence[Path]) -> tuple[tuple[Module, ...], tuple[Gap, ...]]:
    """The modules below ``paths``, without tests, environments and revisions, and what could not be read or parsed."""
    modules: list[Module] = []
    gaps: list[Gap] = []
    for file in _files(paths):
        name = shown(file)
        try:
            text = file.read_text(encoding="utf-8")
            modules.append(Module(name, text, ast.parse(text)))
        except (OSError, UnicodeDecodeError, SyntaxError, ValueError) as error:
            line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
            gaps.append(
                Gap(name, f"it cannot be parsed ({type(error).__name__}{line})", f"python -m py_compile {name}")
            )
    return tuple(modules), tuple(gaps)


def shown(file: Path | str) -> str:
    """A path as people read it: relative to the working directory where it lies below it."""
    file = Path(file)
    try:
        return file.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return file.as_posix()


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_file():
            yield path
            continue
        for file in sorted(path.rglob("*.py")):
            parts = file.relative_to(path).parts
            hidden = any(part in _LEFT_OUT or part.startswith(".") for part in parts[:-1])
            if not hidden and not parts[-1].startswith("test_") and parts[-1] != "conftest.py":
                yield file
