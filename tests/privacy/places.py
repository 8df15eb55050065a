"""Where something may have got to: files outside its owner, both databases, the log, standard output and error."""

import logging
import tempfile
import traceback

OWN_FILES = {"extract", "referrals"}  # where a custodian's identifiers may be


def watch(tmp_path, monkeypatch, caplog, capfd):
    """Send temporary files and whatever goes to a home directory to a place of the test's own, and log everything.

    Return what gives all that was logged and printed since, by place.
    """
    for name in ("home", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    caplog.set_level(logging.DEBUG)

    def told():
        out, err = capfd.readouterr()
        records = "\n".join(f"{item.getMessage()} {item.__dict__!r}" for item in caplog.records)
        traces = "".join(
            "".join(traceback.format_exception(item.exc_info[1])) for item in caplog.records if item.exc_info and item.exc_info[1]
        )
        places = {"log": records, "tracebacks in the log": traces, "standard output": out, "standard error": err}
        return {name: text.encode() for name, text in places.items()}

    return told


def database_of(linkage):
    """Return every value of the service's database as bytes, by table."""
    rows = linkage.dump(without=())
    return {f"table {name}": b"\n".join(_bytes(value) for row in content for value in row) for name, content in rows.items()}


def elsewhere(linkage, tmp_path):
    """Return all files below the test's directory but the custodians' own ones, by path, and their names."""
    files = {path.relative_to(tmp_path): path for path in tmp_path.rglob("*") if path.is_file()}
    kept = {name: path for name, path in files.items() if not _is_own(name, linkage)}
    places = {name.as_posix(): path.read_bytes() for name, path in kept.items()}
    return places | {"names of files": "\n".join(path.name for path in files.values()).encode()}


def _bytes(value):
    return value if isinstance(value, bytes) else str(value).encode()


def _is_own(name, linkage):
    return name.parts[0] == "nodes" and name.parts[1] in linkage.custodians() and name.parts[2] in OWN_FILES
