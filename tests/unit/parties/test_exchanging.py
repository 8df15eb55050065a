"""Cases that go out and come back: the same when nothing happened, all or nothing when something did, and never a name."""

import csv
import json

import pytest
from test_referrals_collect import ROUND, documents, envelope, node, run  # noqa: F401 - node is a fixture

from flows.command import main
from parties.referrals.cases import CaseState
from parties.referrals.exchanging import COLUMNS, take_cases, write_cases
from parties.referrals.outcomes import cases
from schemas.errors import ConfigurationError


@pytest.fixture
def written(node):  # noqa: F811
    """Return an authority's settings and the name of its one referral's document."""
    envelope_id = envelope(node, "C-1")
    run(node)
    return node[0], f"referral-{envelope_id[:12]}"


def rows_of(path):
    if path.suffix == ".json":
        return json.loads(path.read_text(encoding="utf-8"))
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path, rows):
    if path.suffix == ".json":
        path.write_text(json.dumps(rows), encoding="utf-8")
        return path
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize("ending", [".csv", ".json"])
def test_what_goes_out_and_comes_back_unchanged_changes_nothing(written, tmp_path, ending):
    settings, document = written
    out = tmp_path / f"cases{ending}"
    assert write_cases(settings, ROUND, out) == 1
    (row,) = rows_of(out)
    assert tuple(row) == COLUMNS
    assert (row["document"], row["record"], row["state"]) == (document, "C-1", "written")
    assert out.stat().st_mode & 0o077 == 0
    before = cases(settings, ROUND)
    assert take_cases(settings, ROUND, out) == 0
    assert cases(settings, ROUND) == before


@pytest.mark.parametrize("ending", [".csv", ".json"])
def test_states_that_were_reached_come_back_in_their_order_and_once(written, tmp_path, ending):
    settings, document = written
    rows = [
        {"document": document, "state": "acknowledged", "child_heard": "", "child_heard_on": ""},
        {"document": document, "state": "offered", "child_heard": "yes", "child_heard_on": "2026-09-14"},
    ]
    back = write_rows(tmp_path / f"back{ending}", rows)
    assert take_cases(settings, ROUND, back) == 2
    (case,) = cases(settings, ROUND)
    assert (case.states, case.heard.is_heard) == ((CaseState.WRITTEN, CaseState.ACKNOWLEDGED, CaseState.OFFERED), True)
    write_cases(settings, ROUND, tmp_path / f"again{ending}")
    assert take_cases(settings, ROUND, tmp_path / f"again{ending}") == 0


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"document": "referral-000000000000", "state": "acknowledged"}, r"row 3: document is none of this round"),
        ({"state": "taken-up"}, r"row 3: outcome: after acknowledged comes offered"),
        ({"state": "nonsense"}, r"row 3: state is not one of"),
        ({"child_heard": "yes"}, r"row 3: child_heard is yes or no, with child_heard_on"),
        ({"child_heard": "yes", "child_heard_on": "2999-01-01"}, r"row 3: child_heard is yes or no"),
        ({"child_heard": "MARKER-4711", "child_heard_on": "2026-01-01"}, r"row 3: child_heard is yes or no"),
    ],
)
def test_a_row_that_breaks_a_rule_is_named_and_nothing_is_recorded(written, tmp_path, row, said):
    settings, document = written
    empty = {"document": document, "state": "", "child_heard": "", "child_heard_on": ""}
    back = write_rows(tmp_path / "back.csv", [{**empty, "state": "acknowledged"}, {**empty, **row}])
    with pytest.raises(ConfigurationError, match=said) as caught:
        take_cases(settings, ROUND, back)
    assert "MARKER" not in str(caught.value)
    assert cases(settings, ROUND)[0].state is CaseState.WRITTEN


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "[1, 2]", '{"document": "x"}', "[" * 5_000, "\udcff"])
@pytest.mark.parametrize("ending", [".csv", ".json"])
def test_what_is_no_file_of_rows_is_refused_or_holds_nothing(written, tmp_path, content, ending):
    back = tmp_path / f"back{ending}"
    back.write_bytes(content.encode("utf-8", "surrogateescape"))
    try:
        assert take_cases(written[0], ROUND, back) == 0
    except ConfigurationError as error:
        refused = str(error)
    else:
        refused = "nothing was recorded"
    assert "nothing was recorded" in refused


def test_a_file_that_is_there_is_not_written_over(written, tmp_path):
    out = tmp_path / "cases.csv"
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="is there already"):
        write_cases(written[0], ROUND, out)
    with pytest.raises(ConfigurationError, match=r"\.csv or \.json"):
        write_cases(written[0], ROUND, tmp_path / "cases.txt")
    assert out.read_text(encoding="utf-8") == "mine"


def test_the_command_does_one_thing_at_a_time(written, tmp_path, capsys):
    settings, _ = written
    words = ["party", "cases", "--dir", str(settings.directory), "--round", ROUND]
    assert main(words) == ConfigurationError.exit_code
    assert main([*words, "--out", str(tmp_path / "cases.csv")]) == 0
    assert main([*words, "--take", str(tmp_path / "cases.csv"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"changed": 0}
