"""Documents that people hand to a command: roster, agreement, root keys."""

import json
from pathlib import Path

from schemas.agreed import read_document
from schemas.errors import AgreementError, ConfigurationError
from schemas.signature import SignedDocument


def read_agreed_documents(roster: Path, agreement: Path, roots: Path) -> tuple[SignedDocument, SignedDocument, dict[str, str]]:
    """Return the signed roster, the signed agreement and the root keys in three files; whoever installs them checks them.

    Raises:
        ConfigurationError: a file is not there.
        AgreementError: one is malformed.
    """
    try:
        keys = json.loads(read_existing(roots))
    except ValueError:
        raise AgreementError(f"{roots.name}: not JSON; ask for the root signers' keys again") from None
    return read_document(read_existing(roster), roster.name), read_document(read_existing(agreement), agreement.name), keys


def read_existing(path: Path) -> bytes:
    """Return a file's content.

    Raises:
        ConfigurationError: it is not there.
    """
    if not path.is_file():
        raise ConfigurationError(f"{path}: no such file")
    return path.read_bytes()
