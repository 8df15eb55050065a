"""The demo's data-protection leads: each in a directory and process of its own, with documents alone handed to and fro."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flows.demo import plan
from flows.demo.plan import Member
from flows.demo.processes import Processes
from schemas.roster import Organisation

MANIFEST, SIGNED = "manifest.json", "signed.json"


def make_leads(
    processes: Processes, out: Path, custodians: Sequence[Member], passphrase: Callable[[str], list[str]], *, at_once: int
) -> dict[str, dict[str, Any]]:
    """Let every custodian's lead make a key; return their identities by organisation. `passphrase` gives the options that name its file."""
    options = [["--kind", member.kind.value, "--organisation", member.organisation, *passphrase(member.lead)] for member in custodians]
    jobs = [(member.lead, out / member.lead, ["party", "lead", *rest]) for member, rest in zip(custodians, options, strict=True)]
    made = processes.run_all(jobs, at_once=at_once, done=lambda _: None)
    return {member.organisation: answer["identity"] for member, answer in zip(custodians, made, strict=True)}


def with_identities(entry: Mapping[str, Any], *identities: Mapping[str, Any] | None) -> Organisation:
    """Return an organisation's entry for the roster, with the identities of its lead and its desk where it has them."""
    return Organisation.model_validate({**entry, "identities": [*entry["identities"], *filter(None, identities)]})


def sign_and_send(processes: Processes, out: Path, custodians: Sequence[Member], *, at_once: int) -> None:
    """Hand every manifest to its lead, who signs it, and the signed one back; then the custodians send."""
    for member in custodians:
        shutil.copyfile(_outbox(out, member) / MANIFEST, out / member.lead / MANIFEST)
    signing = ["party", "sign-off", "--manifest", MANIFEST, "--out", SIGNED]
    processes.run_all([(member.lead, out / member.lead, signing) for member in custodians], at_once=at_once, done=lambda _: None)
    for member in custodians:
        shutil.copyfile(out / member.lead / SIGNED, _outbox(out, member) / SIGNED)
    signed = str(Path("outbox", plan.ROUND_ID, SIGNED))
    sending = ["party", "submit", "--dir", ".", "--round", plan.ROUND_ID, "--signed", signed]
    processes.run_all(
        [(member.organisation, member.directory(out), sending) for member in custodians], at_once=at_once, done=lambda _: None
    )


def _outbox(out: Path, member: Member) -> Path:
    return member.directory(out) / "outbox" / plan.ROUND_ID
