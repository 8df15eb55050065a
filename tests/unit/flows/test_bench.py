"""The benchmark's own parts: turns, ratios, verdicts, memory, plots, and the file of the large search."""

import signal
import subprocess
import sys
import time
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from flows.bench import large, machine, memory, targets
from flows.bench.large import search_large
from flows.bench.people import popcounts, sides
from flows.bench.race import Lap, Pairing, Race, Raced, Runner, run_race
from flows.bench.report import Report, short
from flows.bench.scaling import Crewed, against_records, against_workers, figures
from flows.bench.series import Line, Series, check_plot, write_plot
from flows.bench.targets import Figure, Target, missed, verdict
from flows.commands.console import time_left_to_stderr
from linkage.search.anonlink_engine import AnonlinkEngine
from schemas.errors import ConfigurationError
from validation.progress import silent

# The command, with SIGINT heeded also where these tests run with it ignored.
HEEDING = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); from flows.command import main; sys.exit(main(sys.argv[1:]))"
PAIRING = Pairing("speed", "ours", "peer")


def runner(name, result, turns, work=1, ready=tuple):
    """Return a runner that notes its turn and gives `result`."""

    def run(*_arguments):
        turns.append(name)
        return result

    return Runner(name, work, run, lambda found: (np.array(found),), ready)


def raced(ours, peer, *, equal=True):
    """Return a finished race out of CPU seconds by lap; ours does ten times the peer's work."""
    runners = (runner("ours", 0, [], work=10), runner("peer", 0, [], work=1))
    laps = {"ours": [Lap(seconds, 1.0) for seconds in ours], "peer": [Lap(seconds, 1.0) for seconds in peer]}
    return Raced(Race("records", runners, (PAIRING,)), laps, equal)


@pytest.fixture
def one_target(monkeypatch):
    """A table with one target of each sense."""
    monkeypatch.setattr(targets, "TARGETS", {"speed": Target(5), "memory": Target(2, "at most")})


def test_runners_take_turns():
    turns = []
    run_race(Race("records", (runner("ours", 1, turns), runner("peer", 1, turns)), (PAIRING,)), 3)
    assert turns == ["ours", "peer"] * 3


def test_what_makes_a_runner_ready_is_not_timed():
    slow = runner("ours", 1, [], ready=lambda: (time.sleep(0.2),))
    done = run_race(Race("records", (slow, runner("peer", 1, [])), (PAIRING,)), 1)
    assert done.laps["ours"][0].wall_seconds < 0.1


def test_a_result_that_differs_in_any_lap_makes_the_race_unequal():
    same, changing = Race("records", (runner("ours", [1, 2], []), runner("peer", [1, 2], [])), (PAIRING,)), iter([[1, 2], [1, 3]])
    assert run_race(same, 2).equal
    peer = Runner("peer", 1, lambda: next(changing), lambda found: (np.array(found),))
    assert not run_race(Race("records", (runner("ours", [1, 2], []), peer), (PAIRING,)), 2).equal


def test_results_of_different_lengths_differ():
    assert not run_race(Race("records", (runner("ours", [1], []), runner("peer", [1, 1], [])), (PAIRING,)), 1).equal


def test_a_ratio_is_of_rates_lap_by_lap_and_its_median_is_the_figure():
    done = raced(ours=[1.0, 2.0, 4.0], peer=[1.0, 1.0, 1.0])
    assert done.ratios(PAIRING) == [10.0, 5.0, 2.5]
    assert done.figures() == [Figure("speed", 5.0)]


@pytest.mark.parametrize(
    ("figures", "line"),
    [
        ([Figure("speed", 5.0), Figure("memory", 2.0)], "2 of 2 targets hold; missed: none"),
        ([Figure("speed", 4.9), Figure("memory", 1.0)], "1 of 2 targets hold; missed: speed"),
        ([Figure("speed", 4.9), Figure("memory", 2.1)], "0 of 2 targets hold; missed: speed; memory"),
        ([Figure("speed", 4.9, "machine busy"), Figure("memory", 1.0)], "1 of 1 targets hold; missed: none"),
        ([Figure("of no target", 0.0), Figure("speed", 9.0)], "1 of 1 targets hold; missed: none"),
    ],
)
def test_the_verdict_counts_what_was_asserted_and_names_what_was_missed(one_target, figures, line):
    assert verdict(figures) == line


