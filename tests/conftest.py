"""What every test may ask for: the run's server, which is started only when a test needs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster import Cluster, drop_templates, run_directory

_TESTS = Path(__file__).parent
_ON_A_SERVER = (_TESTS / "integration" / "scope", _TESTS / "attack")
_CLUSTER = pytest.StashKey[Cluster]()


def pytest_report_header(config: pytest.Config) -> str | None:
    """Names the server and the role that statements under test log in with."""
    if hasattr(config, "workerinput") or config.option.collectonly or not _needs_server(config):
        return None
    version, role, bypasses = _cluster(config).posture()
    return f"postgresql: {version}, login role {role}, bypasses row security: {'yes' if bypasses else 'no'}"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leaves the server; the last process of the run stops it, or clears up one that stays."""
    cluster = config.stash.get(_CLUSTER, None)
    if cluster is not None:
        cluster.stop()
    if not hasattr(config, "workerinput"):
        drop_templates(run_directory(config))


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Cluster:
    """The PostgreSQL server of this run; set FREEHOLD_TEST_DSN for another than the embedded one."""
    return _cluster(pytestconfig)


def _cluster(config: pytest.Config) -> Cluster:
    if _CLUSTER not in config.stash:
        config.stash[_CLUSTER] = Cluster.start(run_directory(config))
    return config.stash[_CLUSTER]


def _needs_server(config: pytest.Config) -> bool:
    asked = [Path(argument.partition("::")[0]).absolute() for argument in config.args]
    return any(a == s or a in s.parents or s in a.parents for a in asked for s in _ON_A_SERVER)
