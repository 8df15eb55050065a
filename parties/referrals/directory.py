"""Whom an authority's referrals can go to: posts, and the one named person who holds each on a day. Pure.

A post is a role at a place. Holder, then deputy: a person counts from `valid_from` to `valid_to`. Only somebody with a name
and a telephone counts, never a shared mailbox; there is no role for police, prisons or youth justice, so no row can name one.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, Final, NamedTuple

from schemas.errors import ConfigurationError
from schemas.extracts import QUARANTINE, FileRules, load_rules

KIND, FILE = "local-authority", "directory"
AUTHORITY: Final = ""  # the place of a post that the whole authority shares
DEPUTY: Final = "deputy"


class RecipientRole(StrEnum):
    """A post that receives referrals, as the directory extract names it."""

    DSL = "dsl"
    HEAD_TEACHER = "head_teacher"
    HEALTH_VISITOR = "health_visitor"
    MIDWIFE = "midwife"
    SOCIAL_WORKER = "social_worker"
    REVIEWING_OFFICER = "reviewing_officer"
    CHILDRENS_SOCIAL_CARE = "childrens_social_care"
    RESPONSIBLE_AUTHORITY = "responsible_authority"
    HOME_EDUCATION = "home_education"
    ALTERNATIVE_PROVISION = "alternative_provision"
    INCLUSION = "inclusion"
    PARTICIPATION = "participation"
    PERSONAL_ADVISER = "personal_adviser"
    OTHER_NATION = "other_nation"
    SINGLE_POINT_OF_CONTACT = "single_point_of_contact"


class Recipient(NamedTuple):
    """One professional: which post, their name and telephone number, the language they prefer, whether they were trained."""

    role: RecipientRole
    name: str
    telephone: str
    language: str = ""
    is_trained: bool = False


Post = tuple[RecipientRole, str]
Directory = Mapping[Post, Recipient]
Row = Mapping[str, str]


def make_directory(rows: Iterable[Row], today: date) -> Directory:
    """Return who holds each post on a day; of two people who could, the holder goes before the deputy, then the first row.

    A row that the check of the extract keeps back is passed over here, too.

    Raises:
        ConfigurationError: nobody is the authority's single point of contact on that day.
    """
    held = sorted((row for row in rows if not _is_kept_back(row) and _is_valid(row, today)), key=_is_deputy)
    directory: dict[Post, Recipient] = {}
    for row in held:
        post = _post(row)
        directory.setdefault(post, _recipient(post[0], row))
    if (RecipientRole.SINGLE_POINT_OF_CONTACT, AUTHORITY) not in directory:
        raise ConfigurationError(
            "directory extract: nobody is the single_point_of_contact today, so some children would reach nobody; name a person there (a shared mailbox is nobody), and run `kinlink party check`"
        )
    return directory


def vacancies(rows: Iterable[Row], today: date) -> list[Post]:
    """Return the posts of a directory that nobody holds on a day, in order: each is an alarm to whoever keeps the directory."""
    kept = [row for row in rows if not _is_kept_back(row)]
    filled = {_post(row) for row in kept if _is_valid(row, today)}
    return sorted({_post(row) for row in kept} - filled)


def _post(row: Row) -> Post:
    role = RecipientRole(row["role"])
    return role, AUTHORITY if role is RecipientRole.SINGLE_POINT_OF_CONTACT else row["area_or_school"]


def _recipient(role: RecipientRole, row: Row) -> Recipient:
    return Recipient(role, row["name"], row["telephone"], row.get("language", ""), bool(row.get("trained_on", "")))


def _is_deputy(row: Row) -> bool:
    return row.get("position", "") == DEPUTY


def _is_valid(row: Row, today: date) -> bool:
    day = today.isoformat()  # ISO dates compare as text
    return (row.get("valid_from") or day) <= day <= (row.get("valid_to") or day)


def _is_kept_back(row: Row) -> bool:
    return any(
        _BREAKS[rule.name](row.get(column.name, ""), rule.arguments)
        for column in _rules().columns
        for rule in column.rules
        if rule.severity == QUARANTINE
    )


def _rules() -> FileRules:
    return load_rules(KIND).files[FILE]


def _is_no_date(value: str, _: Mapping[str, Any]) -> bool:
    try:
        return bool(value) and date.fromisoformat(value).isoformat() != value
    except ValueError:
        return True


_BREAKS: Final[Mapping[str, Callable[[str, Mapping[str, Any]], bool]]] = {  # the kinds of rule that a directory has
    "present": lambda value, _: not value,
    "matches": lambda value, arguments: bool(value) and not re.search(arguments["pattern"], value),
    "one_of": lambda value, arguments: bool(value) and value not in arguments["values"],
    "date": _is_no_date,
}
