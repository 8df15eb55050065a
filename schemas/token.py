"""The referral token's body: fixed size, sealed to one authority's desk. Pure.

A grade says how sure the linkage is; it never tells by which path (declared, police or carer) the child was found. Every authority
gets equally many tokens: one that `is_dummy` is of no child, is redeemed as any other, and says so only once it is opened.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from schemas.attributes import SEALED_ATTRIBUTES_BYTES
from schemas.canonical import canonical_json, digest
from schemas.errors import TokenError

TOKEN_BODY_BYTES = 768
Grade = Literal["A", "B"]
MAX_RECEPTIONS = 3  # of parents of one child in one round
_SEALED = -(-SEALED_ATTRIBUTES_BYTES // 3) * 4
_HEX32 = r"^[0-9a-f]{64}$"
_HEX16 = r"^[0-9a-f]{32}$"


class TokenBody(BaseModel):
    """What an authority reads once it opens its envelope. Shows nothing in `repr`.

    `token` is the 32-byte secret that redeems; `child` and `own_carer` are person pseudonyms of the authority's own
    submission (`own_carer` is None where the parent is not on the authority's record). A dummy's `child` is random. `attributes` are
    the prison service's of each reception behind the finding, sealed (`schemas.attributes`), as base64.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: str = Field(pattern=_HEX32)
    round_id: str = Field(max_length=64)
    authority: str = Field(max_length=64)
    child: str = Field(pattern=_HEX16)
    own_carer: str | None = Field(default=None, pattern=_HEX16)
    grade: Grade
    is_dummy: bool = False
    attributes: tuple[Annotated[str, Field(max_length=_SEALED)], ...] = Field(default=(), max_length=MAX_RECEPTIONS)
    expires_at: str = Field(max_length=32)

    def __repr__(self) -> str:
        """Show nothing."""
        return "TokenBody(…)"

    __str__ = __repr__


def envelope_id(round_id: str, authority: str, child: str) -> str:
    """Return the id of the one envelope there can be for this child of this authority in this round, 64 hexadecimal characters."""
    return digest(f"{round_id}|{authority}|{child}".encode())


def token_context(round_digest: str, authority: str) -> str:
    """Return the sealing context of a token for one authority in one round."""
    return f"kinlink/token/1|{round_digest}|{authority}"


def write_token(body: TokenBody) -> bytes:
    """Return the body, padded with spaces to `TOKEN_BODY_BYTES`."""
    without = set() if body.attributes else {"attributes"}  # so that what an earlier version wrote is written alike
    return canonical_json(body.model_dump(exclude=without)).ljust(TOKEN_BODY_BYTES)


def read_token(content: bytes) -> TokenBody:
    """Return the body in `content`.

    Raises:
        TokenError: it is not a token body of the fixed size.
    """
    if len(content) != TOKEN_BODY_BYTES:
        raise TokenError("envelope opened, but its content has the wrong size; report it to the linkage operator")
    try:
        return TokenBody.model_validate(from_json(content))
    except (ValidationError, ValueError):
        raise TokenError("envelope opened, but its content is not a token; report it to the linkage operator") from None
