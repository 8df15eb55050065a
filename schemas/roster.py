"""Who takes part: organisations, their controllers, and the keys of each of their identities. Pure.

The roster is canonical JSON signed by two of three root signers; everything later carries its digest. A roster in
which the linkage service shares a controller with a custodian or a key holder is refused: together they could read
what was encoded.

A key is replaced while rounds run: the next roster lists old and new key and continues the one before, whose rounds go on under it.
"""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.errors import AgreementError
from schemas.signature import SignedDocument, check_signed, malformed_at

CONTEXT = "roster/1"
ROOT_SIGNATURES_NEEDED = 2
KEY_HOLDERS_NEEDED = 2
OPERATORS_NEEDED = 2
MAX_ORGANISATIONS = 1_000
MAX_CONTINUED = 16

_SLUG = r"[a-z0-9][a-z0-9-]{0,62}"


class Kind(StrEnum):
    """What an organisation is in the linkage."""

    PRISON_SERVICE = "prison-service"
    POLICE = "police"
    LOCAL_AUTHORITY = "local-authority"
    KEY_HOLDER = "key-holder"
    LINKAGE_SERVICE = "linkage-service"
    STATISTICS = "statistics"


class Role(StrEnum):
    """What an identity of an organisation may do; one organisation may have several."""

    CUSTODIAN = "custodian"
    DATA_PROTECTION = "data-protection"
    DESK = "desk"
    KEY_HOLDER = "key-holder"
    OPERATOR = "operator"
    STATISTICIAN = "statistician"
    SERVICE = "service"


CUSTODIAN_KINDS = (Kind.PRISON_SERVICE, Kind.POLICE, Kind.LOCAL_AUTHORITY)
ROLES_OF_KIND: Mapping[Kind, frozenset[Role]] = {
    Kind.PRISON_SERVICE: frozenset({Role.CUSTODIAN, Role.DATA_PROTECTION}),
    Kind.POLICE: frozenset({Role.CUSTODIAN, Role.DATA_PROTECTION}),
    Kind.LOCAL_AUTHORITY: frozenset({Role.CUSTODIAN, Role.DATA_PROTECTION, Role.DESK}),
    Kind.KEY_HOLDER: frozenset({Role.KEY_HOLDER}),
    Kind.LINKAGE_SERVICE: frozenset({Role.SERVICE, Role.OPERATOR}),
    Kind.STATISTICS: frozenset({Role.STATISTICIAN}),
}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Identity(_Model):
    """One key pair of an organisation: `key_id` is what requests are signed as."""

    key_id: str = Field(pattern=rf"^{_SLUG}/{_SLUG}$")
    role: Role
    signing_key: str = Field(max_length=64)
    sealing_key: str | None = Field(default=None, max_length=2_048)
    revoked: bool = False
    replaces: str | None = Field(
        default=None, max_length=128, description="the key that this one takes over from; both hold while both are listed"
    )
    made_on: str | None = Field(default=None, pattern=r"^\d{4}-\d\d-\d\d$")


class Organisation(_Model):
    """One organisation, who controls it, and its identities."""

    organisation: str = Field(pattern=rf"^{_SLUG}$")
    name: str = Field(max_length=200)
    kind: Kind
    controller: str = Field(max_length=200)
    gss_code: str | None = Field(default=None, pattern=r"^[EW]\d{8}$")
    identities: list[Identity] = Field(min_length=1, max_length=16)


class Roster(_Model):
    """Every organisation of a linkage, valid until `expires_on` (ISO date)."""

    version: int = Field(ge=1)
    expires_on: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")
    organisations: list[Organisation] = Field(min_length=1, max_length=MAX_ORGANISATIONS)
    continues: list[str] = Field(default=[], max_length=MAX_CONTINUED, description="digests of rosters whose rounds go on under this one")

    def identity(self, key_id: str) -> tuple[Organisation, Identity] | None:
        """Return the identity called `key_id` and its organisation, unless it is unknown or revoked."""
        return next(
            ((org, item) for org in self.organisations for item in org.identities if item.key_id == key_id and not item.revoked),
            None,
        )

    def get(self, organisation: str) -> Organisation:
        """Return one organisation.

        Raises:
            AgreementError: it is not in the roster.
        """
        found = next((item for item in self.organisations if item.organisation == organisation), None)
        if found is None:
            raise AgreementError("roster: no such organisation; ask the root signers which name is yours")
        return found

    def of_kind(self, *kinds: Kind) -> list[Organisation]:
        """Return the organisations of these kinds, in the roster's order."""
        return [item for item in self.organisations if item.kind in kinds]

    def custodians(self) -> list[Organisation]:
        """Return those that submit encodings."""
        return self.of_kind(*CUSTODIAN_KINDS)

    def service(self) -> Organisation:
        """Return the linkage service."""
        return self.of_kind(Kind.LINKAGE_SERVICE)[0]


def identities_of(organisation: Organisation, role: Role) -> list[Identity]:
    """Return the organisation's identities for `role` that hold, those that were replaced among them."""
    return [item for item in organisation.identities if item.role is role and not item.revoked]


def keys_of(organisation: Organisation, role: Role) -> dict[str, str]:
    """Return the public signing keys that hold for `role`, by key id: what a signature of today may be checked with."""
    return {item.key_id: item.signing_key for item in identities_of(organisation, role)}


