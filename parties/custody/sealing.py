"""The part of the prison service's submission with what it says of receptions: one row for every filter of an adult, whoever it is. Pure."""

import numpy as np
import pyarrow as pa

from parties.encoding.encode import EncodedPopulation
from parties.extracts.mapping import Held, Mapped
from parties.keys.derive import derive, keyed_id
from schemas.agreement import PROJECTIONS
from schemas.attributes import ATTRIBUTES_PART, NONCE_BYTES, SEALED_ATTRIBUTES_BYTES, Attributes, Custody, seal_attributes
from schemas.slots import ATTRIBUTES, byte_table


def custody_key(round_key: bytes) -> bytes:
    """Return the round's key of sealed attributes, which every custodian has, and a desk by its map; the service has not."""
    return derive(round_key, "custody", "attributes")


def attributes_part(
    mapped: Mapped, encoded: EncodedPopulation, handles: dict[str, bytes], *, key: bytes, own_key: bytes
) -> dict[str, pa.Table]:
    """Return the part, by its name, in the order of its pseudonyms.

    Args:
        mapped: says which reception is an adult's newest; planted controls have none, and neither have fills.
        encoded: the adults.
        handles: by reception.
        key: the round's, a `custody_key`.
        own_key: of the custodian's own, from which nonces come: the same extract gives the same bytes.
    """
    persons = {person.tobytes(): number for number, person in enumerate(encoded.persons)}
    owner = {own.tobytes(): persons[person.tobytes()] for person, own in zip(*encoded.joins, strict=True)}
    names = sorted(pseudonym.tobytes() for projection in PROJECTIONS for pseudonym in encoded.pseudonyms[projection])
    sealed = [
        seal_attributes(_attributes(mapped.held.get(owner.get(name, -1)), handles), key, keyed_id(own_key, NONCE_BYTES, name.hex()))
        for name in names
    ]
    columns = {
        "pseudonym": np.frombuffer(b"".join(names), dtype=np.uint8).reshape(len(names), -1),
        "attributes": np.frombuffer(b"".join(sealed), dtype=np.uint8).reshape(-1, SEALED_ATTRIBUTES_BYTES),
    }
    return {ATTRIBUTES_PART: byte_table(ATTRIBUTES, columns)}


def _attributes(held: Held | None, handles: dict[str, bytes]) -> Attributes | None:
    if held is None:
        return None
    return Attributes(
        handle=handles[held.reception_id],
        custody=Custody[held.reception_type.upper()],
        is_restricted=held.is_restricted,
        is_sole_carer=held.is_sole_carer,
    )
