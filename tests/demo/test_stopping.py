"""Stopped half-way, a demo leaves no process behind and says so."""

import contextlib
import signal
import subprocess
import time
from pathlib import Path

import pytest
from running import start_demo

pytestmark = pytest.mark.demo

STOPPED_WITHIN_SECONDS = 15


def processes_in(folder):
    """Return the processes whose working directory is below `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append(int(process.name))
    return found


@pytest.mark.parametrize(("number", "after_seconds"), [(signal.SIGINT, 15), (signal.SIGTERM, 4)])
def test_a_demo_that_is_stopped_leaves_nothing_running(tmp_path, number, after_seconds):
    process = start_demo(tmp_path / "out", "--people", "5000", scratch=tmp_path / "scratch")
    try:
        time.sleep(after_seconds)
        assert process.poll() is None
        assert len(processes_in(tmp_path / "out")) >= 2
        process.send_signal(number)
        printed, told = process.communicate(timeout=STOPPED_WITHIN_SECONDS)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert process.returncode == 130
    assert printed == ""
    assert told.rstrip().splitlines()[-1].startswith("kinlink: stopped;")
    assert "Traceback" not in told
    assert processes_in(tmp_path / "out") == []


def test_a_demo_does_not_write_over_what_is_not_a_demos(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kept").write_text("mine", encoding="utf-8")
    process = start_demo(tmp_path / "out", scratch=tmp_path / "scratch")
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(60)
    assert process.returncode == 11
    assert process.stderr.read().startswith("kinlink: error: ")
    process.stdout.close()
    process.stderr.close()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["kept"]
