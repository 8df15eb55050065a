"""What docs/reference/rounds.md shows of the table of states: a diagram and the table itself, drawn from `linkage.states`."""

from pathlib import Path

from linkage.states import STATES, Cancelled, State

START, END = "<!-- drawn from linkage/states.py: python -m tests.golden.pages -->", "<!-- drawn until here -->"


def drawn() -> str:
    """Return the part of the page between its two marks."""
    return "\n".join([START, "", *_diagram(), "", *_table(), "", *_reasons(), "", END])


def rounds(page: Path) -> str:
    """Return the page with its drawn part as the table now is."""
    before, _, rest = page.read_text(encoding="utf-8").partition(START)
    return before + drawn() + rest.partition(END)[2]


def _diagram() -> list[str]:
    names = [f'    state "{state}" as {_id(state)}' for state in STATES]
    arrows = [f"    {_id(state)} --> {_id(to)}" for state, row in STATES.items() for to in row.leads_to]
    ends = [f"    {_id(state)} --> [*]" for state, row in STATES.items() if not row.leads_to]
    return ["```mermaid", "stateDiagram-v2", *names, f"    [*] --> {_id(State.OPEN)}", *arrows, *ends, "```"]


def _id(state: State) -> str:
    return state.replace("-", "_")


def _table() -> list[str]:
    rows = [f"| `{state}` | {row.owner} | {_words(row.leads_to)} | {row.how} |" for state, row in STATES.items()]
    return ["| state | owner | leads to | how |", "|---|---|---|---|", *rows]


def _words(states: tuple[State, ...]) -> str:
    return ", ".join(states) or "nothing"


def _reasons() -> list[str]:
    return [f"Reasons to cancel: {', '.join(f'`{reason}`' for reason in Cancelled)}."]
