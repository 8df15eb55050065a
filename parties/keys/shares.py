"""A key holder's share of a round key: signed by the holder, then sealed to one custodian. Pure.

The holder's signature travels inside the seal, so that the service, which relays shares, can neither read one nor put
its own in the place of another.
"""

import base64
import binascii

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from parties.keys.derive import KEY_BYTES
from schemas.canonical import canonical_json
from schemas.errors import AuthenticationError, RoundError
from schemas.roster import Organisation, Role, identity_of, keys_of
from schemas.round_manifest import share_context
from schemas.sealed import OpensEnvelopes, seal
from schemas.signature import SignedDocument, check_signed, signed

CONTEXT = "key-share/1"
_DISTINCT_BYTES_NEEDED = 16  # 32 random bytes have fewer less than once in 10**15


def seal_share(
    share: bytes, round_digest: str, holder: Organisation, signer: tuple[str, Ed25519PrivateKey], recipient: Organisation
) -> bytes:
    """Return `share`, signed by `holder` with its key of that id, and sealed to the recipient's custodian."""
    key_id, key = signer
    body = {"round_digest": round_digest, "recipient": recipient.organisation, "share": base64.b64encode(share).decode()}
    document = signed(key, key_id, CONTEXT, body)
    sealing_key = identity_of(recipient, Role.CUSTODIAN).sealing_key or ""
    return seal(
        canonical_json(document.model_dump()), sealing_key, share_context(round_digest, holder.organisation, recipient.organisation)
    )


def open_share(sealed: bytes, round_digest: str, holder: Organisation, recipient: str, key: OpensEnvelopes) -> bytes:
    """Return the 32-byte share in `sealed`.

    Raises:
        SealError: it is not sealed to this recipient for this round.
        AuthenticationError: the holder did not sign it for this round and recipient.
        RoundError: the share is weak.
    """
    content = key.open(sealed, share_context(round_digest, holder.organisation, recipient))
    try:
        document = SignedDocument.model_validate_json(content)
        check_signed(document, CONTEXT, keys_of(holder, Role.KEY_HOLDER))
        if (document.body["round_digest"], document.body["recipient"]) != (round_digest, recipient):
            raise AuthenticationError(
                f"share of {holder.organisation}: made for another round or recipient; ask it to run `kinlink keys issue` again"
            )
        share = base64.b64decode(document.body["share"], validate=True)
    except (ValidationError, KeyError, TypeError, binascii.Error):
        raise AuthenticationError(f"share of {holder.organisation}: malformed; ask it to run `kinlink keys issue` again") from None
    check_strength(share, holder.organisation)
    return share


def check_strength(share: bytes, holder: str) -> None:
    """Check that a share can have been drawn at random.

    Raises:
        RoundError: it is not 32 bytes, or repeats a few.
    """
    if len(share) != KEY_BYTES or len(set(share)) < _DISTINCT_BYTES_NEEDED:
        raise RoundError(
            f"share of {holder}: weak, it is not {KEY_BYTES} random bytes; have a new round opened and its shares issued again"
        )
