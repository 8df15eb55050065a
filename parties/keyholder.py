"""A key holder's side: one random share per round, sealed to every custodian.

The share itself never touches a disk. What is kept until the round closes are the sealed copies, which the holder cannot
open, so that a repeat sends the same bytes; `parties.deleting` ends them.
"""

import base64
import json
import secrets
from pathlib import Path

from parties.client import ServiceClient
from parties.initialise import load_agreed
from parties.keys.derive import KEY_BYTES
from parties.keys.identity_keys import key_id, load_signing_key
from parties.keys.shares import seal_share
from parties.rounds import check_open, fetch_round
from parties.settings import NodeSettings
from schemas.agreed import Agreed
from schemas.roster import Role
from validation.keyring import write_private
from validation.progress import Progress, silent

SHARES_DIRECTORY = "shares"


def issue_shares(settings: NodeSettings, round_id: str | None = None, progress: Progress = silent) -> int:
    """Send this holder's share of a round, or of the newest open one, to every custodian; safe to repeat.

    Returns:
        How many custodians it was sent to.

    Raises:
        RoundError: the round is closed, or none is open.
        UserError: as the service answers.
    """
    agreed = load_agreed(settings)
    with ServiceClient(settings, Role.KEY_HOLDER) as client:
        found = fetch_round(client, agreed, round_id)
        check_open(found)
        sealed = _sealed_shares(settings, agreed, found.round_id, found.digest)
        for done, (recipient, text) in enumerate(sealed.items(), start=1):
            client.put(f"/v1/rounds/{found.round_id}/shares/{recipient}", json={"sealed": text})
            progress("issue shares", done, len(sealed))
    return len(sealed)


def sealed_shares_file(settings: NodeSettings, round_id: str, round_digest: str) -> Path:
    """Return where the sealed copies of this holder's share of a round are kept."""
    return settings.path(SHARES_DIRECTORY, f"{round_id}.{round_digest[:12]}.json")


def _sealed_shares(settings: NodeSettings, agreed: Agreed, round_id: str, round_digest: str) -> dict[str, str]:
    path = sealed_shares_file(settings, round_id, round_digest)
    if not path.exists():
        share = secrets.token_bytes(KEY_BYTES)
        signer = (key_id(settings, Role.KEY_HOLDER), load_signing_key(settings, Role.KEY_HOLDER))
        holder = agreed.roster.get(settings.organisation)
        sealed = {
            custodian.organisation: base64.b64encode(seal_share(share, round_digest, holder, signer, custodian)).decode()
            for custodian in agreed.roster.custodians()
        }
        partial = path.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        write_private(partial, json.dumps(sealed).encode())
        partial.rename(path)
    content: dict[str, str] = json.loads(path.read_bytes())
    return content
