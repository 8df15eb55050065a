"""Write the reference pages that are made from tables: `python -m tests.golden.pages`. A test compares them with what lies in docs/."""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import yaml

from linkage.api.call import BODY_SECONDS, MAX_BODY_BYTES
from linkage.api.shares import MAX_SEALED_BYTES
from linkage.search.engine import MAX_PAIRS
from parties.extracts.read import MAX_FIELD
from parties.referrals.cases import CASE
from parties.referrals.consent import CONSENT, Ground
from parties.referrals.directory import RecipientRole
from parties.referrals.payloads import SCHEMAS, RestrictedReferral
from parties.referrals.protection import PROTECTION, Opening
from parties.referrals.responsibility import RESPONSIBLE
from parties.referrals.routing import RULES
from parties.referrals.wording import ENGLISH
from schemas.attributes import SEALED_ATTRIBUTES_BYTES
from schemas.encoding_set import CLK_BYTES, MAX_CHUNK_BYTES, MAX_MANIFEST_BYTES, MAX_PART_BYTES, MAX_ROWS, PSEUDONYM_BYTES
from schemas.escalation import ESCALATION_BYTES
from schemas.event_feed import FEED_BYTES
from schemas.key_file import MAX_FILE_BYTES
from schemas.questions import MAX_QUESTIONS, QUESTIONS_BYTES
from schemas.receipt import RECEIPT_BYTES
from schemas.request_signing import MAX_NONCE, WINDOW_SECONDS
from schemas.roster import MAX_ORGANISATIONS
from schemas.sealed import MAX_PLAINTEXT, MAX_RECIPIENTS
from schemas.sealed_join import MAX_TIED, SEALED_JOIN_BYTES
from schemas.signature import MAX_SIGNATURES
from schemas.token import TOKEN_BODY_BYTES
from tests.golden.rounds_page import rounds

REFERENCE: Final = Path(__file__).parents[2] / "docs" / "reference"
COVERAGE: Final = REFERENCE.parent / "coverage.yaml"
KINDS: Final[Mapping[str, str]] = {"S": "systems", "R": "requirements"}
STATUSES: Final = ("works", "simulated adapter", "signpost only", "planned: custodian node", "planned: operators", "out of scope")
LIMITS: Final = (
    ("body of a request, where nothing else is said", MAX_BODY_BYTES, "bytes", "linkage/api/call.py"),
    ("time for a body to arrive", BODY_SECONDS, "seconds", "linkage/api/call.py"),
    ("signed manifest", MAX_MANIFEST_BYTES, "bytes", "schemas/encoding_set.py"),
    ("chunk of a part", MAX_CHUNK_BYTES, "bytes", "schemas/encoding_set.py"),
    ("part of a submission", MAX_PART_BYTES, "bytes", "schemas/encoding_set.py"),
    ("rows of a part", MAX_ROWS, "rows", "schemas/encoding_set.py"),
    ("sealed share of a round key", MAX_SEALED_BYTES, "bytes", "linkage/api/shares.py"),
    ("nonce of a request", MAX_NONCE, "characters", "schemas/request_signing.py"),
    ("age of a request's signature", WINDOW_SECONDS, "seconds", "schemas/request_signing.py"),
    ("signatures of a document", MAX_SIGNATURES, "signatures", "schemas/signature.py"),
    ("organisations of a roster", MAX_ORGANISATIONS, "organisations", "schemas/roster.py"),
    ("plain text of a sealed message", MAX_PLAINTEXT, "bytes", "schemas/sealed.py"),
    ("recipients of a sealed message", MAX_RECIPIENTS, "keys", "schemas/sealed.py"),
    ("questions to an authority", MAX_QUESTIONS, "records", "schemas/questions.py"),
    ("children tied in a join", MAX_TIED, "children", "schemas/sealed_join.py"),
    ("pairs that a search may find", MAX_PAIRS, "pairs", "linkage/search/engine.py"),
    ("private key file", MAX_FILE_BYTES, "bytes", "schemas/key_file.py"),
    ("field of an extract", MAX_FIELD, "characters", "parties/extracts/read.py"),
)
FIXED: Final = (
    ("filter", CLK_BYTES, "schemas/encoding_set.py"),
    ("pseudonym", PSEUDONYM_BYTES, "schemas/encoding_set.py"),
    ("sealed join", SEALED_JOIN_BYTES, "schemas/sealed_join.py"),
    ("receipt of a submission", RECEIPT_BYTES, "schemas/receipt.py"),
    ("attributes of a reception, sealed", SEALED_ATTRIBUTES_BYTES, "schemas/attributes.py"),
    ("tags of a day's feed of events", FEED_BYTES, "schemas/event_feed.py"),
    ("body of a token", TOKEN_BODY_BYTES, "schemas/token.py"),
    ("questions to an authority", QUESTIONS_BYTES, "schemas/questions.py"),
    ("record of an urgent call", ESCALATION_BYTES, "schemas/escalation.py"),
)
OPENINGS: Final[Mapping[Opening, str]] = {
    Opening.NOT_SHOWN: "never shown: the token is used up, and one audit row is written",
    Opening.RESTRICTED: "children's social care only, in a document without a name, once two people have approved",
}


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(header), *lines[1:]])


