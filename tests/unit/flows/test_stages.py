"""A flow is a table of stages, run in order; what stops one is told in its own words on the node's console."""

from pathlib import Path

import pytest

from flows.stages import QUIET, Stage, prefect_environment, run_stages
from schemas.errors import RoundError


def run(*stages):
    run_stages("flow", stages, prefect_api=None, directory=Path("node"), round_id="r-1")


def test_stages_run_in_the_order_of_the_table_with_directory_and_round():
    seen = []
    run(*(Stage(name, lambda *given, name=name: seen.append((name, *given))) for name in ("one", "two")))
    assert seen == [("one", Path("node"), "r-1"), ("two", Path("node"), "r-1")]


def test_the_first_failure_stops_the_flow_and_keeps_its_words():
    seen = []

    def fail(_directory, _round_id):
        raise RoundError("round: closed; submit to the next one")

    with pytest.raises(RoundError, match=r"^round: closed; submit to the next one$"):
        run(Stage("one", fail), Stage("two", lambda *_: seen.append("two")))
    assert seen == []


def test_a_bug_keeps_its_traceback():
    def fail(_directory, _round_id):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as raised:
        run(Stage("one", fail))
    assert any(entry.name == "fail" for entry in raised.traceback)


def test_without_a_prefect_nothing_of_it_is_loaded(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "prefect", None)  # an import of it would raise
    run(Stage("one", lambda *_: None))


def test_prefect_talks_to_the_named_address_only_and_reports_to_nobody():
    environment = prefect_environment("http://127.0.0.1:1/api", Path("node/prefect"))
    assert environment == {**QUIET, "PREFECT_API_URL": "http://127.0.0.1:1/api", "PREFECT_HOME": "node/prefect"}
    assert environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert environment["PREFECT_RESULTS_PERSIST_BY_DEFAULT"] == "false"
