"""`kinlink score`: the demo's last step, and the only one that opens the truth; `kinlink tokens`: what kills on the way must not change."""

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


def tokens(*, dir: Path, round: str, as_json: Json = False) -> None:
    """Say which envelopes are due for the findings of a round, and whose tokens were redeemed: by their ids, which tell of nobody.

    Args:
        dir: the linkage service's directory.
        round: the round.
        as_json: print one JSON object.
    """
    from linkage.release.due import due_and_redeemed
    from linkage.settings import load_settings
    from linkage.store.engine import open_store

    store = open_store(load_settings(dir).database)
    result = due_and_redeemed(store, round)
    store.dispose()
    emit(result, f"{len(result['due'])} due, {len(result['redeemed'])} redeemed", as_json=as_json)
