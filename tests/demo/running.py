"""Running a demo as people do: the command in a process of its own, with a home and a temporary directory of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KINLINK = (sys.executable, "-W", "ignore", "-m", "flows.command")


@dataclass(frozen=True, eq=False)
class Demo:
    """What a demo left: its directory, its summary, what it printed, its own process, and the home it had."""

    out: Path
    summary: dict[str, Any]
    printed: str
    pid: int
    scratch: Path

    def directory(self, organisation: str) -> Path:
        """Return an organisation's directory."""
        return self.out / organisation


def environment(scratch: Path) -> dict[str, str]:
    """Return the environment of a demo that keeps everything it writes below `scratch` or its own directory."""
    scratch.mkdir(exist_ok=True, mode=0o700)
    return {**os.environ, "HOME": str(scratch), "TMPDIR": str(scratch), "XDG_CONFIG_HOME": str(scratch), "XDG_CACHE_HOME": str(scratch)}


def start_demo(out: Path, *arguments: str, scratch: Path, under: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
    """Start a demo; its summary will be on standard output."""
    command = [*under, *KINLINK, "demo", "--out", str(out), "--json", *arguments]
    return subprocess.Popen(
        command,
        cwd=scratch.parent,
        env=environment(scratch),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run_demo(out: Path, *arguments: str, scratch: Path, under: tuple[str, ...] = ()) -> Demo:
    """Run a demo to its end."""
    process = start_demo(out, *arguments, scratch=scratch, under=under)
    printed, told = process.communicate()
    assert process.returncode == 0, told
    assert len(printed.splitlines()) == 1, "more than one JSON object on standard output"
    return Demo(out, json.loads(printed), printed + told, process.pid, scratch)


def kinlink(*arguments: str) -> str:
    """Run one command to its end; return what it printed."""
    return subprocess.run([*KINLINK, *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout
