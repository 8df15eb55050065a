"""Answer the waves of requests of a round: every wave that is open and not answered yet. Network and the node's own files.

Whatever the service asks, as many requests of each filter are answered as was agreed, and whether one is a dummy shows nowhere.
A wave that broke off is answered again from its start, byte for byte: its nonces are spent once, on these requests alone.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import from_json

from parties.answering.kept import KeptFilters, forget_old
from parties.answering.sending import ChunkSink
from parties.client import ServiceClient
from parties.controls.families import controls_opener
from parties.initialise import load_agreed
from parties.keys.fetching import fetch_round_key
from parties.rounds import Round, fetch_round
from parties.second_look.answers import ASK, answer, asked_filters
from parties.second_look.keys import pairs_key
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from parties.store.nonces import spend_nonces
from parties.submission.receipts import DIRECTORY as RECEIPTS
from parties.whole_files import whole_file
from schemas.agreement import PROJECTIONS, Projection
from schemas.byte_columns import Bytes2D
from schemas.canonical import digest
from schemas.encoding_set import Population, write_blocks
from schemas.errors import NotPermittedError, RoundError, ServiceError, SubmissionError
from schemas.roster import Kind, Role
from schemas.slots import ANSWERS, REQUESTS, SEARCHES, VOLUMES, WAVES, read_byte_table, requests_name
from schemas.waves import AnswersSummary, RequestsSummary, TableSummary
from validation.progress import Progress, silent

LOOK_AGAIN_SECONDS = 2.0


class Asked(NamedTuple):
    """What a table of requests is about: which of the responder's filters, and whose slots."""

    population: Population
    projection: Projection
    uploader: Kind


def answer_waves(settings: NodeSettings, round_id: str, *, wait: float = 0, progress: Progress = silent) -> int:
    """Answer every wave of a round that is open and not answered yet; return how many requests were answered.

    Args:
        settings: the node's.
        round_id: the round.
        wait: for how many seconds to look again where a wave is not open yet.
        progress: told after each table of requests.

    Raises:
        NotPermittedError: this kind of custodian is asked nothing, or answering would show two records under one key.
        SubmissionError: the requests are not as agreed, or this node has nothing to answer with.
        UserError: as `fetch_round_key` raises, and as the service answers.
    """
    if not wanted_tables(Kind(settings.kind)):
        raise NotPermittedError(f"{settings.kind}: is asked nothing; police forces and authorities answer")
    agreed, until, requests = load_agreed(settings), time.monotonic() + wait, 0
    forget_old(settings, datetime.now(UTC), days=agreed.agreement.retention_days)
    with ServiceClient(settings, Role.CUSTODIAN) as client:
        found = fetch_round(client, agreed, round_id)
        key = fetch_round_key(settings, client, agreed, found)
        opener = controls_opener(key).hex() if agreed.agreement.controls.families else None
        responder = _Responder(settings, client, found, key, opener, progress)
        while True:
            requests += sum(responder.answer_if_open(wave) for wave in _unanswered(settings, round_id))
            unanswered = _unanswered(settings, round_id)
            if WAVES not in unanswered:
                KeptFilters(settings, round_id).forget()
            if not unanswered or time.monotonic() >= until:
                return requests
            time.sleep(LOOK_AGAIN_SECONDS)


def answered_waves(settings: NodeSettings, round_id: str) -> list[int]:
    """Return which waves of a round the service has said are answered."""
    unanswered = _unanswered(settings, round_id)
    return [wave for wave in range(1, WAVES + 1) if wave not in unanswered]


def wanted_tables(responder: Kind) -> dict[str, Asked]:
    """Return the tables of requests that this kind of custodian gets in every wave, by name: which filters, and whose slots."""
    return {
        requests_name(population, projection, uploader): Asked(population, projection, uploader)
        for population, uploader, kind in SEARCHES
        if kind is responder
        for projection in PROJECTIONS
    }


