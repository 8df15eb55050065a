"""Who is responsible at each stage: no gap in the table, and no command that there is not."""

from itertools import product

from flows.command import COMMANDS
from parties.referrals.responsibility import RESPONSIBLE, Stage, Tier


def test_every_stage_and_tier_has_somebody_who_acts_and_no_cell_is_empty():
    assert [(item.stage, item.tier) for item in RESPONSIBLE] == list(product(Stage, Tier))
    assert all(item.who and item.does and item.hears for item in RESPONSIBLE)


def test_commands_that_it_names_are_there():
    known = {f"kinlink {' '.join(path)}" for path, _, _ in COMMANDS}
    named = {item.command for item in RESPONSIBLE if item.command}
    assert len(named) >= 3
    assert named <= known


def test_nothing_found_by_linkage_is_heard_by_police():
    assert not [item for item in RESPONSIBLE if item.command and "police" in item.hears + item.who]
