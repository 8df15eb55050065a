"""The one table that the statistics office gets of a round: counted, debited, noised and kept in one transaction.

Exact counts live inside `_draw` alone; what is stored, returned and logged is noised.
"""

from collections import Counter
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

from linkage.agreed import load_agreed
from linkage.disclosure.adjusting import adjusted, as_cells
from linkage.disclosure.counting import count_children
from linkage.disclosure.measuring import measure, scales_of, total_cost
from linkage.disclosure.places import SIX_QUERIES, Places
from linkage.inbox.vault import LINKS_BLOB, Vault
from linkage.settings import ServiceSettings
from linkage.storage_keys import data_key
from linkage.store.audit import append
from linkage.store.models import Round
from schemas.aggregate import NoisedTable
from schemas.agreement import Agreement, Statistics
from schemas.audit import AuditEvent
from schemas.canonical import digest_of
from schemas.errors import AgreementError, RoundError
from schemas.instants import as_text
from schemas.joins import AgeBand
from schemas.roster import Kind, Roster
from validation.disclosure.ledger import Request, answer_once, answered_otherwise, open_budget
from validation.disclosure.noise import DELTA, epsilons

QUERY = "distinct-linked-children-by-authority-and-age/1"
NOISED = "table-noised"  # kind of an audit event
CAP_KEY_INFO = b"kinlink/family-cap/1"


def noised_table(session: Session, settings: ServiceSettings, round_id: str, *, actor: str, now: datetime) -> NoisedTable:
    """Return the round's noised table: the first call draws and debits, every later one gives the same table.

    Runs in the caller's transaction, which must be committed before the table is shown to anyone.

    Raises:
        RoundError: there is no such round, its findings do not exist yet, or an earlier version drew its table.
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
    open_budget(session, agreed.agreement_digest, statistics.total_micro_rho)
    request = _request(round_, agreed.agreement, agreed.agreement_digest, areas)
    if answered_otherwise(session, request):
        raise RoundError(
            "table: an earlier version of Kinlink drew this round's, and no other is drawn; publish it with that version, or the next round's"
        )
    answer, is_new = answer_once(session, request, lambda: _draw(settings, round_, areas, statistics), now=now)
    if is_new:
        append(session, _event(round_id, actor, request, now))
    return NoisedTable.model_validate(answer)


def published_areas(roster: Roster) -> dict[str, str]:
    """Return the area code of every rostered authority, by its name: the whole domain, whoever has a link.

    Raises:
        AgreementError: an authority has no area code, or another one's.
    """
    authorities = roster.of_kind(Kind.LOCAL_AUTHORITY)
    without = [item.organisation for item in authorities if item.gss_code is None]
    if without:
        raise AgreementError(f"roster: {without[0]} has no GSS code, so it cannot be counted; ask the root signers to add it")
    areas = {item.organisation: item.gss_code or "" for item in authorities}
    twice = [code for code, times in Counter(areas.values()).items() if times > 1]
    if twice:
        raise AgreementError(
            f"roster: two authorities have the GSS code {twice[0]}, so neither can be counted; ask the root signers to mend it"
        )
    return areas


def _scales(statistics: Statistics) -> list[float]:
    return scales_of(SIX_QUERIES, cap=statistics.cap, micro_rho=statistics.release_micro_rho)


def _request(round_: Round, agreement: Agreement, agreement_digest: str, areas: dict[str, str]) -> Request:
    """Describe query and data by digests that hold no count: a round's links never change once they are found."""
    statistics = agreement.statistics
    micro_rho = total_cost(_scales(statistics), statistics.cap)
    query = {
        "query": QUERY,
        "areas": sorted(areas.values()),
        "cap": statistics.cap,
        "micro_rho": micro_rho,
        "per_mille": [query.per_mille for query in SIX_QUERIES],
        "link_centibits": agreement.release.link_centibits,
    }
    return Request(
        budget_id=agreement_digest,
        query_sha256=digest_of(query),
        snapshot_sha256=digest_of({"round": round_.round_id, "digest": round_.digest}),
        micro_rho=micro_rho,
    )


def _draw(settings: ServiceSettings, round_: Round, areas: dict[str, str], statistics: Statistics) -> dict[str, Any]:
    places, scales = Places(tuple(areas.values())), _scales(statistics)
    exact = count_children(_links(settings, round_), list(areas), cap=statistics.cap, key=_cap_key(data_key(settings, round_)))
    cells = np.array(exact.cells, dtype=np.int64)[:, :, np.newaxis]
    measured = measure(cells, places.domain, SIX_QUERIES, cap=statistics.cap, micro_rho=statistics.release_micro_rho)
    noised = as_cells(measured, places)
    epsilon = epsilons(scales, statistics.cap)
    table = NoisedTable(
        round_id=round_.round_id,
        cap=statistics.cap,
        micro_rho=total_cost(scales, statistics.cap),
        epsilon_per_mille=epsilon[DELTA],
        delta=DELTA,
        cells=noised,
        epsilon_per_mille_at=epsilon,
        adjusted=adjusted(noised, places, scales),
    )
    return table.model_dump()


def _links(settings: ServiceSettings, round_: Round) -> pa.Table:
    """Return the round's links; an earlier version, whose findings are there, asked nobody how old a child is."""
    links = pa.ipc.open_file(pa.BufferReader(Vault(settings, round_).read_blob(LINKS_BLOB))).read_all()
    if "age" in links.column_names:
        return links
    return links.append_column("age", pa.array([int(AgeBand.NOT_KNOWN)] * len(links), pa.int8()))


def _cap_key(key: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=CAP_KEY_INFO).derive(key)


def _event(round_id: str, actor: str, request: Request, now: datetime) -> AuditEvent:
    detail = {"budget": request.budget_id, "query": request.query_sha256, "micro_rho": request.micro_rho}
    return AuditEvent(kind=NOISED, round_id=round_id, actor=actor, at=as_text(now), detail=detail)
