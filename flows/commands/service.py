"""`kinlink service`: the linkage service."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from flows.commands.console import Flag, Json, emit, say
from flows.commands.passphrase import NOT_GIVEN, Passphrase, chosen, warn_of_unencrypted
from flows.compiling import announced
from linkage.settings import ServiceSettings, load_settings
from linkage.states import STATES


def init(
    *,
    dir: Path,
    organisation: str = "linkage-service",
    name: str = "Linkage service",
    controller: str = "Linkage Office",
    host: str = "127.0.0.1",
    port: int = 8443,
    database_url: str | None = None,
    prefect_api: str | None = None,
    passphrase: Passphrase = NOT_GIVEN,
    as_json: Json = False,
) -> None:
    """Make a linkage service: directory, signing key, a certificate for loopback, settings and database.

    Example: kinlink service init --dir service --port 8443

    Args:
        dir: the service's own directory.
        organisation: its name on the roster.
        name: its name in words.
        controller: who controls it; never one of the custodians' or key holders' controllers.
        host: address to listen on.
        port: port to listen on.
        database_url: SQLAlchemy URL, such as postgresql+psycopg://…; SQLite in the directory where not given.
        prefect_api: address of the service's own Prefect API.
        passphrase: where the passphrase of the keys is.
        as_json: print one JSON object.
    """
    from linkage.initialise import init_service

    made = init_service(
        dir,
        organisation,
        operators=0,
        name=name,
        controller=controller,
        host=host,
        port=port,
        database_url=database_url,
        prefect_api=prefect_api,
        passphrase=chosen(dir, passphrase),
    )
    warn_of_unencrypted(dir)
    emit(
        {"organisation": made.model_dump(mode="json")},
        f"linkage service made in {dir}; send identity.json to the root signers",
        as_json=as_json,
    )


def install(*, roster: Path, agreement: Path, roots: Path, dir: Path = Path(), trust: Path | None = None, as_json: Json = False) -> None:
    """Install the roster and agreement that the root signers sent, once their signatures hold. The service reads them when it starts.

    Example: kinlink service install --dir service --roster roster.json --agreement agreement.json --roots roots.json

    Args:
        roster: the signed roster.
        agreement: the signed agreement.
        roots: the root signers' public keys, from a source you trust.
        dir: the service's directory, or an operator's.
        trust: for an operator, the certificate that the service's own is signed with.
        as_json: print one JSON object.
    """
    from flows.commands.documents import read_agreed_documents, read_existing
    from linkage.initialise import install as install_documents
    from schemas.agreed import AGREEMENT_FILE, ROOTS_FILE, ROSTER_FILE, TRUST_FILE

    install_documents(dir, *read_agreed_documents(roster, agreement, roots))
    if trust is not None:
        (dir / TRUST_FILE).write_bytes(read_existing(trust))
    files = [ROSTER_FILE, AGREEMENT_FILE, ROOTS_FILE, *([TRUST_FILE] if trust else [])]
    emit({"installed": files}, f"installed {', '.join(files)} in {dir}", as_json=as_json)


def certificate(*, certificate: Path, key: Path, dir: Path = Path(), as_json: Json = False) -> None:
    """Install a certificate of the service's own; the copy of its key is encrypted, under what the keyring holds. Delete the original.

    Example: kinlink service certificate --dir service --certificate chain.pem --key server.key

    Args:
        certificate: the server's certificate, PEM, with those that lead to its authority after it.
        key: its private key, PEM, without a passphrase.
        dir: the service's directory; a service that runs uses it from its next start.
        as_json: print one JSON object.
    """
    from flows.commands.documents import read_existing
    from linkage.certificates import install_certificate

    install_certificate(load_settings(dir), read_existing(certificate), read_existing(key))
    emit({"installed": True}, f"installed in {dir}; start the service again, and delete {key}", as_json=as_json)


def rotate(*, dir: Path = Path(), as_json: Json = False) -> None:
    """Make a new master key, wrap the keys of all live rounds by it, and delete the old one. The service may run; takes half a minute.

    Example: kinlink service rotate --dir service

    Args:
        dir: the service's directory. A rotation that was stopped is finished by the next.
        as_json: print one JSON object.
    """
    from linkage.clock import utc_now
    from linkage.storage_keys import rotate as rotate_keys
    from linkage.store.audit_copy import open_checked

    settings = load_settings(dir)
    store = open_checked(settings)
    try:
        moved = rotate_keys(store, settings, now=utc_now())
    finally:
        store.dispose()
    emit({"moved": moved}, f"new master key in {dir}, {moved} rounds moved to it; replace your copy of keys/", as_json=as_json)


def backup(*, out: Path, dir: Path = Path(), as_json: Json = False) -> None:
    """Write a whole copy of the service's SQLite database; the service may run. A database server has tools of its own.

    Example: kinlink service backup --dir service --out monday.sqlite

    Args:
        out: the new file, readable by its owner alone. The vault's files and keys/ are kept by other means.
        dir: the service's directory.
        as_json: print one JSON object.
    """
    from linkage.restoring import back_up

    back_up(load_settings(dir), out)
    emit({"written": str(out)}, f"written to {out}; keep it apart from your copy of keys/", as_json=as_json)


def restore(*, dir: Path = Path(), backup: Path | None = None, as_json: Json = False) -> None:
    """After an older database was put back: let what was done since stay done. Stop the service first. Safe to repeat.

    Rounds that ended, were cancelled or released since are ended, tokens redeemed since stay redeemed, and what tables cost since stays spent.
    Example: kinlink service restore --dir service --backup monday.sqlite

    Args:
        dir: the service's directory.
        backup: a file of `kinlink service backup`, put back first; without it, the database was put back by other tools.
        as_json: print one JSON object.
    """
    from linkage.clock import utc_now
    from linkage.restoring import put_back
    from linkage.restoring import restore as carry_over
    from linkage.store.engine import migrate, open_store

    settings = load_settings(dir)
    if backup is not None:
        put_back(settings, backup)
    store = open_store(settings.database)
    try:
        migrate(store)
        done = carry_over(store, settings, now=utc_now())
    finally:
        store.dispose()
    said = {"lacking": done.lacking, "ended": list(done.ended), "micro_rho": done.micro_rho}
    ended = f"rounds ended: {', '.join(done.ended) or 'none'}"
    text = (
        f"{done.lacking} entries of the audit log were done since; {ended}; start the service" if done.lacking else "nothing was done since"
    )
    emit(said, text, as_json=as_json)


def serve(*, dir: Path = Path()) -> None:
    """Serve the API over TLS until stopped.

    Args:
        dir: the service's directory.
    """
    from linkage.api.app import serve as serve_api

    serve_api(load_settings(dir))


def link(*, round: str, dir: Path = Path(), again: Flag = False, as_json: Json = False) -> None:
    """Do what is due of a closed round: search; in the first wave, carry over; after the second, open pairs and record findings. Safe to repeat.

    Waits where another worker is at it, and takes over from one that is not heard of for a minute.

    Args:
        round: the round's id.
        dir: the service's directory.
        again: also begin a step that was begun five times and never ended.
        as_json: print one JSON object.
    """
    from flows.linkage_round import NAME, STAGES, state_of
    from flows.stages import run_stages

    settings = load_settings(dir)
    if again:
        _forgive(settings, round)
    with announced(say):
        run_stages(NAME, STAGES, prefect_api=settings.prefect_api, directory=settings.directory, round_id=round)
    state = state_of(settings.directory, round)
    emit({"round_id": round, "state": state}, f"{round}: {state}; it is with {STATES[state].owner}", as_json=as_json)


def work(*, dir: Path = Path(), every: Annotated[float, Parameter(validator=validators.Number(gte=1, lte=3_600))] = 30) -> None:
    """Do what is due of every round as soon as it is, until stopped: what `kinlink service link` does, without being asked.

    Several may run, also on several machines: a step has one worker, and another takes over from one that is not heard of for a minute.
    Pairs are opened once everybody who was asked has answered; to go on without those who have not, run `kinlink service link`.
    Example: kinlink service work --dir service

    Args:
        dir: the service's directory.
        every: seconds between two looks.
    """
    from flows.worker import work as work_on

    work_on(load_settings(dir), every)


def _forgive(settings: ServiceSettings, round_id: str) -> None:
    from linkage.leases import forgive
    from linkage.store.audit_copy import open_checked

    store = open_checked(settings)
    try:
        forgive(store, round_id)
    finally:
        store.dispose()


def status(*, dir: Path = Path(), as_json: Json = False) -> None:
    """Say whether the service answers.

    Args:
        dir: the service's directory.
        as_json: print one JSON object.
    """
    import ssl

    import httpx

    from schemas.agreed import TRUST_FILE
    from schemas.errors import ServiceError

    settings = load_settings(dir)
    trust = ssl.create_default_context(cafile=str(settings.path("tls", TRUST_FILE)))
    url = f"https://{settings.host}:{settings.port}/v1/health"
    try:
        answer = httpx.get(url, verify=trust, timeout=5, trust_env=False).raise_for_status().json()
    except httpx.HTTPError:
        raise ServiceError(f"no answer at {url}; start it with `kinlink service serve --dir {dir}`") from None
    emit({**answer, "asked_at": datetime.now(UTC).isoformat(timespec="seconds")}, f"{url}: {answer['status']}", as_json=as_json)
