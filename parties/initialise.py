"""Make a node: its directory, its keys, its settings, its own small database; then install what the root signers sent.

The only code that makes keys. Directories are for their owner alone (0700), key files too (0600).
"""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from parties.keys.identity_keys import create_identity, create_local_secret, key_id, keyring
from parties.settings import SETTINGS_FILE, NodeKind, NodeSettings, load_settings, save_settings
from parties.store.engine import open_node_store
from schemas.agreed import AGREEMENT_FILE, ROOTS_FILE, ROSTER_FILE, TRUST_FILE, Agreed, open_agreed
from schemas.canonical import canonical_json
from schemas.errors import AgreementError, ConfigurationError
from schemas.roster import CUSTODIAN_KINDS, ROLES_OF_KIND, Identity, Kind, Organisation, Roster
from schemas.signature import SignedDocument
from validation.keyring import ASKED_FOR, KEYS_DIRECTORY, PassphraseReference, check_encrypted

IDENTITY_FILE = "identity.json"
OWNER_ONLY = 0o700
DEFAULT_SERVICE_URL = "https://127.0.0.1:8443"

_CUSTODIAN = ("extract", "quarantine", "outbox", "receipts")
DIRECTORIES: Mapping[Kind, tuple[str, ...]] = {
    Kind.PRISON_SERVICE: _CUSTODIAN,
    Kind.POLICE: _CUSTODIAN,
    Kind.LOCAL_AUTHORITY: (*_CUSTODIAN, "referrals"),
    Kind.KEY_HOLDER: ("shares",),
    Kind.STATISTICS: (),
}


def init_node(
    directory: Path,
    kind: NodeKind,
    organisation: str,
    name: str,
    *,
    gss_code: str | None = None,
    controller: str | None = None,
    service_url: str = DEFAULT_SERVICE_URL,
    prefect_api: str | None = None,
    passphrase: PassphraseReference = ASKED_FOR,
) -> Organisation:
    """Make a node in `directory`; return its entry for the roster, which is also written to `identity.json`.

    Args:
        directory: made if it is missing.
        kind: what the organisation is.
        organisation: its short name in the roster.
        name: its name as people write it.
        gss_code: the Office for National Statistics' code, for an authority.
        controller: who controls the data; without it, the organisation itself.
        service_url: where the linkage service is.
        prefect_api: the node's own Prefect API.
        passphrase: where the passphrase is under which its keys are encrypted.

    Raises:
        ConfigurationError: there is a node in `directory` already, a name or code is not as rosters need it, or the passphrase
            is not at hand.
    """
    if (directory / SETTINGS_FILE).exists():
        raise ConfigurationError(f"{directory}: there is a node already; choose another directory")
    settings = NodeSettings(
        **passphrase.model_dump(),
        kind=kind,
        organisation=organisation,
        service_url=service_url,
        prefect_api=prefect_api,
        directory=directory.resolve(),
    )
    entry = _draft(settings, name, controller or organisation, gss_code)
    _make_directories(settings)
    if entry.kind in CUSTODIAN_KINDS:
        create_local_secret(settings)
        open_node_store(settings).dispose()
    entry = entry.model_copy(update={"identities": [create_identity(settings, item.role) for item in entry.identities]})
    settings.path(IDENTITY_FILE).write_text(entry.model_dump_json(indent=2) + "\n", encoding="utf-8")
    save_settings(settings)
    return entry


def install(
    directory: Path, roster_document: SignedDocument, agreement_document: SignedDocument, roots: Mapping[str, str], ca_pem: bytes
) -> None:
    """Install roster, agreement, root keys and the service's certificate authority, once they hold.

    Raises:
        AgreementError, AuthenticationError: they do not hold, or the roster has other keys for this node.
        ConfigurationError: there is no node in `directory`.
    """
    settings = load_settings(directory)
    content = {
        ROSTER_FILE: canonical_json(roster_document.model_dump()),
        AGREEMENT_FILE: canonical_json(agreement_document.model_dump()),
        ROOTS_FILE: json.dumps(dict(roots), sort_keys=True).encode(),
    }
    agreed = open_agreed(content[ROSTER_FILE], content[AGREEMENT_FILE], content[ROOTS_FILE])
    _check_own_keys(settings, agreed.roster)
    for name, text in (*content.items(), (TRUST_FILE, ca_pem)):
        settings.path(name).write_bytes(text)


def load_agreed(settings: NodeSettings) -> Agreed:
    """Read and check the node's roster and agreement.

    Raises:
        ConfigurationError: they were not installed, or a private key lies in the clear and the agreement is not for development.
        AgreementError, AuthenticationError: they do not hold.
    """
    try:
        roster, agreement, roots = (settings.path(name).read_bytes() for name in (ROSTER_FILE, AGREEMENT_FILE, ROOTS_FILE))
    except FileNotFoundError:
        raise ConfigurationError(f"{settings.directory}: no roster, agreement or roots; install what the root signers sent") from None
    agreed = open_agreed(roster, agreement, roots)
    check_encrypted(keyring(settings), agreed.agreement.encoding.profile)
    return agreed


def _draft(settings: NodeSettings, name: str, controller: str, gss_code: str | None) -> Organisation:
    """Return the roster's entry before there are keys, so that a name it cannot carry is refused before anything is made."""
    kind = Kind(settings.kind)
    try:
        identities = [Identity(key_id=key_id(settings, role), role=role, signing_key="") for role in sorted(ROLES_OF_KIND[kind])]
        return Organisation(
            organisation=settings.organisation, name=name, kind=kind, controller=controller, gss_code=gss_code, identities=identities
        )
    except ValidationError as error:
        place = error.errors()[0]["loc"][0]
        raise ConfigurationError(
            f"node: {place} is not as rosters need it; a short name is lower-case letters, digits and hyphens, a GSS code looks like E08000025"
        ) from None


def _make_directories(settings: NodeSettings) -> None:
    settings.directory.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
    settings.directory.chmod(OWNER_ONLY)
    for name in (KEYS_DIRECTORY, *DIRECTORIES[Kind(settings.kind)]):
        settings.path(name).mkdir(mode=OWNER_ONLY, exist_ok=True)


def _check_own_keys(settings: NodeSettings, roster: Roster) -> None:
    own = Organisation.model_validate_json(settings.path(IDENTITY_FILE).read_bytes())
    listed = {(item.key_id, item.signing_key, item.sealing_key) for item in roster.get(settings.organisation).identities}
    if not listed >= {(item.key_id, item.signing_key, item.sealing_key) for item in own.identities}:
        raise AgreementError(
            f"roster: other keys stand for {settings.organisation} than this node's; send the root signers your {IDENTITY_FILE}"
        )
