"""Who is asked to offer support to a child: one table of rules over the authority's own record. Pure.

The first rule that fits names the posts to ask, in order; where nobody holds one of them, the child falls to the authority's single
point of contact, so that no child is without anyone. Where the child lives decides, and never a prison: a record has no place for one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from parties.referrals.directory import AUTHORITY, Directory, Recipient, RecipientRole
from parties.referrals.protection import is_restricted

SCHOOL_AGE_YEARS: Final = 5
SIXTEEN, ADULT_YEARS = 16, 18
LOOKED_AFTER_STANDING: Final = "looked_after"
LOOKED_AFTER_STATUSES: Final = ("section_20", "section_31")  # Children Act 1989: accommodated; in care
OPEN_STATUSES: Final = ("child_in_need", "child_protection")
OTHER_NATIONS: Final = ("scotland", "northern_ireland", "elsewhere")  # where neither England's nor Wales's services reach
YES: Final = "yes"
AT_SCHOOL: Final = frozenset({RecipientRole.DSL, RecipientRole.HEAD_TEACHER})  # who are not there in the holidays


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
    education: str = ""
    case_holder: str = ""
    responsible_authority: str = ""
    nation: str = ""
    expected_on: str = ""
    care_leaver: str = ""
    protection: str = ""
    parent_on_record: bool = True

    def __repr__(self) -> str:
        """Show no value."""
        return "Child(…)"


class Asked(NamedTuple):
    """A post to ask: a role at the place that the child's record names."""

    role: RecipientRole
    place: Callable[[Child], str]


class Rule(NamedTuple):
    """If `fits`, whoever holds the first filled post of `posts` is asked; whoever holds `also` reads the same sheet."""

    branch: str
    fits: Callable[[Child, date], bool]
    posts: tuple[Asked, ...]
    also: RecipientRole | None = None


class Route(NamedTuple):
    """Who is asked to offer a child support, who reads the same sheet, and by which branch of the table."""

    recipient: Recipient
    also: Recipient | None
    branch: str


def is_looked_after(child: Child) -> bool:
    """Say whether an authority looks after the child."""
    return child.standing == LOOKED_AFTER_STANDING or child.legal_status in LOOKED_AFTER_STATUSES


def is_under(child: Child, years: int, today: date) -> bool:
    """Say whether the child has not reached a birthday, or the record does not say when it was born."""
    birthday_today = f"{today.year - years:04}-{today.month:02}-{today.day:02}"  # ISO dates compare as text
    return not child.date_of_birth or child.date_of_birth > birthday_today


def is_under_five(child: Child, today: date) -> bool:
    """Say whether the child is under five, or the record does not say when it was born."""
    return is_under(child, SCHOOL_AGE_YEARS, today)


def _at_school(child: Child) -> str:
    return child.school_urn


def _in_area(child: Child) -> str:
    return child.under_five_area


def _with_case_holder(child: Child) -> str:
    return child.case_holder


def _anywhere(_: Child) -> str:
    return AUTHORITY


_R = RecipientRole
_OWN_WORKER = (Asked(_R.SOCIAL_WORKER, _with_case_holder), Asked(_R.SOCIAL_WORKER, _anywhere))
_SOCIAL_CARE = (Asked(_R.CHILDRENS_SOCIAL_CARE, _anywhere),)
_EVERYBODY_ELSE = (Asked(_R.SINGLE_POINT_OF_CONTACT, _anywhere),)

# The child's own status goes first, then where it learns: enrolment decides, not the birthday, so a child of four in reception is on roll.
RULES: Final[tuple[Rule, ...]] = (
    Rule("restricted", lambda child, _: is_restricted(child.protection), _SOCIAL_CARE),
    Rule(
        "care leaver",
        lambda child, _: child.care_leaver == YES,
        (Asked(_R.PERSONAL_ADVISER, _with_case_holder), Asked(_R.PERSONAL_ADVISER, _anywhere)),
    ),
    Rule("eighteen: the case closes with a hand-over", lambda child, today: not is_under(child, ADULT_YEARS, today), _EVERYBODY_ELSE),
    Rule(
        "looked after by another authority",
        lambda child, _: bool(child.responsible_authority),
        (Asked(_R.RESPONSIBLE_AUTHORITY, lambda child: child.responsible_authority),),
    ),
    Rule("looked after", lambda child, _: is_looked_after(child), _OWN_WORKER, also=_R.REVIEWING_OFFICER),
    Rule("in another nation", lambda child, _: child.nation in OTHER_NATIONS, (Asked(_R.OTHER_NATION, lambda child: child.nation),)),
    Rule(
        "unborn",
        lambda child, _: bool(child.expected_on) and not child.date_of_birth,
        (Asked(_R.MIDWIFE, _in_area), Asked(_R.MIDWIFE, _anywhere)),
    ),
    Rule(
        "open to social care",
        lambda child, _: child.legal_status in OPEN_STATUSES or bool(child.case_holder),
        (*_OWN_WORKER, *_SOCIAL_CARE),
    ),
    Rule("parent not on the authority's record", lambda child, _: not child.parent_on_record, _EVERYBODY_ELSE),
    Rule("educated at home", lambda child, _: child.education == "home_educated", (Asked(_R.HOME_EDUCATION, _anywhere),)),
    Rule(
        "educated otherwise than at school",
        lambda child, _: child.education in {"eotas", "pupil_referral_unit"},
        (Asked(_R.DSL, _at_school), Asked(_R.ALTERNATIVE_PROVISION, _anywhere)),
    ),
    Rule("excluded from school", lambda child, _: child.education == "excluded", (Asked(_R.INCLUSION, _anywhere),)),
    Rule("in no education", lambda child, _: child.education == "none", (Asked(_R.PARTICIPATION, _anywhere),)),
    Rule("on a school's roll", lambda child, _: bool(child.school_urn), (Asked(_R.DSL, _at_school), Asked(_R.HEAD_TEACHER, _at_school))),
    Rule(
        "under five and not on roll",
        lambda child, today: bool(child.under_five_area) and is_under_five(child, today),
        (Asked(_R.HEALTH_VISITOR, _in_area),),
    ),
    Rule(
        "sixteen or seventeen, on no roll", lambda child, today: not is_under(child, SIXTEEN, today), (Asked(_R.PARTICIPATION, _anywhere),)
    ),
    Rule("nothing known", lambda _, __: True, _EVERYBODY_ELSE),
)


def route(child: Child, directory: Directory, today: date) -> Route:
    """Return whom this child's referral goes to."""
    rule = next(rule for rule in RULES if rule.fits(child, today))
    asked = [found for post in rule.posts if (found := directory.get((post.role, post.place(child))))]
    recipient = (asked or [directory[RecipientRole.SINGLE_POINT_OF_CONTACT, AUTHORITY]])[0]
    return Route(recipient, _also(rule, child, directory), rule.branch)


def may_have_leaflet(child: Child) -> bool:
    """Say whether the child's carer may be given the leaflet: the parent is on the authority's own record, and no authority cares in its place."""
    return child.parent_on_record and not is_looked_after(child) and not child.responsible_authority


def in_holidays(to: Route, directory: Directory) -> Route:
    """Return a route while the school is closed for long: the single point of contact reads a school's sheet as well."""
    return to._replace(also=to.also or directory[RecipientRole.SINGLE_POINT_OF_CONTACT, AUTHORITY])


def _also(rule: Rule, child: Child, directory: Directory) -> Recipient | None:
    if rule.also is None:
        return None
    return directory.get((rule.also, child.case_holder)) or directory.get((rule.also, AUTHORITY))
