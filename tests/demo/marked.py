"""Marker people: a prisoner, known to a police force and an authority, and the child. Nobody else has their names or numbers.

They are added to extracts that were written earlier, and to the truth, so that they match and reach a referral. A second
child of theirs breaks a rule, so that its row is kept back.
"""

import base64
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from schemas.identifiers import is_nomis_number, is_pnc_id, is_upn, pnc_check_letter, upn_check_letter

PRISON, POLICE, AUTHORITY = "prison-service", "police-south-wales", "local-authority-W06000015"
WRITTEN, TRUTH = "population", "truth"

SURNAME, FORENAME, CHILD_FORENAME, KEPT_BACK_FORENAME = "Qzxmarkerby", "Wvqparentine", "Jqxchildine", "Kqxkeptback"
BORN, CHILD_BORN = "1981-07-19", "2014-03-23"
STREET, POSTCODE = "7 Qzxmarker Parade", "CF99 9QX"
NOMIS, CHILD_ID = "Q9173XQ", "CHILD-QZX-1"
PNC = f"1999/7654321{pnc_check_letter('1999', '7654321')}"
UPN = upn_check_letter("990123987654") + "990123987654"
BAD_UPN = ("B" if UPN[0] == "A" else "A") + UPN[1:]
CHILD_PERSON, PARENT_PERSON = "99000001", "99000002"

HOME = {"address": STREET, "town": "Cardiff", "postcode": POSTCODE}
PARENT = {"forename": FORENAME, "surname": SURNAME, "date_of_birth": BORN, "sex": "F", **HOME}
CHILD = {"forename": CHILD_FORENAME, "surname": SURNAME, "date_of_birth": CHILD_BORN, "sex": "M", **HOME}
SCHOOLING = {"school_urn": "968100", "legal_status": "none", "standing": "resident"}
ROWS = {
    (PRISON, "receptions"): [
        {**PARENT, "reception_id": "QZX-R1", "nomis_number": NOMIS, "reception_date": "2026-02-03", "reception_type": "remand", "establishment": "CFI"}
    ],
    (PRISON, "declared_children"): [{**CHILD, "nomis_number": NOMIS, "child_number": "1"}],
    (POLICE, "persons"): [{**PARENT, "person_urn": "QZX-P1", "pnc_id": PNC}],
    (POLICE, "children"): [{**CHILD, "child_urn": "QZX-C1"}],
    (POLICE, "ties"): [{"person_urn": "QZX-P1", "child_urn": "QZX-C1", "relation": "parent", "recorded_on": "2020-01-01"}],
    (AUTHORITY, "carers"): [{**PARENT, "carer_id": "QZX-K1"}],
    (AUTHORITY, "children"): [
        {**CHILD, **SCHOOLING, "child_id": CHILD_ID, "upn": UPN},
        {**CHILD, **SCHOOLING, "child_id": "CHILD-QZX-2", "upn": BAD_UPN, "forename": KEPT_BACK_FORENAME},
    ],
    (AUTHORITY, "ties"): [{"carer_id": "QZX-K1", "child_id": CHILD_ID, "relation": "parent", "recorded_on": "2020-01-01"}],
    (TRUTH, "records"): [
        {"custodian": AUTHORITY, "file": "children", "record_id": CHILD_ID, "person_id": CHILD_PERSON},
        {"custodian": PRISON, "file": "receptions", "record_id": "QZX-R1", "person_id": PARENT_PERSON},
    ],
    (TRUTH, "people"): [
        {"person_id": CHILD_PERSON, "sex": "M", "date_of_birth": CHILD_BORN, "mother_id": PARENT_PERSON},
        {"person_id": PARENT_PERSON, "sex": "F", "date_of_birth": BORN},
    ],
    (TRUTH, "parents"): [{"child_id": CHILD_PERSON, "adult_id": PARENT_PERSON, "relation": "parent", "current": "true"}],
    (TRUTH, "children_true"): [
        {"person_id": CHILD_PERSON, "acting_authority": "W06000015", "known_authorities": "W06000015", "has_tie": "true",
         "parents_received": PARENT_PERSON, "moved": "false"}
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Marker:
    """A value that only some directories may hold."""

    name: str
    value: str
    owners: frozenset[str]


@dataclass(frozen=True)
class Marked:
    """The markers of a population."""

    markers: tuple[Marker, ...]


def mark(population: Path) -> Marked:
    """Add the marker people to a population's files."""
    assert is_nomis_number(NOMIS)
    assert is_pnc_id(PNC)
    assert is_upn(UPN)
    assert not is_upn(BAD_UPN)
    for (folder, file), rows in ROWS.items():
        path = population / folder / f"{file}.csv"
        with path.open(encoding="utf-8", newline="") as table:
            header = next(csv.reader(table))
        with path.open("a", encoding="utf-8", newline="") as table:
            csv.DictWriter(table, header, restval="", lineterminator="\n").writerows(rows)
    everyone, authority = (PRISON, POLICE, AUTHORITY), (AUTHORITY,)
    return Marked(
        (
            _marker("surname", SURNAME, everyone),
            _marker("parent's forename", FORENAME, everyone),
            _marker("child's forename", CHILD_FORENAME, everyone),
            _marker("forename of a row kept back", KEPT_BACK_FORENAME, authority),
            _marker("parent's date of birth", BORN, everyone),
            _marker("child's date of birth", CHILD_BORN, everyone),
            _marker("postcode", POSTCODE, everyone),
            _marker("street", STREET, everyone),
            _marker("NOMIS number", NOMIS, (PRISON,)),
            _marker("PNC ID", PNC, (POLICE,)),
            _marker("UPN", UPN, authority),
            _marker("UPN that breaks a rule", BAD_UPN, authority),
        )
    )


def _marker(name: str, value: str, owners: tuple[str, ...]) -> Marker:
    return Marker(name, value, frozenset(owner.lower() for owner in owners))


def forms(value: str | bytes) -> Iterator[bytes]:
    """Yield the ways in which a value may have been written: as it is, in other cases, without separators, encoded."""
    texts = {value} if isinstance(value, bytes) else {text.encode() for text in _spellings(value)}
    for text in texts:
        yield text
        yield text.hex().encode()
        yield text.hex().upper().encode()
        yield from _base64(text)
        if isinstance(value, str):
            yield text.decode().encode("utf-16-le")


def _spellings(value: str) -> set[str]:
    compact = "".join(char for char in value if char.isalnum())
    return {
        form
        for text in (value, compact, value.replace(" ", "%20"), value.replace("/", "%2F"))
        for form in (text, text.lower(), text.upper())
    }


def _base64(content: bytes) -> Iterator[bytes]:
    """Yield what stands in base64 text wherever the content begins in it: at each of three offsets, without the ends others share."""
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + content)
        whole = (offset + len(content)) // 3 * 4
        inner = text[4 if offset else 0 : whole]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))
