"""The Dask engine on real clusters: workers that are killed, TLS between processes, and what a cluster leaves behind."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
from distributed import Security

from linkage.engines import cluster
from linkage.engines.cluster import DaskEngine, Tls
from linkage.engines.threads import ThreadsEngine
from schemas.errors import AgreementError, ServiceError

pytestmark = pytest.mark.slow

CUT = 0.56
DRAW = np.random.default_rng(11)
LARGE = DRAW.integers(0, 256, (6_000, 128), dtype=np.uint8)
SMALL = np.vstack([LARGE[5::97], DRAW.integers(0, 256, (100, 128), dtype=np.uint8)])
DASK = Path(sys.executable).with_name("dask")
CONFIG = Path(__file__).parents[2] / "infra" / "dask.yaml"


def rows(batches):
    batches = list(batches)
    return {name: [item for batch in batches for item in getattr(batch, name).tolist()] for name in ("left", "right", "score")}


@pytest.fixture(scope="module")
def expected():
    return rows(ThreadsEngine(threads=1).stream_pairs(LARGE, SMALL, cut=CUT))


def workers_of(engine):
    """Return the process ids of a local cluster's workers."""
    return list(engine._connected().run(os.getpid).values())


@pytest.mark.parametrize(("size", "lost"), [(2, 1), (2, 2), (1, 1)])
def test_parts_of_killed_workers_and_what_only_they_had_are_made_again(expected, size, lost):
    with closing(DaskEngine(workers=size, part_rows=512)) as engine:
        stream = engine.stream_pairs(LARGE, SMALL, cut=CUT)
        batches = [next(stream)]
        for pid in workers_of(engine)[:lost]:
            os.kill(pid, signal.SIGKILL)
        assert rows([*batches, *stream]) == expected


def test_a_search_that_is_not_finished_leaves_the_next_one_right(expected):
    with closing(DaskEngine(workers=1, part_rows=512)) as engine:
        for _ in range(2):
            stream = engine.stream_pairs(LARGE, SMALL, cut=CUT)
            next(stream)
            stream.close()
        assert rows(engine.stream_pairs(LARGE, SMALL, cut=CUT)) == expected


def test_a_smaller_side_that_is_large_is_sent_without_a_warning():
    side = DRAW.integers(0, 256, (100_000, 128), dtype=np.uint8)  # Dask warns from 10 MB
    with closing(DaskEngine(workers=1, part_rows=8)) as engine:
        found = next(engine.stream_pairs(side, side, cut=0.9))
    assert found.left.tolist() == found.right.tolist() == list(range(8))


def test_a_part_that_ends_every_worker_stops_the_search(monkeypatch):
    monkeypatch.setattr(cluster, "_compare", ends_its_worker)
    with closing(DaskEngine(workers=1)) as engine, pytest.raises(ServiceError, match="one part ended several workers"):
        next(engine.stream_pairs(LARGE, SMALL, cut=CUT))


def ends_its_worker(*_filters, **_given):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_local_cluster_listens_on_loopback_alone_and_serves_nothing_over_http():
    with closing(DaskEngine(workers=1)) as engine:
        next(engine.stream_pairs(LARGE, SMALL, cut=CUT))
        us = psutil.Process()
        listening = [
            item for process in (us, *us.children(recursive=True)) for item in process.net_connections() if item.status == "LISTEN"
        ]
        assert {item.laddr.ip for item in listening} == {"127.0.0.1"}
        served = [
            plain_answer(item.laddr.port, path)
            for item in listening
            for path in ("/info/main/workers.html", "/json/counts.json", "/metrics")
        ]
    assert len(served) >= 6
    assert {answer for answer in served if answer.startswith(b"HTTP/1.1 2")} == set()


def plain_answer(port, path):
    """Return what a port answers to a plain HTTP request."""
    import socket

    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        try:
            return connection.recv(64)
        except ConnectionResetError:
            return b""


