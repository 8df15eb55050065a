"""The service's certificate: its key is encrypted on disk, opens in a TLS library, and in the clear serves nothing but development."""

import ssl

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from linkage.certificates import (
    SERVER_CERTIFICATE,
    SERVER_KEY,
    SERVER_PASSWORD,
    check_key_encrypted,
    install_certificate,
    make_certificates,
    server_password,
)
from linkage.settings import ServiceSettings
from schemas.errors import ConfigurationError
from tests.passphrases import passphrase_in
from validation.keyring import KEYS_DIRECTORY


@pytest.fixture
def settings(tmp_path):
    made = ServiceSettings(organisation="linkage", directory=(tmp_path / "service").resolve(), **passphrase_in(tmp_path).model_dump())
    made.path(KEYS_DIRECTORY).mkdir(parents=True)
    make_certificates(made)
    return made


def opened(settings):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings.path(*SERVER_CERTIFICATE), settings.path(*SERVER_KEY), server_password(settings) or (lambda: "x"))


def plain_key(settings):
    key = load_pem_private_key(settings.path(*SERVER_KEY).read_bytes(), server_password(settings).encode())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_the_key_lies_encrypted_under_a_password_that_is_encrypted_itself(settings):
    opened(settings)
    assert load_pem_private_key(plain_key(settings), None)
    with pytest.raises((TypeError, ValueError)):
        load_pem_private_key(settings.path(*SERVER_KEY).read_bytes(), None)
    assert settings.path(KEYS_DIRECTORY, SERVER_PASSWORD).read_bytes().startswith(b"{")
    check_key_encrypted(settings, "production")


def test_a_certificate_of_ones_own_is_installed_with_an_encrypted_copy_of_its_key(settings, tmp_path):
    other = settings.model_copy(update={"directory": tmp_path / "other"})
    other.path(KEYS_DIRECTORY).mkdir(parents=True)
    make_certificates(other)
    certificate, key = other.path(*SERVER_CERTIFICATE).read_bytes(), plain_key(other)
    install_certificate(settings, certificate, key)
    opened(settings)
    assert (settings.path(*SERVER_CERTIFICATE).read_bytes(), plain_key(settings)) == (certificate, key)


def test_what_is_no_certificate_with_its_key_is_refused_and_nothing_changes(settings, tmp_path):
    certificate, key = settings.path(*SERVER_CERTIFICATE).read_bytes(), settings.path(*SERVER_KEY).read_bytes()
    plain, own = plain_key(settings), (certificate, key)
    make_certificates(settings)
    now = settings.path(*SERVER_CERTIFICATE).read_bytes(), settings.path(*SERVER_KEY).read_bytes()
    for wrong in (own, (b"", plain), (certificate, b"none"), (now[0], plain)):
        with pytest.raises(ConfigurationError, match="certificate: "):
            install_certificate(settings, *wrong)
    assert (settings.path(*SERVER_CERTIFICATE).read_bytes(), settings.path(*SERVER_KEY).read_bytes()) == now


@pytest.mark.parametrize("profile", ["production", "small-scope"])
def test_a_key_in_the_clear_is_for_development_alone(settings, profile):
    settings.path(*SERVER_KEY).write_bytes(plain_key(settings))
    assert server_password(settings) is None
    opened(settings)
    check_key_encrypted(settings, "development")
    with pytest.raises(ConfigurationError, match=r"not encrypted.*service certificate"):
        check_key_encrypted(settings, profile)
