"""A node's settings: one file in its directory, read once by the command line or a flow and passed down."""

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parties.whole_files import whole_file
from schemas.errors import ConfigurationError
from validation.keyring import PassphraseReference

SETTINGS_FILE = "settings.json"
NodeKind = Literal["prison-service", "police", "local-authority", "key-holder", "statistics"]


class VoluntaryOffer(BaseModel):
    """A voluntary organisation that families may choose to hear from, and one named person there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    organisation: str = Field(min_length=2, max_length=80)
    contact: str = Field(min_length=2, max_length=80)
    telephone: str = Field(pattern=r"^0\d{2,4} ?\d{3,4} ?\d{3,4}$")


class NodeSettings(PassphraseReference):
    """Where a node's things are, who it is, and which services it talks to."""

    kind: NodeKind
    organisation: str = Field(max_length=64)
    service_url: str = Field(default="https://127.0.0.1:8443", max_length=300)
    prefect_api: str | None = Field(default=None, max_length=300, description="this node's own Prefect API; none: run without")
    position: Literal["holder", "deputy"] = Field(default="holder", description="of a desk: whose directory this is")
    voluntary_offer: VoluntaryOffer | None = Field(
        default=None, description="of a desk: who makes an offer of its own, once a family has agreed; none: nobody does"
    )
    key_numbers: dict[str, int] = Field(default={}, description="which of its keys each role signs with; not named: its first")
    directory: Path = Field(default=Path(), exclude=True)

    def path(self, *parts: str) -> Path:
        """Return a path inside the node's directory."""
        return self.directory.joinpath(*parts)


def load_settings(directory: Path) -> NodeSettings:
    """Read the settings of the node in `directory`.

    Raises:
        ConfigurationError: there is none, or it is malformed.
    """
    try:
        content = json.loads((directory / SETTINGS_FILE).read_text(encoding="utf-8"))
        return NodeSettings.model_validate(content).model_copy(update={"directory": directory.resolve()})
    except FileNotFoundError:
        raise ConfigurationError(f"no node in {directory}; make one with `kinlink party init --dir {directory} --kind …`") from None
    except (ValidationError, ValueError):
        raise ConfigurationError(f"{directory / SETTINGS_FILE} is malformed; compare it with docs/reference/settings.md") from None


def save_settings(settings: NodeSettings) -> None:
    """Write `settings` into the node's directory."""
    with whole_file(settings.path(SETTINGS_FILE)) as file:
        file.write(f"{settings.model_dump_json(indent=2)}\n".encode())
