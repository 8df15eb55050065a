"""`kinlink party`: a node's side, from its making to its referrals."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from flows.commands.console import Flag, Json, emit, progress_to_stderr, say, time_left_to_stderr, warn
from flows.commands.passphrase import NOT_GIVEN, Passphrase, chosen, warn_of_unencrypted
from flows.compiling import announced
from parties.settings import NodeKind, load_settings
from schemas.agreed import AGREEMENT_FILE, ROOTS_FILE, ROSTER_FILE, TRUST_FILE

if TYPE_CHECKING:
    from schemas.roster import Organisation

SAMPLE_PEOPLE, SAMPLE_SEED = 2_000, 1
FAILED = 1
ONE_THREAD = "OPENBLAS_NUM_THREADS"


def init(
    *,
    kind: NodeKind,
    dir: Path = Path(),
    organisation: str | None = None,
    name: str | None = None,
    gss_code: str | None = None,
    controller: str | None = None,
    service_url: str = "https://127.0.0.1:8443",
    prefect_api: str | None = None,
    passphrase: Passphrase = NOT_GIVEN,
    sample: Flag = False,
    desk_apart: Flag = False,
    as_json: Json = False,
) -> None:
    """Make a node: its directory, keys and settings. What goes into the roster is written to identity.json.

    Example: kinlink party init --kind police --dir force --organisation police-gwent --name "Gwent Police"

    Args:
        kind: what the organisation is.
        dir: the node's own directory.
        organisation: its short name on the roster: lower-case letters, digits, hyphens; the kind where not given.
        name: its name in words.
        gss_code: the Office for National Statistics' code, for an authority.
        controller: who controls the data; the organisation itself where not given.
        service_url: where the linkage service is.
        prefect_api: address of this node's own Prefect API; without it flows run plainly.
        sample: write an invented extract into the directory, to try things out.
        desk_apart: an authority's desk gets a directory of its own, with `kinlink party desk`; without, this node is its desk as well.
        passphrase: where the passphrase of the keys is.
        as_json: print one JSON object.
    """
    from parties.initialise import init_node

    made = init_node(
        dir,
        kind,
        organisation or kind,
        name or organisation or kind,
        gss_code=gss_code,
        controller=controller,
        service_url=service_url,
        prefect_api=prefect_api,
        passphrase=chosen(dir, passphrase),
        desk_apart=desk_apart,
    )
    _tell_made(made, dir, sample=sample, as_json=as_json)


def _tell_made(made: "Organisation", directory: Path, *, sample: bool, as_json: bool) -> None:
    warn_of_unencrypted(directory)
    if sample:
        _write_sample(load_settings(directory).kind, directory)
    told = f"{made.kind} node made in {directory}; send identity.json to the root signers"
    emit({"organisation": made.model_dump(mode="json")}, told, as_json=as_json)


def install(*, roster: Path, agreement: Path, roots: Path, trust: Path, dir: Path = Path(), as_json: Json = False) -> None:
    """Install the roster and agreement that the root signers sent, once their signatures hold.

    Args:
        roster: the signed roster.
        agreement: the signed agreement.
        roots: the root signers' public keys, from a source you trust.
        trust: the certificate that the linkage service's own is signed with.
        dir: the node's directory.
        as_json: print one JSON object.
    """
    from flows.commands.documents import read_agreed_documents, read_existing
    from parties.initialise import install as install_documents

    install_documents(dir, *read_agreed_documents(roster, agreement, roots), read_existing(trust))
    files = [ROSTER_FILE, AGREEMENT_FILE, ROOTS_FILE, TRUST_FILE]
    emit({"installed": files}, f"installed {', '.join(files)} in {dir}", as_json=as_json)


def agreement(*, out: Path = Path("agreement.html"), dir: Path = Path(), as_json: Json = False) -> None:
    """Write what was agreed as one page for those who answer for the data: who, why, which columns, who learns what, how long.

    Example: kinlink party agreement --dir council --out agreement.html

    Args:
        out: the page, one .html file that needs no network.
        dir: the node's directory, with roster and agreement installed.
        as_json: print one JSON object.
    """
    from flows.report.agreement import write_agreement_page
    from flows.report.rendering import check_page
    from parties.initialise import load_agreed

    check_page(out)
    agreed = load_agreed(load_settings(dir))
    write_agreement_page(out, agreed)
    emit({"page": str(out), "agreement": agreed.agreement_digest}, f"written to {out}", as_json=as_json)


def dpia(*, out: Path = Path("dpia.html"), dir: Path = Path(), as_json: Json = False) -> None:
    """Write a data protection impact assessment to complete, filled from what was agreed: why, on which basis, which columns, what may go wrong.

    Example: kinlink party dpia --dir council --out dpia.html

    Args:
        out: the page, one .html file that needs no network.
        dir: the node's directory, with roster and agreement installed.
        as_json: print one JSON object.
    """
    from flows.report.dpia import write_dpia_page
    from flows.report.rendering import check_page
    from parties.initialise import load_agreed

    check_page(out)
    agreed = load_agreed(load_settings(dir))
    write_dpia_page(out, agreed)
    emit({"page": str(out), "agreement": agreed.agreement_digest}, f"written to {out}", as_json=as_json)


def check(*, dir: Path = Path(), as_json: Json = False) -> None:
    """Check the extract against the rules of this kind of custodian; rows that break one are listed in quarantine/.

    The lists name row, column and rule, never a value. Example: kinlink party check --dir force

    Args:
        dir: the node's directory; the extract lies in its extract/.
        as_json: print one JSON object.
    """
    from parties.extracts.check import QUARANTINE_DIRECTORY, check_extract
    from parties.referrals.records import read_directory, vacant_posts

    settings = load_settings(dir)
    checked = check_extract(settings, progress_to_stderr)
    trained: dict[str, int] = {}
    if settings.kind == "local-authority":
        today = datetime.now(UTC).date()
        posts = read_directory(settings, today)  # every child must have somebody to be referred to
        trained = {"posts": len(posts), "trained": sum(holder.is_trained for holder in posts.values())}
        if vacant := vacant_posts(settings, today):
            warn(
                f"directory: posts that nobody holds today: {len(vacant)}; their children go to the next post, last to the single point of contact"
            )
    files = {file: {"rows": rows, "quarantined": len(checked.quarantined[file])} for file, rows in checked.rows.items()}
    lines = [f"{file}: {counts['rows']:,} rows, {counts['quarantined']:,} quarantined" for file, counts in files.items()]
    lines.append(f"{checked.quarantined_per_mille} of 1000 rows quarantined; see {dir / QUARANTINE_DIRECTORY}")
    lines += [f"{trained['trained']:,} of {trained['posts']:,} posts are held by somebody who was trained"] if trained else []
    answer = {"files": files, "quarantined_per_mille": checked.quarantined_per_mille, **({"directory": trained} if trained else {})}
    emit(answer, "\n".join(lines), as_json=as_json)


def risk(*, dir: Path = Path(), as_json: Json = False) -> int:
    """Attack what this node would send, here and under keys that are thrown away; submit refuses where the result is FAIL.

    Writes self-check.json and self-check.html into the node's directory: shares, limits and verdicts, never a value. Attacks are made on samples of
    300 and of up to 3,000 people. Example: kinlink party risk --dir force

    Args:
        dir: the node's directory; roster and agreement are installed, the extract lies in its extract/.
        as_json: print one JSON object.
    """
    os.environ.setdefault(ONE_THREAD, "1")  # matrices are small: more threads wait for one another, for minutes where the machine is busy
    from flows.report.self_check import PAGE_FILE, lines, write_page
    from parties.self_check import REPORT_FILE, self_check

    settings = load_settings(dir)
    with announced(say):
        report = self_check(settings, time_left_to_stderr())
    write_page(settings.path(PAGE_FILE), report)
    text = "\n".join([*lines(report), f"see {dir / PAGE_FILE} and {dir / REPORT_FILE}"])
    emit(report.model_dump(mode="json"), text, as_json=as_json)
    return FAILED if report.verdict == "FAIL" else 0


def encode(
    source: Path,
    out: Path,
    *,
    schema: Path,
    secret_file: Path,
    columns: str | None = None,
    as_json: Json = False,
) -> None:
    """Encode a file by a peer's linkage schema, for linkage outside of rounds with somebody who uses clkhash or anonlink.

    The filters are not diffused: whoever may not see the identifiers may not see them either. What was finished
    before an interruption is not done again. Example: kinlink party encode people.csv clks.arrow --schema linkage.json --secret-file peer.secret

    Args:
        source: CSV, Parquet or Arrow IPC (.arrow) file.
        out: Arrow IPC file to write: one column, clk, in the source's order.
        schema: the linkage schema agreed with the peer, in clkhash's format, version 3.
        secret_file: holds the secret agreed with the peer; its owner alone may read it.
        columns: the source's columns for the schema's features, in its order, with commas between; those of the features' names where not given.
        as_json: print one JSON object.
    """
    from flows.commands.documents import read_existing
    from parties.encoding.peer_schema import encoded_features, passed_over, read_peer_schema
    from parties.keys.shared_secret import load_shared_secret
    from schemas.canonical import digest

    content = read_existing(schema)
    read = read_peer_schema(content)
    for wrong, known in passed_over(content).items():
        warn(f"{schema}: clkhash, and so this command, passes over {wrong}; it knows {known}")
    names = columns.split(",") if columns else encoded_features(read)
    secret = load_shared_secret(secret_file)
    with announced(say):
        from parties.extracts.encode_file import FileJob, encode_file  # kernels are compiled where they are imported

        rows = encode_file(FileJob(source, out, read, digest(content), names, secret), progress_to_stderr)
    warn(f"the filters in {out} are not diffused and can be read back; give them to nobody who may not see the identifiers (SECURITY.md)")
    emit({"rows": rows, "out": str(out)}, f"{rows:,} rows encoded to {out}", as_json=as_json)


def submit(*, round: str, dir: Path = Path(), signed: Path | None = None, as_json: Json = False) -> None:
    """Check, encode, seal and send the extract; ends with a receipt, which is all that comes back. Safe to repeat.

    Where two signatures were agreed it stops before it sends, and goes on with --signed.
    Example: kinlink party submit --dir force --round r-2026-11

    Args:
        round: the round's id.
        dir: the node's directory.
        signed: send what was encoded before, under the manifest that came back from `kinlink party sign-off`.
        as_json: print one JSON object.
    """
    from flows.custodian import SEND, STAGES
    from flows.stages import run_stages
    from parties.submission.receipts import DIRECTORY
    from parties.submission.sign_off import awaits_sign_off, take_signed
    from schemas.receipt import RECEIPT_BYTES

    settings = load_settings(dir)
    with announced(say):
        if signed is not None:
            take_signed(settings, round, signed)
        stages = STAGES if signed is None else SEND
        run_stages(settings.kind, stages, prefect_api=settings.prefect_api, directory=settings.directory, round_id=round)
    waits = awaits_sign_off(settings, round)
    if waits is not None:
        told = f"not sent yet: have {waits} signed with `kinlink party sign-off`, then run this again with --signed FILE"
        emit({"round_id": round, "accepted": False, "manifest": str(waits)}, told, as_json=as_json)
        return
    answer = {"round_id": round, "accepted": True, "receipt_bytes": RECEIPT_BYTES}
    emit(answer, f"accepted; the receipt is in {dir / DIRECTORY}", as_json=as_json)


def answer(*, round: str, dir: Path = Path(), wait: int = 0, as_json: Json = False) -> None:
    """Answer the linkage service's requests of every wave that is open and not answered yet. Safe to repeat, also after a stop.

    Example: kinlink party answer --dir force --round r-2026-11 --wait 3600

    Args:
        round: the round's id.
        dir: the node's directory.
        wait: for how many seconds to look again where a wave is not open yet.
        as_json: print one JSON object.
    """
    from flows.custodian import answer_name, answer_stages
    from flows.stages import run_stages
    from parties.answering.respond import answered_waves
    from schemas.slots import WAVES

    settings = load_settings(dir)
    run_stages(
        answer_name(settings.kind), answer_stages(wait), prefect_api=settings.prefect_api, directory=settings.directory, round_id=round
    )
    waves = answered_waves(settings, round)
    emit({"round_id": round, "waves": waves}, f"{len(waves)} of {WAVES} waves of this round are answered", as_json=as_json)


def collect(
    *,
    round: str,
    dir: Path = Path(),
    envelope: Annotated[Path | None, Parameter(name="--envelope")] = None,
    as_json: Json = False,
) -> None:
    """Open this authority's envelopes, route each child to the right post, write the referrals. Safe to repeat.

    Example: kinlink party collect --dir council --round r-2026-11

    Args:
        round: the round's id.
        dir: the authority's directory; documents go to its referrals/.
        envelope: deal with this one file instead of what waits at the service.
        as_json: print one JSON object.
    """
    from flows.local_authority import NAME, STAGES
    from flows.stages import run_stages
    from parties.referrals.collect import open_envelope
    from parties.referrals.listing import referrals, waiting

    settings = load_settings(dir)
    if envelope is None:
        run_stages(NAME, STAGES, prefect_api=settings.prefect_api, directory=settings.directory, round_id=round)
    else:
        open_envelope(settings, envelope, round)
    written = [{"child_id": item.child_id, "role": item.role.value, "grade": item.grade} for item in referrals(settings, round)]
    held = waiting(settings, round)
    emit(
        {"round_id": round, "referrals": written, "held": held},
        f"{len(written)} referrals of this round are in {dir / 'referrals'}",
        as_json=as_json,
    )


def _write_sample(kind: NodeKind, directory: Path) -> None:
    import tempfile

    from parties.extracts.check import EXTRACT_DIRECTORY
    from validation.synthetic.population import write_population

    with tempfile.TemporaryDirectory() as folder:
        write_population(Path(folder), people=SAMPLE_PEOPLE, seed=SAMPLE_SEED, prevalence=0.16)
        source = next((path for path in sorted(Path(folder).iterdir()) if path.name.startswith(kind)), None)
        if source is None:
            warn(f"a {kind} node has no extract; --sample writes none")
            return
        for file in source.iterdir():
            (directory / EXTRACT_DIRECTORY / file.name).write_bytes(file.read_bytes())
