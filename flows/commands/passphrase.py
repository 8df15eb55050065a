"""The passphrase of a new node's keys: where its commands say that it is, else what is typed at a terminal."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from flows.commands.console import warn
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from validation.keyring import PassphraseReference


@dataclass(frozen=True)
class PassphraseOptions:
    """The two options of every command that makes private keys."""

    passphrase_file: Annotated[
        Path | None, Parameter(help="A file that holds the keys' passphrase: its owner's alone, outside of --dir.")
    ] = None
    passphrase_variable: Annotated[
        str | None, Parameter(help="The environment variable that holds it; with neither, a terminal is asked.")
    ] = None


Passphrase = Annotated[PassphraseOptions, Parameter(name="*")]
NOT_GIVEN = PassphraseOptions()


def chosen(directory: Path, given: PassphraseOptions) -> "PassphraseReference":
    """Return where the passphrase of the node in `directory` is from now on; with neither given, ask for one where somebody can answer.

    Raises:
        ConfigurationError: both are given, or what is typed is not as it must be.
    """
    from pydantic import ValidationError

    from validation.keyring import PassphraseReference, ask_for_new_passphrase, is_terminal

    file, variable = given.passphrase_file, given.passphrase_variable
    if file is not None and variable is not None:
        raise ConfigurationError("passphrase: give --passphrase-file or --passphrase-variable, not both")
    if file is None and variable is None and is_terminal():
        ask_for_new_passphrase(directory)
    try:
        return PassphraseReference(passphrase_file=file.resolve() if file else None, passphrase_variable=variable)
    except ValidationError:
        raise ConfigurationError("--passphrase-variable: want the name of an environment variable, never the passphrase itself") from None


def warn_of_unencrypted(directory: Path) -> None:
    """Warn where keys lie in the clear."""
    from validation.keyring import Keyring

    names = Keyring(directory).unencrypted()
    if names:
        warn(f"{len(names)} key(s) in {directory} are not encrypted: for development alone; see `kinlink keys encrypt --help`")