def routing() -> str:
    """Return the page on who receives a referral and what each post reads."""
    posts = {role: ENGLISH.roles[role] for role in RecipientRole}
    spoc = posts[RecipientRole.SINGLE_POINT_OF_CONTACT]
    rules = [
        (str(number), rule.branch, _then([posts[post.role] for post in rule.posts], spoc), posts[rule.also] if rule.also else "")
        for number, rule in enumerate(RULES, start=1)
    ]
    fields = list(dict.fromkeys(name for schema in [*SCHEMAS.values(), RestrictedReferral] for name in schema.model_fields))
    matrix = [(f"{posts[role]} (`{role}`)", *_marks(schema.model_fields, fields)) for role, schema in SCHEMAS.items()]
    matrix.append(("of a restricted child, any post", *_marks(RestrictedReferral.model_fields, fields)))
    duties = [(f"`{state}`", duty.owner, duty.action, ", ".join(f"`{after}`" for after in duty.then)) for state, duty in CASE.items()]
    agreed = [(f"`{state}`", item.owner, item.action, ", ".join(f"`{after}`" for after in item.then)) for state, item in CONSENT.items()]
    protection = [(f"`{code}`", OPENINGS[opening]) for code, opening in PROTECTION.items()]
    return f"""# Who receives a referral

Made from the tables of `parties/referrals/`; a test compares them.

## Protection, when an envelope is opened

The column `protection` of an authority's children. It is read when an envelope is opened, so keep it up to date; the child stays in the submission, so that no sibling
or namesake becomes the best match. Of several codes the strictest counts; a code that is none of these stops that one envelope until the record is mended.

{table(("code", "what the desk does"), protection)}

## Routing

The first rule that fits decides, and of its posts the first that somebody holds on that day: a holder, or else a deputy. Where the child lives decides, never a prison. No post is one of police, prisons or youth
justice, so a directory cannot name any.

{table(("", "branch", "who is asked", "who reads the same sheet"), rules)}

## Afterwards

Every state of a referral has an owner. `kinlink party outcomes` records what happened.

{table(("state", "who owns it", "what they do", "then"), duties)}

## Consent

The first offer rests on the authority's own power and asks for no consent. Nothing else of a family is passed on without it; `kinlink party consent` records what a family said. To pass it over takes one of {", ".join(f"`{ground}`" for ground in Ground)}, and the name of who authorised it.

{table(("state", "who owns it", "what they do", "then"), agreed)}

A desk whose settings name a voluntary organisation (`voluntary_offer`, off by default) may write a sheet for it once consent is `given`, and under no other state: `kinlink party offer`. It names nobody of the family, which writes on it how it wishes to be reached, and it is deleted
when the family withdraws.

## What each post reads

{table(("post", *(f"`{name}`" for name in fields)), matrix)}

Nothing else can be said: a schema takes no other field. `also` is who reads the same sheet, `contact` whom to call, `reference` the beginning of the envelope's id.
"""


