"""What a round is: which roster, agreement and scope, and when it closes; signed by the operator who opens it. Pure.

The round key is salted with this document's digest: parties whose manifests differ in anything derive different keys.
"""

from pydantic import BaseModel, ConfigDict, Field

CONTEXT = "round/1"


class RoundManifest(BaseModel):
    """One round. Instants are UTC, ISO 8601, to the second."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    round_id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{2,40}$")
    roster_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    agreement_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    purpose: str = Field(min_length=3, max_length=300)
    scope: str = Field(pattern=r"^[a-z0-9-]{1,64}$")
    opens_at: str = Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
    closes_at: str = Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


def share_context(round_digest: str, holder: str, recipient: str) -> str:
    """Return the sealing context of one key holder's share for one recipient, each an organisation's name."""
    return f"kinlink/key-share/1|{round_digest}|{holder}|{recipient}"


def round_key_context(purpose: str, scope: str) -> bytes:
    """Return HKDF's `info` for the round key."""
    return f"kinlink/round-key/1|{purpose}|{scope}".encode()
