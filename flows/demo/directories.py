"""The demo's directories: the one it runs in, what is handed out into its members', and what lies in them."""

import json
import shutil
from pathlib import Path

from flows.demo.founding import Founded
from flows.demo.processes import LOG
from schemas.agreed import AGREEMENT_FILE, ROOTS_FILE, ROSTER_FILE, TRUST_FILE
from schemas.errors import ConfigurationError


def prepare(out: Path) -> Path:
    """Make the demo's directory, moving nothing that is not a demo's out of the way.

    Raises:
        ConfigurationError: `out` holds something else.
    """
    marker = ".kinlink-demo"
    if out.exists() and any(out.iterdir()):
        if not (out / marker).exists():
            raise ConfigurationError(f"{out} is not empty and not a demo's directory; name another with --out")
        shutil.rmtree(out)
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    (out / marker).touch()
    return out.resolve()


def hand_out(directory: Path, founded: Founded, trust: bytes) -> None:
    """Put what was agreed, and the certificate that the service's own is signed with, into a member's directory."""
    (directory / ROSTER_FILE).write_text(founded.roster.model_dump_json(), encoding="utf-8")
    (directory / AGREEMENT_FILE).write_text(founded.agreement.model_dump_json(), encoding="utf-8")
    (directory / ROOTS_FILE).write_text(json.dumps(founded.roots), encoding="utf-8")
    (directory / TRUST_FILE).write_bytes(trust)


def files_below(directory: Path) -> dict[str, int]:
    """Return every file below a directory with its size, but for the process's own log and Prefect's settings."""
    found = {str(path.relative_to(directory)): path.stat().st_size for path in directory.rglob("*") if path.is_file()}
    return {name: size for name, size in found.items() if name != LOG and not name.startswith("prefect/")}
