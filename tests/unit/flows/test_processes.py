"""Whatever the demo started it stops."""

import signal
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from flows.demo import chaos
from flows.demo import processes as demo_processes
from flows.demo.chaos import Chaos, Kill, outcome
from flows.demo.processes import Processes, Started, free_port, wait_until
from schemas.errors import ConfigurationError, ServiceError

SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
)
PARENT = (sys.executable, "-c", "import subprocess, sys, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)")


@pytest.fixture
def processes():
    handler = signal.getsignal(signal.SIGTERM)
    started = Processes()
    yield started
    started.stop_all()
    signal.signal(signal.SIGTERM, handler)


def command(monkeypatch, code):
    """Let `kinlink …` run this code instead."""
    monkeypatch.setattr(demo_processes, "kinlink", lambda *arguments: [sys.executable, "-c", code, *arguments])


def lives(pid):
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[2] != "Z"
    return False


def gone(pid):
    deadline = time.monotonic() + 5
    while lives(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not lives(pid)


def close(process):
    if process.stdout:
        process.stdout.close()


def test_a_started_process_is_listed_with_role_and_directory(processes, tmp_path):
    process = processes.start("a role", tmp_path / "its own", SLEEP)
    assert processes.started == [Started("a role", process.pid, None, str(tmp_path / "its own"))]
    assert processes.running() == [process.pid]
    assert (tmp_path / "its own").stat().st_mode & 0o077 == 0
    close(process)


def test_leaving_the_context_stops_everything(processes, tmp_path):
    with processes:
        process = processes.start("a role", tmp_path, SLEEP, port=1)
    assert process.returncode == -signal.SIGTERM
    assert processes.running() == []


def test_kept_processes_stay_unless_something_went_wrong(processes, tmp_path):
    processes.keep = True
    with processes:
        process = processes.start("a role", tmp_path, SLEEP, port=1)
    assert process.poll() is None
    with pytest.raises(KeyError), processes:
        raise KeyError
    assert process.poll() is not None


def test_a_process_that_does_not_listen_is_ended(processes, tmp_path, monkeypatch):
    monkeypatch.setattr(demo_processes, "GRACE_SECONDS", 0.2)
    process = processes.start("a role", tmp_path, STUBBORN)
    assert process.stdout.readline() == "up\n"
    processes.stop_all()
    assert process.returncode == -signal.SIGKILL
    close(process)


def test_what_a_process_started_is_stopped_with_it(processes, tmp_path):
    process = processes.start("a role", tmp_path, PARENT)
    grandchild = int(process.stdout.readline())
    processes.kill(process)
    assert process.returncode == -signal.SIGKILL
    assert gone(grandchild)
    assert processes.running() == []
    close(process)


def test_nothing_is_started_any_more_once_it_stops(processes, tmp_path):
    processes.stop_all()
    with pytest.raises(KeyboardInterrupt):
        processes.start("a role", tmp_path, SLEEP)
    assert processes.started == []


def test_a_commands_answer_is_the_object_it_prints(processes, tmp_path, monkeypatch):
    command(monkeypatch, "import json, sys; print(json.dumps({'given': sys.argv[1:]}))")
    assert processes.run("a role", tmp_path, "party", "check") == {"given": ["party", "check", "--json"]}


def test_a_command_that_fails_is_named_with_its_log(processes, tmp_path, monkeypatch):
    command(monkeypatch, "import sys; print('why', file=sys.stderr); sys.exit(12)")
    with pytest.raises(ServiceError, match=r"^a role: `kinlink party check` ended with code 12; its log is .*process\.log$"):
        processes.run("a role", tmp_path, "party", "check", "--dir", "x")
    assert (tmp_path / "process.log").read_text(encoding="utf-8") == "why\n"


def test_answers_of_several_commands_come_in_order(processes, tmp_path, monkeypatch):
    command(monkeypatch, "import json, sys, time; time.sleep(float(sys.argv[1])); print(json.dumps(sys.argv[1]))")
    done = []
    jobs = [(name, tmp_path / name, [name]) for name in ("0.2", "0")]
    assert processes.run_all(jobs, at_once=2, done=done.append) == ["0.2", "0"]
    assert done == [1, 2]


def test_one_failure_stops_the_others(processes, tmp_path, monkeypatch):
    command(monkeypatch, "import sys, time; sys.argv[1] == 'bad' and sys.exit(1); time.sleep(60)")
    began = time.monotonic()
    with pytest.raises(ServiceError, match=r"^bad: "):
        processes.run_all([("bad", tmp_path, ["bad"]), ("slow", tmp_path, ["slow"])], at_once=2, done=lambda _: None)
    assert time.monotonic() - began < 10
    assert processes.running() == []


def test_waiting_ends_when_the_server_answers_or_ends_or_takes_too_long(processes, tmp_path):
    server = processes.start("server", tmp_path, SLEEP, port=free_port())
    wait_until(lambda: True, server, "the server", seconds=1)
    with pytest.raises(ConfigurationError, match="did not answer within 0 s"):
        wait_until(lambda: False, server, "the server", seconds=0)
    processes.kill(server)
    with pytest.raises(ConfigurationError, match=r"ended with code -9 .*process\.log"):
        wait_until(lambda: False, server, "the server", seconds=60)


FAILS_ONCE = "import pathlib, sys; mark = pathlib.Path('tried'); tried = mark.exists(); mark.touch(); print('{}') if tried else sys.exit(3)"


def test_a_command_that_failed_is_run_again_where_that_is_said(processes, tmp_path, monkeypatch):
    command(monkeypatch, FAILS_ONCE)
    asked = []
    processes.again = lambda began: asked.append(began) or True
    assert processes.run("role", tmp_path / "place", "party", "submit") == {}
    assert len(asked) == 1
    assert len(processes.started) == 2


def test_a_command_that_failed_is_an_error_where_nothing_hit_it(processes, tmp_path, monkeypatch):
    command(monkeypatch, FAILS_ONCE)
    with pytest.raises(ServiceError, match="ended with code 3"):
        processes.run("role", tmp_path / "place", "party", "submit")


def test_chaos_kills_what_runs_and_starts_servers_again(processes, tmp_path, monkeypatch):
    monkeypatch.setattr(chaos, "MEAN_SECONDS", 0.01)
    told, restarted = [], []
    start = partial(processes.start, "server", tmp_path / "server", SLEEP, port=1)
    made = Chaos(processes, told.append, {"server": lambda: restarted.append(start().pid)})
    first = start()
    with made.during("a stage"):
        assert gone(first.pid)
    assert made.kills == [Kill("server", "a stage")]
    assert processes.running() == restarted
    assert told == ["  server is killed: a stage"]


def test_chaos_lets_commands_that_it_struck_be_run_again_and_no_others(processes, tmp_path):
    made = Chaos(processes, lambda _: None, {})
    before = time.monotonic()
    assert not processes.again(before)
    made.kill("nobody", "a stage")
    assert not processes.again(before)
    process = processes.start("role", tmp_path / "role", SLEEP)
    made.kill("role", "a stage")
    assert processes.again(before)
    assert not processes.again(time.monotonic())
    close(process)


def test_what_kills_changed_is_told_by_envelopes():
    before = {"due": ["a", "b", "c"]}
    assert outcome([Kill("desk", "referrals")], before, {"redeemed": ["a", "b", "c", "dummy"], "twice": []}) == {
        "killed": ["desk"], "stage": ["referrals"], "restarted": 1, "tokens_before": 3, "tokens_after": 3, "doubled": 0, "lost": 0,
    }  # fmt: skip
    lost = outcome([], before, {"redeemed": ["a", "dummy"], "twice": ["a"]})
    assert (lost["tokens_after"], lost["doubled"], lost["lost"]) == (1, 1, 2)
