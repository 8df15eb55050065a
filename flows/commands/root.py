"""`kinlink root`: root signers draft rosters and agreements and sign them; two of three make one hold."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from flows.commands.console import Json, emit
from flows.commands.passphrase import NOT_GIVEN, Passphrase, chosen, warn_of_unencrypted
from schemas.errors import AgreementError

if TYPE_CHECKING:
    from schemas.signature import SignedDocument


def key(*, name: str, dir: Path = Path(), passphrase: Passphrase = NOT_GIVEN, as_json: Json = False) -> None:
    """Make a root signer's directory and key; root.json goes to everybody, on a way that they trust.

    Example: kinlink root key --dir one --name one

    Args:
        name: the signer's name in key ids.
        dir: the signer's own directory, best on a machine without a network.
        passphrase: where the passphrase of the key is.
        as_json: print one JSON object.
    """
    from parties.root.signing import PUBLIC_FILE, init_root

    public = init_root(dir, name, chosen(dir, passphrase))
    warn_of_unencrypted(dir)
    emit({"roots": public}, f"{', '.join(public)} made in {dir}; give {PUBLIC_FILE} to everybody", as_json=as_json)


def roster(entries: list[Path], *, out: Path, expires_on: str, previous: Path | None = None, as_json: Json = False) -> None:
    """Draft a roster out of everyone's identity.json, operators' and leads' among them; it holds once two root signers sign it.

    Example: kinlink root roster */identity.json --expires-on 2027-12-31 --out roster-draft.json

    Args:
        entries: organisations' entries, and single identities of operators and leads.
        out: the draft.
        expires_on: the last day, YYYY-MM-DD.
        previous: the signed roster whose rounds go on; entries then are those that change.
        as_json: print one JSON object.
    """
    from flows.commands.documents import read_existing
    from parties.root.drafting import draft_roster
    from schemas.agreed import read_document
    from schemas.roster import Identity, Organisation

    read = [(path, _object(path)) for path in entries]
    organisations = [_checked(Organisation, content, path) for path, content in read if "identities" in content]
    singles = [_checked(Identity, content, path) for path, content in read if "identities" not in content]
    earlier = read_document(read_existing(previous), previous.name) if previous else None
    draft = draft_roster(organisations, singles, expires_on, previous=earlier)
    _write(out, draft)
    emit(
        {"version": draft.version, "organisations": len(draft.organisations)},
        f"{len(draft.organisations)} organisations in {out}",
        as_json=as_json,
    )


def agreement(*, roster: Path, terms: Path, out: Path, as_json: Json = False) -> None:
    """Draft an agreement out of its terms; digests of the roster and of this version of Kinlink are filled in.

    Example: kinlink root agreement --roster roster.json --terms terms.json --out agreement-draft.json

    Args:
        roster: the signed roster that it is between.
        terms: JSON with purpose, scope, expires_on, lawful_bases and whatever is not the default (docs/reference/agreement.md).
        out: the draft.
        as_json: print one JSON object.
    """
    from flows.commands.documents import read_existing
    from parties.root.drafting import draft_agreement
    from schemas.agreed import read_document

    signed: SignedDocument = read_document(read_existing(roster), roster.name)
    draft = draft_agreement(signed, _object(terms))
    _write(out, draft)
    emit({"version": draft.version, "roster": draft.roster_digest}, f"drafted in {out}", as_json=as_json)


def sign(document: Path, *, out: Path, dir: Path = Path(), as_json: Json = False) -> None:
    """Sign a roster or agreement as this root signer, a draft or what others have signed. Read it first.

    Example: kinlink root sign roster-draft.json --dir one --out roster.json

    Args:
        document: the draft, or the document with another's signature.
        out: the document with this signature beside the others.
        dir: the root signer's directory.
        as_json: print one JSON object.
    """
    from parties.root.signing import sign_document

    done = sign_document(dir, document, out)
    emit(done._asdict(), f"{done.what} {done.version}, digest {done.digest[:12]}: {done.signatures} signature(s) in {out}", as_json=as_json)


def _object(path: Path) -> dict[str, Any]:
    from flows.commands.documents import read_existing

    try:
        content = json.loads(read_existing(path))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise AgreementError(f"{path}: not a JSON object; ask for it again")
    return content


def _checked(model: type[BaseModel], content: dict[str, Any], path: Path) -> Any:
    try:
        return model.model_validate(content)
    except ValidationError:
        raise AgreementError(f"{path}: no entry for a roster; ask for the node's identity.json") from None


def _write(out: Path, draft: BaseModel) -> None:
    from parties.whole_files import whole_file

    with whole_file(out) as file:
        file.write(f"{draft.model_dump_json(indent=2)}\n".encode())
