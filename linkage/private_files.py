"""Files and directories of the service and its operators: for their owner alone."""

import os
from pathlib import Path

PRIVATE_DIRECTORY, PRIVATE_FILE = 0o700, 0o600


def private_directory(directory: Path) -> None:
    """Make a directory, or take it over, for its owner alone."""
    directory.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    directory.chmod(PRIVATE_DIRECTORY)


def write_private_file(file: Path, content: bytes) -> None:
    """Write a file for its owner alone, in a directory for its owner alone."""
    private_directory(file.parent)
    with os.fdopen(os.open(file, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, PRIVATE_FILE), "wb") as sink:
        sink.write(content)
