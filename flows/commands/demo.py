"""`kinlink demo`: a whole round, every role as its own process, over the real API."""

import json
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, validators

from flows.commands.console import Flag, Json, say
from flows.compiling import announced
from flows.demo.circumstances import SPREAD_AT
from flows.demo.directories import prepare
from flows.demo.plan import STATISTICS
from flows.demo.processes import Processes
from flows.demo.run import Demo
from flows.warm import warm

SUMMARY = "summary.json"
BULLETIN = Path("tables", "bulletin.html")


def demo(
    *,
    out: Path = Path("demo-out"),
    people: Annotated[int, Parameter(validator=validators.Number(gte=500, lte=2_000_000))] = 20_000,
    seed: int = 7,
    keep: Flag = False,
    chaos: Flag = False,
    population: Path | None = None,
    as_json: Json = False,
) -> None:
    """Run a whole round on an invented population and show what came out.

    Example: kinlink demo --people 20000 --seed 7

    Args:
        out: directory for every organisation's own directory and summary.json; an earlier demo there is replaced.
        people: size of the population; the share of children with a parent in prison is raised, and printed.
        seed: fixes the population, never a key.
        keep: leave the servers up at the end, and say where Prefect's pages are.
        chaos: kill the linkage service between stages, and in every stage a random process of any role; start each again.
        population: use the extracts and truth that `kinlink synth` wrote there, instead of writing a population.
        as_json: print the summary as one JSON object.
    """
    source = population.resolve() if population else None
    directory = prepare(out)
    with announced(say):
        warm()  # here, so that its processes load what is compiled, instead of compiling it all at once
    with Processes(keep=keep) as processes:
        run = Demo(out=directory, people=people, seed=seed, processes=processes, tell=say, with_chaos=chaos, population=source)
        summary = run.run()
        (directory / SUMMARY).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        if as_json:
            print(json.dumps(summary))
        else:
            _show(summary, directory)
        if keep:
            say(f"Still running. Prefect: {run.orchestrator.url}  linkage service: {run.service_url}")
            say(f"Stop them with: kill {' '.join(str(pid) for pid in processes.running())}")


def _show(summary: dict[str, Any], directory: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Children, by the authority that acts", title_justify="left")
    for heading in ("authority", "children", "tokens", "wrong", "missed"):
        table.add_column(heading, justify="left" if heading == "authority" else "right")
    for authority, row in summary["per_authority"].items():
        table.add_row(authority, *(f"{row[key]:,}" for key in ("children_true", "tokens_released", "tokens_wrong", "children_missed")))
    console = Console()
    console.print(table)
    statistics = summary["statistics"]
    causes = ", ".join(f"{count} {cause}" for cause, count in summary["tokens_wrong_by_cause"].items() if count) or "none"
    chaos = [("chaos", _chaos(summary["chaos"]))] if "chaos" in summary else []
    for name, text in (
        ("people", _people(summary)),
        (
            "precision",
            f"{_percent(summary['precision'])} of tokens reached the authority of a child whose parent is in prison; wrong: {causes}",
        ),
        ("recall", f"{_percent(summary['recall'])} of {summary['children_true']:,} children"),
        ("controls", _on_controls(summary["on_controls"]["this_round"])),
        ("review", f"at most {summary['sent_to_review']} findings near the threshold, shown to nobody"),
        (
            "questions",
            f"{summary['questions']['records']:,} records for {summary['questions']['authorities']} authorities to look up, some at random",
        ),
        (
            "events",
            f"{summary['events']['published']:,} in the prison service's feed of the day, {summary['events']['for_cases']:,} for these authorities' cases",
        ),
        (
            "statistics",
            f"{statistics['value']:,} children ({statistics['lower']:,} to {statistics['upper']:,}), noised once at epsilon {statistics['epsilon']}",
        ),
        *chaos,
        ("time", f"{summary['seconds_total']} s in {len(summary['processes'])} processes"),
    ):
        console.print(f"{name:>11}  {text}", highlight=False, soft_wrap=True)
    console.print(f"{'bulletin':>11}  {directory / STATISTICS.organisation / BULLETIN}", highlight=False, soft_wrap=True)
    desk = directory / f"local-authority-{SPREAD_AT.lower()}-desk"
    if desk.exists():  # a population that was given may have other authorities
        said = f"{desk / 'referrals'}: of children in every circumstance that decides who is asked"
        console.print(f"{'referrals':>11}  {said}", highlight=False, soft_wrap=True)
    console.print(f"{'files':>11}  {directory}", highlight=False, soft_wrap=True)


def _chaos(said: dict[str, Any]) -> str:
    return (
        f"{len(said['killed'])} processes killed and started again; {said['tokens_after']:,} of {said['tokens_before']:,} tokens redeemed,"
        f" {said['doubled']} twice, {said['lost']} lost"
    )


def _people(summary: dict[str, Any]) -> str:
    if summary["people"] is None:
        return "from the population given"
    return f"{summary['people']:,} (share of children with a parent received raised to {summary['prevalence']:.0%})"


def _on_controls(found: dict[str, Any]) -> str:
    wrong, recall = found["misidentification"], found["recall"]
    return (
        f"{_percent(recall['share'])} of {recall['of']} planted families found; {wrong['wrong']} of {wrong['released']} released are wrong"
        f" ({wrong['verdict']}, on controls)"
    )


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{share:.1%}"
