"""The demo's stages, in order. It starts processes and hands documents round, as people would; it reads no node's data."""

import json
import os
import secrets
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flows.custodian import ANSWERING
from flows.demo import plan
from flows.demo.chaos import Chaos, outcome
from flows.demo.desks import copy_lists, hand_over_maps, make_desks
from flows.demo.directories import files_below, hand_out
from flows.demo.founding import Founded
from flows.demo.orchestrator import ROLE as ORCHESTRATOR
from flows.demo.orchestrator import START_SECONDS, Orchestrator
from flows.demo.plan import Member
from flows.demo.processes import Processes, answers, free_port, kinlink, wait_until
from flows.demo.roots import found_by_roots
from flows.demo.signing import make_leads, sign_and_send, with_identities
from schemas.agreed import TRUST_FILE
from schemas.roster import Kind, Organisation
from schemas.slots import WAVES

POPULATION, TRUTH, PASSPHRASES = "population", "truth", "passphrases"
RECEIPTS, OWN_MANIFEST = "receipts/", ".manifest.json"  # beside a receipt lies what the node itself sent
VALID_DAYS = 30
QUARANTINE_PER_MILLE = 150  # of a small force's few rows some more may break a rule by chance
FEWEST_ENVELOPES, PEOPLE_AN_ENVELOPE = 40, 80  # the demo's largest authority has fewer findings; what is over would wait a day
Tell = Callable[[str], None]


