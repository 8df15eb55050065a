"""What the architecture's tests have in common: where the code is, and its syntax trees."""

import ast
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("schemas", "validation", "parties", "linkage", "flows")


@cache
def modules():
    """Return every module of the product: path below the repository → syntax tree."""
    paths = (path for package in PACKAGES for path in sorted((REPOSITORY / package).rglob("*.py")))
    return {path.relative_to(REPOSITORY): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def name_of(path):
    """Return a module's dotted name."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def functions(tree):
    """Return every function of a module, however deep."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def lines(node):
    """Return how many lines a function has."""
    return node.end_lineno - node.lineno + 1


def run_python(*arguments, **environment):
    """Run a fresh interpreter in the repository; return what it printed, and fail if it did."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