def test_a_local_cluster_leaves_no_file_no_process_and_no_word(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with closing(DaskEngine(workers=2, part_rows=512)) as engine:
        pids = workers_of(engine)
        os.kill(pids[0], signal.SIGKILL)
        engine.candidate_pairs(LARGE, SMALL, cut=CUT)
    assert list(tmp_path.iterdir()) == []
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []
    assert capfd.readouterr() == ("", "")


def test_the_workers_processor_time_grows_with_their_work():
    with closing(DaskEngine(workers=2)) as engine:
        before = engine.cpu_seconds()
        engine.candidate_pairs(LARGE, SMALL, cut=CUT)
        assert engine.cpu_seconds() > before


def certificates(folder):
    """Make an authority and a certificate under it in `folder`; return the files."""
    made = Security.temporary()
    files = Tls(folder / "ca.pem", folder / "certificate.pem", folder / "key.pem")
    folder.mkdir()
    files.ca.write_text(made.tls_ca_file, encoding="ascii")
    files.certificate.write_text(made.tls_client_cert, encoding="ascii")
    files.key.write_text(made.tls_client_key, encoding="ascii")
    return files


@contextmanager
def command(log, *words, tls, **environment):
    """Run a command of Dask's as the how-to says, and let it write into `log`, until the block ends."""
    given = ("--dashboard-address", "127.0.0.1:0", "--tls-ca-file", tls.ca, "--tls-cert", tls.certificate, "--tls-key", tls.key)
    names = {**os.environ, "DASK_CONFIG": str(CONFIG), **environment}
    with log.open("wb") as sink:
        process = subprocess.Popen([DASK, *words, *given], stdout=sink, stderr=subprocess.STDOUT, cwd=log.parent, env=names)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def said(log, pattern):
    """Return what a pattern finds in a log, once it is there."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if found := re.search(pattern, log.read_text(encoding="utf-8")):
            return found[1]
        time.sleep(0.05)
    pytest.fail(log.read_text(encoding="utf-8"))


@contextmanager
def running(folder, tls, *, workers, **environment):
    """Run a scheduler and worker processes over TLS; give the scheduler's address and the processes of the workers' nannies."""
    with ExitStack() as commands:
        scheduler = ("scheduler", "--protocol", "tls", "--host", "127.0.0.1", "--port", "0")
        commands.enter_context(command(folder / "scheduler.log", *scheduler, tls=tls, **environment))
        address = said(folder / "scheduler.log", r"Scheduler at:\s+(tls://127\.0\.0\.1:\d+)")
        worker = ("worker", address, "--nthreads", "1", "--memory-limit", "0")
        logs = [(folder / f"worker-{number}.log", ("--local-directory", folder / f"scratch-{number}")) for number in range(workers)]
        yield address, [commands.enter_context(command(log, *worker, *place, tls=tls)) for log, place in logs]


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """A scheduler and two workers as if on several machines: folder, address, certificates."""
    folder = tmp_path_factory.mktemp("machines")
    tls = certificates(folder / "tls")
    with running(folder, tls, workers=2) as (address, _):
        yield folder, address, tls


def test_a_search_whose_workers_have_all_gone_ends(tmp_path):
    tls = certificates(tmp_path / "tls")
    with (
        running(tmp_path, tls, workers=1, DASK_DISTRIBUTED__SCHEDULER__NO_WORKERS_TIMEOUT="1s") as (address, nannies),
        closing(DaskEngine(scheduler=address, tls=tls, part_rows=8)) as engine,
    ):
        stream = engine.stream_pairs(LARGE, SMALL, cut=CUT)
        next(stream)
        for nanny in nannies:
            nanny.terminate()
        with pytest.raises(ServiceError, match="all workers have gone"):
            list(stream)


def test_a_search_whose_scheduler_has_gone_ends(tmp_path):
    tls = certificates(tmp_path / "tls")
    with ExitStack() as cluster_of_one:
        address, _ = cluster_of_one.enter_context(running(tmp_path, tls, workers=1))
        with closing(DaskEngine(scheduler=address, tls=tls, part_rows=8)) as engine:
            stream = engine.stream_pairs(LARGE, SMALL, cut=CUT)
            next(stream)
            cluster_of_one.close()
            with pytest.raises(ServiceError, match="the scheduler has gone"):
                list(stream)


def test_over_tls_workers_of_a_scheduler_find_the_same(machines, expected):
    _, address, tls = machines
    with closing(DaskEngine(scheduler=address, tls=tls, part_rows=512)) as engine:
        assert rows(engine.stream_pairs(LARGE, SMALL, cut=CUT)) == expected
        for pid in workers_of(engine):
            os.kill(pid, signal.SIGKILL)  # its nanny starts another
        assert rows(engine.stream_pairs(LARGE, SMALL, cut=CUT)) == expected


def test_a_stranger_and_one_without_a_certificate_are_turned_away(machines, monkeypatch):
    folder, address, _ = machines
    monkeypatch.setattr(cluster, "ANSWER_SECONDS", 2)
    stranger = DaskEngine(scheduler=address, tls=certificates(folder / "stranger"))
    nobody = DaskEngine(scheduler=address.replace("tls://", "tcp://"))
    for engine in (stranger, nobody):
        with closing(engine), pytest.raises(ServiceError, match="no scheduler with a worker answers"):
            engine.candidate_pairs(LARGE, SMALL, cut=CUT)


def test_what_fails_on_a_worker_is_raised_here_and_puts_no_filter_into_a_log(machines):
    folder, address, tls = machines
    with closing(DaskEngine(scheduler=address, tls=tls)) as engine, pytest.raises(AgreementError, match=r"search\.cut_per_mille"):
        engine.candidate_pairs(LARGE, SMALL, cut=0.2, max_pairs=10)
    logs = "".join(log.read_text(encoding="utf-8") for log in folder.glob("*.log"))
    assert "Compute Failed" in logs
    assert "array" not in logs
    assert "array" not in repr(cluster._sealed(SMALL))  # Dask writes what of it fits into a line
    assert [path for path in folder.glob("scratch-*/**/*") if path.is_file() and "lock" not in path.name] == []


def test_without_a_scheduler_or_a_worker_the_setting_is_named(monkeypatch):
    monkeypatch.setattr(cluster, "ANSWER_SECONDS", 1)
    with closing(DaskEngine(scheduler="tcp://127.0.0.1:1")) as engine, pytest.raises(ServiceError, match="answers at dask_scheduler"):
        engine.candidate_pairs(LARGE, SMALL, cut=CUT)
