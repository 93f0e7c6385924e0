"""``make demo``: the platform on this machine, with an embedded PostgreSQL, three users, and a runner that works."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn

from examples.coding_agents.app import create_app
from examples.coding_agents.logger import set_up
from examples.coding_agents.place import DEFAULT_PORT, HOST, platform_settings, port, prepare
from examples.coding_agents.report import out, run_program
from examples.coding_agents.run import Terms
from examples.coding_agents.runner import DEMO_COMMAND, SubprocessRunner
from examples.coding_agents.seed import seed
from examples.coding_agents.sign_in import github
from freehold.auth import DevelopmentSessions, SignIn
from freehold.auth.key import key_in
from freehold.encryption import KeyProvider
from freehold.errors import Code, ConfigurationError
from freehold.scope import Database, keys_of
from freehold.server import Endpoints

_BACKLOG: Final = 128
_GRACE_SECONDS: Final = 0.5
_CONNECTIONS_SECONDS: Final = 1

_WELCOME: Final = """
[bold green]Coding agents[/] at [bold]{address}[/]  [dim](ready in {seconds:.1f} s; Ctrl-C stops it)[/]

[bold]Open it in a browser[/], choose who you are, and give an agent a task. Or use it from another terminal.

[bold]Sign in[/] as ada or as grace:
  ADA=$(curl -s {address}/dev/sign-in -H 'Content-Type: application/json' -d '{{"user_id":"ada"}}' | cut -d'"' -f4)
  GRACE=$(curl -s {address}/dev/sign-in -H 'Content-Type: application/json' -d '{{"user_id":"grace"}}' | cut -d'"' -f4)

[bold]Create a task[/] and watch it run:
  curl -s {address}/tasks -H "Authorization: Bearer $ADA" -H 'Content-Type: application/json' \\
    -d '{{"prompt":"Teach the engine to play a tune"}}'
  curl -s {address}/tasks?limit=3 -H "Authorization: Bearer $ADA"
  curl -sN {address}/tasks/<id>/logs/stream -H "Authorization: Bearer $ADA"
  curl -s {address}/tasks/<id>/continue -H "Authorization: Bearer $ADA" -H 'Content-Type: application/json' \\
    -d '{{"content":"Now in D minor"}}'

[bold]Everything else[/] is at {address}/openapi.json; agents speak MCP to {address}/mcp.

[bold]Ada tries to read Grace's task[/] over HTTP, in SQL, and by guessing ids; all three fail:
  {attack}
"""


class _Server(uvicorn.Server):
    """Uvicorn without its own handling of signals, which ends the process before the database is stopped."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def main() -> int:
    """Runs until Ctrl-C or SIGTERM; a second one does not wait for connections to end."""
    began = time.monotonic()
    set_up("WARNING")
    settings = platform_settings()
    with contextlib.closing(_listening(port())) as listener:
        sessions = DevelopmentSessions.from_directory(settings.directory, environment=settings.environment)
        with _interruptible(), prepare(settings) as endpoints:
            sign_in = github(settings.environment, key_in(settings.directory / "sign-in.key"))
            parts = _Parts(endpoints, keys_of(settings), sessions, sign_in, listener)
            code = asyncio.run(_serve(parts, began))
    out.print("[dim]stopped[/]")
    return code


@dataclass(frozen=True)
class _Parts:
    """What the demo is put together from."""

    endpoints: Endpoints
    keys: KeyProvider
    sessions: DevelopmentSessions
    sign_in: SignIn | None
    listener: socket.socket


async def _serve(parts: _Parts, began: float) -> int:
    async with Database(parts.endpoints.login, service_dsn=parts.endpoints.service, keys=parts.keys) as db:
        await seed(db)
        runner = SubprocessRunner(db, Terms(DEMO_COMMAND, grace=_GRACE_SECONDS))
        app = create_app(db, parts.sessions, runner, sign_in=parts.sign_in)
        config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=_CONNECTIONS_SECONDS)
        server = _Server(config, lambda: _welcome(parts.listener.getsockname()[1], time.monotonic() - began))

        def stop() -> None:
            server.force_exit = server.should_exit
            server.should_exit = True
            runner.changes.close()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        await server.serve(sockets=[parts.listener])
        return 0 if server.started else 1


def _welcome(chosen: int, seconds: float) -> None:
    python = os.path.relpath(sys.executable) if Path(sys.executable).is_relative_to(Path.cwd()) else sys.executable
    attack = f"{python} -m examples.coding_agents.attack"
    if chosen != DEFAULT_PORT:
        attack = f"PORT={chosen} {attack}"
    out.print(_WELCOME.format(address=f"http://{HOST}:{chosen}", seconds=seconds, attack=attack))


def _listening(number: int) -> socket.socket:
    """The socket to serve on, taken before anything else is started; raises `ConfigurationError` (FH313)."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, number))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            Code.PORT_IN_USE,
            f"Port {number} of {HOST} cannot be used.",
            detail=error.strerror,
            hint=f"Stop what uses it, or take another: PORT={number + 1 if number < 65535 else 8001} make demo",
        ) from None
    return listener


@contextlib.contextmanager
def _interruptible() -> Generator[None]:
    """SIGTERM ends the preparation as Ctrl-C does, so that nothing stays behind."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    run_program("examples.coding_agents.demo", "Run the coding-agents platform on this machine.", main)
