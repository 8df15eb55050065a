"""Who is asked to offer support to a child: one table of rules over the authority's own record. Pure.

Enrolment decides, not the birthday: a child of four in reception is on roll. The first rule that fits names a post;
a post that the directory lacks falls to the authority's single point of contact, so that no child is without anyone.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from schemas.errors import ConfigurationError

SCHOOL_AGE_YEARS = 5
LOOKED_AFTER_STANDING = "looked_after"
LOOKED_AFTER_STATUSES = ("section_20", "section_31")  # Children Act 1989: accommodated; in care


class RecipientRole(StrEnum):
    """A post that receives referrals, as the directory extract names it."""

    DSL = "dsl"
    HEALTH_VISITOR = "health_visitor"
    SINGLE_POINT_OF_CONTACT = "single_point_of_contact"


@dataclass(frozen=True, kw_only=True, repr=False)
class Child:
    """What the authority's own record says of a child; `""` where it is silent."""

    child_id: str
    forename: str
    middle_names: str = ""
    surname: str
    date_of_birth: str
    school_urn: str
    under_five_area: str
    legal_status: str
    standing: str

    def __repr__(self) -> str:
        """Show no value."""
        return "Child(…)"


class Recipient(NamedTuple):
    """One professional: which post, their name and telephone number."""

    role: RecipientRole
    name: str
    telephone: str


class Rule(NamedTuple):
    """If `fits`, the post is `role` at `place` (a school, an area, or the authority)."""

    why: str
    fits: Callable[[Child, date], bool]
    role: RecipientRole
    place: Callable[[Child], str]


Directory = Mapping[tuple[RecipientRole, str], Recipient]
AUTHORITY = ""  # the place of the single point of contact


def is_looked_after(child: Child) -> bool:
    """Say whether the authority looks after the child."""
    return child.standing == LOOKED_AFTER_STANDING or child.legal_status in LOOKED_AFTER_STATUSES


def is_under_five(child: Child, today: date) -> bool:
    """Say whether the child is under five, or the record does not say when it was born."""
    fifth_birthday_today = f"{today.year - SCHOOL_AGE_YEARS:04}-{today.month:02}-{today.day:02}"  # ISO dates compare as text
    return not child.date_of_birth or child.date_of_birth > fifth_birthday_today


RULES: tuple[Rule, ...] = (
    Rule(
        "looked after by the authority", lambda child, _: is_looked_after(child), RecipientRole.SINGLE_POINT_OF_CONTACT, lambda _: AUTHORITY
    ),
    Rule("on a school's roll", lambda child, _: bool(child.school_urn), RecipientRole.DSL, lambda child: child.school_urn),
    Rule(
        "under five and not on roll",
        lambda child, today: bool(child.under_five_area) and is_under_five(child, today),
        RecipientRole.HEALTH_VISITOR,
        lambda child: child.under_five_area,
    ),
    Rule("neither on roll nor under five", lambda _, __: True, RecipientRole.SINGLE_POINT_OF_CONTACT, lambda _: AUTHORITY),
)


def make_directory(rows: Iterable[Mapping[str, str]]) -> Directory:
    """Return the directory of an extract's rows; of two people in one post the first counts.

    Raises:
        ConfigurationError: the authority has no single point of contact.
    """
    directory: dict[tuple[RecipientRole, str], Recipient] = {}
    for row in rows:
        role = RecipientRole(row["role"])
        place = AUTHORITY if role is RecipientRole.SINGLE_POINT_OF_CONTACT else row["area_or_school"]
        directory.setdefault((role, place), Recipient(role, row["name"], row["telephone"]))
    if (RecipientRole.SINGLE_POINT_OF_CONTACT, AUTHORITY) not in directory:
        raise ConfigurationError(
            "directory extract: no single_point_of_contact, so some children would reach nobody; add that row and run `kinlink party check`"
        )
    return directory


def route(child: Child, directory: Directory, today: date) -> Recipient:
    """Return the one professional who is asked to offer this child support."""
    rule = next(rule for rule in RULES if rule.fits(child, today))
    return directory.get((rule.role, rule.place(child))) or directory[RecipientRole.SINGLE_POINT_OF_CONTACT, AUTHORITY]
