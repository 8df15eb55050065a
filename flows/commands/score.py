"""`kinlink score`: the demo's last step, and the only one that opens the truth."""

import json
from pathlib import Path

from flows.commands.console import Json, emit
from validation.quality.referrals import read_truth
from validation.quality.referrals import score as score_tokens


def score(*, truth: Path, collected: Path, as_json: Json = False) -> None:
    """Compare the referrals that authorities opened with the truth.

    Args:
        truth: folder that `kinlink synth` wrote.
        collected: JSON of authority's code → its answer to `kinlink party collect --json`.
        as_json: print one JSON object.
    """
    answers = json.loads(collected.read_text(encoding="utf-8"))
    tokens = [(authority, referral["child_id"]) for authority, answer in answers.items() for referral in answer["referrals"]]
    result = score_tokens(read_truth(truth), tokens)
    emit(result, f"precision {result['precision']}, recall {result['recall']}", as_json=as_json)
