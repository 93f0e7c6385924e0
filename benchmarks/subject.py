"""A peer as the harness sees it: a process that is told what to do, and why it is missing where it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from benchmarks.node import Node

PEERS: Final = (
    "freehold",
    "freehold_adhoc",
    "asyncpg_bare",
    "asyncpg_pool",
    "asyncpg_scoped",
    "psycopg_scoped",
    "psycopg_pipeline",
    "sqlalchemy_core",
    "sqlalchemy_orm",
    "django_orm",
    "tortoise_orm",
    "drizzle",
    "freehold_http",
    "fastapi_sqlalchemy",
)
FLOOR: Final = "asyncpg_bare"
_ROOT: Final = Path(__file__).parents[1]


class PeerError(Exception):
    """A peer failed, or gave something else than it should."""


@dataclass
class Subject:
    """The process of one peer. `greet` waits until it is ready to be told something."""

    name: str
    command: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None
    skipped: str | None = None
    title: str = ""
    scoped: bool = True
    note: str = ""
    cases: list[str] = field(default_factory=list)
    packages: dict[str, str] = field(default_factory=dict)

    @classmethod
    def start(cls, name: str, loop: str, node: Node) -> Self:
        """Starts the process; several start side by side."""
        if name == "drizzle":
            script, reason = node.script(Path(__file__).parent / "peers" / "drizzle.mjs")
            if script is None:
                return cls(name, skipped=reason)
            command = ["node", str(script)]
        else:
            command = [sys.executable, "-m", "benchmarks.worker", name, loop]
        return cls(name, command, _spawn(command))

    def renew(self) -> None:
        """Goes on in a new process: what the old one did has left its memory larger."""
        self.end()
        self.process = _spawn(self.command)
        self.greet()

    def greet(self) -> None:
        """Takes the first thing the process says: what it is, or why it cannot take part."""
        if self.process is None:
            return
        hello = self._read()
        self.skipped = hello.get("skipped")
        if self.skipped is None:
            self.title, self.scoped, self.note = hello["title"], hello["scoped"], hello["note"]
            self.cases, self.packages = hello["cases"], hello["packages"]

    def tell(self, do: str, **message: Any) -> dict[str, Any]:
        """Has something done and gives the answer; raises `PeerError`."""
        if self.process is None or self.process.stdin is None:
            raise PeerError(f"{self.name} does not run")
        self.process.stdin.write(json.dumps({"do": do, **message}) + "\n")
        self.process.stdin.flush()
        answer = self._read()
        if "error" in answer:
            raise PeerError(f"{self.name}, {do} {message.get('case', '')}:\n{answer['error']}")
        return answer

    def end(self) -> None:
        """Ends the process."""
        if self.process is None:
            return
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def _read(self) -> dict[str, Any]:
        line = self.process.stdout.readline() if self.process and self.process.stdout else ""
        if not line:
            raise PeerError(f"{self.name} ended without an answer")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _spawn(command: list[str]) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(_ROOT), *sys.path)))}
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT, env=environment
    )
