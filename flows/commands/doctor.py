"""`kinlink doctor`: is this machine, or this node, usable, and how to mend what is not."""

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flows.commands.console import Json, emit, say, warn
from flows.compiling import announced
from schemas.errors import ConfigurationError, UserError

if TYPE_CHECKING:
    from linkage.search.engine import Engine

FREE_BYTES = 2 * 1024**3
PYTHON = (3, 11)
SETTINGS_FILE = "settings.json"
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Fault(NamedTuple):
    """What is wrong, and what to do."""

    what: str
    mend: str


def doctor(*, dir: Path | None = None, as_json: Json = False) -> None:
    """Check the machine, and with --dir a node or the service; exit code 0 if it is usable.

    Example: kinlink doctor --dir force

    Args:
        dir: a node's or the service's directory.
        as_json: print one JSON object.
    """
    faults = [*_machine(dir or Path()), *(_node(dir) if dir else ())]
    answer = {"usable": not faults, "faults": [fault._asdict() for fault in faults]}
    emit(answer, "\n".join(f"fault: {fault.what}\n  mend: {fault.mend}" for fault in faults) or "usable", as_json=as_json)
    if faults:
        raise ConfigurationError(f"{len(faults)} fault(s); mend them and run `kinlink doctor` again")


def _machine(directory: Path) -> Iterator[Fault]:
    if sys.version_info[:2] != PYTHON:
        yield Fault("this is not Python 3.11", "install Python 3.11 and run `make setup`")
    if not os.access(directory, os.W_OK):
        yield Fault(f"{directory} cannot be written", "give this user the right to write there, or choose another --dir")
    if shutil.disk_usage(directory if directory.exists() else Path()).free < FREE_BYTES:
        yield Fault("less than 2 GiB of disk is free", "free some, or choose a --dir on another disk")
    for name, check in (("cryptography with HPKE", _hpke), ("anonlink", _anonlink), ("numba", _numba)):
        try:
            check()
        except Exception:  # noqa: BLE001 - whatever a broken installation raises
            yield Fault(f"{name} does not work", "run `make setup` again; it installs the locked versions")


def _node(directory: Path) -> Iterator[Fault]:
    loaders: tuple[Callable[[Path], object], ...] = (_load_party, _load_service, _load_operator)
    problems = []
    for load in loaders:
        try:
            load(directory)
        except UserError as error:
            problems.append(str(error))
    if len(problems) == len(loaders):
        yield Fault(problems[0], "follow the hint, or make the node with `kinlink party init`")
    if directory.exists() and directory.stat().st_mode & OTHERS:
        yield Fault(f"others can read {directory}", f"chmod 700 {directory}")
    if (directory / SETTINGS_FILE).exists():
        yield from _keys(directory, is_usable=len(problems) < len(loaders))


def _keys(directory: Path, *, is_usable: bool) -> Iterator[Fault]:
    """Yield what is wrong with the keys. In the clear they are a fault as soon as something else is not usable: agreements for development take them."""
    from flows.commands.passphrase import warn_of_unencrypted
    from validation.keyring import open_keyring

    keyring = open_keyring(directory)
    for name in keyring.names():
        if keyring.path(name).stat().st_mode & OTHERS:
            yield Fault(f"others can read {name}", f"chmod 600 {keyring.path(name)}")
            continue
        try:
            keyring.read(name)
        except UserError as error:
            yield Fault(str(error), f"see `passphrase_file` and `passphrase_variable` in {directory / SETTINGS_FILE}")
    if is_usable:
        warn_of_unencrypted(directory)
    elif keyring.unencrypted():
        yield Fault(f"keys in {directory} are not encrypted", f"kinlink keys encrypt --dir {directory}")


def _load_party(directory: Path) -> object:
    from parties.initialise import load_agreed
    from parties.keys.rotating import KEY_DAYS, waiting, worn
    from parties.settings import load_settings

    settings = load_settings(directory)
    agreed = load_agreed(settings)
    if names := waiting(settings):
        warn(f"{', '.join(names)}: made, and in no installed roster; send identity.json to the root signers, and install what they sign")
    if names := worn(settings, datetime.now(UTC).date()):
        warn(f"{', '.join(names)}: in use for over {KEY_DAYS} days; run `kinlink keys rotate`")
    return agreed


def _load_service(directory: Path) -> object:
    from linkage.agreed import load_agreed
    from linkage.certificates import check_key_encrypted
    from linkage.settings import load_settings

    settings, agreed = load_settings(directory), load_agreed(directory)
    check_key_encrypted(settings, agreed.agreement.encoding.profile)
    return agreed


def _load_operator(directory: Path) -> object:
    from linkage.operator import OperatorClient

    with OperatorClient(directory) as client:
        return client


def _hpke() -> None:
    from schemas.sealed import SealingKey, seal

    key = SealingKey.generate()
    key.open(seal(b"", key.public_text(), "doctor"), "doctor")


def _anonlink() -> None:
    from linkage.search.anonlink_engine import AnonlinkEngine

    _search(AnonlinkEngine())


def _numba() -> None:
    from linkage.engines.threads import ThreadsEngine

    with announced(say):
        _search(ThreadsEngine(threads=1))


def _search(engine: "Engine") -> None:
    import numpy as np

    filters = np.arange(256, dtype=np.uint8).reshape(2, 128)
    engine.candidate_pairs(filters, filters, cut=0.9, top_k=1)