@dataclass
class Demo:
    """One demo in `out`. `people` and `seed` fix the population, never a key."""

    out: Path
    people: int
    seed: int
    processes: Processes
    tell: Tell
    with_chaos: bool = False
    population: Path | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    vault_bytes: dict[str, int] = field(default_factory=dict)
    members: list[Member] = field(default_factory=list)
    port: int = field(default_factory=free_port)
    orchestrator: Orchestrator = field(init=False)
    _service: "subprocess.Popen[str] | None" = None
    _chaos: Chaos | None = None
    _due: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Choose where the orchestrator will be."""
        self.orchestrator = Orchestrator(self.processes, self.out / ORCHESTRATOR)

    @property
    def service_url(self) -> str:
        """Address of the linkage service."""
        return f"https://127.0.0.1:{self.port}"

    def run(self) -> dict[str, Any]:
        """Run every stage; return the summary."""
        started = time.monotonic()
        self.orchestrator.start()
        with self._stage("population"):
            population = self._population()
        with self._stage("set-up"):
            self._set_up()
        with self._stage("orchestrator start"):
            self.orchestrator.wait()
        if self.with_chaos:  # from here on everything may be repeated
            servers = {plan.SERVICE.organisation: self._start_service, ORCHESTRATOR: self.orchestrator.restart}
            self._chaos = Chaos(self.processes, self.tell, servers)
        with self._stage("round opened, keys issued"):
            self._open_round()
        with self._stage("check, encode, submit"):
            self._submit()
        with self._stage("search"):
            self._search()
        with self._stage("second look"):
            answered = self._second_look()
        with self._stage("findings"):
            self._find()
        with self._stage("approval and release"):
            status, on_controls = self._release()
        with self._stage("referrals"):
            collected = self._collect()
        told = self._after_release()
        chaos, self._chaos = self._chaos, None  # the scorer is not part of a round
        struck = {"chaos": outcome(chaos.kills, self._due, self._tokens())} if chaos else {}
        with self._stage("scoring"):
            summary = self._score(collected)
        return {
            **summary,
            "people": population["people"],
            "prevalence": population["prevalence"],
            "sent_to_review": status["counts"]["review"],
            "on_controls": on_controls,
            **told,
            "police_outputs": self._police_outputs(answered),
            "vault_bytes": self.vault_bytes,
            "processes": [asdict(item) for item in self.processes.started],
            **struck,
            "seconds": {stage: round(seconds, 1) for stage, seconds in self.seconds.items()},
            "seconds_total": round(time.monotonic() - started, 1),
        }

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        self.tell(f"{name} …")
        began = time.monotonic()
        with self._chaos.during(name) if self._chaos else nullcontext():
            yield
        self.seconds[name] = time.monotonic() - began
        self.tell(f"{name}: {self.seconds[name]:.1f} s")

    def _population(self) -> dict[str, Any]:
        extracts = self.out / POPULATION
        if self.population is not None:
            shutil.copytree(self.population, extracts)
            return {"people": None, "prevalence": None}
        size = ("--people", str(self.people), "--seed", str(self.seed), "--prevalence", "demo")
        return self.processes.run("population", extracts, "synth", "--out", str(extracts), *size)

    def _set_up(self) -> None:
        extracts = self.out / POPULATION
        custodians = plan.custodians(extracts)
        self.members = [*custodians, *plan.KEY_HOLDERS, plan.STATISTICS]
        copy_lists(extracts, self._authorities())
        for member in custodians:
            target = member.directory(self.out) / "extract"
            target.parent.mkdir(mode=0o700)
            (extracts / str(member.extract)).rename(target)
        (extracts / TRUTH).rename(self.out / TRUTH)
        founded = self._found()
        trust = (plan.SERVICE.directory(self.out) / "tls" / TRUST_FILE).read_bytes()
        leads = [self.out / member.lead for member in self._submitting()]
        desks = [self.out / member.desk for member in self._authorities()]
        nodes = [member.directory(self.out) for member in self.members]
        for directory in [*nodes, *leads, *desks, plan.SERVICE.directory(self.out), *self._operators()]:
            hand_out(directory, founded, trust)
        self._start_service()

    def _found(self) -> Founded:
        jobs = [(member.organisation, member.directory(self.out), self._init_arguments(member)) for member in self.members]
        answers = self.processes.run_all(jobs, at_once=_cores(), done=lambda _: None)
        service = self._init_service()
        leads = make_leads(self.processes, self.out, self._submitting(), self._passphrase, at_once=_cores())
        desks = make_desks(self.processes, self.out / POPULATION, self.out, self._authorities(), self._desk_arguments, at_once=_cores())
        organisations = [
            with_identities(answer["organisation"], *(made.get(answer["organisation"]["organisation"]) for made in (leads, desks)))
            for answer in answers
        ]
        expires_on = (datetime.now(UTC) + timedelta(days=VALID_DAYS)).date().isoformat()
        terms = {
            "purpose": plan.PURPOSE,
            "scope": plan.SCOPE,
            "release": {"envelopes": max(FEWEST_ENVELOPES, self.people // PEOPLE_AN_ENVELOPE)},
            "controls": {"families": plan.CONTROL_FAMILIES},
            "quarantine_per_mille": QUARANTINE_PER_MILLE,
            "manifest_signatures": 2,
            "probing": {"minimum_rows": plan.MINIMUM_ROWS, "audit_sample": plan.AUDIT_SAMPLE, "audit_beacon": plan.AUDIT_BEACON},
        }
        everybody = [*organisations, service]
        return found_by_roots(self.processes, self.out, everybody, self._passphrase, expires_on=expires_on, terms=terms)

    def _init_arguments(self, member: Member) -> list[str]:
        arguments = [
            "party",
            "init",
            "--dir",
            ".",
            "--kind",
            member.kind.value,
            "--organisation",
            member.organisation,
            "--name",
            member.name,
        ]
        arguments += ["--controller", member.controller, "--service-url", self.service_url, "--prefect-api", self.orchestrator.api]
        arguments += self._passphrase(member.organisation)
        return [*arguments, "--gss-code", member.gss_code, "--desk-apart"] if member.gss_code else arguments

    def _desk_arguments(self, member: Member) -> list[str]:
        return ["--service-url", self.service_url, "--prefect-api", self.orchestrator.api, *self._passphrase(member.desk)]

    def _init_service(self) -> Organisation:
        member = plan.SERVICE
        arguments = ["--organisation", member.organisation, "--port", str(self.port), "--prefect-api", self.orchestrator.api]
        arguments += self._passphrase(member.organisation)
        answer = self.processes.run(member.organisation, member.directory(self.out), "service", "init", "--dir", ".", *arguments)
        service = Organisation.model_validate(answer["organisation"])
        operators = [
            self.processes.run(
                directory.name,
                directory,
                "round",
                "operator",
                "--dir",
                ".",
                "--name",
                directory.name,
                "--service-url",
                self.service_url,
                *self._passphrase(directory.name),
            )
            for directory in self._operators()
        ]
        identities = [*service.identities, *(operator["identity"] for operator in operators)]
        return Organisation.model_validate({**service.model_dump(), "identities": identities})

    def _passphrase(self, owner: str) -> list[str]:
        """Write a passphrase for the keys of one directory, as its owner would; return the options that name its file."""
        file = self.out / PASSPHRASES / owner
        file.parent.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as sink:
            sink.write(secrets.token_urlsafe(32))
        return ["--passphrase-file", str(file)]

    def _submitting(self) -> list[Member]:
        return [member for member in self.members if member.extract]

    def _operators(self) -> list[Path]:
        return [self.out / name for name in plan.OPERATORS]

    def _start_service(self) -> None:
        directory = plan.SERVICE.directory(self.out)
        self._service = self.processes.start(
            plan.SERVICE.organisation, directory, kinlink("service", "serve", "--dir", "."), port=self.port
        )
        trust = ssl.create_default_context(cafile=str(directory / "tls" / TRUST_FILE))
        wait_until(lambda: answers(f"{self.service_url}/v1/health", trust), self._service, "the linkage service", seconds=START_SECONDS)

    def _operate(self, operator: int, *arguments: str) -> dict[str, Any]:
        directory = self._operators()[operator]
        return self.processes.run(directory.name, directory, "round", *arguments, "--dir", ".", "--round", plan.ROUND_ID)

    def _open_round(self) -> None:
        self._operate(0, "open")
        jobs = [
            (member.organisation, member.directory(self.out), ["keys", "issue", "--dir", ".", "--round", plan.ROUND_ID])
            for member in plan.KEY_HOLDERS
        ]
        self.processes.run_all(jobs, at_once=_cores(), done=lambda _: None)

    def _submit(self) -> None:
        custodians = self._submitting()
        jobs = [
            (member.organisation, member.directory(self.out), ["party", "submit", "--dir", ".", "--round", plan.ROUND_ID])
            for member in custodians
        ]
        self.processes.run_all(jobs, at_once=_cores() + 1, done=lambda count: self.tell(f"  {count} of {len(jobs)} custodians encoded"))
        sign_and_send(self.processes, self.out, custodians, at_once=_cores())
        self.tell(f"  {len(jobs)} manifests signed twice, and sent")
        hand_over_maps(self.out, self._authorities())
        self._operate(0, "close")
        self._weigh_vault("submitted")

    def _weigh_vault(self, when: str) -> None:
        """Say how much the linkage service keeps of the round; file sizes alone are looked at."""
        self.vault_bytes[when] = sum(files_below(plan.SERVICE.directory(self.out) / "vault").values())
        self.tell(f"  {when}: the linkage service keeps {self.vault_bytes[when] / 1e6:,.0f} MB")

    def _police_outputs(self, answered: dict[str, dict[str, int]]) -> dict[str, Any]:
        """Return what each force holds of the round: its receipts' bytes, and how many files changed since its last answer."""
        outputs = {}
        for organisation, before in answered.items():
            now = files_below(self.out / organisation)
            receipts = sum(size for name, size in now.items() if name.startswith(RECEIPTS) and not name.endswith(OWN_MANIFEST))
            changed = [name for name in before.keys() | now.keys() if before.get(name) != now.get(name)]
            outputs[organisation] = {"receipt_bytes": receipts, "files_changed_since": len(changed)}
        return outputs

    def _search(self) -> None:
        self._kill_service("after the uploads")
        self._link()

    def _second_look(self) -> dict[str, dict[str, int]]:
        """Open each wave and have it answered; return every file that each force has then."""
        for wave in range(1, WAVES + 1):
            self._operate(0, "look", "--wave", str(wave))
            self._answer(wave)
            if wave < WAVES:
                self._link()
            self._kill_service(f"after the answers to wave {wave}")
        self._weigh_vault("answered")
        return {member.organisation: files_below(member.directory(self.out)) for member in self.members if member.kind is Kind.POLICE}

    def _answer(self, wave: int) -> None:
        jobs = [
            (member.organisation, member.directory(self.out), ["party", "answer", "--dir", ".", "--round", plan.ROUND_ID])
            for member in self.members
            if member.kind.value in ANSWERING
        ]
        self.processes.run_all(
            jobs, at_once=_cores(), done=lambda count: self.tell(f"  wave {wave}: {count} of {len(jobs)} custodians answered")
        )

    def _find(self) -> None:
        self._link()
        if self._chaos:
            self._due = self._tokens()
        self._kill_service("after the findings")

    def _link(self) -> None:
        directory = plan.SERVICE.directory(self.out)
        self.processes.run("linkage-worker", directory, "service", "link", "--dir", ".", "--round", plan.ROUND_ID)

    def _kill_service(self, when: str) -> None:
        if self._chaos:
            self._chaos.kill(plan.SERVICE.organisation, when)

    def _tokens(self) -> dict[str, Any]:
        """Return which envelopes are due and which were redeemed, by their ids: asked of the service's own machine."""
        directory = plan.SERVICE.directory(self.out)
        return self.processes.run("linkage-worker", directory, "tokens", "--dir", ".", "--round", plan.ROUND_ID)

    def _release(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Release; return where the round stands, and what its controls say."""
        for operator in range(len(plan.OPERATORS)):
            self._operate(operator, "approve")
        self._operate(0, "release")
        return self._operate(0, "status"), self._operate(0, "quality")

    def _collect(self) -> dict[str, Any]:
        authorities = self._authorities()
        answers = self._by_authority("collect", authorities)
        waiting = [(member, answer["held"]) for member, answer in zip(authorities, answers, strict=True) if answer["held"]]
        for member, held in waiting:
            self._approve(member, held)
        found = {str(member.gss_code): answer for member, answer in zip(authorities, answers, strict=True)}
        again = [member for member, _ in waiting]
        return found | {str(member.gss_code): answer for member, answer in zip(again, self._by_authority("collect", again), strict=True)}

    def _after_release(self) -> dict[str, Any]:
        """Let everyone have what a round gives beside referrals; return what the summary says of it."""
        with self._stage("events"):
            events = self._tell_events()
        with self._stage("questions"):
            questions = self._ask()
        with self._stage("statistics"):
            return {"events": events, "questions": questions, "statistics": self._statistics()}

    def _approve(self, member: Member, held: list[str]) -> None:
        """Let two people of an authority's desk approve the documents that wait for them."""
        for document in held:
            for approver in plan.APPROVERS:
                options = ["--dir", ".", "--round", plan.ROUND_ID, "--document", document, "--name", approver]
                self.processes.run(member.desk, self.out / member.desk, "party", "approve", *options)

    def _ask(self) -> dict[str, int]:
        """Let every authority fetch the questions about its own records; return how many authorities and worklists' rows there are."""
        answers = self._by_authority("questions", self._authorities())
        return {"authorities": len(answers), "records": sum(answer["records"] for answer in answers)}

    def _authorities(self) -> list[Member]:
        return [member for member in self.members if member.kind is Kind.LOCAL_AUTHORITY]

    def _tell_events(self) -> dict[str, int]:
        """Let the prison service publish what became of receptions, and every desk fetch it; return how many events and cases there are."""
        prison = next(member for member in self.members if member.kind is Kind.PRISON_SERVICE)
        published = self.processes.run(prison.organisation, prison.directory(self.out), "party", "events", "--dir", ".")
        answers = self._by_authority("events", self._authorities(), of_the_round=False)
        return {"published": published["events"], "for_cases": sum(len(answer["cases"]) for answer in answers)}

    def _by_authority(self, command: str, authorities: list[Member], *, of_the_round: bool = True) -> list[dict[str, Any]]:
        options = ["--dir", ".", *(["--round", plan.ROUND_ID] if of_the_round else [])]
        jobs = [(member.desk, self.out / member.desk, ["party", command, *options]) for member in authorities]
        return self.processes.run_all(
            jobs, at_once=_cores(), done=lambda count: self.tell(f"  {command}: {count} of {len(jobs)} authorities")
        )

    def _statistics(self) -> dict[str, Any]:
        directory = plan.STATISTICS.directory(self.out)
        return self.processes.run(
            plan.STATISTICS.organisation, directory, "statistics", "publish", "--dir", ".", "--round", plan.ROUND_ID, "--out", "tables"
        )

    def _score(self, collected: dict[str, Any]) -> dict[str, Any]:
        directory = self.out / "score"
        directory.mkdir(mode=0o700)
        (directory / "collected.json").write_text(json.dumps(collected), encoding="utf-8")
        return self.processes.run("scorer", directory, "score", "--truth", str(self.out / TRUTH), "--collected", "collected.json")


def _cores() -> int:
    return max(2, os.cpu_count() or 2)
