"""What one professional is told of one child, as data and as a printable page. Pure.

A document says what the referral's own schema has (`payloads`), and sentences that are the same for every child (`wording`).
"""

import json
from collections.abc import Iterable, Mapping
from html import escape

from parties.referrals.directory import RecipientRole
from parties.referrals.pages import bullets, page
from parties.referrals.payloads import REFERENCE_CHARACTERS, OwnRecordReferral, Referral, RestrictedReferral, said
from parties.referrals.wording import Wording

_ROWS = (
    "child_name",
    "date_of_birth",
    "school_urn",
    "area",
    "child_record",
    "authority",
    "recipient",
    "also",
    "due",
    "contact",
    "reference",
)
HANDED_OVER = (RecipientRole.OTHER_NATION, RecipientRole.RESPONSIBLE_AUTHORITY)


def file_stem(envelope_id: str) -> str:
    """Return the name, without its ending, of the files of one referral: neutral, and the same every time."""
    return f"referral-{envelope_id[:REFERENCE_CHARACTERS]}"


def as_json(referral: Referral, languages: Iterable[Wording], *, is_trained: bool = True) -> str:
    """Return the referral as a JSON document: what may be said and, by language, what the recipient is asked; the untrained read a briefing, too."""
    texts = {
        wording.language: {
            "title": wording.title,
            "about": wording.about,
            "deadline": wording.deadline,
            "grade": wording.grades[referral.grade],
            "do": _to_do(referral, wording),
            "do_not": wording.do_not,
            **({} if is_trained else {"briefing": wording.briefing}),
        }
        for wording in languages
    }
    return json.dumps({**said(referral), "texts": texts}, ensure_ascii=False, indent=2) + "\n"


def as_html(referral: Referral, languages: tuple[Wording, ...], *, is_trained: bool = True) -> str:
    """Return the referral as one self-contained page that loads and runs nothing; a sheet for each language, with a briefing for the untrained."""
    sheets = "\n".join(_sheet(referral, wording, is_trained=is_trained) for wording in languages)
    return page(((wording.language, wording.title) for wording in languages), sheets)


def _sheet(referral: Referral, wording: Wording, *, is_trained: bool) -> str:
    values = said(referral)
    rows = "\n".join(
        f"<dt>{escape(wording.labels[name])}</dt><dd>{escape(_shown(values[name], wording))}</dd>" for name in _ROWS if name in values
    )
    return "\n".join(
        [
            f'<section lang="{wording.language}">',
            f"<h1>{escape(wording.title)}</h1>",
            f"<p>{escape(wording.about)}</p>",
            f"<dl>\n{rows}\n</dl>",
            f"<strong>{escape(wording.grades[referral.grade])}</strong>",
            f"<strong>{escape(wording.deadline)}</strong>",
            bullets(wording.do_heading, _to_do(referral, wording)),
            bullets(wording.do_not_heading, wording.do_not),
            *([] if is_trained else [bullets(wording.briefing_heading, wording.briefing)]),
            "</section>",
        ]
    )


def _to_do(referral: Referral, wording: Wording) -> tuple[str, ...]:
    """Return what the recipient is asked to do; of a protected child less, and first of all to look it up."""
    if isinstance(referral, RestrictedReferral):
        return wording.do_restricted
    taken_over = (wording.hand_over,) if referral.recipient.role in HANDED_OVER else ()
    return (*_first(referral, wording), *wording.do, *taken_over, wording.leaflet if referral.leaflet else wording.no_leaflet)


def _first(referral: Referral, wording: Wording) -> tuple[str, ...]:
    """Return what comes before all else; nobody speaks with a family on evidence that may be mistaken, or of a parent nobody here knows."""
    if isinstance(referral, OwnRecordReferral) and referral.check_first:
        return (wording.check_first,)
    return (wording.speak_first,) if referral.grade == "A" else ()


def _shown(value: str | Mapping[str, str], wording: Wording) -> str:
    if isinstance(value, str):
        return value
    return f"{value['name']}, {wording.roles[RecipientRole(value['role'])]}, {value['telephone']}"
