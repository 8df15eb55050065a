"""`kinlink party desk`, `approve`, `outcomes` and `papers`: what the people of an authority's desk decide and print."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from flows.commands.console import Flag, Json, emit
from flows.commands.passphrase import NOT_GIVEN, Passphrase, chosen, warn_of_unencrypted
from parties.referrals.calendar import LONDON
from parties.referrals.cases import CaseState
from parties.settings import load_settings
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from parties.referrals.outcomes import Case, Heard


def desk(
    *,
    organisation: str,
    deputy: Flag = False,
    dir: Path = Path(),
    service_url: str = "https://127.0.0.1:8443",
    prefect_api: str | None = None,
    passphrase: Passphrase = NOT_GIVEN,
    as_json: Json = False,
) -> None:
    """Make the directory and keys of an authority's desk, apart from the node that submits; what it prints goes into the roster.

    Install roster and agreement there too. Its extract/ needs children, directory and ties; the sealed files of the node's maps/ go into its maps/.
    Example: kinlink party desk --dir council-desk --organisation council

    Args:
        organisation: the authority's short name on the roster.
        deputy: make the deputy's, with keys of their own; either can open what comes.
        dir: the desk's own directory, on another account than the node's.
        service_url: where the linkage service is.
        prefect_api: address of this desk's own Prefect API; without it flows run plainly.
        passphrase: where the passphrase of the keys is.
        as_json: print one JSON object.
    """
    from parties.initialise import init_desk

    made = init_desk(dir, organisation, deputy=deputy, service_url=service_url, prefect_api=prefect_api, passphrase=chosen(dir, passphrase))
    warn_of_unencrypted(dir)
    told = f"{made.key_id} made in {dir}; send identity.json to the root signers"
    emit({"identity": made.model_dump(mode="json")}, told, as_json=as_json)


def approve(*, round: str, document: str, name: str, dir: Path = Path(), as_json: Json = False) -> None:
    """Approve the document of a protected child, which children's social care alone will read. It is written once two people have approved.

    Example: kinlink party approve --dir council --round r-2026-11 --document referral-0123456789ab --name "Sam Point"

    Args:
        round: the round's id.
        document: the document's name, as `kinlink party collect` lists it.
        name: who approves; the second approval must be another person's.
        dir: the authority's directory; documents go to its referrals/.
        as_json: print one JSON object.
    """
    from parties.referrals.collect import APPROVERS
    from parties.referrals.collect import approve as approve_document

    settings = load_settings(dir)
    approvals = approve_document(settings, round, document, name)
    is_written = approvals >= APPROVERS
    told = f"written to {dir / 'referrals'}" if is_written else f"{approvals} of {APPROVERS} people have approved"
    emit({"document": document, "approvals": approvals, "written": is_written}, told, as_json=as_json)


def papers(*, out: Path = Path("papers"), pdf: bool = False, dir: Path = Path(), as_json: Json = False) -> None:
    """Write the papers that are the same for every family: leaflet, easy-read leaflet, consent form, request for an assessment.

    They name nobody; print them, and write the rest in by hand. Example: kinlink party papers --dir council --out papers

    Args:
        out: the directory to write the pages into; made if it is missing.
        pdf: write each as PDF, too: tagged, for a screen reader and for any printer.
        dir: the authority's directory, with roster and agreement installed.
        as_json: print one JSON object.
    """
    from parties.initialise import load_agreed
    from parties.referrals.paper_texts import Paper
    from parties.referrals.papers import paper
    from parties.referrals.pdf import as_pdf
    from parties.referrals.wording import languages_of

    settings = load_settings(dir)
    languages = [wording.language for wording in languages_of(load_agreed(settings).roster.get(settings.organisation).gss_code)]
    out.mkdir(parents=True, exist_ok=True)
    today = datetime.now(UTC).date()
    written = []
    for which in Paper:
        text = paper(which, languages, today)
        files = {f"{which}.html": text.encode(), **({f"{which}.{name}.pdf": as_pdf(text, name) for name in languages} if pdf else {})}
        for name, content in files.items():
            (out / name).write_bytes(content)
        written += list(files)
    emit({"papers": written, "out": str(out)}, f"{len(Paper)} papers are in {out}", as_json=as_json)


def outcomes(
    *,
    round: str,
    document: str | None = None,
    record: CaseState | None = None,
    correct: Flag = False,
    child_heard: Literal["yes", "no"] | None = None,
    on: date | None = None,
    dir: Path = Path(),
    as_json: Json = False,
) -> None:
    """Say where each referral of a round stands, who must act and by when; or record what became of one.

    A wrong child's documents are deleted at once, and its next envelope waits for people. Example: kinlink party outcomes --dir council --round r-2026-11 --document referral-0123456789ab --record offered

    Args:
        round: the round's id.
        document: the document of which something is recorded.
        record: what became of it.
        correct: what was recorded last of it was an error, and is taken back.
        child_heard: whether the child's own views were asked for and written down, in the recipient's own file.
        on: the day on which that was, today where not given.
        dir: the authority's directory.
        as_json: print one JSON object.
    """
    from parties.referrals.outcomes import Heard, by_post, cases, correct_outcome, counts, overdue, record_outcome

    settings = load_settings(dir)
    heard = Heard(child_heard == "yes", on or datetime.now(LONDON).date()) if child_heard else None
    if (document is None) != (record is None and heard is None and not correct) or (correct and record):
        raise ConfigurationError(
            "outcomes: want --document together with --record, --correct or --child-heard; say of which document, and what"
        )
    if document is not None and correct:
        correct_outcome(settings, round, document)
    if document is not None and (record or heard):
        record_outcome(settings, round, document, record, heard=heard)
    found = cases(settings, round)
    late = overdue(found, datetime.now(UTC))
    lines = [_line(case) for case in found]
    lines += [f"{len(late)} of {len(found)} are overdue: nobody has acknowledged them in time"] if late else []
    figures = {"cases": [_listed(case) for case in found], "counts": counts(found), "posts": by_post(found), "overdue": late}
    emit({"round_id": round, **figures}, "\n".join(lines) or "no referrals in this round", as_json=as_json)


def _listed(case: "Case") -> dict[str, Any]:
    said = {"document": case.document, "state": case.state, "due": case.due, "first": case.is_first, "owner": case.duty.owner}
    return {**said, "child_heard": _said_of(case.heard)}


def _line(case: "Case") -> str:
    first = " (first)" if case.is_first else ""
    return f"{case.document} {case.state}, act by {case.due or '-'}{first}: {case.duty.owner} {case.duty.action}"


def _said_of(heard: "Heard | None") -> dict[str, str] | None:
    return {"answer": "yes" if heard.is_heard else "no", "on": heard.on.isoformat()} if heard else None
