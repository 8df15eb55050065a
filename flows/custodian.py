"""A custodian's flow: check and encode the extract, send it. One table for the prison service, police forces and authorities."""

from pathlib import Path

from flows.stages import Counts, Stage
from schemas.roster import CUSTODIAN_KINDS

NAMES = tuple(kind.value for kind in CUSTODIAN_KINDS)  # the flow is called after the kind of custodian


def encode(directory: Path, round_id: str) -> Counts | None:
    """Check the extract, encode it, and leave signed parts in the outbox."""
    from flows.commands.console import progress_to_stderr
    from parties.settings import load_settings
    from parties.submission.prepare import prepare

    prepare(load_settings(directory), round_id, progress_to_stderr)
    return None


def send(directory: Path, round_id: str) -> Counts | None:
    """Send the outbox; goes on with what is missing, and keeps the receipt."""
    from flows.commands.console import progress_to_stderr
    from parties.settings import load_settings
    from parties.submission.submit import send as send_outbox

    send_outbox(load_settings(directory), round_id, progress_to_stderr)
    return None


STAGES = (Stage("check and encode", encode), Stage("send", send, retries=2))
