"""``freehold keys`` on the command line: exit codes, JSON, what is dry, and that nothing shows a key."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from freehold import Sealed, UserScope
from freehold.cli import main
from freehold.server import Endpoints
from freehold.wire import Connection
from tests.integration.sealing.conftest import ALICE, KEYS, RING, SECOND
from tests.integration.sealing.models import Base, Key
from tests.integration.sealing.test_keys import old, put_old

BOTH = f"{SECOND.text}, {KEYS.replace('primary', 'active')}"
DAMAGED = "ab" * 16 + ":" + "cd" * 16


@dataclass(frozen=True)
class Done:
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed."""
        return json.loads(self.out)


Run = Callable[..., Done]


@pytest.fixture
def keys(endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``freehold keys``; ``ring`` is the key ring. Nothing it prints may be a key."""
    # Models of other tests are in the process too.
    monkeypatch.setattr("freehold.models.load.load_tables", lambda _: Base.metadata.sorted_tables)
    monkeypatch.setenv("DATABASE_URL", endpoints.login)
    monkeypatch.setenv("SERVICE_DATABASE_URL", endpoints.service or "")
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody is there to answer

    def run(*arguments: str, ring: str = KEYS) -> Done:
        monkeypatch.setenv("FREEHOLD_KEYS", ring)
        monkeypatch.setattr(sys, "argv", ["freehold", "keys", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        for secret in (RING, SECOND):
            assert secret.text.rpartition(":")[2] not in said.out + said.err
        assert "Traceback" not in said.err
        return Done(int(left.value.code or 0), said.out, said.err)

    return run


def test_new(keys: Run) -> None:
    """It prints one key, as the ring takes it, and refuses an id that the ring would."""
    assert keys("new", "--id", "k9").out.startswith("k9:primary:")
    refused = keys("new", "--id", "not an id")
    assert (refused.code, refused.err.splitlines()[0]) == (
        1,
        "FH502 A key's id is not 1-16 lower-case letters and digits.",
    )


@pytest.mark.parametrize(
    ("ring", "code"), [("", "FH501"), ("nonsense", "FH502"), (f"{RING.text}, {RING.text}", "FH502")]
)
def test_without_a_usable_ring(keys: Run, ring: str, code: str) -> None:
    """The error has its code, on standard error and as JSON."""
    plain, as_json = keys("status", ring=ring), keys("status", "--json", ring=ring)
    assert (plain.code, as_json.code) == (1, 1)
    assert plain.err.startswith(code)
    assert json.loads(as_json.err)["code"] == code


async def test_legacy_values(keys: Run, admin: Connection) -> None:
    """Counted, then sealed; a damaged one is named, stays, and makes the command fail."""
    put_old(admin, ALICE, [(old('{"A": "b"}'), old("s1")), (None, DAMAGED)])
    before = keys("status", "--json")
    assert before.code == 3
    counted = {each["column"]: each["unauthenticated"] for each in before.json["columns"]}
    assert (counted["connectors.env"], counted["connectors.secret"]) == (1, 2)
    dry = keys("migrate-legacy", "--dry-run", "--json")
    assert (dry.code, sum(each["total"] for each in dry.json), sum(each["sealed"] for each in dry.json)) == (0, 3, 0)
    assert keys("status", "--json").json == before.json
    failed = keys("migrate-legacy")
    assert failed.code == 1
    assert failed.err.startswith("FH511")
    assert f"connectors.secret {ALICE}" in failed.err
    admin.execute("update public.connectors set secret = null where secret not like 'fh1.%'")
    again = keys("migrate-legacy", "--json")
    assert (again.code, sum(each["sealed"] for each in again.json)) == (0, 0)
    assert keys("status").code == 0


async def test_rotating_and_forgetting(keys: Run, alice: UserScope, admin: Connection) -> None:
    """The ring, a user, and in the end the user's keys; what is dry changes nothing, and a loss is asked about."""
    await alice.insert(Key(provider="a", value=Sealed("x")))
    assert keys("rotate", "ring", "--dry-run", "--json", ring=BOTH).json[0]["total"] == 1
    assert keys("status", ring=BOTH).code == 3
    assert keys("rotate", "ring", ring=BOTH).code == 0
    assert keys("status", "--json", ring=BOTH).json["wrapped"] == {"r2": 1}
    assert keys("status").out.count("missing") == 1
    dry = keys("rotate", "user", ALICE, "--dry-run", "--json", ring=BOTH)
    assert sum(each["total"] for each in dry.json) == 1
    assert "1 sealed anew" in keys("rotate", "user", ALICE, ring=BOTH).out
    mistyped = keys("rotate", "user", ALICE + "x", ring=BOTH)
    assert (mistyped.code, mistyped.err[:5]) == (1, "FH512")
    assert keys("forget", ALICE, ring=BOTH).code == 1
    assert keys("forget", ALICE, "--dry-run", "--json", ring=BOTH).json["keys"] == 2
    assert admin.execute("select count(*) from public.user_keys").fetchone() == (2,)
    assert "1 in keys.value" in keys("forget", ALICE, "--yes", ring=BOTH).out
    for nobody in (ALICE, "no uuid"):
        assert "nothing to forget" in keys("forget", nobody, "--yes", ring=BOTH).out
    assert admin.execute("select count(*) from public.user_keys").fetchone() == (0,)
