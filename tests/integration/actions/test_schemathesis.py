"""Schemathesis over the board: the document and the application say the same, and nothing breaks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from freehold import Database
from freehold.auth import DevelopmentSessions
from freehold.server import Endpoints
from tests.integration.actions.board import create_app
from tests.integration.actions.served import served
from tests.integration.conftest import ALICE

RUN = "from schemathesis.cli import schemathesis; schemathesis()"


@pytest.mark.slow
def test_schemathesis_finds_nothing(board_endpoints: Endpoints, sessions: DevelopmentSessions, tmp_path: Path) -> None:
    """All checks, as a signed-in user. Without idempotency keys, because it uses one twice, which is refused; and
    without the stream, which never ends.
    """
    with served(lambda: create_app(Database(board_endpoints.login), sessions.verify, keys=False)) as url:
        command = [sys.executable, "-c", RUN, "run", f"{url}/openapi.json", "--checks", "all", "--max-examples", "15"]
        command += ["--header", f"Authorization: Bearer {sessions.issue(ALICE)}", "--exclude-path", "/events"]
        command += ["--seed", "1", "--generation-deterministic", "--request-timeout", "60", "--no-color"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    assert "Tested: 6" in run.stdout