def test_only_a_checked_run_fails_for_a_missed_target(one_target):
    report = Report("encode")
    report.add(raced(ours=[10.0], peer=[1.0]))
    assert missed(report.figures()) == ["speed"]
    assert (report.failed(check=False), report.failed(check=True)) == (False, True)


def test_every_run_fails_for_results_that_differ(one_target):
    report = Report("encode")
    report.add(raced(ours=[0.1], peer=[1.0], equal=False))
    assert report.failed(check=False)
    assert any("DIFFERENT" in line for line in report.lines())


def test_a_figure_that_is_not_asserted_is_printed_with_the_reason(one_target):
    report = Report("match", others=[Figure("memory", 3.0, "machine busy")])
    assert "memory: 3.00; target at most 2: not asserted (machine busy)" in list(report.lines())
    assert not report.failed(check=True)


@pytest.mark.parametrize(("value", "text"), [(3.14159, "3.14"), (55_123, "55.1 k"), (1.7e6, "1.7 M"), (2e9, "2 G")])
def test_numbers_are_short(value, text):
    assert short(value) == text


def test_waiting_for_a_core_is_read_where_the_kernel_says_it(monkeypatch, tmp_path):
    (tmp_path / "cpu").write_text("some avg10=6.25 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00\n", encoding="ascii")
    monkeypatch.setattr(machine, "PRESSURE", tmp_path / "cpu")
    monkeypatch.setattr(machine, "cores", lambda: 2)
    assert (machine.waiting_percent(), machine.why_no_wall_time()) == (6.25, "machine busy")
    monkeypatch.setattr(machine, "cores", lambda: 1)
    assert machine.why_no_wall_time() == "one core"
    monkeypatch.setattr(machine, "PRESSURE", tmp_path / "absent")
    monkeypatch.setattr(machine, "cores", lambda: 2)
    assert (machine.waiting_percent(), bool(machine.why_no_wall_time())) == (None, True)


def test_an_idle_machine_with_two_cores_tells_wall_time(monkeypatch, tmp_path):
    (tmp_path / "cpu").write_text("some avg10=4.99 avg60=0.00 avg300=0.00 total=1\n", encoding="ascii")
    monkeypatch.setattr(machine, "PRESSURE", tmp_path / "cpu")
    monkeypatch.setattr(machine, "cores", lambda: 2)
    assert machine.why_no_wall_time() == ""


def test_two_workers_are_compared_with_one_by_cpu_and_by_wall_time():
    crewed = Crewed("Dask workers", {1: [Lap(4.0, 4.0), Lap(8.0, 8.0)], 2: [Lap(4.4, 2.0), Lap(8.8, 4.0)]}, equal=True)
    cpu, wall = figures(crewed, "machine busy")
    assert (round(cpu.value, 3), wall.value, cpu.not_asserted, wall.not_asserted) == (1.1, 0.5, "", "machine busy")
    series = against_workers([crewed], "")
    assert [(line.label, line.points) for line in series.lines] == [("Dask workers", [(1, 6.0), (2, 3.0)]), ("ideal", [(1, 6.0), (2, 3.0)])]


