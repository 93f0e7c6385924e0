"""The command line starts without what only some of its commands need."""

from __future__ import annotations

import subprocess
import sys

from typer import Context
from typer.main import get_group

from freehold.cli.app import app


def test_no_command_imports_what_another_needs() -> None:
    """Importing all of it takes a second, which every command would take longer."""
    program = "import sys, freehold.cli; print(*{'sqlalchemy', 'psycopg', 'pydantic', 'fastapi', 'alembic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_mistyped_command_can_be_recognised() -> None:
    """For a name that is none all commands are there: what was meant is among them."""
    group = get_group(app)
    assert group.get_command(Context(group), "chek") is None
    assert "check" in group.commands
