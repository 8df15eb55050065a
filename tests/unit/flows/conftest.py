"""What the command line's tests share."""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flows.command import main

Run = Callable[..., tuple[int, dict[str, Any] | None, str]]


@pytest.fixture
def kinlink(capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command in this process with --json; answer exit code, the one object it printed (or None) and standard error."""
    mask = os.umask(0o022)

    def run(*arguments: object) -> tuple[int, dict[str, Any] | None, str]:
        code = main([*map(str, arguments), "--json"])
        printed, told = capsys.readouterr()
        lines = printed.splitlines()
        assert len(lines) <= 1, "more than one line on standard output"
        return code, json.loads(lines[0]) if lines else None, told

    yield run
    os.umask(mask)
