"""The round key, out of the shares of every key holder. Pure; the key lives in memory and nowhere else.

Salted with the manifest's digest: parties whose rosters, agreements or rounds differ in anything derive different keys.
"""

from collections.abc import Mapping

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from parties.keys.derive import KEY_BYTES
from parties.keys.shares import check_strength, open_share
from schemas.errors import RoundError
from schemas.roster import KEY_HOLDERS_NEEDED, Kind, Roster
from schemas.round_manifest import RoundManifest, round_key_context
from schemas.sealed import OpensEnvelopes


def open_shares(sealed: Mapping[str, bytes], roster: Roster, round_digest: str, recipient: str, key: OpensEnvelopes) -> dict[str, bytes]:
    """Return the share of every key holder in the roster, by organisation.

    Raises:
        RoundError: a share is missing or weak.
        SealError, AuthenticationError: a share is not what the holder made for this recipient and round.
    """
    holders = roster.of_kind(Kind.KEY_HOLDER)
    missing = [holder.organisation for holder in holders if holder.organisation not in sealed]
    if missing:
        raise RoundError(f"share of {missing[0]}: not there yet; ask it to run `kinlink keys issue`, then submit again")
    return {holder.organisation: open_share(sealed[holder.organisation], round_digest, holder, recipient, key) for holder in holders}


def round_key(shares: Mapping[str, bytes], manifest: RoundManifest, round_digest: str) -> bytes:
    """Return the 32-byte round key.

    Raises:
        RoundError: fewer than two holders, a weak share, or the same share twice.
    """
    if len(shares) < KEY_HOLDERS_NEEDED:
        raise RoundError(
            f"round key: {len(shares)} share(s) where {KEY_HOLDERS_NEEDED} are needed; ask the key holders to run `kinlink keys issue`"
        )
    for holder, share in shares.items():
        check_strength(share, holder)
    if len(set(shares.values())) < len(shares):
        raise RoundError("round key: two key holders sent the same share; have a new round opened and its shares issued again")
    material = b"".join(shares[holder] for holder in sorted(shares))
    info = round_key_context(manifest.purpose, manifest.scope)
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=bytes.fromhex(round_digest), info=info).derive(material)
