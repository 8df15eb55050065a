"""A round as a node sees it: fetched, and held against the node's own roster and agreement before anything else.

The service relays the manifest; what makes it a round is an operator's signature and this node's own digests.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from parties.client import ServiceClient
from schemas.agreed import Agreed
from schemas.errors import AgreementError, RoundError
from schemas.roster import Role
from schemas.round_manifest import CONTEXT, RoundManifest
from schemas.signature import SignedDocument, check_signed

OPEN, CLOSED, EXPIRED = "open", "closed", "expired"  # what the service tells a party


@dataclass(frozen=True)
class Round:
    """A round whose manifest holds."""

    manifest: RoundManifest
    digest: str
    state: str

    @property
    def round_id(self) -> str:
        """The round's name."""
        return self.manifest.round_id


def fetch_round(client: ServiceClient, agreed: Agreed, round_id: str | None = None) -> Round:
    """Return the round called `round_id`, or the newest open one.

    Raises:
        RoundError: none is open.
        AuthenticationError: no operator in the roster signed it.
        AgreementError: it is malformed, or quotes another roster or agreement.
    """
    answer = client.get(f"/v1/rounds/{round_id or _newest_open(client)}").json()
    return read_round(answer, agreed)


def fetch_past_round(client: ServiceClient, agreed: Agreed, round_id: str) -> Round:
    """Return a round that may be of an earlier roster or agreement than this node's: good for deleting what is left of it alone.

    Raises:
        AuthenticationError: no operator in the roster signed it.
        AgreementError: it is malformed.
    """
    return _signed_round(client.get(f"/v1/rounds/{round_id}").json(), agreed)


def read_round(answer: dict[str, Any], agreed: Agreed) -> Round:
    """Return the round in the service's answer, checked; raises as `fetch_round` does."""
    found = _signed_round(answer, agreed)
    manifest = found.manifest
    for what, own, quoted in (
        ("roster", agreed.rosters, manifest.roster_digest),
        ("agreement", (agreed.agreement_digest,), manifest.agreement_digest),
    ):
        if quoted not in own:
            raise AgreementError(
                f"round {manifest.round_id} quotes {what} {quoted[:12]}, this node has {own[0][:12]}; install the one the root signers signed last"
            )
    return found


def _signed_round(answer: dict[str, Any], agreed: Agreed) -> Round:
    operators = {
        item.key_id: item.signing_key for item in agreed.roster.service().identities if item.role is Role.OPERATOR and not item.revoked
    }
    try:
        document = SignedDocument.model_validate(answer["manifest"])
        check_signed(document, CONTEXT, operators)
        manifest = RoundManifest.model_validate(document.body)
        state = str(answer["state"])
    except (ValidationError, KeyError):
        raise AgreementError("round: its manifest is malformed; ask the linkage operator to open the round again") from None
    return Round(manifest, document.digest, state)


def check_open(round_: Round) -> None:
    """Check that a round still takes submissions.

    Raises:
        RoundError: it is closed.
    """
    if round_.state != OPEN:
        raise RoundError(f"round {round_.round_id} is closed; submit to the next one")


def _newest_open(client: ServiceClient) -> str:
    rounds = client.get("/v1/rounds").json()["rounds"]
    found = next((str(item["round_id"]) for item in rounds if item["state"] == OPEN), None)
    if found is None:
        raise RoundError("no round is open; wait for the linkage operator to open one")
    return found
