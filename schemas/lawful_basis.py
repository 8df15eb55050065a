"""The powers that a custodian may take part under, by nation, and what a basis must say before a round starts. Pure: reads the table beside it.

The table is `lawful_bases.json`. It is for agreements to choose from; whether a power holds is for each controller to decide.
"""

import functools
import importlib.resources
import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from schemas.errors import AgreementError
from schemas.roster import Kind, Organisation

LEAST_NECESSITY: Final = 40  # characters: less says nothing of why this, and no less, is needed
MOST_NECESSITY: Final = 2_000
NATION_OF_CODE: Final[Mapping[str, str]] = {"E": "england", "W": "wales", "S": "scotland", "N": "northern-ireland"}


class Power(BaseModel):
    """One power: where and for whom it is, the basis in data protection law that it gives, and what it says in our words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nation: str
    kinds: tuple[Kind, ...]
    basis: str
    statute: str
    says: str


def powers() -> Mapping[str, Power]:
    """Return the catalogue, by the names that agreements use."""
    return {name: Power.model_validate(item) for name, item in _table()["powers"].items()}


def conditions() -> Mapping[str, str]:
    """Return what else must hold, whatever the power."""
    return dict(_table()["conditions"])


def hand_off(nation: str) -> str | None:
    """Return what is done for a child in a nation that takes no part; None: it takes part.

    Raises:
        AgreementError: there is no such nation in the catalogue.
    """
    found = _table()["nations"].get(nation)
    if found is None:
        raise AgreementError("lawful basis: no such nation in the catalogue; see schemas/lawful_bases.json")
    return None if found["takes_part"] else str(found["hand_off"])


def check_basis(organisation: Organisation, *, power: str, basis: str, necessity: str) -> None:
    """Check that a custodian's basis is one of the catalogue for its kind and nation, and says why it is necessary.

    Raises:
        AgreementError: naming the organisation and the rule.
    """
    known, nation = powers().get(power), NATION_OF_CODE.get((organisation.gss_code or "")[:1])
    for broken, rule in (
        (known is None, "names no power of the catalogue"),
        (known is not None and organisation.kind not in known.kinds, "names a power of another kind of organisation"),
        (known is not None and nation not in (None, known.nation), "names a power of another nation"),
        (known is not None and known.basis != basis, "is another basis than its power gives"),
        (
            not LEAST_NECESSITY <= len(necessity.strip()) <= MOST_NECESSITY,
            f"has no necessity note of at least {LEAST_NECESSITY} characters",
        ),
    ):
        if broken:
            raise AgreementError(
                f"the lawful basis of {organisation.organisation} {rule}; a round does not start without it: amend the agreement"
            )


@functools.cache
def _table() -> Any:
    return json.loads(importlib.resources.files("schemas").joinpath("lawful_bases.json").read_text(encoding="utf-8"))
