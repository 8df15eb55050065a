"""Making a linkage service and its operators: directories, keys, a development authority for TLS; installing what was agreed.

Signing keys lie in the keyring of their directory. The development authority's own key is thrown away at once, so that
nobody can make further certificates under it; in production put certificates of your own in their place.
"""

import ipaddress
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pydantic import ValidationError

from linkage.settings import SETTINGS_FILE, ServiceSettings, save_settings
from linkage.store.engine import migrate, open_store
from schemas.agreed import AGREEMENT_FILE, ROOTS_FILE, ROSTER_FILE, TRUST_FILE, Agreed, open_agreed
from schemas.errors import ConfigurationError
from schemas.roster import OPERATORS_NEEDED, Identity, Kind, Organisation, Role
from schemas.signature import SignedDocument, public_text
from validation.keyring import ASKED_FOR, Keyring, PassphraseReference

IDENTITY_FILE = "identity.json"
AUTHORITY_CERTIFICATE = ("tls", "ca.pem")
SERVER_CERTIFICATE = ("tls", "server.pem")
SERVER_KEY = ("tls", "server.key")
PRIVATE_DIRECTORY, PRIVATE_FILE = 0o700, 0o600
CERTIFICATE_DAYS = 397  # as long as browsers take a certificate for
LOOPBACK = ("localhost", "127.0.0.1", "::1")
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
    _private_directory(directory)
    store = open_store(settings.database)  # first: where it does not answer, there is nothing to take away again
    migrate(store)
    store.dispose()
    own = _make_identity(Keyring(directory, passphrase), organisation, Role.SERVICE, Role.SERVICE)
    _make_certificates(settings)
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
    _write(directory / IDENTITY_FILE, entry.model_dump_json(indent=2).encode())
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
    _write(directory / IDENTITY_FILE, identity.model_dump_json(indent=2).encode())
    _write(directory / SETTINGS_FILE, json.dumps(settings, indent=2).encode())
    if ca_pem is not None:
        _write(directory / TRUST_FILE, ca_pem)
    return identity


def install(directory: Path, roster: SignedDocument, agreement: SignedDocument, roots: Mapping[str, str]) -> Agreed:
    """Check roster and agreement under the root signers' keys, then write all three into `directory`.

    Raises:
        AgreementError, AuthenticationError: they do not hold; nothing is written.
    """
    contents = {
        ROSTER_FILE: roster.model_dump_json(indent=2).encode(),
        AGREEMENT_FILE: agreement.model_dump_json(indent=2).encode(),
        ROOTS_FILE: json.dumps(dict(roots), indent=2).encode(),
    }
    agreed = open_agreed(contents[ROSTER_FILE], contents[AGREEMENT_FILE], contents[ROOTS_FILE])
    for name, content in contents.items():
        _write(directory / name, content)
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


def _private_directory(directory: Path) -> None:
    directory.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    directory.chmod(PRIVATE_DIRECTORY)


def _write(file: Path, content: bytes) -> None:
    _private_directory(file.parent)
    with os.fdopen(os.open(file, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, PRIVATE_FILE), "wb") as sink:
        sink.write(content)


def _make_identity(keyring: Keyring, organisation: str, role: Role, name: str) -> Identity:
    key = Ed25519PrivateKey.generate()
    try:
        identity = Identity(key_id=f"{organisation}/{name}", role=role, signing_key=public_text(key))
    except ValidationError:
        raise ConfigurationError(
            "node: a short name, also an operator's, is lower-case letters, digits and hyphens; choose another"
        ) from None
    _private_directory(keyring.path("").parent)
    _private_directory(keyring.path(""))
    keyring.write(f"{role}.signing", key.private_bytes_raw())
    return identity


def _make_certificates(settings: ServiceSettings) -> None:
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = _name(f"Kinlink development authority of {settings.organisation}"[:64])
    authority = (
        _certificate(authority_name, authority_name, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    server = (
        _certificate(_name("Kinlink linkage service"), authority_name, server_key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_host(item) for item in dict.fromkeys((*LOOPBACK, settings.host))]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write(settings.path(*AUTHORITY_CERTIFICATE), authority.public_bytes(Encoding.PEM))
    _write(settings.path(*SERVER_CERTIFICATE), server.public_bytes(Encoding.PEM))
    _write(settings.path(*SERVER_KEY), server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=CERTIFICATE_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
