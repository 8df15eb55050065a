"""`kinlink party coverage`: how complete a node's extract is."""

from pathlib import Path
from typing import TYPE_CHECKING

from flows.commands.console import Json, emit

if TYPE_CHECKING:
    from parties.extracts.coverage import Completeness, Declared


def coverage(*, dir: Path = Path(), as_json: Json = False) -> None:
    """Say how complete the extract is: which share of rows fills each column; in a prison service, what is recorded of children, by establishment.

    The figures are this node's own, exact, and stay here. Example: kinlink party coverage --dir prison

    Args:
        dir: the node's directory; the extract lies in its extract/.
        as_json: print one JSON object.
    """
    from parties.extracts.coverage import completeness
    from parties.settings import load_settings

    found = completeness(load_settings(dir))
    answer = {
        "columns": found.columns,
        "establishments": {name: said.counted() for name, said in found.establishments.items()},
        "everybody": found.everybody.counted() if found.everybody else None,
        "women": found.women.counted() if found.women else None,
    }
    emit(answer, "\n".join(_lines(found)), as_json=as_json)


def _lines(found: "Completeness") -> list[str]:
    lines = [f"{name}.{column}: {share / 10:.1f} % filled" for name, columns in found.columns.items() for column, share in columns.items()]
    lines += [f"{name}: {_said(said)}" for name, said in found.establishments.items()]
    lines += [f"women: {_said(found.women)}"] if found.women else []
    return [*lines, *([f"all: {_said(found.everybody)}"] if found.everybody else [])]


def _said(said: "Declared") -> str:
    return (
        f"{said.received:,} received, {said.asked:,} asked about children; {said.declaring:,} declared {said.children:,},"
        f" {said.with_age:,} with a date of birth, {said.with_location:,} with a place, {said.with_guardianship:,} with who cares for them"
    )