def test_the_same_seed_gives_the_same_filters_and_most_of_the_smaller_side_is_found():
    one, again, other = (sides(50, 400, among=200, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.plain[1], again.plain[1])
    assert not np.array_equal(one.plain[1][:50], other.plain[1][:50])
    assert [len(side) for side in (*one.plain, *one.diffused)] == [50, 400, 50, 400]
    pairs = AnonlinkEngine().candidate_pairs(*one.diffused, cut=0.62, top_k=1)
    assert 20 < len(pairs) <= 40
    assert pairs.right.max() < 200


def test_diffused_filters_have_nearly_half_of_their_bits_set():
    made = sides(20, 100, among=20, seed=3)
    (plain, _), (diffused, spread) = popcounts(made.plain[1]), popcounts(made.diffused[1])
    assert 120 < plain < 150
    assert 460 < diffused < 512
    assert 10 < spread < 25


def test_memory_of_its_own_and_of_mapped_files_is_told_apart(tmp_path):
    np.zeros(40_000_000, dtype=np.uint8).tofile(tmp_path / "filters")
    with memory.watched() as watch:
        mapped = np.memmap(tmp_path / "filters", dtype=np.uint8, mode="r")
        int(mapped.sum())
        own = np.ones(60_000_000, dtype=np.uint8)
        watch.look()
        del own
    began = memory.resident()
    assert 40_000_000 <= watch.most.mapped < 60_000_000
    assert watch.most.private >= began.private + 50_000_000


def test_a_system_that_does_not_tell_memory_gives_none(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "ROLLUP", tmp_path / "absent")
    with memory.watched() as watch:
        watch.look()
    assert watch.most is None


def test_a_large_search_finds_the_planted_pairs_and_removes_its_file(tmp_path):
    told = []
    done = search_large(3_000, scratch=tmp_path, seed=1, progress=lambda *step: told.append(step))
    assert done.equal
    assert done.rate > 0
    assert list(tmp_path.iterdir()) == []
    assert ("write filters", 3_000, 3_000) in told
    assert any(stage == "compare" for stage, _, _ in told)


def test_a_large_search_that_finds_something_else_is_not_equal(tmp_path, monkeypatch):
    monkeypatch.setattr(large, "DIFFUSED_CUT", 0.9)
    monkeypatch.setattr(large, "COPIES", 300)
    assert not search_large(3_000, scratch=tmp_path, seed=1, progress=silent).equal


def test_an_interrupted_large_search_leaves_no_file(tmp_path):
    def interrupt(stage, done, total):
        assert list(tmp_path.iterdir())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search_large(3_000, scratch=tmp_path, seed=1, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_has_no_room_is_not_begun(tmp_path):
    with pytest.raises(ConfigurationError, match=r"GB are needed; name another --scratch, or fewer --rows"):
        search_large(10**15, scratch=tmp_path, seed=1, progress=silent)
    with pytest.raises(ConfigurationError, match="no such directory"):
        search_large(1_000, scratch=tmp_path / "absent", seed=1, progress=silent)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_ctrl_c_in_a_large_search_ends_with_one_line_and_leaves_no_file(tmp_path):
    arguments = ["bench", "match", "--scale", "--rows", "4000000", "--scratch", str(tmp_path)]
    command = [sys.executable, "-W", "ignore", "-c", HEEDING, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("*/filters")) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, told = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "")
    assert "stopped" in told
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_a_plot_is_a_picture_with_a_label_and_a_unit_on_every_axis(tmp_path, suffix):
    path = tmp_path / f"plot{suffix}"
    lines = [Line("kinlink", [(10_000, 1.0), (40_000, 4.0)]), Line("ideal", [(10_000, 1.0), (40_000, 4.0)])]
    write_plot(
        path, [Series("title", "records", "CPU seconds", lines), Series("title", "workers", "wall seconds", lines, logarithmic=False)]
    )
    content = path.read_bytes()
    if suffix == ".png":
        assert content.startswith(b"\x89PNG")
    else:
        texts = {text.strip() for text in ET.fromstring(content).itertext()}
        assert {"records", "CPU seconds", "workers", "wall seconds", "kinlink", "10,000", "40,000"} <= texts


def test_a_plot_that_cannot_be_written_is_refused_beforehand(tmp_path):
    with pytest.raises(ConfigurationError, match=r"written as \.svg or \.png"):
        check_plot(tmp_path / "plot.pdf")
    with pytest.raises(ConfigurationError, match="no such directory"):
        check_plot(tmp_path / "absent" / "plot.svg")
    check_plot(tmp_path / "plot.svg")
    check_plot(None)


def test_time_against_records_has_a_line_for_each_runner():
    series = against_records("title", "records", [(100, raced([1.0, 3.0, 2.0], [5.0, 6.0, 7.0])), (200, raced([4.0], [9.0]))])
    assert [(line.label, line.points) for line in series.lines] == [("ours", [(100, 2.0), (200, 4.0)]), ("peer", [(100, 6.0), (200, 9.0)])]


def test_time_left_is_what_the_rest_takes_at_the_present_pace(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    seconds = iter([0.0, 0.0, 10.0, 20.0, 100.0, 105.0])
    show = time_left_to_stderr(lambda: next(seconds))
    for done in (0, 1, 2, 4):
        show("compare", done, 4)
    shown = capsys.readouterr().err
    assert "compare, about 30 s left: 1 of 4" in shown
    assert "compare, about 20 s left: 2 of 4" in shown
    assert shown.endswith("compare: 4 of 4\n")
