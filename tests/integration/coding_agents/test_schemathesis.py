"""Schemathesis over the platform: the document and the application say the same, and nothing breaks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi import FastAPI

from examples.coding_agents.app import create_app
from freehold.auth import DevelopmentSessions
from freehold.encryption import TextKeys
from freehold.scope import Database
from freehold.server import Endpoints
from freehold.wire import Connection
from tests.integration.actions.served import served
from tests.integration.coding_agents.conftest import ADA, RING, IdleRunner

RUN = "from schemathesis.cli import schemathesis; schemathesis()"


def platform(endpoints: Endpoints, sessions: DevelopmentSessions) -> FastAPI:
    """The platform, whose document does not mention idempotency keys: one is used twice otherwise, which is refused."""
    app = create_app(
        Database(endpoints.login, service_dsn=endpoints.service, keys=TextKeys(RING.text)), sessions, IdleRunner()
    )
    document = app.openapi()
    for path in document["paths"].values():
        for operation in path.values():
            shown = [each for each in operation.get("parameters", ()) if each["name"] != "Idempotency-Key"]
            operation["parameters"] = shown
    app.openapi = lambda: document  # type: ignore[method-assign]
    return app


@pytest.mark.slow
def test_schemathesis_finds_nothing(
    endpoints: Endpoints, admin: Connection, sessions: DevelopmentSessions, tmp_path: Path
) -> None:
    """All checks, as a signed-in user; without the streams, which do not end."""
    admin.execute(
        "insert into public.settings (id, user_id, key, value) values ('s', 'ada', 'maxMessagesPerDay', '9999')"
    )
    with served(lambda: platform(endpoints, sessions)) as url:
        command = [sys.executable, "-c", RUN, "run", f"{url}/openapi.json", "--checks", "all", "--max-examples", "3"]
        command += ["--header", f"Authorization: Bearer {sessions.issue(ADA)}", "--phases", "examples,coverage,fuzzing"]
        command += ["--exclude-path", "/events", "--exclude-path", "/tasks/{task_id}/logs/stream"]
        command += ["--seed", "1", "--generation-deterministic", "--request-timeout", "60", "--no-color"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path)
    shown = re.sub(r"(.)\1{40,}", r"\1...", run.stdout)  # it tries the longest texts
    assert run.returncode == 0, shown[-9000:] + run.stderr[-2000:]
