"""Settings come from the environment, then pyproject.toml; mistakes are named and values never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from freehold.errors import Code, ConfigurationError
from freehold.settings import Settings


@pytest.fixture(autouse=True)
def _clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "SERVICE_DATABASE_URL", "OWNER_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("ENV", "APP", "MODELS", "MIGRATIONS", "DIRECTORY"):
        monkeypatch.delenv(f"FREEHOLD_{name}", raising=False)
    monkeypatch.chdir(tmp_path)


def _pyproject(text: str) -> None:
    Path("pyproject.toml").write_text(f"[tool.freehold]\n{text}\n")


def test_nothing_set_gives_development_defaults() -> None:
    """A newcomer sets nothing."""
    settings = Settings.load()
    assert (settings.environment, settings.app, settings.database_url) == ("development", "app", None)
    assert settings.directory == Path(".freehold")


def test_the_environment_wins_over_pyproject(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set nearer to the process counts, and the rest of the table stays."""
    _pyproject('app = "from_file"\nmodels = "shop.models"')
    monkeypatch.setenv("FREEHOLD_APP", "from_environment")
    assert (Settings.load().app, Settings.load().models) == ("from_environment", "shop.models")


def test_an_empty_variable_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that exports an empty DATABASE_URL has not set one."""
    monkeypatch.setenv("DATABASE_URL", "")
    assert Settings.load().database_url is None


def test_names_may_be_given_in_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments win over the environment, by the field's own name."""
    monkeypatch.setenv("FREEHOLD_APP", "elsewhere")
    assert Settings(app="here").app == "here"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FREEHOLD_ENV", "staging-sentinel"),
        ("FREEHOLD_APP", "Sentinel"),
        ("FREEHOLD_APP", "1sentinel"),
        ("FREEHOLD_APP", "sentinel" * 6),
        ("FREEHOLD_APP", "sentinel\n"),
        ("FREEHOLD_MODELS", "sentinel models"),
    ],
)
def test_a_mistake_is_named_without_its_value(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says which setting, and repeats no value: it could be a password in the wrong place."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as caught:
        Settings.load()
    assert caught.value.code is Code.SETTING_INVALID
    assert variable in str(caught.value)
    assert value.strip() not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_unknown_key_is_a_mistake() -> None:
    """A misspelt key in pyproject.toml is not silently ignored."""
    _pyproject('direktory = "x"')
    with pytest.raises(ConfigurationError, match="direktory"):
        Settings.load()


def test_broken_toml_is_a_setting_error() -> None:
    """A syntax error in pyproject.toml is reported as what it is."""
    Path("pyproject.toml").write_text("[tool.freehold\n")
    with pytest.raises(ConfigurationError, match="TOML"):
        Settings.load()


def test_urls_hide_in_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    """A printed Settings shows no password."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:hunter2@host/app")
    settings = Settings.load()
    assert "hunter2" not in repr(settings)
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value().endswith("@host/app")
