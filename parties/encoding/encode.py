"""A population to its encodings: filters, pseudonyms, fills and joins. Pure, given the keys.

Every projection of a population has the same number of rows, each in an order of its own. A person without the fields of
a projection is not in it; encoded invented people, put together from the party's own columns, fill the gap and pad the whole to an
agreed size, because random bits can be told from filters.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from parties.encoding.canaries import canary_labels, canary_rows
from parties.encoding.clk import clk_secret, encode_clks
from parties.encoding.diffusion import check_diffusion, diffuse, draw_positions
from parties.encoding.keystream import Keystream
from parties.encoding.normalise import day_and_month
from parties.encoding.rows import Filter, PersonRows, column, fields, filters
from parties.keys.derive import derive, keyed_id
from schemas.agreement import PROJECTIONS, Encoding, Projection
from schemas.byte_columns import Bytes2D, by_bytes, id_column
from schemas.encoding_set import CANARIES, ENCODINGS, POPULATIONS, PSEUDONYM_BYTES, Population
from schemas.joins import NAMING
from schemas.linkage import feature_names
from validation.progress import Progress, silent

ID_BYTES = PSEUDONYM_BYTES  # of a person as of a filter
DRAWN_FIELDS = ("forename", "surname", "dob", "postcode", "address")  # of an invented person; the other features follow from them
FEW_ROWS = 20

SizeOf = Callable[[int], int]  # how many rows a pool has that needs so many


def unpadded(rows: int) -> int:
    """Return as many rows as a pool needs: for encodings that do not leave."""
    return rows


@dataclass(frozen=True, repr=False)
class EncodedPopulation:
    """One population as it is submitted. Shows nothing in `repr`.

    Attributes:
        population: which.
        clks: by projection, shape (n, 128).
        pseudonyms: by projection, shape (n, 16), in the order of `clks`.
        persons: each person's id in this round, shape (persons, 16), in the order of the rows' persons.
        joins: person ids and pseudonyms, each of shape (filters, 16); a fill has none. They leave sealed alone, in slots and answers.
    """

    population: Population
    clks: dict[Projection, Bytes2D]
    pseudonyms: dict[Projection, Bytes2D]
    persons: Bytes2D
    joins: tuple[Bytes2D, Bytes2D]

    def tables(self) -> dict[str, pa.Table]:
        """Return the filters' parts of this population, by name."""
        return {
            f"{self.population}.{projection}.arrow": pa.Table.from_arrays(
                [id_column(self.pseudonyms[projection]), id_column(self.clks[projection])], schema=ENCODINGS
            )
            for projection in PROJECTIONS
        }

    def __repr__(self) -> str:
        """Show which, and nothing else."""
        return f"EncodedPopulation({self.population})"


def encode_population(
    rows: PersonRows,
    *,
    population: Population,
    round_key: bytes,
    round_id: str,
    local_secret: bytes,
    encoding: Encoding,
    padded: SizeOf = unpadded,
    progress: Progress = silent,
) -> EncodedPopulation:
    """Encode one population for one round, with invented people up to the `padded` size; the same rows and keys give the same bytes.

    Raises:
        AgreementError: the agreed diffusion is too weak for its profile.
    """
    check_diffusion(encoding)
    scope = _Scope(rows, population, round_id, round_key, local_secret, encoding)
    made = {projection: filters(rows, projection) for projection in PROJECTIONS}
    size = padded(max(map(len, made.values())))
    persons = _ids(local_secret, (("person", round_id, population, key) for key in rows.people()))
    encoded = dict[Projection, tuple[Bytes2D, Bytes2D]]()
    for position, (projection, genuine) in enumerate(made.items()):
        progress(f"encode {population}", position, len(PROJECTIONS))
        encoded[projection] = scope.encode(projection, genuine, size)
    progress(f"encode {population}", len(PROJECTIONS), len(PROJECTIONS))
    persons = _named(persons, made, {projection: pseudonyms for projection, (pseudonyms, _) in encoded.items()})
    people = np.concatenate([persons[[item.person for item in genuine]] for genuine in made.values()])
    joined = np.concatenate([encoded[projection][0][: len(genuine)] for projection, genuine in made.items()])
    order = {projection: by_bytes(pseudonyms) for projection, (pseudonyms, _) in encoded.items()}
    return EncodedPopulation(
        population,
        clks={projection: clks[order[projection]] for projection, (_, clks) in encoded.items()},
        pseudonyms={projection: pseudonyms[order[projection]] for projection, (pseudonyms, _) in encoded.items()},
        persons=persons,
        joins=(people[by_bytes(joined)], joined[by_bytes(joined)]),
    )


def records_behind(
    rows: PersonRows, population: Population, projection: Projection, *, round_id: str, local_secret: bytes
) -> dict[bytes, str]:
    """Return the record key behind each pseudonym of a projection; a fill has none."""
    place, people = (round_id, population, projection), rows.people()
    made = filters(rows, projection)
    ids = _ids(local_secret, (_name(place, item, people) for item in made))
    return {own.tobytes(): people[item.person] for own, item in zip(ids, made, strict=True)}


