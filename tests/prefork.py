"""`freehold` as a shell runs it, without the wait: one process imports it and forks for each command.

Each command has a process, a folder, an environment and streams of its own, so that nothing of it stays behind; what it
does not have is half a second of imports.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, Self

_IMPORTED: Final = (
    "audit.look", "audit.repair", "cli.app", "cli.audit_text", "migrations.generate", "migrations.apply", "models.load",
    "pull", "server",
)  # fmt: skip
_PATIENCE: Final = 120
_SERVER: Final = """
import importlib, json, os, signal, sys
for name in sys.argv[1].split():
    importlib.import_module("freehold." + name)
from freehold.cli.app import main
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if child == 0:
        signal.alarm(asked["patience"])
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.path[:0] = [asked["folder"], *filter(None, os.environ.get("PYTHONPATH", "").split(":"))]
        sys.argv = ["freehold", *asked["arguments"]]
        for number, path in ((0, os.devnull), (1, asked["out"]), (2, asked["err"])):
            os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
        main()
        sys.exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Prefork:
    """Runs commands, one after the other."""

    def __init__(self, directory: Path) -> None:
        self._streams = directory / "out", directory / "err"
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, " ".join(_IMPORTED)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=directory,
            env={"PATH": os.environ["PATH"], "HOME": str(directory), "COLUMNS": "100"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=_PATIENCE)

    def run(self, folder: Path, *arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """What `subprocess.run` gives for ``freehold arguments``; killed after two minutes."""
        out, err = self._streams
        asked: dict[str, Any] = {
            "arguments": arguments,
            "folder": str(folder),
            "environment": environment,
            "patience": _PATIENCE,
            "out": str(out),
            "err": str(err),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return subprocess.CompletedProcess(arguments, code, out.read_text(), err.read_text())
