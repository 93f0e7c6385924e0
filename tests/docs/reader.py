"""Follows pages as a reader would: imports once, then forks a process for each page it is given on standard input.

One line of JSON asks for a page: its directory, its environment, its steps. One line answers: what each step printed
and how it failed. The process that forks has no thread, no connection and no event loop. ``freehold`` and ``python``
are forked as well, because starting them anew would be most of the time.
"""

from __future__ import annotations

import ast
import asyncio
import atexit
import contextlib
import inspect
import io
import json
import os
import runpy
import shlex
import signal
import subprocess
import sys
import tempfile
import traceback
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Table

import freehold
from freehold.cli import main as freehold_command
from freehold.models import Model, schema_statements
from freehold.server import resolve
from freehold.settings import Settings
from freehold.wire import connect

_NAME = "page"
_LONGEST = 120
_SILENT = json.dumps({"crash": f"The page did not end within {_LONGEST} s, or its process died."})


class Reader:
    """One page being followed."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.module = types.ModuleType(_NAME)
        sys.modules[_NAME] = self.module
        self._steps: list[dict[str, Any]] = asked["steps"]
        self._root = Path(asked["root"])
        self._made: set[str] = set()

    def follow(self) -> list[dict[str, Any]]:
        """What became of each step, up to the first that fails without having to."""
        done: list[dict[str, Any]] = []
        with asyncio.Runner() as runner:
            for step in self._steps:
                done.append(self._take(step, runner))
                if done[-1]["error"] is not None and step["error"] is None:
                    break
            db = getattr(self.module, "db", None)
            if isinstance(db, freehold.Database):
                runner.run(db.close())
        return done

    def _take(self, step: dict[str, Any], runner: asyncio.Runner) -> dict[str, Any]:
        if step["kind"] == "command":
            return _type(step["text"])
        if step["kind"] == "file":
            Path(step["file"]).write_text(step["text"], encoding="utf-8")
            return {"output": "", "error": None}
        if step["kind"] == "diff":
            _patch(Path(step["file"]), step["text"])
            return {"output": "", "error": None}
        return self._run(step, runner)

    def _run(self, step: dict[str, Any], runner: asyncio.Runner) -> dict[str, Any]:
        before = set(Model.metadata.tables.values())
        output = io.StringIO()
        try:
            with contextlib.redirect_stdout(output):
                self._execute(step, runner)
            self._make_tables()
        except Exception as error:  # noqa: BLE001 - whatever a reader would see
            for table in set(Model.metadata.tables.values()) - before:
                _forget(table)
            return {"output": output.getvalue(), "error": str(error), "trace": traceback.format_exc()}
        return {"output": output.getvalue(), "error": None}

    def _execute(self, step: dict[str, Any], runner: asyncio.Runner) -> None:
        path = str(self._root / step["page"])
        padded = "\n" * (step["line"] - 1) + step["text"]  # so that a traceback names the line of the page
        code = compile(padded, path, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        if code.co_flags & inspect.CO_COROUTINE:
            runner.run(eval(code, vars(self.module)))
        else:
            exec(code, vars(self.module))

    def _make_tables(self) -> None:
        """What ``freehold generate`` and ``freehold migrate`` do, for the models declared since."""
        mappers: Any = Model.registry.mappers
        declared = dict.fromkeys((Model.metadata, *(mapper.class_.metadata for mapper in mappers)))
        statements = [each for metadata in declared for each in schema_statements(metadata)]
        fresh = [each for each in statements if each not in self._made]
        if not fresh:
            return
        with resolve(Settings.load()) as endpoints, connect(endpoints.owner or "") as owner:
            for statement in fresh:
                owner.execute(statement.encode())
        self._made.update(fresh)


def _forget(table: Table) -> None:
    """A model that was refused may be declared again, corrected, under the same name."""
    table.metadata.remove(table)


def _type(command: str) -> dict[str, Any]:
    words = shlex.split(command)
    if words[0] == "export":
        name, _, value = words[1].partition("=")
        os.environ[name] = value
        return {"output": "", "error": None}
    with tempfile.TemporaryFile("w+") as shown:
        status = _status(command, words, shown.fileno())
        shown.seek(0)
        text = shown.read()
    return {"output": text, "error": text if status else None, "trace": f"{command}\nexit code {status}"}


def _status(command: str, words: list[str], shown: int) -> int:
    if words[0] == "freehold":
        return _forked(words, freehold_command, shown)
    if words[0] == "python":
        return _forked(words[1:], lambda: runpy.run_path(words[1], run_name="__main__"), shown)
    return subprocess.run(["bash", "-c", command], stdout=shown, stderr=shown, check=False).returncode


def _forked(argv: list[str], program: Callable[[], object], shown: int) -> int:
    """The exit code of ``program`` in a process of its own."""
    if (pid := os.fork()) != 0:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    status = 1
    try:
        os.dup2(shown, 1)
        os.dup2(shown, 2)
        sys.argv, sys.path[0] = argv, str(Path.cwd())
        program()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter would
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _patch(file: Path, diff: str) -> None:
    lines = diff.splitlines()
    old = "\n".join(line[1:] for line in lines if not line.startswith("+"))
    new = "\n".join(line[1:] for line in lines if not line.startswith("-"))
    text = file.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise ValueError(f"the diff does not fit {file}")
    file.write_text(text.replace(old, new), encoding="utf-8")


def _child(asked: dict[str, Any], answer: int) -> None:
    signal.alarm(_LONGEST)
    os.environ.update(asked["environment"])
    os.chdir(asked["directory"])
    warnings.filterwarnings("ignore", "This declarative base already contains a class")
    try:
        text = json.dumps({"done": Reader(asked).follow()})
    except BaseException:  # noqa: BLE001 - the test shows it
        text = json.dumps({"crash": traceback.format_exc()})
    with os.fdopen(answer, "w") as pipe:
        pipe.write(text)
    atexit._run_exitfuncs()
    os._exit(0)


def main() -> None:
    """Answers until standard input ends."""
    for line in sys.stdin:
        receive, send = os.pipe()
        if (pid := os.fork()) == 0:
            os.close(receive)
            _child(json.loads(line), send)
        os.close(send)
        with os.fdopen(receive) as pipe:
            answer = pipe.read()
        os.waitpid(pid, 0)
        sys.stdout.write((answer or _SILENT) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
