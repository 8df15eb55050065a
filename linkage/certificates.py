"""The service's certificate for TLS and its private key, which is never written in the clear.

The key file is PKCS#8 under a random password of 256 bits, and that lies in the service's keyring, as encrypted as every other
private key there. So TLS libraries read the file as it is, and how they stretch passwords does not matter. The development
authority's own key is thrown away at once, so that nobody can make further certificates under it.
"""

import ipaddress
import secrets
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from linkage.private_files import write_private_file
from linkage.settings import ServiceSettings
from schemas.errors import ConfigurationError
from validation.keyring import DEVELOPMENT, Keyring

AUTHORITY_CERTIFICATE = ("tls", "ca.pem")
SERVER_CERTIFICATE = ("tls", "server.pem")
SERVER_KEY = ("tls", "server.key")
SERVER_PASSWORD, PASSWORD_BYTES = "tls.password", 32
ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"
CERTIFICATE_DAYS = 397  # as long as browsers take a certificate for
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def make_certificates(settings: ServiceSettings) -> None:
    """Make a development authority, throw its key away, and install the certificate that it signed for this service."""
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
    write_private_file(settings.path(*AUTHORITY_CERTIFICATE), authority.public_bytes(Encoding.PEM))
    _install(settings, server.public_bytes(Encoding.PEM), server_key)


def install_certificate(settings: ServiceSettings, certificate: bytes, key: bytes) -> None:
    """Install a certificate of the service's own and its key, PEM both; the key is encrypted as `make_certificates` does.

    Raises:
        ConfigurationError: one is no such PEM, the key needs a passphrase, or is another certificate's.
    """
    try:
        chain, private = x509.load_pem_x509_certificates(certificate), load_pem_private_key(key, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigurationError("certificate: want a certificate and its key without a passphrase, both PEM; name other files") from None
    if chain[0].public_key() != private.public_key():
        raise ConfigurationError("certificate: the key is another certificate's; name the key that it was made for")
    _install(settings, certificate, private)


def server_password(settings: ServiceSettings) -> str | None:
    """Return the password of the server's key file, or None where the file is not encrypted.

    Raises:
        ConfigurationError: the keyring has none, or does not open.
    """
    return _keyring(settings).read(SERVER_PASSWORD).hex() if is_key_encrypted(settings) else None


def is_key_encrypted(settings: ServiceSettings) -> bool:
    """Say whether the server's key file is encrypted; one that is not there counts as such."""
    file = settings.path(*SERVER_KEY)
    return not file.exists() or ENCRYPTED in file.read_bytes()


def check_key_encrypted(settings: ServiceSettings, profile: str) -> None:
    """Check that the server's key is not in the clear where the agreement is not one for development.

    Raises:
        ConfigurationError: it is.
    """
    if profile != DEVELOPMENT and not is_key_encrypted(settings):
        raise ConfigurationError(
            f"{settings.path(*SERVER_KEY)}: not encrypted, and the agreement's profile is {profile}; run `kinlink service certificate` for it"
        )


def _install(settings: ServiceSettings, certificate: bytes, key: PrivateKeyTypes) -> None:
    keyring = _keyring(settings)
    if SERVER_PASSWORD not in keyring.names():
        keyring.write(SERVER_PASSWORD, secrets.token_bytes(PASSWORD_BYTES))
    encryption = BestAvailableEncryption(keyring.read(SERVER_PASSWORD).hex().encode())
    write_private_file(settings.path(*SERVER_KEY), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    write_private_file(settings.path(*SERVER_CERTIFICATE), certificate)


def _keyring(settings: ServiceSettings) -> Keyring:
    return Keyring(settings.directory, settings)


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
