"""The plugin as a project uses it: sessions of pytest in a directory of their own, on the models of the examples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from freehold.errors import Code, ConfigurationError, RoleError
from freehold.testing.setup import Setup
from freehold.testing.workshop import VARIABLE, Workshop
from tests.cluster import Cluster

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[3]
Session = Callable[..., pytest.RunResult]

CONFIGURATION = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
freehold_models = examples.coding_agents.models
{more}
"""

FIXTURES = '''
from sqlalchemy import select

from examples.coding_agents.models import Setting, Task, User
from freehold.encryption import Sealed
from freehold.testing import assert_allowed, assert_denied


async def people(as_service, *names):
    service = as_service()
    for name in names:
        user = User(provider="github", external_id=name, access_token=Sealed("-"), username=name)
        user.id = name
        await service.insert(user)


async def test_one(db, as_user, as_anon, as_service, round_trips):
    await people(as_service, "ada", "grace")
    ada, grace = as_user("ada"), as_user("grace")
    with round_trips() as trips:
        task = await ada.insert(Task(prompt="mine"))
    assert trips == 1
    denial = await assert_denied(lambda scope: scope.get(Task, task.id), to=grace, control=ada)
    assert denial.how == "error"
    denial = await assert_denied(lambda scope: scope.all(select(Task)), to=grace, control=ada)
    assert denial.how == "zero_rows"
    await assert_denied(lambda scope: scope.all(select(Task)), to=as_anon(), control=ada)
    assert (await assert_allowed(lambda scope: scope.get(Task, task.id), to=ada)).prompt == "mine"


async def test_two(as_service):
    """A database of its own: nothing of the test before is here."""
    assert await as_service().all(select(User)) == []
'''

DISHONEST = """
import pytest
from sqlalchemy import select

from examples.coding_agents.models import Setting
from freehold.testing import assert_denied


async def test_nobody_may(as_user):
    with pytest.raises(AssertionError, match="the control of the denial"):
        await assert_denied(lambda scope: scope.all(select(Setting)), to=as_user("ada"), control=as_user("grace"))


async def test_everybody_may(as_user):
    await as_user("ada").insert(Setting(key="a", value="b"))
"""

HISTORY = """
from pathlib import Path

import examples.coding_agents

VERSIONS = Path(examples.coding_agents.__path__[0]) / "migrations" / "versions"


async def test_tables(as_service):
    made = sum(path.read_text().count("CREATE TABLE ") for path in VERSIONS.glob("*.up.sql"))
    assert made > 8
    assert await as_service().raw("select count(*) from pg_tables where schemaname = 'public'") == [(made,)]


def test_history(freehold_endpoints):
    from freehold.wire import connect

    with connect(freehold_endpoints.owner) as owner:
        made = len(list(VERSIONS.glob("*.up.sql")))
        assert owner.execute("select count(*) from freehold.ledger").fetchone() == (made,)
"""

ISOLATED = """
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

import examples.coding_agents.models as m
from freehold.wire import connect

BRIEF = settings(
    max_examples=5, stateful_step_count=12, deadline=None, database=None, suppress_health_check=list(HealthCheck),
    derandomize=True, phases=(Phase.generate,),
)


@pytest.fixture(scope="session", autouse=True)
def hole(freehold_workshop):
    with connect(freehold_workshop.dsn(f"{freehold_workshop.setup.app}_owner", freehold_workshop.template)) as owner:
        owner.execute("CREATE POLICY hole ON freehold_tags FOR SELECT TO authenticated USING (true)")


def test_isolated(fh_assert_isolated):
    fh_assert_isolated(m.User, m.Account, m.Key, m.ApiToken, m.Task, m.TaskMessage, m.Connector, m.Setting, m.LogChunk)
    with pytest.raises(AssertionError, match="SELECT bare as other: declared denied, found allowed"):
        fh_assert_isolated(m.Tag)


def test_none(db):
    pass


def test_users_never_meet(fh_isolation_machine):
    run_state_machine_as_test(fh_isolation_machine(m.Connector, m.Setting, m.Task, m.TaskMessage), settings=BRIEF)


def test_users_meet(fh_isolation_machine):
    with pytest.raises(AssertionError, match="sees rows of somebody else in public.freehold_tags"):
        run_state_machine_as_test(fh_isolation_machine(m.Tag), settings=BRIEF)
"""


