"""The TypeScript client: the same text for the same actions, correct by the strictest compiler, and at work."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from click.testing import Result
from pydantic import BaseModel
from typer.testing import CliRunner

from freehold import Database, UserContext, action
from freehold.actions.find import actions_at
from freehold.actions.typescript import typescript
from freehold.auth import DevelopmentSessions
from freehold.cli.app import app
from freehold.errors import Code, ConfigurationError
from freehold.server import Endpoints
from freehold.server._lease import exclusive
from tests.integration.actions.board import ACTIONS, create_app
from tests.integration.actions.served import served
from tests.integration.conftest import ALICE

VERSION = "5.9.3"
ROOT = Path(__file__).parents[3]

STRICT = [
    *("--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--noImplicitReturns"),
    *("--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler", "--lib", "es2023,dom,dom.iterable"),
    "--noUnusedLocals",
]

USE = """
import { Client } from "./client";

declare const process: { env: Record<string, string>; exitCode: number };

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

const client = new Client({ baseUrl: process.env["URL"]!, token: () => process.env["TOKEN"] });
const heard: Array<string[] | null> = [];
const stop = new AbortController();
const listening = client.subscribe((tags) => heard.push(tags), { signal: stop.signal });
async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    must(tries < 600, what);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
await until("ready", () => heard.includes(null));

const key = { idempotencyKey: "the one" };
const made = await client.cards.create({ title: "one" }, key);
if (!made.ok) throw new Error(JSON.stringify(made.error));
const status: "open" | "done" = made.data.status;
must(status === "open" && made.response.status === 201, "created");
const again = await client.cards.create({ title: "one" }, key);
must(again.ok && again.data.id === made.data.id, "replayed");
const other = await client.cards.create({ title: "two" }, key);
must(!other.ok && other.error.code === "FH607", "mismatch");
await until("touched", () => heard.some((tags) => tags?.includes("cards")));

const places = { card_id: made.data.id };
const listed = await client.cards.list({ words: ["one", "none"], limit: 5 });
must(listed.ok && listed.data.cards[0]?.id === made.data.id && listed.data.more === false, "listed");
must((await client.cards.list()).ok && (await client.cards.titles()).ok, "without input");
must((await client.cards.finish(places)).ok, "finished");
const twice = await client.cards.finish(places);
if (twice.ok) throw new Error("finished twice");
switch (twice.error.code) {
  case "card_done": {
    const conflict: 409 = twice.error.status;
    must(conflict === 409 && twice.error.errors?.[0]?.pointer === "/card_id", "declared");
    break;
  }
  default:
    throw new Error(twice.error.title);
}
const wrong = await client.cards.create({ title: "" });
must(!wrong.ok && wrong.error.code === "FH601" && wrong.error.errors?.[0]?.pointer === "/title", "invalid");
const removed = await client.cards.remove(places);
must(removed.ok && removed.data === undefined, "removed");
const gone = await client.cards.get(places);
must(!gone.ok && gone.error.code === "FH206" && gone.error.status === 404, "gone");
const nowhere = await new Client({ baseUrl: "http://127.0.0.1:1" }).cards.titles();
must(!nowhere.ok && nowhere.error.code === "unanswered", "unanswered");

stop.abort();
await listening;
console.log("used");
"""

MISTAKES = """
import { Client } from "./client";

const client = new Client();
// @ts-expect-error a number is no title
await client.cards.create({ title: 3 });
// @ts-expect-error a field that is not there
await client.cards.create({ title: "a", stars: 3 });
// @ts-expect-error a required field
await client.cards.create({});
// @ts-expect-error a choice that is none
await client.cards.list({ status: "lost" });
// @ts-expect-error this one is not idempotent
await client.cards.finish({ card_id: "a" }, { idempotencyKey: "k" });
// @ts-expect-error the place is missing
await client.cards.get();
const made = await client.cards.create({ title: "a" });
// @ts-expect-error it may have failed
made.data.id;
// @ts-expect-error a code that this action never gives
if (!made.ok && made.error.code === "card_done") throw made;
"""


class Client(BaseModel):
    """A model with a name that the client has itself."""

    name: str = "x"


@action.read("odd.one")
async def odd(ctx: UserContext) -> Client:
    """Ends a comment: */ export const broken = 1;"""
    return Client()


@pytest.fixture(scope="session")
def tsc() -> Path:
    """The compiler, from npm: installed once in a folder that later runs find again."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node.js with npm is not installed")
    folder = Path(tempfile.gettempdir()) / f"freehold-typescript-{VERSION}-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    script = folder / "node_modules" / "typescript" / "bin" / "tsc"
    with exclusive(folder / "lock"):
        if not (folder / "installed").exists():
            (folder / "package.json").write_text('{"private": true}')
            command = [npm, "install", "--silent", "--no-audit", "--no-fund", f"typescript@{VERSION}"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
            if done.returncode:
                pytest.skip(f"npm cannot install typescript: {(done.stderr or done.stdout).strip()[:200]}")
            (folder / "installed").touch()
    return script


def _compile(tsc: Path, folder: Path, *files: str) -> None:
    command = ["node", str(tsc), *STRICT, *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout


def test_the_same_actions_give_the_same_text() -> None:
    """In whatever order they come; so the file can be committed, and its changes read."""
    text = typescript(ACTIONS)
    assert text == typescript(tuple(reversed(ACTIONS)))
    assert "export interface NewCard {\n  title: string;\n}" in text
    assert '  | Known<"card_done", 409>' in text
    assert "limit?: number" in text


@pytest.mark.slow
def test_the_client_compiles_and_works(
    tsc: Path, board_endpoints: Endpoints, sessions: DevelopmentSessions, tmp_path: Path
) -> None:
    """Under every strict option, with mistakes found; and against a running application, stream included."""
    (tmp_path / "client.ts").write_text(typescript((*ACTIONS, odd)))
    (tmp_path / "use.ts").write_text(USE)
    (tmp_path / "mistakes.ts").write_text(MISTAKES)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    _compile(tsc, tmp_path, "--outDir", "out", "use.ts", "mistakes.ts")
    script = tmp_path / "out" / "use.js"
    script.write_text(script.read_text().replace('"./client"', '"./client.js"'))
    with served(lambda: create_app(Database(board_endpoints.login), sessions.verify)) as url:
        environment = {**os.environ, "URL": url, "TOKEN": sessions.issue(ALICE)}
        used = subprocess.run(
            ["node", str(script)], env=environment, capture_output=True, text=True, timeout=120, check=False
        )
    assert used.stdout == "used\n", used.stderr


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes the file, says whether it changed, and fails a check when it is behind."""
    monkeypatch.chdir(ROOT)
    place, file = "tests.integration.actions.board:ACTIONS", tmp_path / "made" / "client.ts"

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["client", "ts", place, *arguments])

    assert run("--out", str(file), "--check").exit_code == 3
    assert not file.exists()
    assert run("--out", str(file)).exit_code == 0
    assert file.read_text() == typescript(ACTIONS)
    assert run("--out", str(file), "--check").exit_code == 0
    file.write_text("old")
    assert run("--out", str(file), "--check").exit_code == 3


@pytest.mark.parametrize("place", ["nowhere", "json", "json:loads", "tests.integration.actions.board:NOTHING"])
def test_a_module_without_actions(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is refused by name; a module with some gives them."""
    monkeypatch.chdir(ROOT)
    with pytest.raises(ConfigurationError) as caught:
        actions_at(place)
    assert caught.value.code is Code.ACTIONS_UNIMPORTABLE
    assert {each.name for each in actions_at("tests.integration.actions.board")} == {each.name for each in ACTIONS}
