"""Follows pages as a reader would: imports once, then forks a process for each page it is given on standard input.

One line of JSON asks for a page: its directory, its environment, its steps. One line answers: what each step printed
and how it failed. The process that forks has no thread, no connection and no event loop.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import json
import os
import subprocess
import sys
import traceback
import types
import warnings
from pathlib import Path
from typing import Any

from sqlalchemy import Table

import freehold
from freehold.models import Model, schema_statements
from freehold.server import resolve
from freehold.settings import Settings
from freehold.wire import connect

_NAME = "page"


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
                if done[-1]["error"] and not step["error"]:
                    break
            db = getattr(self.module, "db", None)
            if isinstance(db, freehold.Database):
                runner.run(db.close())
        return done

    def _take(self, step: dict[str, Any], runner: asyncio.Runner) -> dict[str, Any]:
        if step["kind"] == "sh":
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
        fresh = [each for each in schema_statements(Model.metadata) if each not in self._made]
        if not fresh:
            return
        with resolve(Settings.load()) as endpoints, connect(endpoints.owner or "") as owner:
            for statement in fresh:
                owner.execute(statement.encode())
        self._made.update(fresh)


def _forget(table: Table) -> None:
    """A model that was refused may be declared again, corrected, under the same name."""
    table.metadata.remove(table)


def _type(commands: str) -> dict[str, Any]:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, check=False,
    )  # fmt: skip
    failed = done.stdout if done.returncode else None
    return {"output": done.stdout, "error": failed, "trace": f"exit code {done.returncode}"}


def _patch(file: Path, diff: str) -> None:
    lines = diff.splitlines()
    old = "\n".join(line[1:] for line in lines if not line.startswith("+"))
    new = "\n".join(line[1:] for line in lines if not line.startswith("-"))
    text = file.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise ValueError(f"the diff does not fit {file}")
    file.write_text(text.replace(old, new), encoding="utf-8")


def _child(asked: dict[str, Any], answer: int) -> None:
    os.environ.update(asked["environment"])
    os.chdir(asked["directory"])
    warnings.filterwarnings("ignore", "This declarative base already contains a class")
    with os.fdopen(answer, "w") as pipe:
        try:
            json.dump({"done": Reader(asked).follow()}, pipe)
        except BaseException:  # noqa: BLE001 - the test shows it
            json.dump({"crash": traceback.format_exc()}, pipe)
            pipe.flush()
            os._exit(1)
        pipe.flush()
    sys.stdout.flush()
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
        print(answer, flush=True)


if __name__ == "__main__":
    main()
