"""resolve(): the environment's URLs, or an embedded server with everything in place; never by accident."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from freehold.errors import Code, ConfigurationError
from freehold.server import EmbeddedServer, drop_database, embedded_endpoints, resolve
from freehold.settings import Settings
from freehold.wire import connect

_URL = "postgresql://app:sentinel@host/app"


def _settings(directory: Path, **values: object) -> Settings:
    empty = {"database_url": None, "service_database_url": None, "owner_database_url": None, "environment": "test"}
    return Settings.model_validate({**empty, "directory": directory, **values})


def test_the_environments_urls_are_used_as_they_are(tmp_path: Path) -> None:
    """No server is started; repr hides the passwords."""
    found = resolve(_settings(tmp_path / "none", database_url=SecretStr(_URL), environment="production"))
    assert (found.login, found.service, found.owner) == (_URL, None, None)
    assert "sentinel" not in repr(found)
    assert not (tmp_path / "none").exists()
    found.close()


@pytest.mark.parametrize(
    "values",
    [
        {"environment": "production"},
        {"environment": "production", "owner_database_url": _URL},
        {"environment": "development", "owner_database_url": _URL},
        {"environment": "development", "service_database_url": _URL},
    ],
)
def test_a_missing_url_is_an_error_outside_development(tmp_path: Path, values: dict[str, object]) -> None:
    """FH301 shows the line; half an environment is not mixed with the embedded server."""
    with pytest.raises(ConfigurationError) as caught:
        resolve(_settings(tmp_path / "none", **values))
    assert caught.value.code is Code.SETTING_MISSING
    assert "DATABASE_URL=postgresql://app:" in (caught.value.hint or "")
    assert "sentinel" not in str(caught.value)
    assert not (tmp_path / "none").exists()


def test_the_embedded_server_comes_ready(tmp_path: Path) -> None:
    """Each login arrives in the application's database, which the owner's role owns; again it is the same."""
    settings = _settings(tmp_path / "data", app="shop")
    with resolve(settings) as found, resolve(settings) as again:
        assert found.login == again.login
        for url, role in ((found.login, "shop"), (found.service, "shop_service"), (found.owner, "shop_owner")):
            assert url is not None
            with connect(url) as connection:
                assert connection.execute(b"select current_user || '@' || current_database()").fetchone() == (
                    f"{role}@shop",
                )
        assert found.server is not None
        with connect(found.server.admin_dsn("shop")) as connection:
            owner = connection.execute(
                b"select datdba::regrole::text from pg_database where datname = 'shop'"
            ).fetchone()
            assert owner == ("shop_owner",)
        assert found.server.password("shop") not in repr(found)


def test_a_prepared_database_is_only_looked_at(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second start does no bootstrap: schema freehold says that this one was the last."""
    first = embedded_endpoints(server, "quick")
    monkeypatch.setattr("freehold.server.endpoints.bootstrap", lambda *_: pytest.fail("bootstrapped again"))
    assert embedded_endpoints(server, "quick").login == first.login
    with connect(server.admin_dsn()) as admin:
        drop_database(admin, "quick")
