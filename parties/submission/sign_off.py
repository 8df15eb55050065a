"""The second signature of a submission's manifest: what the data-protection lead is shown, signs and gives back.

The lead works in a directory of its own, with a key of its own. Documents alone go between the two: the manifest, which holds counts and
digests, and the same manifest with both signatures.
"""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from parties.initialise import load_agreed
from parties.keys.identity_keys import key_id, load_signing_key
from parties.settings import NodeSettings
from parties.submission.outbox import Outbox
from parties.submission.receipts import stored_receipt
from parties.whole_files import whole_file
from schemas.agreed import Agreed, read_document
from schemas.canonical import canonical_json
from schemas.encoding_set import CONTEXT, ENCODING_PARTS, MAX_MANIFEST_BYTES, POPULATIONS, SubmissionManifest, check_manifest
from schemas.errors import AuthenticationError, SubmissionError
from schemas.roster import Role
from schemas.sign_off import check_signed_off, unsigned_by
from schemas.signature import SignedDocument, malformed_at, sign

LEAD = Role.DATA_PROTECTION
NAME = "manifest"


def awaits_sign_off(settings: NodeSettings, round_id: str) -> Path | None:
    """Return the manifest in the outbox of a round that still needs a signature, or None where there is none."""
    outbox, agreed = Outbox(settings, round_id), load_agreed(settings)
    if not outbox.manifest_path.is_file():
        return None
    document = outbox.manifest()
    done = stored_receipt(settings, agreed.roster, round_id, document.digest) is not None
    return None if done or not unsigned_by(document, agreed, settings.organisation) else outbox.manifest_path


def take_signed(settings: NodeSettings, round_id: str, path: Path) -> None:
    """Put the manifest that came back signed in the place of the outbox's, of which it must be the same version.

    Raises:
        SubmissionError: it is another version, too large, or nothing is ready to send.
        AuthenticationError: a signature is missing or wrong.
    """
    outbox, document = Outbox(settings, round_id), _read(path)
    if outbox.manifest().digest != document.digest:
        raise SubmissionError("manifest: another version than the one in the outbox; have the present one signed")
    check_signed_off(document, load_agreed(settings), settings.organisation)
    outbox.seal(document)


def shown(settings: NodeSettings, path: Path) -> dict[str, Any]:
    """Return what a manifest says is about to leave: counts, verdict and digests; only one that the lead could sign is shown.

    Raises:
        SubmissionError: it is malformed, of another organisation, or of another agreement than is installed here.
        AuthenticationError: the data manager's signature is missing or wrong.
    """
    agreed, document = load_agreed(settings), _read(path)
    manifest = _checked(document, agreed, settings.organisation)
    return {
        "round_id": manifest.round_id,
        "organisation": manifest.organisation,
        "purpose": agreed.agreement.purpose,
        **{population: manifest.rows(population) for population in POPULATIONS},
        "other_rows": sum(part.rows for part in manifest.parts if part.name not in ENCODING_PARTS),
        "quarantined_per_mille": manifest.quarantined_per_mille,
        "self_check": manifest.self_check_verdict,
        "self_check_digest": manifest.self_check_digest,
        "agreement": manifest.agreement_digest,
        "manifest": document.digest,
    }


def sign_off(settings: NodeSettings, path: Path, out: Path) -> None:
    """Write the manifest with the lead's signature beside the data manager's to `out`.

    Raises:
        SubmissionError, AuthenticationError: as `shown`.
        ConfigurationError: this directory has no lead's key.
    """
    agreed, document = load_agreed(settings), _read(path)
    _checked(document, agreed, settings.organisation)
    own = sign(load_signing_key(settings, LEAD), key_id(settings, LEAD), CONTEXT, document.body)
    others = [item for item in document.signatures if item.key_id != own.key_id]
    with whole_file(out) as file:
        file.write(canonical_json(SignedDocument(body=document.body, signatures=[*others, own]).model_dump()))


def _checked(document: SignedDocument, agreed: Agreed, organisation: str) -> SubmissionManifest:
    try:
        manifest = SubmissionManifest.model_validate(document.body)
    except ValidationError as error:
        raise SubmissionError(f"{NAME}: malformed at {malformed_at(error)}; ask the data manager for it again") from None
    check_manifest(manifest)
    if (manifest.organisation, manifest.agreement_digest) != (organisation, agreed.agreement_digest):
        raise SubmissionError(
            f"{NAME}: of another organisation or agreement than is installed here; sign nothing, and ask the data manager"
        )
    if Role.CUSTODIAN in unsigned_by(document, agreed, organisation):
        raise AuthenticationError(f"{NAME}: the data manager's signature is missing or wrong; sign nothing, and ask the data manager")
    return manifest


def _read(path: Path) -> SignedDocument:
    try:
        content = path.read_bytes()
    except OSError:
        raise SubmissionError(f"{path}: cannot be read; name the manifest from the node's outbox") from None
    if len(content) > MAX_MANIFEST_BYTES:
        raise SubmissionError(f"{path}: over {MAX_MANIFEST_BYTES:,} bytes, so it is no manifest; name the one from the node's outbox")
    return read_document(content, path.name)
