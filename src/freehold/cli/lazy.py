"""Commands whose modules are imported when they are asked for: none waits for what another one needs."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_group

_MODULES: Final = {
    "migration": ("generate", "backfill", "migrate", "status", "check", "rollback", "repair"),
    "adoption": ("pull", "baseline"),
    "history": ("sql", "squash", "merge"),
    "server": ("bootstrap",),
    "client": ("client",),
    "keys": ("keys",),
    "audit": ("audit",),
    "prove": ("prove",),
}
_PLACES: Final = {command: module for module, commands in _MODULES.items() for command in commands}


class Commands(TyperGroup):
    """All commands, in the order of the help; a module adds its own with ``register``."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command; for a name that is none all are there, so that what was meant can be suggested."""
        if cmd_name in _PLACES:
            self._add(_PLACES[cmd_name])
        else:
            self.list_commands(ctx)
        return self.commands.get(cmd_name)

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, for the help, which needs the commands too."""
        for module in _MODULES:
            self._add(module)
        return list(_PLACES)

    def _add(self, module: str) -> None:
        if not self.commands.keys() >= set(_MODULES[module]):
            part = typer.Typer()
            import_module(f"freehold.cli.{module}").register(part)
            self.commands.update(get_group(part).commands)
