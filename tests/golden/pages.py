"""Write the reference pages that are made from tables: `python -m tests.golden.pages`. A test compares them with what lies in docs/."""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import yaml

from parties.referrals.cases import CASE
from parties.referrals.directory import RecipientRole
from parties.referrals.payloads import SCHEMAS, RestrictedReferral
from parties.referrals.protection import PROTECTION, Opening
from parties.referrals.routing import RULES
from parties.referrals.wording import ENGLISH
from tests.golden.rounds_page import rounds

REFERENCE: Final = Path(__file__).parents[2] / "docs" / "reference"
COVERAGE: Final = REFERENCE.parent / "coverage.yaml"
KINDS: Final[Mapping[str, str]] = {"S": "systems", "R": "requirements"}
STATUSES: Final = ("works", "simulated adapter", "signpost only", "planned: custodian node", "planned: operators", "out of scope")
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


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "routing.md": routing,
    "coverage.md": coverage,
    "rounds.md": partial(rounds, REFERENCE / "rounds.md"),
}


def main() -> None:
    """Write every page."""
    for name, made in PAGES.items():
        (REFERENCE / name).write_text(made(), encoding="utf-8")


if __name__ == "__main__":
    main()
