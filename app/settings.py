"""All that can be set from outside: `GRIDCASE_*` in the environment, grouped by concern."""

import re
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.dispatch.errors import BadInput

_DRIVER = "postgresql+asyncpg"
_POSTGRES = re.compile(r"^(postgres|postgresql|postgresql\+asyncpg)://")


class Mode(StrEnum):
    """Whether the well-known accounts and secrets of the demo are accepted."""

    DEMO = "demo"
    PRODUCTION = "production"


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class Settings(BaseSettings):
    """The values in force; `load_settings` builds them with an error that people can read."""

    model_config = SettingsConfigDict(
        env_prefix="GRIDCASE_", frozen=True, env_ignore_empty=True, hide_input_in_errors=True
    )

    # where things lie
    home: Path = Path(".gridcase")
    media_url: str | None = Field(default=None, description="Object store; default: a folder in the home")
    anchor_dir: Path | None = Field(default=None, description="Where signed roots of the history are kept, elsewhere")

    # which city
    city: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,20}$")] = "demo"
    mode: Mode = Mode.DEMO
    demo_days: Annotated[int, Field(ge=0, le=180)] = 30

    # how it is served
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    log_level: LogLevel = LogLevel.INFO
    citizen_rate: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,6}/(second|minute|hour)$")] = "600/minute"

    # which database; without these the private cluster in `home` is used
    database_url: str | None = Field(default=None, repr=False, description="As the city's app role")
    admin_url: str | None = Field(default=None, repr=False, description="As the city's owner or an administrator")
    replica_url: str | None = Field(default=None, repr=False, description="A streaming replica for lists and figures")

    # whom it calls
    callback_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Networks (CIDR, by commas) besides public addresses where partners may be called"
    )

    @field_validator("callback_networks", mode="before")
    @classmethod
    def _split(cls, networks: object) -> object:
        if not isinstance(networks, str):
            return networks
        return tuple(str(ip_network(one.strip())) for one in networks.split(",") if one.strip())

    @field_validator("home", "anchor_dir")
    @classmethod
    def _make_absolute(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser().absolute()

    @field_validator("database_url", "admin_url", "replica_url")
    @classmethod
    def _name_the_driver(cls, url: str | None) -> str | None:
        if not url:
            return None
        if not _POSTGRES.match(url):
            raise ValueError("should be postgresql://role:password@host:port/database")
        return _POSTGRES.sub(f"{_DRIVER}://", url)

    @field_validator("log_level", mode="before")
    @classmethod
    def _ignore_case(cls, level: object) -> object:
        return level.upper() if isinstance(level, str) else level

    @property
    def keys_dir(self) -> Path:
        """Where the vault's keys lie (0600 each): losing them is losing the vault."""
        return self.home / "keys"

    @property
    def log_dir(self) -> Path:
        """Where the processes' logs lie."""
        return self.home / "log"

    @property
    def is_private(self) -> bool:
        """Say whether the database is the private cluster."""
        return self.database_url is None


def load_settings(**given: object) -> Settings:
    """Read the environment; `given` wins. Raises BadInput naming each variable that cannot be taken."""
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [f"  GRIDCASE_{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors()]
        raise BadInput("环境变量有误 / bad settings:\n" + "\n".join(lines), code="bad_settings") from error
