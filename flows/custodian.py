"""A custodian's flows: check and encode the extract, send it; then, but for the prison service, answer the second look's requests."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from flows.stages import Counts, Stage
from schemas.roster import CUSTODIAN_KINDS
from schemas.slots import SEARCHES

NAMES = tuple(kind.value for kind in CUSTODIAN_KINDS)  # the flow is called after the kind of custodian


ANSWERING = tuple(kind.value for kind in CUSTODIAN_KINDS if any(responder is kind for _, _, responder in SEARCHES))


def answer_name(kind: str) -> str:
    """Return the name of the flow in which this kind of custodian answers."""
    return f"{kind}-answer"


def encode(directory: Path, round_id: str) -> Counts | None:
    """Check the extract, encode it, and leave signed parts in the outbox."""
    from flows.commands.console import progress_to_stderr
    from parties.settings import load_settings
    from parties.submission.prepare import prepare

    prepare(load_settings(directory), round_id, progress_to_stderr)
    return None


def send(directory: Path, round_id: str) -> Counts | None:
    """Send the outbox, unless somebody must sign its manifest first; goes on with what is missing, and keeps the receipt."""
    from flows.commands.console import progress_to_stderr
    from parties.settings import load_settings
    from parties.submission.sign_off import awaits_sign_off
    from parties.submission.submit import send as send_outbox

    settings = load_settings(directory)
    if awaits_sign_off(settings, round_id) is None:
        send_outbox(settings, round_id, progress_to_stderr)
    return None


def answer(wait: int, directory: Path, round_id: str) -> Counts | None:
    """Answer every wave that is open and not answered yet; a wave that broke off is answered again, with the same bytes."""
    from flows.commands.console import progress_to_stderr
    from parties.answering.respond import answer_waves
    from parties.settings import load_settings

    answer_waves(load_settings(directory), round_id, wait=wait, progress=progress_to_stderr)
    return None


def answer_stages(wait: int) -> Sequence[Stage]:
    """Return the answering flow's table, which looks for a wave that is not open yet for `wait` seconds."""
    return (Stage("answer", partial(answer, wait), retries=2),)


SEND = (Stage("send", send, retries=2),)
STAGES = (Stage("check and encode", encode), *SEND)
