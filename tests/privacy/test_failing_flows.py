"""Nothing of a record leaves its custodian where a flow fails, whatever is wrong with an extract.

Every cell of a broken file holds a marker. What each command says, logs and leaves behind is then looked at, and so is whether it failed: a
fault that a command does not notice proves nothing.
"""

import pytest

from flows.command import main
from tests.acceptance.planted import AUTHORITY, POLICE, PRISON
from tests.acceptance.round import ROUND
from tests.privacy.places import database_of, elsewhere, watch
from tests.privacy.search import Needles

pytestmark = pytest.mark.slow

MARKER = "Qzxfailing"
LONG = 200_000
FILES = {PRISON: "receptions", POLICE: "persons", AUTHORITY: "children"}


def marked(header, cells=None, value=MARKER):
    """Return a row with the marker in every cell."""
    return ",".join([value] * (cells or header.count(b",") + 1)).encode() + b"\n"


def with_rows(*rows):
    """Return what makes a file of its header and rows that follow from the header."""
    return lambda header, _rest: header + b"".join(row(header) for row in rows)


FAULTS = {
    "no file": None,
    "nothing in it": lambda _header, _rest: b"",
    "a column of another name": lambda header, rest: header.replace(b",", f",{MARKER},".encode(), 1).replace(b",sex", b",x") + rest,
    "no header": lambda header, _rest: b",".join(f"{MARKER}{place}".encode() for place in range(header.count(b",") + 1)) + b"\n",
    "a cell too few": with_rows(lambda header: marked(header, header.count(b","))),
    "a cell too many": with_rows(lambda header: marked(header, header.count(b",") + 2)),
    "no text": with_rows(lambda header: marked(header, value=f"{MARKER}\x00")),
    "another encoding": lambda header, _rest: header + marked(header).decode().encode("utf-16"),
    "broken characters": with_rows(lambda header: marked(header).replace(b"Qzx", b"Qzx\xff") + marked(header)),
    "a quote that does not end": with_rows(lambda header: b'"' + marked(header), marked),
    "an endless cell": with_rows(lambda header: marked(header, value=MARKER * (LONG // len(MARKER)))),
    "every row against the rules": with_rows(marked, marked),
}


@pytest.fixture
def watched(tmp_path, monkeypatch, caplog, capfd):
    return watch(tmp_path, monkeypatch, caplog, capfd)


def commands(linkage, organisation):
    directory = str(linkage.directory / organisation)
    return (
        ["party", "check", "--dir", directory],
        ["party", "risk", "--dir", directory],
        ["party", "submit", "--dir", directory, "--round", ROUND],
    )


def broken(linkage, organisation, fault):
    """Break a custodian's file; return what mends it."""
    path = linkage.directory / organisation / "extract" / f"{FILES[organisation]}.csv"
    whole = path.read_bytes()
    header, _, rest = whole.partition(b"\n")
    if fault is None:
        path.unlink()
    else:
        path.write_bytes(fault(header + b"\n", rest))
    return lambda: path.write_bytes(whole)


def test_a_broken_extract_is_refused_in_words_that_quote_nothing_and_leaves_nothing(linkage, tmp_path, watched):
    linkage.open()
    needles, before = Needles([MARKER]), linkage.dump()
    for name, fault in FAULTS.items():
        for organisation in FILES:
            mend = broken(linkage, organisation, fault)
            codes = [main(command) for command in commands(linkage, organisation)]
            mend()
            assert codes[-1] != 0, f"{organisation} submitted a file with {name}"
        told = watched()
        assert told["standard error"].count(b"kinlink: error: ") >= len(FILES)
        assert b"kinlink: fault: " not in told["standard error"]
        assert needles.leaks(told) == {}, name
    assert needles.leaks(elsewhere(linkage, tmp_path) | database_of(linkage)) == {}
    assert linkage.dump()["submission"] == before["submission"]
    for organisation in FILES:
        assert main(commands(linkage, organisation)[-1]) == 0, f"{organisation} cannot submit its mended extract"


def test_an_error_that_nobody_foresaw_is_said_without_its_text(linkage, monkeypatch, watched):
    def careless(*_args):
        raise ValueError(MARKER)

    monkeypatch.setattr("parties.extracts.check.read_extract", careless)
    assert main(commands(linkage, PRISON)[0]) == 1
    told = watched()
    assert b"kinlink: fault: ValueError at test_failing_flows.py" in told["standard error"]
    assert Needles([MARKER]).leaks(told) == {}
