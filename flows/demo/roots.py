"""The demo's root signers: three, each in a directory and process of its own. The first drafts, two sign; documents alone go between them."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flows.demo import plan
from flows.demo.founding import Founded, bases
from flows.demo.processes import Processes
from schemas.agreed import AGREEMENT_FILE, ROSTER_FILE
from schemas.roster import Organisation
from schemas.signature import SignedDocument

ENTRIES, IDENTITY, TERMS = "entries", "identity.json", "terms.json"


def found_by_roots(
    processes: Processes,
    out: Path,
    organisations: Sequence[Organisation],
    passphrase: Callable[[str], list[str]],
    *,
    expires_on: str,
    terms: Mapping[str, Any],
) -> Founded:
    """Let the root signers make their keys, and draft and sign a roster and an agreement.

    Args:
        processes: of the demo.
        out: the demo's directory.
        organisations: as each published itself.
        passphrase: gives the options that name the file of a directory's passphrase.
        expires_on: last day (ISO) of roster, agreement and lawful bases.
        terms: fields of the agreement in place of its defaults.
    """
    signers = [out / name for name in plan.ROOTS]
    keys = [(place.name, place, ["root", "key", "--dir", ".", "--name", place.name, *passphrase(place.name)]) for place in signers]
    made = processes.run_all(keys, at_once=len(keys), done=lambda _: None)
    first = signers[0]
    entries = [_hand_in(first, organisation) for organisation in organisations]
    processes.run(first.name, first, "root", "roster", *entries, "--expires-on", expires_on, "--out", ROSTER_FILE)
    roster = _sign(processes, signers[:2], ROSTER_FILE)
    content = {"expires_on": expires_on, "lawful_bases": [basis.model_dump() for basis in bases(organisations, expires_on)], **terms}
    (first / TERMS).write_text(json.dumps(content), encoding="utf-8")
    processes.run(first.name, first, "root", "agreement", "--roster", ROSTER_FILE, "--terms", TERMS, "--out", AGREEMENT_FILE)
    return Founded(
        roster, _sign(processes, signers[:2], AGREEMENT_FILE), {name: key for answer in made for name, key in answer["roots"].items()}
    )


def _hand_in(directory: Path, organisation: Organisation) -> str:
    """Put an organisation's entry into the drafting signer's directory, as it would come by post; return where."""
    place = Path(ENTRIES, organisation.organisation, IDENTITY)
    (directory / place).parent.mkdir(mode=0o700, parents=True)
    (directory / place).write_text(organisation.model_dump_json(), encoding="utf-8")
    return str(place)


def _sign(processes: Processes, signers: Sequence[Path], document: str) -> SignedDocument:
    """Let signers sign in turn, each handing what it signed to the next; the first has it in the end."""
    for before, place in zip((signers[0], *signers), signers, strict=False):
        if before != place:
            shutil.copyfile(before / document, place / document)
        processes.run(place.name, place, "root", "sign", document, "--dir", ".", "--out", document)
    shutil.copyfile(signers[-1] / document, signers[0] / document)
    return SignedDocument.model_validate_json((signers[0] / document).read_bytes())
