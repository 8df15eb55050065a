"""Send what is in the outbox, get the receipt, keep it and what requests are answered with, and forget the rest.

Every step may be repeated: chunks that arrived are not sent again, and the receipt of a submission never changes.
"""

from parties.answering.kept import KeptFilters
from parties.client import ServiceClient
from parties.initialise import load_agreed
from parties.settings import NodeSettings
from parties.submission.outbox import Outbox
from parties.submission.prepare import prepare
from parties.submission.receipts import Submitted, check_receipt, store_manifest, store_receipt, stored_receipt
from schemas.encoding_set import SubmissionManifest
from schemas.roster import Role
from schemas.sign_off import check_signed_off
from schemas.signature import SignedDocument
from validation.progress import Progress, silent


def submit(settings: NodeSettings, round_id: str | None = None, progress: Progress = silent) -> Submitted:
    """Check, encode and send the node's extract for a round, or the newest open one.

    Data that was accepted already is not sent again; other data takes the place of what was accepted.

    Raises:
        UserError: as `prepare` and `send` do.
    """
    return send(settings, prepare(settings, round_id, progress), progress)


def send(settings: NodeSettings, round_id: str, progress: Progress = silent) -> Submitted:
    """Send the outbox of a round; return when the submission is accepted and its receipt kept.

    Raises:
        SubmissionError: nothing is ready, the service refuses it, or its receipt is not of this submission.
        AuthenticationError: the manifest lacks a signature, or the receipt is not the service's.
        ServiceError: the service cannot be reached; send again.
    """
    agreed, outbox = load_agreed(settings), Outbox(settings, round_id)
    roster, document = agreed.roster, outbox.manifest()
    receipt = stored_receipt(settings, roster, round_id, document.digest)
    again = receipt is not None
    if receipt is None:
        check_signed_off(document, agreed, settings.organisation)
        with ServiceClient(settings, Role.CUSTODIAN) as client:
            content = _deliver(client, outbox, document, progress)
        receipt = check_receipt(content, roster, round_id=round_id, organisation=settings.organisation, submission=document.digest)
        store_manifest(settings, round_id, document)
        store_receipt(settings, round_id, content)
    KeptFilters(settings, round_id).take_over(outbox.filters)
    outbox.clear()
    return Submitted(round_id, receipt.submission, receipt.accepted_at, again)


def _deliver(client: ServiceClient, outbox: Outbox, document: SignedDocument, progress: Progress) -> bytes:
    """Announce the submission, send the chunks that are missing, and return the receipt's bytes."""
    manifest = SubmissionManifest.model_validate(document.body)
    place = f"/v1/rounds/{manifest.round_id}/submissions/{document.digest}"
    missing: dict[str, list[int]] = client.put(place, json=document.model_dump()).json()["missing"]
    total, sent = sum(map(len, missing.values())), 0
    for name, indexes in missing.items():
        for index, content in outbox.chunks(manifest.part(name), indexes):
            client.put(f"{place}/parts/{name}/chunks/{index}", content=content)
            sent += 1
            progress("send", sent, total)
    return client.post(f"{place}/accept").content
