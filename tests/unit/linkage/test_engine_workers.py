"""Workers: where a search runs makes no difference to what it finds, lost workers cost time alone, and nothing is left behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import closing, nullcontext
from multiprocessing import active_children
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from linkage.engines import processes, shared
from linkage.engines.cluster import DaskEngine
from linkage.engines.processes import ProcessesEngine
from linkage.engines.threads import ThreadsEngine
from schemas.errors import AgreementError, ConfigurationError, ServiceError

CUT = 0.56
COLUMNS = ("left", "right", "score")
DRAW = np.random.default_rng(7)
LARGE = DRAW.integers(0, 256, (2_500, 128), dtype=np.uint8)
SMALL = np.vstack([LARGE[5::97], DRAW.integers(0, 256, (40, 128), dtype=np.uint8)])
SIDES = {"left larger": (LARGE, SMALL), "right larger": (SMALL, LARGE), "equal": (LARGE[:300], LARGE[150:450])}


def columns(pairs):
    return {name: getattr(pairs, name).tolist() for name in COLUMNS}


def streamed(engine, left, right):
    batches = list(engine.stream_pairs(left, right, cut=CUT))
    return {name: [item for batch in batches for item in getattr(batch, name).tolist()] for name in COLUMNS}


@pytest.fixture(scope="module")
def expected():
    """What one thread finds in one part."""
    engine = ThreadsEngine(threads=1, part_rows=100_000)
    return {name: (columns(engine.candidate_pairs(*sides, cut=CUT, top_k=3)), streamed(engine, *sides)) for name, sides in SIDES.items()}


def open_engine(kind, workers, part_rows=512):
    if kind is ThreadsEngine:
        return nullcontext(ThreadsEngine(threads=workers, part_rows=part_rows))
    return closing(kind(workers=workers, part_rows=part_rows))


def slow(*row):
    return pytest.param(*row, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("kind", "workers"),
    [
        (ThreadsEngine, 1), (ThreadsEngine, 2), (ThreadsEngine, 3),
        slow(ProcessesEngine, 1), (ProcessesEngine, 2), slow(ProcessesEngine, 3),
        slow(DaskEngine, 1), slow(DaskEngine, 2), slow(DaskEngine, 3),
    ],
)  # fmt: skip
def test_every_engine_part_size_and_number_of_workers_gives_the_same_arrays(expected, kind, workers):
    with open_engine(kind, workers) as engine:
        for engine.part_rows in (97, 1_024, 100_000):
            for name, sides in SIDES.items():
                assert (columns(engine.candidate_pairs(*sides, cut=CUT, top_k=3)), streamed(engine, *sides)) == expected[name]


def test_what_is_compared_is_worth_comparing(expected):
    assert all(len(found["left"]) > 100 for _, found in expected.values())


@pytest.fixture(scope="module")
def engine():
    """Two processes for several tests: one that kills a worker leaves the next test a new one."""
    with closing(ProcessesEngine(workers=2, part_rows=256)) as opened:
        yield opened


def mapped(folder, mode="r"):
    file = folder / "filters.npy"
    np.save(file, LARGE)
    return np.load(file, mmap_mode=mode)


def located(filters):
    """Return where workers find filters, and what they find there."""
    with shared.shared(filters) as location:
        return location.path, location.open().tolist()


def test_a_mapped_file_is_opened_where_it_lies_also_in_part(tmp_path):
    filters = mapped(tmp_path)
    for part in (filters, filters[100:], filters[100:300][7:50], np.asarray(filters)[9:]):
        assert located(part) == (str(tmp_path / "filters.npy"), part.tolist())


def test_what_differs_from_a_file_or_is_in_none_goes_through_memory(tmp_path):
    changed = mapped(tmp_path, mode="c")
    changed[0] = 1
    for filters in (changed, LARGE, LARGE[::-2], mapped(tmp_path)[::3], np.asfortranarray(SMALL)):
        path, found = located(filters)
        assert path.startswith(f"/proc/{os.getpid()}/fd/")
        assert found == filters.tolist()


@pytest.mark.slow
def test_memory_for_workers_has_no_name_and_ends_with_the_search(engine):
    def memory_files():
        links = [path.readlink() for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
        return [link for link in links if "memfd" in link.name]

    def named():  # semaphores, of other processes' as well, come and go, and hold nothing
        return {path for path in Path("/dev/shm").iterdir() if not path.name.startswith("sem.")}

    before = named()
    stream = engine.stream_pairs(LARGE, SMALL, cut=CUT)
    next(stream)
    assert len(memory_files()) == 2
    stream.close()
    assert memory_files() == []
    assert named() <= before


@pytest.mark.slow
def test_a_mapped_file_gives_the_same_pairs(engine, expected, tmp_path):
    assert streamed(engine, mapped(tmp_path), SMALL) == expected["left larger"][1]


def test_without_anonymous_memory_the_setting_is_named(engine, monkeypatch):
    monkeypatch.delattr(os, "memfd_create")
    with pytest.raises(ConfigurationError, match="set engine to threads"):
        engine.candidate_pairs(LARGE, SMALL, cut=CUT)


def worker_pids():
    return [child.pid for child in active_children()]


def kill(pids):
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def rest(stream, first):
    batches = [first, *stream]
    return {name: [item for batch in batches for item in getattr(batch, name).tolist()] for name in COLUMNS}


@pytest.mark.slow
@pytest.mark.parametrize("lost", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_killed_workers_part_is_compared_again(engine, expected, lost):
    stream = engine.stream_pairs(LARGE, SMALL, cut=CUT)
    first = next(stream)
    before = set(worker_pids())
    kill(sorted(before)[:lost])
    assert rest(stream, first) == expected["left larger"][1]
    assert len(set(worker_pids()) & before) == len(before) - lost


@pytest.mark.slow
def test_a_worker_that_is_killed_between_searches_is_not_missed(engine, expected):
    for _ in range(2):
        assert streamed(engine, LARGE, SMALL) == expected["left larger"][1]
        kill(worker_pids())
        time.sleep(0.05)


@pytest.mark.slow
def test_a_search_that_is_not_finished_leaves_the_next_one_right(engine, expected):
    stream = engine.stream_pairs(SMALL, LARGE, cut=CUT)
    next(stream)
    stream.close()
    assert streamed(engine, LARGE, SMALL) == expected["left larger"][1]


def test_a_part_that_ends_every_worker_stops_the_search(monkeypatch):
    before = worker_pids()
    monkeypatch.setattr(processes, "_serve", Connection.close)  # a worker that goes at once
    with closing(ProcessesEngine(workers=2, part_rows=256)) as engine, pytest.raises(ServiceError, match="one part ended 3 workers"):
        engine.candidate_pairs(LARGE, SMALL, cut=CUT)
    assert set(worker_pids()) <= set(before)


def test_an_error_of_a_worker_is_raised_where_the_search_was_asked_for(engine, expected):
    with pytest.raises(AgreementError, match=r"search\.cut_per_mille") as raised:
        engine.candidate_pairs(LARGE, SMALL, cut=0.2, max_pairs=10)
    assert "compare_part" in raised.value.__notes__[0]
    assert streamed(engine, LARGE, SMALL) == expected["left larger"][1]


@pytest.mark.slow
def test_closed_an_engine_has_no_process_and_opens_again(expected):
    engine = ProcessesEngine(workers=1)
    for _ in range(2):
        assert streamed(engine, LARGE, SMALL) == expected["left larger"][1]
        assert len(worker_pids()) >= 1
        before = set(worker_pids())
        engine.close()
        assert len(before - set(worker_pids())) == 1


ENDLESS = """
    import os, sys
    import numpy as np
    from contextlib import closing
    from multiprocessing import active_children
    from linkage.engines.cluster import DaskEngine
    from linkage.engines.processes import ProcessesEngine

    def main():
        side = np.random.default_rng(1).integers(0, 256, (400_000, 128), dtype=np.uint8)
        with closing({"processes": ProcessesEngine, "dask": DaskEngine}[sys.argv[1]](workers=2, part_rows=1_024)) as engine:
            try:
                for number, _ in enumerate(engine.stream_pairs(side, side[:500], cut=0.9)):
                    if number == 3:
                        print(*[child.pid for child in active_children()] or [0], flush=True)
            except KeyboardInterrupt:
                print("stopped")

    if __name__ == "__main__":
        main()
"""


def endless(folder, kind):
    """Start a search that takes long, in a session of its own; return it and its workers' process ids once it is on its way."""
    script = folder / "endless.py"
    script.write_text(textwrap.dedent(ENDLESS), encoding="utf-8")
    search = subprocess.Popen(
        [sys.executable, str(script), kind], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    return search, [int(pid) for pid in search.stdout.readline().split()]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["processes", "dask"])
def test_ctrl_c_stops_a_search_and_its_workers_without_a_word(tmp_path, kind):
    search, _ = endless(tmp_path, kind)
    os.killpg(search.pid, signal.SIGINT)
    said, errors = search.communicate(timeout=20)
    assert (said, errors, search.returncode) == ("stopped\n", "", 0)


@pytest.mark.slow
def test_workers_end_with_a_search_that_is_killed(tmp_path):
    search, pids = endless(tmp_path, "processes")
    assert len(pids) == 2
    search.kill()
    search.communicate()
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
