"""The one table that the statistics office gets of a round: counted, debited, noised and kept in one transaction.

Exact counts live inside `_draw` alone; what is stored, returned and logged is noised.
"""

from datetime import datetime
from typing import Any

import pyarrow as pa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

from linkage.agreed import load_agreed
from linkage.clock import as_text
from linkage.disclosure.adjusting import adjusted
from linkage.disclosure.counting import count_children
from linkage.disclosure.ledger import Request, answer_once, open_budget
from linkage.disclosure.noise import DELTA, NATION_PER_MILLE, Noised, Plan, epsilons, noised, plan
from linkage.inbox.vault import LINKS_BLOB, Vault
from linkage.settings import ServiceSettings
from linkage.storage_keys import data_key
from linkage.store.audit import append
from linkage.store.models import Round
from schemas.aggregate import NATION, Cell, NoisedTable
from schemas.agreement import Agreement
from schemas.audit import AuditEvent
from schemas.canonical import digest_of
from schemas.errors import AgreementError, RoundError
from schemas.roster import Kind, Roster

QUERY = "distinct-linked-children-by-authority/1"
NOISED = "table-noised"  # kind of an audit event
CAP_KEY_INFO = b"kinlink/family-cap/1"


def noised_table(session: Session, settings: ServiceSettings, round_id: str, *, actor: str, now: datetime) -> NoisedTable:
    """Return the round's noised table: the first call draws and debits, every later one gives the same table.

    Runs in the caller's transaction, which must be committed before the table is shown to anyone.

    Raises:
        RoundError: there is no such round, or its findings do not exist yet.
        AgreementError: the round ran under another agreement, or an authority has no area code.
        BudgetError: the agreement's privacy budget does not cover it.
    """
    round_ = session.get(Round, round_id)
    if round_ is None or round_.findings_digest is None:
        raise RoundError("table: the round has no findings yet; ask again once the operator has closed and searched it")
    agreed = load_agreed(settings.directory)
    if round_.manifest["body"]["agreement_digest"] != agreed.agreement_digest:  # a new agreement's budget is not for old rounds
        raise AgreementError(
            "table: the round ran under another agreement than the one installed; its budget is closed, publish what was released"
        )
    areas, statistics = published_areas(agreed.roster), agreed.agreement.statistics
    noise = plan(cap=statistics.cap, micro_rho=statistics.release_micro_rho)
    open_budget(session, agreed.agreement_digest, statistics.total_micro_rho)
    request = _request(round_, agreed.agreement, agreed.agreement_digest, areas, noise)
    answer, is_new = answer_once(session, request, lambda: _draw(settings, round_, areas, noise), now=now)
    if is_new:
        append(session, _event(round_id, actor, request, now))
    return _completed(NoisedTable.model_validate(answer), noise)


def published_areas(roster: Roster) -> dict[str, str]:
    """Return the area code of every rostered authority, by its name: the whole domain, whoever has a link.

    Raises:
        AgreementError: an authority has no area code.
    """
    authorities = roster.of_kind(Kind.LOCAL_AUTHORITY)
    without = [item.organisation for item in authorities if item.gss_code is None]
    if without:
        raise AgreementError(f"roster: {without[0]} has no GSS code, so it cannot be counted; ask the root signers to add it")
    return {item.organisation: item.gss_code or "" for item in authorities}


def _completed(measured: NoisedTable, noise: Plan) -> NoisedTable:
    """Add what follows from the noised integers alone: it is not stored, and gives the same each time."""
    return measured.model_copy(update={"adjusted": adjusted(measured.cells, noise), "epsilon_per_mille_at": epsilons(noise)})


def _request(round_: Round, agreement: Agreement, agreement_digest: str, areas: dict[str, str], noise: Plan) -> Request:
    """Describe query and data by digests that hold no count: a round's links never change once they are found."""
    query = {
        "query": QUERY,
        "areas": sorted(areas.values()),
        "cap": noise.cap,
        "micro_rho": noise.micro_rho,
        "nation_per_mille": NATION_PER_MILLE,
        "link_centibits": agreement.release.link_centibits,
    }
    return Request(
        budget_id=agreement_digest,
        query_sha256=digest_of(query),
        snapshot_sha256=digest_of({"round": round_.round_id, "digest": round_.digest}),
        micro_rho=noise.micro_rho,
    )


def _draw(settings: ServiceSettings, round_: Round, areas: dict[str, str], noise: Plan) -> dict[str, Any]:
    links = pa.ipc.open_file(pa.BufferReader(Vault(settings, round_).read_blob(LINKS_BLOB))).read_all()
    exact = count_children(links, list(areas), cap=noise.cap, key=_cap_key(data_key(settings, round_)))
    by_area, nation = noised(exact, noise)
    cells = [_cell(NATION, nation), *(_cell(code, value) for code, value in zip(areas.values(), by_area, strict=True))]
    table = NoisedTable(
        round_id=round_.round_id,
        cap=noise.cap,
        micro_rho=noise.micro_rho,
        epsilon_per_mille=noise.epsilon_per_mille,
        delta=DELTA,
        cells=cells,
    )
    return table.model_dump(exclude={"adjusted", "epsilon_per_mille_at"})


def _cell(area: str, count: Noised) -> Cell:
    return Cell(area=area, value=count.value, lower=count.lower, upper=count.upper)


def _cap_key(key: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=CAP_KEY_INFO).derive(key)


def _event(round_id: str, actor: str, request: Request, now: datetime) -> AuditEvent:
    detail = {"budget": request.budget_id, "query": request.query_sha256, "micro_rho": request.micro_rho}
    return AuditEvent(kind=NOISED, round_id=round_id, actor=actor, at=as_text(now), detail=detail)
