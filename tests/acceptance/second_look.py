"""Two parties of a second look, small and without filters: what tests of slots, answers and opening start from."""

from functools import cache
from typing import NamedTuple

import numpy as np

from parties.encoding.encode import EncodedPopulation
from parties.encoding.keystream import Keystream
from parties.encoding.rows import PersonRows
from parties.second_look.answers import answer, asked_filters
from parties.second_look.components import component_texts
from parties.second_look.halves import own_filters
from parties.second_look.keys import attribute_key, pairs_key
from parties.second_look.slots import make_slots
from schemas.agreement import PROJECTIONS
from schemas.roster import Kind
from schemas.sealed_join import Join, write_join
from schemas.slots import byte_columns
from validation.synthetic import names
from validation.synthetic.draws import Draws

ROUND_KEY = bytes(range(32))
KEY = pairs_key(ROUND_KEY, "adults", Kind.PRISON_SERVICE, Kind.LOCAL_AUTHORITY)
ATTRIBUTES = attribute_key(ROUND_KEY, "adults")
SECRET = bytes(range(32, 64))


class Party(NamedTuple):
    """A party's own filters by projection, its person ids, and the records that it made them of."""

    own: dict
    persons: np.ndarray
    records: list


def random_ids(seed, count):
    """Return as many ids of 16 bytes, the same ones for the same seed."""
    return np.frombuffer(Keystream(bytes([seed]) * 32).words(2 * count).tobytes(), dtype=np.uint8).reshape(count, 16)


@cache
def invented(count, seed):
    """Return invented records, with names as common as in the invented population."""
    draws = Draws(seed, 0)
    return tuple(record(draws) for _ in range(count))


def record(draws):
    """Return one invented record, as raw columns."""
    sex = draws.pick(("F", "M"))
    year = draws.between(1950, 2000)
    return {
        "forename": names.forename(draws, "general", sex, year),
        "surname": names.family_name(draws, "general"),
        "date_of_birth": f"{year}-{draws.between(1, 12):02}-{draws.between(1, 28):02}",
        "address": f"{draws.between(1, 200)} {draws.pick(('Mill', 'Church', 'Station', 'Ash'))} {draws.pick(('Lane', 'Street', 'Close'))}",
        "town": draws.pick(("Cardiff", "Dudley", "Leeds")),
        "postcode": f"CF{draws.between(1, 40)} {draws.between(1, 9)}{draws.pick('ABDEF')}{draws.pick('ABDEF')}",
        "sex": sex,
        "middle_names": names.forename(draws, "general", sex, year) if draws.chance(0.5) else "",
    }


def components_of(records):
    """Return the components of records."""
    rows = PersonRows()
    for number, one in enumerate(records):
        rows.add_rows(rows.add_person(str(number)), one)
    return component_texts(rows)


def party(records, seed, *, fills=0, joins=None):
    """Return a party with a filter for each record in every projection, and some fills in the last."""
    count = len(records)
    persons, last = random_ids(seed, count), PROJECTIONS[-1]
    pseudonyms = {name: random_ids(seed + 1 + place, count) for place, name in enumerate(PROJECTIONS)}
    joined = (np.concatenate([persons] * len(PROJECTIONS)), np.concatenate([pseudonyms[name] for name in PROJECTIONS]))
    shown = {**pseudonyms, last: np.concatenate([pseudonyms[last], random_ids(seed + 9, fills)])}
    encoded = EncodedPopulation("adults", {}, shown, persons, joined)
    written = joins or [write_join(Join(person=person.tobytes(), population="adults")) for person in persons]
    own = own_filters(encoded, components_of(records), written, key=ATTRIBUTES, blanks=bytes([seed]) * 32)
    return Party(own, persons, list(records))


def joined(tables):
    """Return the columns of tables that were yielded one after the other."""
    parts = [byte_columns(table) for table in tables]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def slots_of(own, *, each=4, secret=SECRET, key=KEY):
    """Return the columns of the slots of a projection."""
    return joined(make_slots(own, key=key, secret=secret, each=each))


def answers_of(own, requests, *, each, key=KEY):
    """Return the columns of the answers to a wave."""
    return joined(answer(own, asked_filters(requests, own, each=each), requests["nonce"], key=key))
