"""Two populations through the real encoders and the real search, in one process: what `evaluate` and `calibrate` share."""

import secrets
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from linkage.engines.threads import ThreadsEngine
from linkage.search.pools import PersonPairs, Pool, as_ids, make_pool, search_pools
from parties.encoding.encode import encode_population
from parties.encoding.normalise import NORMALISER
from parties.encoding.rows import PersonRows
from schemas.agreement import PROJECTIONS, Encoding
from schemas.encoding_set import Population
from schemas.linkage import schemas_digest
from validation.progress import Progress, silent

KEY_BYTES = 32


@dataclass(frozen=True)
class Side:
    """One party's people as the service has them, and which row of the input each person of the pool is."""

    pool: Pool
    record: npt.NDArray[np.int64]


class Linking:
    """One round's key and terms, thrown away with this object."""

    def __init__(self, population: Population, *, progress: Progress = silent) -> None:
        """Draw a round key for `population`."""
        self._population = population
        self._round_key = secrets.token_bytes(KEY_BYTES)
        self._encoding = Encoding(schemas_digest=schemas_digest(), normaliser=NORMALISER)
        self._progress = progress

    def encode(self, name: str, rows: PersonRows) -> Side:
        """Encode one party's rows under a local secret of its own; return its pool."""
        encoded = encode_population(
            rows,
            population=self._population,
            round_key=self._round_key,
            round_id="local",
            local_secret=secrets.token_bytes(KEY_BYTES),
            encoding=self._encoding,
            progress=self._progress,
        )
        encodings = {projection: (as_ids(encoded.pseudonyms[projection]), encoded.clks[projection]) for projection in PROJECTIONS}
        pool = make_pool(name, encodings, (as_ids(encoded.joins[0]), as_ids(encoded.joins[1])))
        record = {person.tobytes(): number for number, person in enumerate(as_ids(encoded.persons))}
        return Side(pool, np.array([record[person.tobytes()] for person in pool.persons], dtype=np.int64))

    @staticmethod
    def search(left: Side, right: Side, *, cut: float, top_k: int) -> PersonPairs:
        """Return candidate pairs of input rows."""
        pairs = search_pools(ThreadsEngine(), left.pool, right.pool, cut=cut, top_k=top_k)
        return PersonPairs(left.record[pairs.left], right.record[pairs.right], pairs.scores)
