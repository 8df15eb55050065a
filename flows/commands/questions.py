"""`kinlink party questions`: what an authority is asked about its own records, and what it answers."""

from pathlib import Path

from flows.commands.console import Json, emit, warn
from parties.settings import load_settings
from schemas.errors import ConfigurationError


def questions(*, round: str | None = None, answers: Path | None = None, dir: Path = Path(), as_json: Json = False) -> None:
    """Fetch the questions about this authority's own records into a worklist; or take the answers that were filled in there.

    Answers improve the next submission and stay in this directory. Both are safe to repeat.
    Example: kinlink party questions --dir council --round r-2026-11, later kinlink party questions --dir council --answers council/questions/r-2026-11.csv

    Args:
        round: fetch the questions of this round.
        answers: take the answers in this worklist; rows that break a rule are named and left out.
        dir: the authority's directory; worklists go to its questions/.
        as_json: print one JSON object.
    """
    if (round is None) == (answers is None):
        raise ConfigurationError("questions: want either --round, to fetch them, or --answers, to take what was filled in")
    if round is not None:
        _fetch(dir, round, as_json=as_json)
    if answers is not None:
        _take(dir, answers, as_json=as_json)


def _fetch(directory: Path, round_id: str, *, as_json: bool) -> None:
    from flows.local_authority import QUESTION_STAGES, QUESTIONS_NAME
    from flows.stages import run_stages
    from parties.questions.kept import count_asked, worklist_path

    settings = load_settings(directory)
    run_stages(QUESTIONS_NAME, QUESTION_STAGES, prefect_api=settings.prefect_api, directory=settings.directory, round_id=round_id)
    path, records = worklist_path(settings, round_id), count_asked(settings, round_id)
    emit({"round_id": round_id, "worklist": str(path), "records": records}, f"{records} records to look at are in {path}", as_json=as_json)


def _take(directory: Path, file: Path, *, as_json: bool) -> None:
    from parties.questions.answers import take_answers

    taken = take_answers(load_settings(directory), file)
    for failure in taken.failures:
        warn(
            f"{file.name}, row {failure.row}, column {failure.column}: breaks the rule {failure.rule}; left out: mend it and run this again"
        )
    left_out = [{"row": failure.row, "column": failure.column, "rule": failure.rule} for failure in taken.failures]
    emit(
        {"records": taken.records, "left_out": left_out},
        f"{taken.records} records have answers, which the next `kinlink party submit` uses",
        as_json=as_json,
    )