@pytest.fixture
def session(pytester: pytest.Pytester, cluster: Cluster, worker_id: str, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Runs pytest on a test file, on the server of this run, with warnings as errors."""
    monkeypatch.setenv(VARIABLE, cluster.admin_dsn("postgres"))
    monkeypatch.setenv("FREEHOLD_APP", f"fhplug_{worker_id}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)

    def run(source: str, *arguments: str, more: str = "") -> pytest.RunResult:
        pytester.makeini(CONFIGURATION.format(more=more))
        pytester.makepyfile(source)
        return pytester.runpytest_subprocess("-q", "-p", "no:randomly", *arguments, timeout=120)

    return run


def passed(result: pytest.RunResult, number: int) -> None:
    """All of the session's tests passed, and its processes ended well."""
    result.assert_outcomes(passed=number)
    assert result.ret == 0


@pytest.mark.slow
def test_each_test_has_a_database_and_users(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """The short fixtures give scopes and count round trips; nothing is left for the next test; revisions are used.

    What nobody may do is no denial, and an error of another kind is not one either. Without another server the session
    has one of its own, also when two processes divide its tests.
    """
    monkeypatch.delenv(VARIABLE)
    directory = ROOT / "examples" / "coding_agents" / "migrations"
    result = session(FIXTURES + DISHONEST + HISTORY, "-n", "2", more=f"freehold_migrations = {directory}")
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines("FAILED *::test_everybody_may*")


@pytest.mark.slow
def test_a_hole_is_found_where_it_is(session: Session) -> None:
    """A policy that lets everybody read is found on its table by the proof, and by users whom Hypothesis plays.

    On the other tables of the example both find nothing. The short names have a prefix here, and without it they are left
    to others.
    """
    session(ISOLATED, more="freehold_prefix = fh_").assert_outcomes(passed=3, errors=1)


def test_a_login_that_bypasses_row_security_is_refused(
    cluster: Cluster, worker_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process of a session begins with a login for which policies do not hold; the error has the SQL that mends it."""
    monkeypatch.setenv(VARIABLE, cluster.admin_dsn("postgres"))
    app = f"fhworkshop_{worker_id}"
    setup = Setup(app, ("CREATE TABLE public.t (id int)",), tmp_path, "models")
    first = Workshop.start(tmp_path, setup)
    cluster.admin.execute(f'ALTER ROLE "{app}" BYPASSRLS'.encode())
    with pytest.raises(RoleError, match="bypasses row security") as caught:
        Workshop.start(tmp_path, setup)
    assert caught.value.code is Code.TESTING_UNPROTECTED
    cluster.admin.execute(f'ALTER ROLE "{app}" NOBYPASSRLS'.encode())
    Workshop.start(tmp_path, setup).stop()
    first.stop()


def test_a_source_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """A misspelt setting is an error with the words that may stand there."""
    with pytest.raises(ConfigurationError, match="freehold_schema") as caught:
        Setup.of(tmp_path, "examples.profiles.models", None, "revision")
    assert caught.value.code is Code.TESTING_UNDECLARED


def test_a_session_without_models_is_left_alone(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody names models, there are no short names, and nothing of freehold's is imported but the plugin."""
    monkeypatch.delenv("FREEHOLD_MODELS", raising=False)
    pytester.makepyfile(
        """
        import sys

        def test_imports():
            assert "freehold.testing.plugin" in sys.modules
            assert {name for name in sys.modules if name.startswith("freehold")} == {
                "freehold", "freehold.errors", "freehold.testing", "freehold.testing.assertion",
                "freehold.testing.plugin",
            }

        def test_long_name(request):
            assert request.getfixturevalue("pytestconfig").pluginmanager.has_plugin("freehold")
            assert not request.config.pluginmanager.has_plugin("freehold-short-names")
        """
    )
    passed(pytester.runpytest_subprocess("-q", timeout=60), 2)
