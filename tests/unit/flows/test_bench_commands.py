"""`kinlink bench` at a small share of its sizes: what it prints, when it fails, and that unequal results are caught."""

import json

import numpy as np
import pytest

from flows.bench import diffuse, encode, targets
from flows.bench.targets import Target
from flows.command import main

pytestmark = pytest.mark.slow

TINY = ("--share", "0.002", "--repetitions", "1")


@pytest.fixture
def easy(monkeypatch):
    """Targets that any run reaches."""
    monkeypatch.setattr(targets, "TARGETS", {name: Target(0) for name in targets.TARGETS})


@pytest.fixture
def hard(monkeypatch):
    """Targets that no run reaches."""
    monkeypatch.setattr(targets, "TARGETS", {name: Target(1e9) for name in targets.TARGETS})


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("encode", ["encode cold 40,000", "encode warm 400,000"]),
        ("diffuse", ["diffuse", "diffuse, blocks", "diffuse, packed columns"]),
        ("match", [f"match {kind}" for kind in ("plain 20,000", "plain 200,000", "plain 400,000", "diffused 20,000", "diffused 200,000")]),
    ],
)
def test_a_benchmark_gives_its_figures_on_equal_results(kinlink, command, names):
    code, said, _ = kinlink("bench", command, *TINY)
    assert (code, said["command"], said["equal"]) == (0, command, True)
    assert [figure["name"] for figure in said["figures"]] == names
    assert all(figure["value"] > 0 for figure in said["figures"])
    assert {"clkhash", "anonlink", "numpy", "numba"} <= set(said["machine"]["versions"])
    assert said["machine"]["cores"] >= 1


def test_a_missed_target_ends_a_checked_run_with_code_1_and_one_last_line(hard, capsys):
    assert main(["bench", "diffuse", *TINY, "--check"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 of 1 targets hold; missed: diffuse"


def test_a_run_that_is_not_checked_ends_well(hard, capsys):
    assert main(["bench", "diffuse", *TINY]) == 0
    assert "missed" in capsys.readouterr().out


def test_a_checked_run_that_misses_nothing_ends_well(easy, capsys):
    assert main(["bench", "diffuse", *TINY, "--check"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 of 1 targets hold; missed: none"


def test_a_checked_run_fails_with_json_too(hard, kinlink):
    code, said, _ = kinlink("bench", "diffuse", *TINY, "--check")
    assert (code, said["verdict"]) == (1, "0 of 1 targets hold; missed: diffuse")


def test_results_that_differ_end_any_run_with_code_1_and_a_clear_line(easy, monkeypatch, capsys):
    monkeypatch.setattr(diffuse, "packed_columns", lambda clks, positions: np.zeros_like(clks))
    assert main(["bench", "diffuse", *TINY]) == 1
    assert "results: DIFFERENT; none of these figures means anything" in capsys.readouterr().out


def test_a_filter_that_differs_in_one_bit_is_caught(monkeypatch, kinlink):
    right = encode.read_peer

    def wrong(clks):
        first, *rest = (filters.copy() for filters in right(clks))
        first[-1, -1] ^= 1
        return first, *rest

    monkeypatch.setattr(encode, "read_peer", wrong)
    code, said, _ = kinlink("bench", "encode", *TINY)
    assert (code, said["equal"]) == (1, False)


def test_clkhash_starts_a_cold_lap_with_empty_caches():
    from clkhash.bloomfilter import blake_hash_token

    blake_hash_token(b"token", 3, bytes(64), 1_024)
    assert blake_hash_token.cache_info().currsize > 0
    encode.forget()
    assert blake_hash_token.cache_info().currsize == 0


def test_a_scaling_run_writes_its_series_and_their_plot(easy, kinlink, tmp_path):
    code, said, _ = kinlink("bench", "diffuse", *TINY, "--scale", "--plot", tmp_path / "plot.svg")
    assert (code, said["equal"]) == (0, True)
    assert [len(points) for points in said["series"][0]["lines"].values()] == [4, 4]
    assert b"<svg" in (tmp_path / "plot.svg").read_bytes()


@pytest.mark.slow
def test_a_scaling_run_of_the_search_measures_workers_memory_and_a_large_file(easy, kinlink, tmp_path):
    arguments = ("--scale", "--rows", 50_000, "--scratch", tmp_path, "--plot", tmp_path / "plot.svg")
    code, said, told = kinlink("bench", "match", *TINY, *arguments)
    assert (code, said["equal"]) == (0, True)
    figures = {figure["name"]: figure for figure in said["figures"]}
    assert {name for name in targets.TARGETS if not name.startswith(("encode", "diffuse", "service"))} <= set(figures)
    assert figures["two Dask workers, CPU of one"]["value"] > 0
    assert figures["300 x 20,000,000, private memory in GiB"]["not_asserted"] == "another number of rows"
    assert [sorted(series["lines"]) for series in said["series"]] == [["anonlink", "kinlink"], ["Dask workers", "ideal", "threads"]]
    assert "planted pairs found" in said["facts"]["300 x 50,000"]
    assert "write filters" in told
    assert [path.name for path in tmp_path.iterdir()] == ["plot.svg"]


def test_a_plot_needs_a_series(kinlink, tmp_path):
    code, said, told = kinlink("bench", "encode", "--plot", tmp_path / "plot.svg")
    assert (code, said) == (11, None)
    assert "--plot draws the series of --scale; give both" in told


def test_without_json_there_is_a_table(easy, capsys):
    assert main(["bench", "encode", *TINY]) == 0
    printed = capsys.readouterr().out
    assert "encode warm 400,000" in printed
    assert "results: equal in every lap" in printed
    with pytest.raises(json.JSONDecodeError):
        json.loads(printed)


def test_a_service_under_load_answers_takes_and_loses_nothing(kinlink):
    code, said, _ = kinlink("bench", "service", "--seconds", "1", "--mebibytes", "32", "--repetitions", "1", "--authorities", "10")
    figures = {figure["name"]: figure["value"] for figure in said["figures"]}
    assert code == 0
    assert figures.keys() == {name for name in targets.TARGETS if name.startswith("service: ")}
    assert figures["service: submissions without a receipt"] == 0
    assert figures["service: upload, of plain TLS"] > 0
    assert said["facts"]["10 submissions at once"].startswith("10 receipts")
