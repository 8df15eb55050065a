"""An authority's desk flow: collect envelopes, open, route, write the referrals, redeem."""

from pathlib import Path

from flows.stages import Counts, Stage

NAME = "referral-desk"


def collect(directory: Path, round_id: str) -> Counts | None:
    """Deal with every envelope that this desk has not dealt with."""
    from flows.commands.console import progress_to_stderr, warn
    from parties.referrals.collect import collect as collect_envelopes
    from parties.settings import load_settings

    collected = collect_envelopes(load_settings(directory), round_id, progress_to_stderr)
    for problem in collected.problems:
        warn(problem)
    collected.check_no_alarm()
    return None


STAGES = (Stage("collect", collect),)
