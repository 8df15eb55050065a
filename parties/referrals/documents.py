"""What one professional is told of one child, as data and as a printable page. Pure.

`Referral` is all that can be said: it has no place for an offence, a sentence, an establishment, a prison or police
number, or anything of the parent. `PAYLOAD` is all that a post may read of it; a field that is not listed there for
the recipient's post reaches neither file.
"""

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from parties.referrals.routing import Child, Recipient, RecipientRole
from parties.referrals.wording import Wording
from schemas.token import Grade

REFERENCE_CHARACTERS = 12
CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_COMMON = ("reference", "grade", "recipient", "child_name", "date_of_birth", "authority", "contact")
PAYLOAD: Mapping[RecipientRole, tuple[str, ...]] = {
    RecipientRole.DSL: (*_COMMON, "school_urn"),
    RecipientRole.HEALTH_VISITOR: (*_COMMON, "area"),
    RecipientRole.SINGLE_POINT_OF_CONTACT: (*_COMMON, "school_urn", "area", "child_record"),
}
_ROWS = ("child_name", "date_of_birth", "school_urn", "area", "child_record", "authority", "recipient", "contact", "reference")
_STYLE = (
    "body{font:12pt/1.5 sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem}section+section{break-before:page}"
    "dl{display:grid;grid-template-columns:12rem 1fr;gap:.3rem}dt{font-weight:bold}dd{margin:0}strong{display:block;margin:1rem 0}"
)


class Contact(BaseModel):
    """A professional's post, name and telephone number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: RecipientRole
    name: str = Field(max_length=80)
    telephone: str = Field(max_length=20)


class Referral(BaseModel):
    """Everything that any document may say. Shows nothing in `repr`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reference: str = Field(pattern=rf"^[0-9a-f]{{{REFERENCE_CHARACTERS}}}$")
    grade: Grade
    recipient: Contact
    contact: Contact
    authority: str = Field(max_length=200)
    child_name: str = Field(max_length=250)
    date_of_birth: str = Field(max_length=10)
    school_urn: str = Field(max_length=6)
    area: str = Field(max_length=16)
    child_record: str = Field(max_length=32)

    def __repr__(self) -> str:
        """Show nothing."""
        return "Referral(…)"

    __str__ = __repr__


def make_referral(envelope_id: str, grade: Grade, child: Child, *, recipient: Recipient, contact: Recipient, authority: str) -> Referral:
    """Return what may be said of `child`; `contact` is whom the recipient may call, `authority` its name."""
    return Referral(
        reference=envelope_id[:REFERENCE_CHARACTERS],
        grade=grade,
        recipient=Contact(**recipient._asdict()),
        contact=Contact(**contact._asdict()),
        authority=authority,
        child_name=" ".join(name for name in (child.forename, child.middle_names, child.surname) if name),
        date_of_birth=child.date_of_birth,
        school_urn=child.school_urn,
        area=child.under_five_area,
        child_record=child.child_id,
    )


def file_stem(envelope_id: str) -> str:
    """Return the name, without its ending, of the files of one referral: neutral, and the same every time."""
    return f"referral-{envelope_id[:REFERENCE_CHARACTERS]}"


def payload(referral: Referral) -> dict[str, Any]:
    """Return what the recipient's post may read, without what the record leaves empty."""
    said = referral.model_dump(mode="json", include=set(PAYLOAD[referral.recipient.role]))
    return {name: value for name, value in said.items() if value}


def as_json(referral: Referral, languages: Iterable[Wording]) -> str:
    """Return the referral as a JSON document: the payload and, by language, what the recipient is asked."""
    texts = {
        wording.language: {
            "title": wording.title,
            "about": wording.about,
            "deadline": wording.deadline,
            "grade": wording.grades[referral.grade],
            "do": wording.do,
            "do_not": wording.do_not,
        }
        for wording in languages
    }
    return json.dumps({**payload(referral), "texts": texts}, ensure_ascii=False, indent=2) + "\n"


def as_html(referral: Referral, languages: tuple[Wording, ...]) -> str:
    """Return the referral as one self-contained page that loads and runs nothing; a sheet for each language."""
    sheets = "\n".join(_sheet(payload(referral), wording) for wording in languages)
    head = f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{CONTENT_POLICY}">'
    title = " / ".join(escape(wording.title) for wording in languages)
    return (
        f'<!doctype html>\n<html lang="{languages[0].language}">\n<head>\n{head}\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{sheets}\n</body>\n</html>\n"
    )


def _sheet(said: Mapping[str, Any], wording: Wording) -> str:
    rows = "\n".join(
        f"<dt>{escape(wording.labels[name])}</dt><dd>{escape(_shown(said[name], wording))}</dd>" for name in _ROWS if name in said
    )
    return "\n".join(
        [
            f'<section lang="{wording.language}">',
            f"<h1>{escape(wording.title)}</h1>",
            f"<p>{escape(wording.about)}</p>",
            f"<dl>\n{rows}\n</dl>",
            f"<strong>{escape(wording.grades[said['grade']])}</strong>",
            f"<strong>{escape(wording.deadline)}</strong>",
            _list(wording.do_heading, wording.do),
            _list(wording.do_not_heading, wording.do_not),
            "</section>",
        ]
    )


def _list(heading: str, sentences: Iterable[str]) -> str:
    items = "\n".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<h2>{escape(heading)}</h2>\n<ul>\n{items}\n</ul>"


def _shown(value: str | Mapping[str, str], wording: Wording) -> str:
    if isinstance(value, str):
        return value
    return f"{value['name']}, {wording.roles[RecipientRole(value['role'])]}, {value['telephone']}"
