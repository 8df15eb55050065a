"""An authority's desk flows: collect envelopes, open, route, write the referrals, redeem; and fetch questions about its own records."""

from pathlib import Path

from flows.stages import Counts, Stage

NAME = "referral-desk"
QUESTIONS_NAME = "record-questions"


def collect(directory: Path, round_id: str) -> Counts | None:
    """Deal with every envelope that this desk has not dealt with."""
    from flows.commands.console import progress_to_stderr, warn
    from parties.referrals.collect import collect as collect_envelopes
    from parties.settings import load_settings

    collected = collect_envelopes(load_settings(directory), round_id, progress_to_stderr)
    for problem in collected.problems:
        warn(problem)
    for document in collected.held:
        warn(f"{document} waits for two people: `kinlink party approve --document {document} --name …`")
    collected.check_no_alarm()
    return None


def fetch(directory: Path, round_id: str) -> Counts | None:
    """Fetch the questions about the authority's own records into a worklist."""
    from parties.questions.fetching import fetch_questions
    from parties.settings import load_settings

    fetch_questions(load_settings(directory), round_id)
    return None


STAGES = (Stage("collect", collect),)
QUESTION_STAGES = (Stage("fetch", fetch, retries=2),)