def encode_values(
    values: Sequence[tuple[str, ...]], population: Population, projection: Projection, round_key: bytes, encoding: Encoding
) -> Bytes2D:
    """Return the diffused filter of each tuple of a projection's values, shape (n, 128)."""
    return diffused(values, population, projection, round_key, t=encoding.diffusion, bits_per_mille=encoding.bits_per_mille)


def diffused(
    values: Sequence[tuple[str, ...]], population: Population, projection: Projection, key: bytes, *, t: int, bits_per_mille: int
) -> Bytes2D:
    """Return filters of any strength, shape (n, 128): what rounds send, and what attacks are made on."""
    clks = encode_clks(values, projection, clk_secret(key, population, projection), bits_per_mille=bits_per_mille)
    return diffuse(clks, draw_positions(key, population, projection, t)) if len(clks) else clks


def encode_canaries(round_key: bytes, encoding: Encoding) -> pa.Table:
    """Return the canaries' part: every canary in every projection of both populations."""
    labels, blocks = list[str](), list[Bytes2D]()
    for population in POPULATIONS:
        for projection in PROJECTIONS:
            values = [item.values for item in filters(canary_rows(), projection)]
            clks = encode_values(values, population, projection, round_key, encoding)
            labels += canary_labels(population, projection, clks)
            blocks.append(clks)
    return pa.Table.from_arrays([pa.array(labels), id_column(np.concatenate(blocks))], schema=CANARIES)


def invented(rows: PersonRows, projection: Projection, count: int, key: bytes) -> list[tuple[str, ...]]:
    """Return the values of `count` invented people: each field taken from another row of the party's own, drawn by `key`.

    Day and month go with the date they are of. Where few rows have every field, the canaries' columns serve as well: a fill
    must not be put together into one of the few.
    """
    if not count:
        return []
    columns = _sources(rows, projection)
    stream = Keystream(key)
    drawn = {name: [texts[at] for at in stream.below(len(texts), count)] for name, texts in columns.items()}
    drawn["names"] = [" ".join(pair) for pair in zip(drawn["forename"], drawn["surname"], strict=True)]
    drawn["dob_pair"] = [day_and_month(born) for born in drawn["dob"]]
    return list(zip(*(drawn[feature] for feature in feature_names(projection)), strict=True))


def _sources(rows: PersonRows, projection: Projection) -> dict[str, list[str]]:
    """Return the columns to draw from: of rows that the projection encodes, so that fills look like the rest."""
    kept = [at for at, values in enumerate(fields(rows, projection)) if values is not None]
    sources = {name: column(rows, name) for name in DRAWN_FIELDS}
    columns = {name: [texts[at] for at in kept] for name, texts in sources.items()}
    if len(kept) >= FEW_ROWS:
        return columns
    canaries = canary_rows()
    return {name: texts + list(filter(None, column(canaries, name))) for name, texts in columns.items()}


@dataclass(frozen=True, repr=False)
class _Scope:
    """What the projections of one population have in common."""

    rows: PersonRows
    population: Population
    round_id: str
    round_key: bytes
    local_secret: bytes
    encoding: Encoding

    def encode(self, projection: Projection, genuine: Sequence[Filter], size: int) -> tuple[Bytes2D, Bytes2D]:
        """Return pseudonyms and filters of the genuine rows, then of the fills up to `size`."""
        people, place = self.rows.people(), (self.round_id, self.population, projection)
        fills = invented(self.rows, projection, size - len(genuine), derive(self.local_secret, "fills", *place))
        names = [_name(place, item, people) for item in genuine]
        names += [("fill", *place, str(number)) for number in range(len(fills))]
        values = [*(item.values for item in genuine), *fills]
        return _ids(self.local_secret, names), encode_values(values, self.population, projection, self.round_key, self.encoding)


def _named(persons: Bytes2D, made: Mapping[Projection, Sequence[Filter]], pseudonyms: Mapping[Projection, Bytes2D]) -> Bytes2D:
    """Return every person's id: the pseudonym of its first filter; who has none keeps an id that nobody else has."""
    named = persons.copy()
    for projection in reversed(NAMING):
        rows = [row for row, item in enumerate(made[projection]) if item.number == 0]
        named[[made[projection][row].person for row in rows]] = pseudonyms[projection][rows]
    return named


def _name(place: tuple[str, ...], item: Filter, people: Sequence[str]) -> tuple[str, ...]:
    """Return what a genuine filter's pseudonym is made from."""
    return "filter", *place, str(item.number), people[item.person]


def _ids(secret: bytes, names: Iterable[tuple[str, ...]]) -> Bytes2D:
    content = b"".join(keyed_id(secret, ID_BYTES, *parts) for parts in names)
    return np.frombuffer(content, dtype=np.uint8).reshape(-1, ID_BYTES)