def own_keys(organisation: Organisation, key_id: str) -> dict[str, str]:
    """Return the public signing keys that hold of whoever signs as `key_id`: that one, the one it replaces, and one that replaces it."""
    holding = {item.key_id: item for item in organisation.identities if not item.revoked}
    replaced = holding[key_id].replaces if key_id in holding else None
    return {name: item.signing_key for name, item in holding.items() if name in (key_id, replaced) or item.replaces == key_id}


def identity_of(organisation: Organisation, role: Role) -> Identity:
    """Return the organisation's identity for `role` that none of its others replaces.

    Raises:
        AgreementError: it has none.
    """
    holding = identities_of(organisation, role)
    replaced = {item.replaces for item in holding}
    found = next((item for item in holding if item.key_id not in replaced), None)
    if found is None:
        raise AgreementError(f"roster: {organisation.organisation} has no {role} identity; ask the root signers to add it")
    return found


def desk_keys(authority: Organisation) -> list[str]:
    """Return the sealing keys of an authority's desk, the holder's and the deputy's: of each the one that none replaces.

    Raises:
        AgreementError: it has no desk.
    """
    identity_of(authority, Role.DESK)
    holding = identities_of(authority, Role.DESK)
    replaced = {item.replaces for item in holding}
    return [item.sealing_key or "" for item in holding if item.key_id not in replaced]


def open_roster(document: SignedDocument, roots: Mapping[str, str]) -> Roster:
    """Return the roster of `document` once its signatures and its rules hold.

    Args:
        document: the signed roster.
        roots: key id → public key of the root signers.

    Raises:
        AuthenticationError: fewer than two root signers signed it.
        AgreementError: it is malformed or breaks a rule.
    """
    check_signed(document, CONTEXT, roots, needed=ROOT_SIGNATURES_NEEDED)
    try:
        roster = Roster.model_validate(document.body)
    except ValidationError as error:
        raise AgreementError(f"roster: malformed at {malformed_at(error)}; ask the root signers for a corrected one") from None
    check_roster(roster)
    return roster


def check_continues(roster: Roster, earlier: Roster, earlier_digest: str) -> None:
    """Check that a roster which continues `earlier` changes keys and its dates alone; one that does not continue it may be anything.

    Raises:
        AgreementError: it changes who takes part, or what a key is called.
    """
    if earlier_digest not in roster.continues:
        return
    before, after = (
        [item.model_copy(update={"identities": []}) for item in sorted(of.organisations, key=lambda item: item.organisation)]
        for of in (earlier, roster)
    )
    known = {item.key_id: item for org in earlier.organisations for item in org.identities}
    same = [
        (item.signing_key, item.sealing_key, item.role)
        == (known[item.key_id].signing_key, known[item.key_id].sealing_key, known[item.key_id].role)
        for org in roster.organisations
        for item in org.identities
        if item.key_id in known
    ]
    if before != after or not all(same) or roster.version <= earlier.version:
        raise AgreementError(
            "roster: continues the installed one, but changes more than its keys; ask the root signers for one that does not continue it"
        )


def check_roster(roster: Roster) -> None:
    """Check the rules that hold between organisations.

    Raises:
        AgreementError: naming the first rule that does not hold.
    """
    for broken, rule in _rules(roster):
        if broken:
            raise AgreementError(f"roster: {rule}; ask the root signers for a corrected one")


def _rules(roster: Roster) -> list[tuple[bool, str]]:
    names = Counter(item.organisation for item in roster.organisations)
    key_ids = Counter(item.key_id for org in roster.organisations for item in org.identities)
    signing = Counter(item.signing_key for org in roster.organisations for item in org.identities)
    services = roster.of_kind(Kind.LINKAGE_SERVICE)
    roles = {item.key_id: (org.organisation, item.role) for org in roster.organisations for item in org.identities}
    operators = [item for org in services for item in org.identities if item.role is Role.OPERATOR]
    holders = {item.controller for item in roster.of_kind(Kind.KEY_HOLDER)}
    apart = {item.controller for item in roster.of_kind(*CUSTODIAN_KINDS, Kind.KEY_HOLDER)}
    return [
        (max(names.values()) > 1, "two organisations have one name"),
        (max(key_ids.values()) > 1 or max(signing.values()) > 1, "one key stands for two identities"),
        (len(services) != 1, "there must be exactly one linkage service"),
        (len(operators) < OPERATORS_NEEDED, "the linkage service needs two operators with keys of their own"),
        (len(holders) < KEY_HOLDERS_NEEDED, "there must be at least two key holders with different controllers"),
        (any(org.controller in apart for org in services), "the linkage service shares a controller with a custodian or key holder"),
        (
            any(item.role not in ROLES_OF_KIND[org.kind] for org in roster.organisations for item in org.identities),
            "an identity has a role its kind may not have",
        ),
        (
            any(
                item.replaces is not None and roles.get(item.replaces, (org.organisation, item.role)) != (org.organisation, item.role)
                for org in roster.organisations
                for item in org.identities
            ),
            "a key replaces one of another organisation or role",
        ),
        (any(item.replaces for item in operators), "a key replaces an operator's, who then could approve twice; list a new operator"),
    ]
