"""The TypeScript client of the platform: it compiles strictly, and works against the running platform."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from examples.coding_agents.app import ACTIONS, create_app
from freehold.actions.find import actions_at
from freehold.actions.typescript import typescript
from freehold.auth import DevelopmentSessions
from freehold.encryption import TextKeys
from freehold.scope import Database
from freehold.server import Endpoints
from tests.integration.actions.served import served
from tests.integration.actions.test_typescript import _compile, tsc
from tests.integration.coding_agents.conftest import ADA, RING, IdleRunner

__all__ = ["tsc"]

USE = """
import { Client } from "./client";

declare const process: { env: Record<string, string> };

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

const client = new Client({ baseUrl: process.env["URL"]!, token: () => process.env["TOKEN"] });
const made = await client.tasks.create({ prompt: "Write it" }, { idempotencyKey: "one" });
if (!made.ok) throw new Error(JSON.stringify(made.error));
const again = await client.tasks.create({ prompt: "Write it" }, { idempotencyKey: "one" });
must(again.ok && again.data.id === made.data.id, "replayed");
const places = { task_id: made.data.id };
const early = await client.tasks.continue(places, { content: "more" });
must(!early.ok && early.error.code === "task_running" && early.error.status === 409, "running");
const status: "pending" | "processing" | "completed" | "error" | "stopped" = made.data.status;
must(status === "pending" && (await client.tasks.stop(places)).ok, "stopped");
must((await client.tasks.continue(places, { content: "more" })).ok, "continued");
const listed = await client.tasks.list({ limit: 1 });
must(listed.ok && listed.data.tasks[0]?.id === made.data.id && listed.data.next === null, "listed");
const said = await client.messages.list(places);
must(said.ok && said.data.messages[0]?.content === "more", "said");
const key = await client.keys.set({ provider: "anthropic", value: "sk-ant-0123456789abcdefWXYZ" });
must(key.ok && key.data.last_four === "WXYZ", "key");
const connector = await client.connectors.create({ name: "issues", env: { TOKEN: "hush" } });
must(connector.ok && connector.data.has_env, "connector");
const token = await client.tokens.create({ name: "laptop", scopes: ["tasks:read"] });
if (!token.ok) throw new Error("token");
const reader = new Client({ baseUrl: process.env["URL"]!, token: () => token.data.token });
must((await reader.tasks.list()).ok, "reader");
const refused = await reader.tasks.create({ prompt: "x" });
must(!refused.ok && refused.error.code === "FH604", "scope");
must((await client.tasks.delete(places)).ok, "deleted");
console.log("used");
"""


def test_the_command_finds_every_action() -> None:
    """``freehold client ts examples.coding_agents.app:ACTIONS``."""
    assert {each.name for each in actions_at("examples.coding_agents.app:ACTIONS")} == {each.name for each in ACTIONS}


@pytest.mark.slow
def test_the_client_works(tsc: Path, endpoints: Endpoints, sessions: DevelopmentSessions, tmp_path: Path) -> None:
    """Compiled with every strict option; used as a program of Ada's."""
    (tmp_path / "client.ts").write_text(typescript(ACTIONS))
    (tmp_path / "use.ts").write_text(USE)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    _compile(tsc, tmp_path, "--outDir", "out", "use.ts")
    script = tmp_path / "out" / "use.js"
    script.write_text(script.read_text().replace('"./client"', '"./client.js"'))

    def platform() -> object:
        db = Database(endpoints.login, service_dsn=endpoints.service, keys=TextKeys(RING.text))
        return create_app(db, sessions, IdleRunner())

    with served(platform) as url:  # type: ignore[arg-type]
        environment = {**os.environ, "URL": url, "TOKEN": sessions.issue(ADA)}
        command = ["node", str(script)]
        used = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert used.stdout == "used\n", used.stderr
