"""Invented people whose every identifier occurs nowhere else, planted in the custodians' extracts.

One family is in the extracts of the prison service, a police force and an authority, so that it is found: three children,
one for each post that a referral can go to. Beside it each custodian has a person of its own, whom nobody else knows, and one
in a row that the check keeps back.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from parties.referrals.routing import RecipientRole
from schemas.identifiers import pnc_check_letter, upn_check_letter

PRISON, POLICE, AUTHORITY = "prison-service", "police-west-midlands", "local-authority-e08000025"
SCHOOL, AREA = "933000", "HV330-1"  # posts of the invented authority's directory
TODAY = date.today()


def _upn(body: str) -> str:
    return upn_check_letter(body) + body


def _pnc(year: str, serial: str) -> str:
    return f"{year}/{serial}{pnc_check_letter(year, serial)}"


@dataclass(frozen=True)
class Planted:
    """What was planted: identifiers by the custodian whose alone they are ("" for the family's), and where the family went."""

    identifiers: Mapping[str, frozenset[str]]
    roles: Mapping[str, RecipientRole]


def plant(extracts: Path) -> None:
    """Add the people to the extracts in folders named after their custodians."""
    _add(extracts / PRISON, "receptions", reception_id="QZX1", nomis_number=PARENT["nomis"], reception_type="remand", **_who(PARENT))
    _add(extracts / PRISON, "declared_children", nomis_number=PARENT["nomis"], child_number="1", **_who(CHILDREN["at school"]))
    _add(extracts / POLICE, "persons", person_urn="QZX1", pnc_id=PARENT["pnc"], **_who(PARENT))
    _add(extracts / AUTHORITY, "carers", carer_id="QZX1", **_who(PARENT))
    for number, (where, child) in enumerate(CHILDREN.items()):
        _add(extracts / POLICE, "children", child_urn=f"QZX2-{number}", **_who(child))
        _add(extracts / POLICE, "ties", person_urn="QZX1", child_urn=f"QZX2-{number}", relation="parent", recorded_on="2025-01-02")
        _add(extracts / AUTHORITY, "children", child_id=f"QZX2-{number}", upn=child["upn"], **_who(child), **PLACES[where])
        _add(extracts / AUTHORITY, "ties", carer_id="QZX1", child_id=f"QZX2-{number}", relation="parent", recorded_on="2025-01-02")
    for folder in sorted(extracts.iterdir()):
        _plant_own(folder)


def planted(custodians: list[str]) -> Planted:
    """Return what `plant` adds to the extracts of these custodians."""
    family = {value for person in (PARENT, *CHILDREN.values()) for name, value in person.items() if name != "sex"}
    own = {name: frozenset(_own(name).values()) - {"M", ""} for name in custodians}
    return Planted({"": frozenset(family) - {"", "Qzxtown"}, **own}, {f"QZX2-{number}": role for number, role in enumerate(ROLES.values())})


PARENT = {
    "forename": "Qzxforename", "surname": "Qzxsurname", "date_of_birth": "1969-07-23", "sex": "M",
    "address": "71 Qzxaddress Wynd", "town": "Qzxtown", "postcode": "ZZ97 4QX", "nomis": "Q9173QX", "pnc": _pnc("2017", "9171173"),
}  # fmt: skip
CHILDREN = {
    "at school": {
        "forename": "Qzxeldest", "surname": "Qzxsurname", "date_of_birth": (TODAY - timedelta(days=3_777)).isoformat(), "sex": "F",
        "address": "71 Qzxaddress Wynd", "town": "Qzxtown", "postcode": "ZZ97 4QX", "upn": _upn("931991717717"),
    },
    "under five": {
        "forename": "Qzxyoungest", "surname": "Qzxsurname", "date_of_birth": (TODAY - timedelta(days=1_111)).isoformat(), "sex": "M",
        "address": "71 Qzxaddress Wynd", "town": "Qzxtown", "postcode": "ZZ97 4QX", "upn": "",
    },
    "looked after": {
        "forename": "Qzxmiddle", "surname": "Qzxsurname", "date_of_birth": (TODAY - timedelta(days=2_929)).isoformat(), "sex": "F",
        "address": "71 Qzxaddress Wynd", "town": "Qzxtown", "postcode": "ZZ97 4QX", "upn": _upn("931991717718"),
    },
}  # fmt: skip
PLACES = {
    "at school": {"school_urn": SCHOOL, "legal_status": "none", "standing": "resident"},
    "under five": {"under_five_area": AREA, "legal_status": "none", "standing": "resident"},
    "looked after": {"school_urn": SCHOOL, "legal_status": "section_31", "standing": "looked_after"},
}
ROLES = {
    "at school": RecipientRole.DSL,
    "under five": RecipientRole.HEALTH_VISITOR,
    "looked after": RecipientRole.SOCIAL_WORKER,
}


def _who(person: Mapping[str, str]) -> dict[str, str]:
    return {name: person[name] for name in ("forename", "surname", "date_of_birth", "sex", "address", "town", "postcode")}


def _own(custodian: str) -> dict[str, str]:
    """Return a person whom this custodian alone knows; `sex` is what gets its second row kept back."""
    word = "".join(char for char in custodian if char.isalpha())
    number = sum(map(ord, custodian))
    return {
        "forename": f"Qzxlone{word}", "surname": f"Qzxown{word}", "date_of_birth": (date(1958, 1, 1) + timedelta(days=number)).isoformat(),
        "address": f"{number} Qzxplace{word} Row", "town": "", "postcode": f"ZY{number % 90 + 10} {number % 9}QZ", "sex": f"Qzxsex{word}",
    }  # fmt: skip


def _plant_own(folder: Path) -> None:
    rows = {
        "prison-service": ("receptions", {"reception_id": "QZX9", "nomis_number": "Q8173QY", "reception_type": "remand"}),
        "police": ("persons", {"person_urn": "QZX9", "pnc_id": ""}),
        "local-authority": ("carers", {"carer_id": "QZX9"}),
    }
    kind = next((kind for kind in rows if folder.name.startswith(kind)), None)
    if kind is not None:
        file, row = rows[kind]
        own = _own(folder.name)
        _add(folder, file, **row, **{**own, "sex": "M"})
        key = next(iter(row))
        _add(folder, file, **{**row, **own, key: "QZX8"})


def _add(folder: Path, file: str, **row: str) -> None:
    path = folder / f"{file}.csv"
    with path.open(encoding="utf-8", newline="") as source:
        header = next(csv.reader(source))
    fixed = {"establishment": "QZX", "reception_date": (TODAY - timedelta(days=9)).isoformat()} if file == "receptions" else {}
    with path.open("a", encoding="utf-8", newline="") as sink:
        csv.DictWriter(sink, header, restval="", lineterminator="\n").writerow({**fixed, **row})
