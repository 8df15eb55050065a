"""Make a node: its directory, its keys, its settings, its own small database; then install what the root signers sent.

The only code that makes keys. Directories are for their owner alone (0700), key files too (0600).
"""

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from parties.keys.identity_keys import create_identity, create_local_secret, key_id, keyring
from parties.keys.rotating import check_own_keys, read_entry, take_up_keys, write_entry
from parties.settings import SETTINGS_FILE, NodeKind, NodeSettings, load_settings, save_settings
from parties.store.engine import open_node_store
from schemas.agreed import AGREEMENT_FILE, ROOTS_FILE, ROSTER_FILE, TRUST_FILE, Agreed, open_agreed
from schemas.canonical import canonical_json
from schemas.errors import ConfigurationError
from schemas.roster import CUSTODIAN_KINDS, ROLES_OF_KIND, Identity, Kind, Organisation, Role, check_continues
from schemas.signature import SignedDocument
from validation.keyring import ASKED_FOR, KEYS_DIRECTORY, PassphraseReference, check_encrypted

OWNER_ONLY = 0o700
MAPS_DIRECTORY = "maps"  # from person ids to an authority's records, sealed to its desk, on the way there
DEFAULT_SERVICE_URL = "https://127.0.0.1:8443"

_CUSTODIAN = ("extract", "quarantine", "outbox", "receipts")
_DESK = ("extract", "referrals", MAPS_DIRECTORY)
DIRECTORIES: Mapping[Kind, tuple[str, ...]] = {
    Kind.PRISON_SERVICE: _CUSTODIAN,
    Kind.POLICE: _CUSTODIAN,
    Kind.LOCAL_AUTHORITY: (*_CUSTODIAN, "referrals", MAPS_DIRECTORY),
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
    desk_apart: bool = False,
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
        desk_apart: an authority's desk has a directory of its own, which `init_desk` makes; without, this node is its desk as well.

    Raises:
        ConfigurationError: there is a node in `directory` already, a name or code is not as rosters need it, or there is no passphrase.
    """
    _check_new(directory)
    place, reference = directory.resolve(), passphrase.model_dump()
    settings = NodeSettings(
        **reference, kind=kind, organisation=organisation, service_url=service_url, prefect_api=prefect_api, directory=place
    )
    entry = _draft(
        settings,
        name,
        controller or organisation,
        gss_code,
        ROLES_OF_KIND[Kind(kind)] - {Role.DATA_PROTECTION, *([Role.DESK] if desk_apart else [])},
    )
    _make_directories(settings, DIRECTORIES[Kind(kind)])
    if entry.kind in CUSTODIAN_KINDS:
        create_local_secret(settings)
        open_node_store(settings).dispose()
    return _keep(settings, entry)


def init_lead(directory: Path, kind: NodeKind, organisation: str, *, passphrase: PassphraseReference = ASKED_FOR) -> Identity:
    """Make the directory and key of a custodian's data-protection lead; return the identity, which is also written to `identity.json`.

    Raises:
        ConfigurationError: there is a node in `directory` already, the kind is no custodian's, the name is not as rosters need it, or
            the passphrase is not at hand.
    """
    _check_new(directory)
    if Kind(kind) not in CUSTODIAN_KINDS:
        raise ConfigurationError(f"lead: a {kind} submits nothing, so there is nothing to sign; give a custodian's kind")
    settings = NodeSettings(**passphrase.model_dump(), kind=kind, organisation=organisation, directory=directory.resolve())
    entry = _draft(settings, organisation, organisation, None, {Role.DATA_PROTECTION})
    _make_directories(settings, ())
    return _keep(settings, entry).identities[0]


def init_desk(
    directory: Path,
    organisation: str,
    *,
    deputy: bool = False,
    service_url: str = DEFAULT_SERVICE_URL,
    prefect_api: str | None = None,
    passphrase: PassphraseReference = ASKED_FOR,
) -> Identity:
    """Make the directory and keys of an authority's desk, its holder's or its deputy's; return the identity, also written to `identity.json`.

    Raises:
        ConfigurationError: there is a node in `directory` already, the name is not as rosters need it, or the passphrase is not at hand.
    """
    _check_new(directory)
    settings = NodeSettings(
        **passphrase.model_dump(),
        kind="local-authority",
        organisation=organisation,
        position="deputy" if deputy else "holder",
        service_url=service_url,
        prefect_api=prefect_api,
        directory=directory.resolve(),
    )
    entry = _draft(settings, organisation, organisation, None, {Role.DESK})
    _make_directories(settings, _DESK)
    open_node_store(settings).dispose()
    return _keep(settings, entry).identities[0]


def roles_here(settings: NodeSettings) -> frozenset[Role]:
    """Return the roles whose keys were made in this directory."""
    return frozenset(item.role for item in read_entry(settings).identities)


def check_desk(settings: NodeSettings) -> None:
    """Check that this directory is a desk's.

    Raises:
        ConfigurationError: it is another organisation's, or the desk has a directory of its own.
    """
    if settings.kind != "local-authority":
        raise ConfigurationError(
            f"{settings.directory}: tokens and questions are sealed to local authorities; this node is a {settings.kind}"
        )
    if Role.DESK not in roles_here(settings):
        raise ConfigurationError(f"{settings.directory}: this node submits; its desk has a directory of its own, so run this there")


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
    _check_continues(settings, agreed)
    check_own_keys(settings, agreed.roster)
    for name, text in (*content.items(), (TRUST_FILE, ca_pem)):
        settings.path(name).write_bytes(text)
    take_up_keys(settings, agreed.roster)


def _check_continues(settings: NodeSettings, agreed: Agreed) -> None:
    """Check that a roster which continues the installed one changes keys alone."""
    try:
        installed = [settings.path(name).read_bytes() for name in (ROSTER_FILE, AGREEMENT_FILE, ROOTS_FILE)]
    except FileNotFoundError:
        return
    earlier = open_agreed(*installed)
    check_continues(agreed.roster, earlier.roster, earlier.roster_digest)


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


def _check_new(directory: Path) -> None:
    if (directory / SETTINGS_FILE).exists():
        raise ConfigurationError(f"{directory}: there is a node already; choose another directory")


def _keep(settings: NodeSettings, draft: Organisation) -> Organisation:
    """Make the keys of a draft's identities; keep the entry and the settings, and return the entry."""
    entry = draft.model_copy(update={"identities": [create_identity(settings, item.role) for item in draft.identities]})
    write_entry(settings, entry)
    save_settings(settings)
    return entry


def _draft(settings: NodeSettings, name: str, controller: str, gss_code: str | None, roles: Collection[Role]) -> Organisation:
    """Return the roster's entry before there are keys, so that a name it cannot carry is refused before anything is made."""
    kind = Kind(settings.kind)
    try:
        identities = [Identity(key_id=key_id(settings, role), role=role, signing_key="") for role in sorted(roles)]
        return Organisation(
            organisation=settings.organisation, name=name, kind=kind, controller=controller, gss_code=gss_code, identities=identities
        )
    except ValidationError as error:
        place = error.errors()[0]["loc"][0]
        raise ConfigurationError(
            f"node: {place} is not as rosters need it; a short name is lower-case letters, digits and hyphens, a GSS code looks like E08000025"
        ) from None


def _make_directories(settings: NodeSettings, names: Iterable[str]) -> None:
    settings.directory.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
    settings.directory.chmod(OWNER_ONLY)
    for name in (KEYS_DIRECTORY, *names):
        settings.path(name).mkdir(mode=OWNER_ONLY, exist_ok=True)