@dataclass(frozen=True, repr=False)
class _Responder:
    """One custodian answering one round; shows no key."""

    settings: NodeSettings
    client: ServiceClient
    found: Round
    key: bytes
    opener: str | None  # of the round's lists of controls
    progress: Progress

    def answer_if_open(self, wave: int) -> int:
        """Answer a wave and keep the service's acknowledgement; return how many requests there were, 0 where it is not open."""
        try:
            listed = RequestsSummary.model_validate(self.client.get(self._place("requests", wave)).json())
        except RoundError:
            return 0
        except ValidationError:
            raise ServiceError("linkage service: its list of requests is malformed; ask its operator") from None
        return self._answer(wave, listed)

    def _answer(self, wave: int, listed: RequestsSummary) -> int:
        wanted = wanted_tables(Kind(self.settings.kind))
        if listed.requests and sorted(table.name for table in listed.requests) != sorted(wanted):
            raise SubmissionError(f"requests: their tables are not those agreed; {ASK}")
        parts = list[TableSummary]()
        for table in listed.requests:
            parts.append(self._answer_table(wave, table, wanted[table.name]))
            self.progress(f"answer wave {wave}", len(parts), len(wanted))
        summary = AnswersSummary(parts=parts, controls_opener=self.opener if wave == WAVES else None)
        acknowledgement = self.client.post(self._place("answers", wave), json=summary.model_dump(exclude_none=True)).content
        if from_json(acknowledgement) != {"answered": True}:
            raise ServiceError("linkage service: did not say that the answers are complete; answer again, which is safe")
        with whole_file(_receipt(self.settings, self.found.round_id, wave)) as file:
            file.write(acknowledgement)
        return sum(part.rows for part in parts)

    def _answer_table(self, wave: int, table: TableSummary, asked: Asked) -> TableSummary:
        own = KeptFilters(self.settings, self.found.round_id).read(asked.population, asked.projection)
        requests = read_byte_table(self._fetch(wave, table), REQUESTS, part=table.name, rows=table.rows)
        filters = asked_filters(requests, own, each=VOLUMES["referral"][asked.projection][wave - 1])
        self._spend(wave, table, requests["nonce"])
        key = pairs_key(self.key, asked.population, asked.uploader, Kind(self.settings.kind))
        place = f"{self._place('answers', wave)}/{table.name}/chunks"
        sink = ChunkSink(lambda index, content: self.client.put(f"{place}/{index}", content=content))
        rows = write_blocks(sink, ANSWERS, answer(own, filters, requests["nonce"], key=key))
        return TableSummary(name=table.name, rows=rows, sha256=sink.finish(), size=sink.size)

    def _fetch(self, wave: int, table: TableSummary) -> bytes:
        """Return the bytes of a table of requests.

        Raises:
            ServiceError: they are not those that the service listed.
        """
        place = f"{self._place('requests', wave)}/{table.name}/chunks"
        content = b"".join(self.client.get(f"{place}/{index}").content for index in range(table.chunks))
        if digest(content) != table.sha256:
            raise ServiceError("linkage service: requests were damaged on their way; answer again, which is safe")
        return content

    def _spend(self, wave: int, table: TableSummary, nonces: Bytes2D) -> None:
        store = open_node_store(self.settings)
        try:
            spend_nonces(store, self.found.round_id, f"{wave}.{table.name}", table.sha256, [nonce.tobytes() for nonce in nonces])
        finally:
            store.dispose()

    def _place(self, what: str, wave: int) -> str:
        return f"/v1/rounds/{self.found.round_id}/{what}/{wave}"


def _unanswered(settings: NodeSettings, round_id: str) -> list[int]:
    return [wave for wave in range(1, WAVES + 1) if not _receipt(settings, round_id, wave).exists()]


def _receipt(settings: NodeSettings, round_id: str, wave: int) -> Path:
    """Return where the service's acknowledgement of a wave's answers is kept."""
    return settings.path(RECEIPTS, f"{round_id}.wave-{wave}")
