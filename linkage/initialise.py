"""Making a linkage service and its operators: directories, keys, certificates; installing what was agreed.

Private keys lie in the keyring of their directory.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from linkage.certificates import AUTHORITY_CERTIFICATE, make_certificates
from linkage.private_files import private_directory, write_private_file
from linkage.settings import SETTINGS_FILE, ServiceSettings, save_settings
from linkage.storage_keys import make_first_master
from linkage.store.engine import migrate, open_store
from schemas.agreed import AGREEMENT_FILE, ROOTS_FILE, ROSTER_FILE, TRUST_FILE, Agreed, open_agreed
from schemas.errors import ConfigurationError
from schemas.roster import OPERATORS_NEEDED, Identity, Kind, Organisation, Role, check_continues
from schemas.signature import SignedDocument, public_text
from validation.keyring import ASKED_FOR, Keyring, PassphraseReference

IDENTITY_FILE = "identity.json"
OPERATOR_SETTINGS = ("organisation", "key_id", "service_url")


def init_service(
    directory: Path,
    organisation: str,
    host: str = "127.0.0.1",
    port: int = 8443,
    operators: int = OPERATORS_NEEDED,
    *,
    name: str | None = None,
    controller: str | None = None,
    database_url: str | None = None,
    prefect_api: str | None = None,
    passphrase: PassphraseReference = ASKED_FOR,
) -> Organisation:
    """Make a linkage service in `directory`, and its operators in `operator-1`, `operator-2`, … beside it.

    With `operators=0` none is made: each operator makes their own directory and sends its identity for the roster.

    Returns:
        The service's entry for the roster, also written to identity.json.

    Raises:
        ConfigurationError: there is a service already, the database does not answer, the passphrase is not at hand, or the name
            is not as rosters need it.
    """
    _check_new(directory)
    given = {"host": host, "port": port, "database_url": database_url, "prefect_api": prefect_api, **passphrase.model_dump()}
    settings = _settings(directory, organisation=organisation, **given)
    private_directory(directory)
    store = open_store(settings.database)  # first: where it does not answer, there is nothing to take away again
    migrate(store)
    store.dispose()
    own = _make_identity(Keyring(directory, passphrase), organisation, Role.SERVICE, Role.SERVICE)
    make_first_master(settings)
    make_certificates(settings)
    trust = settings.path(*AUTHORITY_CERTIFICATE).read_bytes()
    url = f"https://{host}:{port}"
    places = {f"operator-{number}": directory.parent / f"operator-{number}" for number in range(1, operators + 1)}
    made = [
        init_operator(place, organisation, label, service_url=url, ca_pem=trust, passphrase=passphrase) for label, place in places.items()
    ]
    entry = Organisation(
        organisation=organisation,
        name=name or organisation,
        kind=Kind.LINKAGE_SERVICE,
        controller=controller or organisation,
        identities=[own, *made],
    )
    write_private_file(directory / IDENTITY_FILE, entry.model_dump_json(indent=2).encode())
    save_settings(settings)
    return entry


def init_operator(
    directory: Path,
    organisation: str,
    name: str,
    *,
    service_url: str = "https://127.0.0.1:8443",
    ca_pem: bytes | None = None,
    passphrase: PassphraseReference = ASKED_FOR,
) -> Identity:
    """Make one operator's own directory and key; return the identity for the roster.

    Raises:
        ConfigurationError: there is a node already, the passphrase is not at hand, or the name is not as rosters need it.
    """
    _check_new(directory)
    identity = _make_identity(Keyring(directory, passphrase), organisation, Role.OPERATOR, name)
    settings = dict(zip(OPERATOR_SETTINGS, (organisation, identity.key_id, service_url), strict=True)) | passphrase.model_dump(mode="json")
    write_private_file(directory / IDENTITY_FILE, identity.model_dump_json(indent=2).encode())
    write_private_file(directory / SETTINGS_FILE, json.dumps(settings, indent=2).encode())
    if ca_pem is not None:
        write_private_file(directory / TRUST_FILE, ca_pem)
    return identity


def install(directory: Path, roster: SignedDocument, agreement: SignedDocument, roots: Mapping[str, str]) -> Agreed:
    """Check roster and agreement under the root signers' keys, then write all three into `directory`.

    Raises:
        AgreementError, AuthenticationError: they do not hold, or continue what is installed and change more than keys; nothing is written.
    """
    contents = {
        ROSTER_FILE: roster.model_dump_json(indent=2).encode(),
        AGREEMENT_FILE: agreement.model_dump_json(indent=2).encode(),
        ROOTS_FILE: json.dumps(dict(roots), indent=2).encode(),
    }
    agreed = open_agreed(contents[ROSTER_FILE], contents[AGREEMENT_FILE], contents[ROOTS_FILE])
    if all((directory / name).exists() for name in contents):
        earlier = open_agreed(*((directory / name).read_bytes() for name in contents))
        check_continues(agreed.roster, earlier.roster, earlier.roster_digest)
    for name, content in contents.items():
        write_private_file(directory / name, content)
    return agreed


def read_signing_key(directory: Path, role: Role, passphrase: PassphraseReference = ASKED_FOR) -> Ed25519PrivateKey:
    """Read the signing key of `role` in `directory`.

    Raises:
        ConfigurationError: it cannot be read; see `Keyring.read`.
    """
    keyring, name = Keyring(directory, passphrase), f"{role}.signing"
    try:
        return Ed25519PrivateKey.from_private_bytes(keyring.read(name))
    except ValueError:
        raise ConfigurationError(f"{keyring.path(name)}: not a key; restore it from its backup, or make a new node") from None


def _settings(directory: Path, **given: str | int | None) -> ServiceSettings:
    try:
        return ServiceSettings.model_validate({**given, "directory": directory.resolve()})
    except ValidationError:
        raise ConfigurationError("service: a name has at most 64 characters, a port is 1 to 65535; choose others") from None


def _check_new(directory: Path) -> None:
    if (directory / SETTINGS_FILE).exists():
        raise ConfigurationError(f"{directory} holds a node already; choose another directory")


def _make_identity(keyring: Keyring, organisation: str, role: Role, name: str) -> Identity:
    key = Ed25519PrivateKey.generate()
    try:
        identity = Identity(key_id=f"{organisation}/{name}", role=role, signing_key=public_text(key))
    except ValidationError:
        raise ConfigurationError(
            "node: a short name, also an operator's, is lower-case letters, digits and hyphens; choose another"
        ) from None
    private_directory(keyring.path("").parent)
    private_directory(keyring.path(""))
    keyring.write(f"{role}.signing", key.private_bytes_raw())
    return identity
