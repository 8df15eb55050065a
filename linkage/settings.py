"""The linkage service's settings: one file in its directory, read once and passed down."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from schemas.errors import ConfigurationError
from validation.keyring import PassphraseReference

SETTINGS_FILE = "settings.json"
EngineName = Literal["threads", "processes", "dask", "anonlink"]


class ServiceSettings(PassphraseReference):
    """Where the service keeps its things, where it listens, and what searches for it."""

    organisation: str = Field(max_length=64)
    host: str = "127.0.0.1"
    port: int = Field(default=8443, ge=1, le=65_535)
    database_url: str | None = Field(default=None, max_length=500, description="none: SQLite in the service's directory")
    prefect_api: str | None = Field(default=None, max_length=300, description="this node's own Prefect API; none: run without")
    engine: EngineName = Field(default="threads", description="all give the same result; see docs/how-to/search-on-several-machines.md")
    workers: int | None = Field(default=None, ge=1, le=256, description="threads or processes that search; none: the usable cores")
    requests_at_once: int = Field(default=64, ge=1, le=10_000, description="those beyond are told to come again")
    metrics_port: int | None = Field(default=None, ge=1, le=65_535, description="of Prometheus's text on 127.0.0.1; none: no metrics")
    traces_endpoint: str | None = Field(
        default=None,
        max_length=300,
        pattern=r"^(http://127\.0\.0\.1|https://[A-Za-z0-9.-]+)(:\d{1,5})?/v1/traces$",
        description="of an OpenTelemetry collector; none: no traces",
    )
    log: Literal["text", "json"] = Field(default="text", description="what is written to standard error: lines, or JSON objects")
    head_every_seconds: int = Field(default=3_600, ge=1, le=86_400, description="a head of the logs is signed so often, whatever happens")
    dask_scheduler: str | None = Field(
        default=None, max_length=300, pattern=r"^(tcp|tls)://\S+:\d{1,5}$", description="none: workers on this machine, while it searches"
    )
    dask_ca: Path | None = Field(default=None, description="the certificate that signs those of scheduler and workers")
    dask_certificate: Path | None = None
    dask_key: Path | None = None
    directory: Path = Field(default=Path(), exclude=True)

    def path(self, *parts: str) -> Path:
        """Return a path inside the service's directory."""
        return self.directory.joinpath(*parts)

    @property
    def head_every(self) -> timedelta:
        """How long after a head the next is signed."""
        return timedelta(seconds=self.head_every_seconds)

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the service's database."""
        return self.database_url or f"sqlite:///{self.path('service.sqlite')}"


def load_settings(directory: Path) -> ServiceSettings:
    """Read the settings of the service in `directory`.

    Raises:
        ConfigurationError: there is none, or it is malformed.
    """
    try:
        content = json.loads((directory / SETTINGS_FILE).read_text(encoding="utf-8"))
        return ServiceSettings.model_validate(content).model_copy(update={"directory": directory.resolve()})
    except FileNotFoundError:
        raise ConfigurationError(f"no linkage service in {directory}; make one with `kinlink service init --dir {directory}`") from None
    except (ValidationError, ValueError):
        raise ConfigurationError(f"{directory / SETTINGS_FILE} is malformed; compare it with docs/reference/settings.md") from None


def save_settings(settings: ServiceSettings) -> None:
    """Write `settings` into the service's directory."""
    settings.path(SETTINGS_FILE).write_text(settings.model_dump_json(indent=2) + "\n", encoding="utf-8")
