"""The round key, from the key holders' shares as the service relays them. Network; the key is returned and kept nowhere."""

import base64
import binascii

from parties.client import ServiceClient
from parties.keys.identity_keys import load_sealing_key
from parties.keys.round_key import open_shares, round_key
from parties.rounds import Round
from parties.settings import NodeSettings
from schemas.agreed import Agreed
from schemas.errors import ServiceError
from schemas.roster import Role


def fetch_round_key(settings: NodeSettings, client: ServiceClient, agreed: Agreed, found: Round) -> bytes:
    """Return the 32-byte key of a round, put together from every key holder's share.

    Raises:
        RoundError: a share is missing or weak.
        SealError, AuthenticationError: a share is not what its holder made for this organisation and round.
        ServiceError: the service's list of shares is malformed.
    """
    sealed = _fetch_shares(client, found)
    shares = open_shares(sealed, agreed.roster, found.digest, settings.organisation, load_sealing_key(settings, Role.CUSTODIAN))
    return round_key(shares, found.manifest, found.digest)


def _fetch_shares(client: ServiceClient, found: Round) -> dict[str, bytes]:
    answer = client.get(f"/v1/rounds/{found.round_id}/shares").json()
    try:
        return {item["holder"]: base64.b64decode(item["sealed"], validate=True) for item in answer["shares"]}
    except (KeyError, TypeError, binascii.Error):
        raise ServiceError("linkage service: its list of shares is malformed; ask its operator") from None
