"""Where freehold finds its server and its models: one frozen value, read from the environment and pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    PyprojectTomlConfigSettingsSource,
    SettingsConfigDict,
)

from freehold.errors import Code, ConfigurationError

Environment = Literal["development", "test", "production"]

_TABLE: Final = "[tool.freehold] in pyproject.toml"


class Settings(BaseSettings):
    """The settings, from the environment first and then from ``[tool.freehold]`` of ``./pyproject.toml``.

    `Settings.load` reads them and reports mistakes; an empty environment variable counts as absent.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_ignore_empty=True,
        validate_by_name=True,
        validate_by_alias=True,
        pyproject_toml_table_header=("tool", "freehold"),
    )

    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    """Where statements run: the login role ``<app>``."""
    service_database_url: SecretStr | None = Field(default=None, validation_alias="SERVICE_DATABASE_URL")
    """Where trusted work runs: the login role ``<app>_service``."""
    owner_database_url: SecretStr | None = Field(default=None, validation_alias="OWNER_DATABASE_URL")
    """Where migrations run: the login role ``<app>_owner``."""
    environment: Environment = Field(default="development", validation_alias="FREEHOLD_ENV")
    app: str = Field(default="app", validation_alias="FREEHOLD_APP", pattern="^[a-z][a-z0-9_]{0,40}$")
    """Names the login roles and the embedded database."""
    models: str | None = Field(
        default=None, validation_alias="FREEHOLD_MODELS", pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$"
    )
    """The module whose import declares the models."""
    keys: SecretStr | None = Field(default=None, validation_alias="FREEHOLD_KEYS")
    """The key ring for sealed columns: ``id:state:key``, several separated by commas."""
    keys_file: Path | None = Field(default=None, validation_alias="FREEHOLD_KEYS_FILE")
    """A file with the key ring, which only its owner may read."""
    migrations: Path = Field(default=Path("migrations"), validation_alias="FREEHOLD_MIGRATIONS")
    directory: Path = Field(default=Path(".freehold"), validation_alias="FREEHOLD_DIRECTORY")
    """Where the embedded server keeps its data."""
    supabase_url: str | None = Field(default=None, validation_alias="SUPABASE_URL", pattern=r"^https?://[^\s/?#@]+/?$")
    """The Supabase project whose users sign in."""
    supabase_jwt_secret: SecretStr | None = Field(default=None, validation_alias="SUPABASE_JWT_SECRET")
    """Its legacy secret, if its tokens are still signed with HS256."""
    supabase_jwt_algorithm: Literal["ES256", "RS256"] = Field(
        default="ES256", validation_alias="SUPABASE_JWT_ALGORITHM"
    )
    """What its public keys are for."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, PyprojectTomlConfigSettingsSource(settings_cls)

    @classmethod
    def load(cls) -> Self:
        """The settings of this process.

        Raises `ConfigurationError` (FH302) that names what is wrong, and never repeats a value.
        """
        try:
            return cls()
        except tomllib.TOMLDecodeError as error:
            raise _invalid("pyproject.toml is not valid TOML.", str(error)) from None
        except ValidationError as error:
            wrong = {".".join(map(str, each["loc"])): each["msg"] for each in error.errors(include_input=False)}
            detail = "; ".join(f"{name}: {message}" for name, message in wrong.items())
            raise _invalid(f"Settings that cannot be used: {', '.join(wrong)}.", detail) from None


def _invalid(message: str, detail: str) -> ConfigurationError:
    return ConfigurationError(
        Code.SETTING_INVALID,
        message,
        detail=detail,
        hint=f"Correct them in the environment (names in capitals) or in {_TABLE}.",
    )