def _then(names: list[str], last: str) -> str:
    return ", then ".join(dict.fromkeys([*names, last]))


def _marks(has: Mapping[str, object], fields: list[str]) -> tuple[str, ...]:
    return tuple("yes" if name in has else "" for name in fields)


def coverage() -> str:
    """Return the page on which systems and requirements work."""
    content = read_coverage()
    counts = Counter((row["id"][0], row["status"].partition(",")[0]) for row in content["rows"])
    summary = [(status, *(str(counts[kind, status]) for kind in KINDS)) for status in STATUSES]
    rows = {kind: [_covered(row) for row in content["rows"] if row["id"][0] == kind] for kind in KINDS}
    rights = [(item["right"], item["kept"], f"`{item['module']}`", _test(item)) for item in content["rights"]]
    header = ("", "what", "status", "where", "test", "note")
    return f"""# What works

Made from [coverage.yaml](../coverage.yaml); a test sees that every test named here exists. *Simulated adapter*: the shape of a system's data is read, from an invented population; nothing is connected to the system itself.

{table(("status", *(f"{name} ({kind})" for kind, name in KINDS.items())), summary)}

## Systems

Schemes, services, records, standards and statistics around children with a parent in prison.

{table(header, rows["S"])}

## Requirements

What those who know these families ask for, and warn of.

{table(header, rows["R"])}

## Rights

Articles of the UN Convention on the Rights of the Child, and what charters of children ask, with what keeps each.

{table(("right", "what keeps it", "where", "test"), rights)}
"""


def read_coverage() -> dict[str, list[dict[str, str]]]:
    """Return the rows of the coverage file."""
    return yaml.safe_load(COVERAGE.read_text(encoding="utf-8"))


def _covered(row: Mapping[str, str]) -> tuple[str, ...]:
    where = f"`{row['module']}`" if "module" in row else ""
    return row["id"], row["name"], row["status"], where, _test(row), row.get("note", "")


def _test(row: Mapping[str, str]) -> str:
    return f"`{row['test'].partition('::')[2]}`" if "test" in row else ""


def limits() -> str:
    """Return the page on the sizes and numbers that are refused beyond."""
    return f"""# Limits

Made from the code; a test compares them. What is larger is refused with an error that names the limit, before it is kept.

{table(("what", "at most", "in"), [(what, f"{most:,} {unit}", f"`{where}`") for what, most, unit, where in LIMITS])}

Fixed sizes, which say nothing of what is inside:

{table(("what", "exactly", "in"), [(what, f"{size:,} bytes", f"`{where}`") for what, size, where in FIXED])}

What an agreement limits (envelopes, slots, rows of a scope, growth, rounds a month) is in [agreement.md](agreement.md); what a service's settings limit, in [settings.md](settings.md).
"""


def responsibility() -> str:
    """Return the page on who is responsible when."""
    rows = [
        (item.stage, item.tier, item.who, item.does, item.hears, f"`{item.command}`" if item.command else "outside of Kinlink")
        for item in RESPONSIBLE
    ]
    return f"""# Who is responsible, at each stage

Made from `parties/referrals/responsibility.py`. *Offer*: support, as everyone is offered it. *Urgent*: a child may be without care. Who reads what of a child is in [who receives a referral](routing.md); who must act on a referral that was
written, and on an urgent call, is said by `kinlink party outcomes` and `kinlink party escalations`.

{table(("stage", "tier", "who must act", "what they do", "who hears of it", "by"), rows)}
"""


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "routing.md": routing,
    "coverage.md": coverage,
    "limits.md": limits,
    "responsibility.md": responsibility,
    "rounds.md": partial(rounds, REFERENCE / "rounds.md"),
}


def main() -> None:
    """Write every page."""
    for name, made in PAGES.items():
        (REFERENCE / name).write_text(made(), encoding="utf-8")


if __name__ == "__main__":
    main()
