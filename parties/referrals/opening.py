"""Open a sealed envelope with the desk's key, and see that its content is for this desk and this round. Pure."""

from dataclasses import dataclass

from schemas.errors import SealError, TokenError
from schemas.sealed import OpensEnvelopes, open_any
from schemas.token import TokenBody, envelope_id, read_token, token_context


@dataclass(frozen=True)
class Addressee:
    """Whose envelopes, of which round, the desk opens: an authority's name, the round's id and its manifest's digest."""

    authority: str
    round_id: str
    round_digest: str


@dataclass(frozen=True, repr=False)
class Opened:
    """An envelope as it came, its id, and what it says."""

    envelope_id: str
    sealed: bytes
    body: TokenBody

    def __repr__(self) -> str:
        """Show nothing."""
        return "Opened(…)"


def open_sealed(sealed: bytes, key: OpensEnvelopes, addressee: Addressee, *, name: str) -> Opened:
    """Return what the envelope called `name` says to `addressee`.

    Raises:
        SealError: it is damaged, or sealed to another authority or round.
        TokenError: its content is no token, or one that names another authority or round.
    """
    try:
        body = read_token(open_any(key, sealed, token_context(addressee.round_digest, addressee.authority)))
    except (SealError, TokenError) as error:
        raise type(error)(f"{name}: {error} (this desk is {addressee.authority}'s, in round {addressee.round_id})") from None
    if (body.authority, body.round_id) != (addressee.authority, addressee.round_id):
        raise TokenError(f"{name}: opened, but it names another authority or round; report it to the linkage operator")
    return Opened(envelope_id(body.round_id, body.authority, body.child), sealed, body)
